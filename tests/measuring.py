"""What a child process with a clean environment needs to be measured, where tests are measured."""

import os

NAMES = ("COVERAGE_PROCESS_START", "COVERAGE_FILE")


def measured() -> dict[str, str]:
    """The environment of a measured child; nothing where nobody measures."""
    return {name: os.environ[name] for name in NAMES if name in os.environ}
