"""What a run is given: values read from YAML with their types, and the files that they name."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reprovena.errors import WrongUse


@dataclass(frozen=True)
class RunOutput:
    """An earlier run's output, by its path or its role."""

    run: str
    output: str


@dataclass(frozen=True)
class UploadId:
    """Bytes that were sent before."""

    id: str


@dataclass(frozen=True)
class Dataset:
    """A registered dataset, or the file of it with this path or role."""

    handle: str
    file: str | None = None


Source = Path | RunOutput | UploadId | Dataset
"""Where the bytes of a file come from."""


@dataclass
class Inputs:
    """Values, and the local files that they name by the name each has in the run's workspace."""

    values: dict[str, Any]
    files: dict[str, Path] = field(default_factory=dict)


def parse_value(text: str) -> Any:
    """Read a value as YAML, so that `0.1` is a number and `[1, 2]` a list."""
    try:
        return _plain(YAML(typ="safe", pure=True).load(text))
    except YAMLError as error:
        msg = f"{text!r} is not a value: {_first_line(error)} (quote a text that YAML would read as something else)"
        raise WrongUse(msg) from error


def parse_pair(text: str) -> tuple[str, str]:
    """Cut `name=value` in two."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        msg = f"{text!r} is not of the form NAME=VALUE"
        raise WrongUse(msg)
    return name, value


def read_values(path: Path) -> dict[str, Any]:
    """Read an input file, YAML or JSON."""
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise WrongUse(msg) from error
    except YAMLError as error:
        msg = f"{path} is not YAML: {_first_line(error)}"
        raise WrongUse(msg) from error
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        msg = f"{path} must hold names and values (`name: value`)"
        raise WrongUse(msg)
    return {str(name): _plain(value) for name, value in document.items()}


def with_local_files(values: Mapping[str, Any], folder: Path, given: Sequence[str] = ()) -> Inputs:
    """Find the File values whose path is a file here, and name each as it will lie in the workspace."""
    found = Inputs({})
    taken: dict[str, Path | None] = dict.fromkeys(given)

    def visit(value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.get("class") == "File" and (local := _local(value, folder, given)):
                name = _staged(local, _path_of(value), taken)
                found.files[name] = local
                value = {key: item for key, item in value.items() if key != "location"} | {"path": name}
            return {key: visit(item) for key, item in value.items()}
        return [visit(item) for item in value] if isinstance(value, list) else value

    found.values = {name: visit(value) for name, value in values.items()}
    return found


def file_names(value: Any) -> list[str]:
    """List the paths of the File values in a value."""
    if isinstance(value, Mapping):
        own = [_path_of(value)] if value.get("class") == "File" and _path_of(value) else []
        return own + [name for item in value.values() for name in file_names(item)]
    return [name for item in value for name in file_names(item)] if isinstance(value, list) else []


def _path_of(value: Mapping[str, Any]) -> str:
    path = value.get("path")
    if isinstance(path, str):
        return path
    location = value.get("location")
    if not isinstance(location, str):
        return ""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return unquote(parts.path)
    return location if not parts.scheme else ""


def _local(value: Mapping[str, Any], folder: Path, given: Sequence[str]) -> Path | None:
    path = _path_of(value)
    if not path or path in given:
        return None
    local = folder / path
    return local.resolve() if local.is_file() else None


def _staged(local: Path, path: str, taken: dict[str, Path | None]) -> str:
    pure = PurePosixPath(path)
    name = local.name if pure.is_absolute() or ".." in pure.parts else str(pure)
    free, number = name, 1
    while free in taken and taken[free] != local:
        number += 1
        free = f"{number}/{name}"
    taken[free] = local
    return free


def _plain(value: Any) -> Any:
    """Make of YAML what JSON can say."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, date):  # also a datetime
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{value} cannot be sent: JSON has no such number"
        raise WrongUse(msg)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None) or str(error).strip().partition("\n")[0]
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
