"""Whether steps that name an image get a container: the engine must answer the account that would use it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

WORD = b"DockerRequirement"
ANSWER = 5.0
"""Seconds for a container engine to answer."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container engine, or none."""

    name: str | None
    options: tuple[str, ...]
    ignored: bool = False
    """Whether steps that insist on an image run without it."""


NONE = Container(None, ("--no-container",))
IGNORED = Container(None, NONE.options, ignored=True)
KNOWN = {
    "docker": Container("docker", ()),
    "podman": Container("podman", ("--podman",)),
    "singularity": Container("singularity", ("--singularity",)),
}
ASKED = {"docker": ("docker", "version"), "podman": ("podman", "version"), "singularity": ("singularity", "--version")}


def choose(wanted: str, spec: Path) -> Container:
    """The engine of the setting, or with `auto` the first that answers; only looked for if the bundle names an image."""
    if wanted in KNOWN:
        return KNOWN[wanted]
    if wanted == "ignore":
        return IGNORED
    if wanted == "none" or not any(WORD in path.read_bytes() for path in spec.rglob("*") if path.is_file()):
        return NONE
    return next((KNOWN[name] for name in KNOWN if _answers(ASKED[name])), NONE)


def _answers(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=ANSWER, check=False).returncode == 0  # noqa: S603 - our words
    except (OSError, subprocess.TimeoutExpired):
        return False
