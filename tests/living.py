"""Whether processes live."""

from contextlib import suppress

import psutil


def lives(process: psutil.Process) -> bool:
    """Whether it is there, and not only because nobody has asked for its end."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
