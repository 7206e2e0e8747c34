"""Parameter values: File values found, `${name}` filled in. Pure."""

import re
import string
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from chassis.refusal import refuse
from contracts.problem import FieldError
from executor.specs.bundle import safe_path

Find = Callable[[str, str], str | None]
"""Where a File or Directory (the class) of that relative path lies, as a URI; nothing if there is none."""
KINDS = ("File", "Directory")


def resolve(value: Any, find: Find, field: str = "inputs") -> Any:
    """The value with every relative File and Directory replaced by where it lies; what is not there is refused."""
    if isinstance(value, Mapping):
        kind = value.get("class")
        if kind not in KINDS:
            return {str(key): resolve(part, find, f"{field}.{key}") for key, part in value.items()}
        inner = {key: resolve(part, find, f"{field}.{key}") for key, part in value.items() if key not in {"path", "location"}}
        named = value.get("path", value.get("location"))
        if named is None:
            return inner
        return inner | {"location": _found(str(named), kind, find, field)}
    if isinstance(value, list | tuple):
        return [resolve(part, find, f"{field}[{index}]") for index, part in enumerate(value)]
    return value


def _found(named: str, kind: str, find: Find, field: str) -> str:
    scheme = urlsplit(named).scheme
    if len(scheme) > 1 or named.startswith("/"):
        text = f"{named}: only files of the run itself can be named, by their relative path"
        raise refuse("executor:missing-input", text, FieldError(detail=text, field=field))
    location = find(safe_path(named), kind)
    if location is None:
        text = f"no file {named!r} was given with the run or its workflow"
        raise refuse("executor:missing-input", text, FieldError(detail=text, field=field))
    return location


def merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A serial workflow's parameters: its defaults under what was given; a name it does not have is refused."""
    if unknown := sorted(set(given) - set(defaults)):
        errors = [FieldError(detail="the workflow has no such parameter", field=f"inputs.{name}") for name in unknown]
        raise refuse("executor:unknown-parameter", f"the workflow has no parameter {', '.join(unknown)}", *errors)
    return {**defaults, **given}


def filled(command: str, parameters: Mapping[str, Any]) -> str:
    """The command with `${name}` and `$name` replaced; `$$` is a dollar sign (REANA's rule)."""
    try:
        return string.Template(command).substitute({name: _text(value) for name, value in parameters.items()})
    except KeyError as error:
        raise refuse("executor:unknown-parameter", f"the command names {error}, which is no parameter: {command}") from error
    except ValueError as error:
        raise refuse("executor:unknown-parameter", f"a dollar sign that means itself is written '$$': {command}") from error


def used_parameters(command: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a command names."""
    found = (match.group("named") or match.group("braced") for match in re.finditer(string.Template.pattern, command))
    return {name: parameters[name] for name in found if name in parameters}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
