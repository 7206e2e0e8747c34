"""What is said alike of every run here: what ran it, and the end of a log."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contracts.executor import Environment
from contracts.vocabulary import Confinement

SERIAL = "reprovena-serial"
VERSIONS = {"cwltool": version("cwltool"), SERIAL: version("reprovena-executor")}
PLATFORM = platform.platform()


def environment(engine: str, confinement: Confinement) -> Environment:
    """What runs the run."""
    return Environment(
        engine=engine,
        version=VERSIONS[engine],
        runner="local",
        confinement=confinement,
        python=platform.python_version(),
        platform=PLATFORM,
    )


def clean(value: Any) -> Any:
    """A value with its texts as every store takes them: no NUL, nothing that is no Unicode."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {clean(key): clean(part) for key, part in value.items()}
    return [clean(part) for part in value] if isinstance(value, list) else value


def last_lines(log: Path, count: int = 10, size: int = 2000) -> str:
    """The end of a log, short enough for a reason."""
    try:
        with log.open("rb") as source:
            source.seek(max(log.stat().st_size - size, 0))
            text = source.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return str(clean("\n".join(text.strip().splitlines()[-count:])))
