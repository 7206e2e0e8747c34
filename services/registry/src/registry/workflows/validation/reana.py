"""Workflows in REANA's format, judged by REANA's own schema and, for serial ones, by what their commands name."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files as package
from string import Template
from typing import Any

import jsonschema

from chassis.bundles import fault
from chassis.refusal import refuse
from contracts.problem import FieldError
from contracts.registry import Parameter
from contracts.vocabulary import Engine
from registry.workflows.findings import MOST, SPECIFICATION, summary
from registry.workflows.validation.documents import Place, line, read, spelled

WORDS: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
STRAY = re.compile(r"\$(?:\{[^}]*\}?|[^_a-zA-Z{]|$)")


@cache
def schema() -> dict[str, Any]:
    """REANA's schema, as its own package ships it."""
    text = (package("reana_commons") / "validation/schemas/reana_analysis_schema.json").read_text()
    return dict(json.loads(text))


class Reana:
    """A bundle's reana.yaml."""

    def __init__(self, files: Mapping[str, bytes], main: str, engine: Engine) -> None:
        self.document = read(main, files[main])
        self.spec = self.document.value()
        errors = self._by_schema() or self._by_engine(engine, files) or [*self._by_paths(), *self._by_commands(engine)]
        if errors:
            raise refuse(SPECIFICATION, summary("not valid in REANA's format", errors), *errors[:MOST])

    def parameters(self) -> tuple[Parameter, ...]:
        """What `inputs.parameters` declares; each has its value there, so none is required."""
        return tuple(Parameter(name=k, type=WORDS[type(v)], required=False) for k, v in self._declared().items())

    def misfit(self, name: str, value: Any) -> str | None:  # noqa: ARG002 - REANA's parameters have no types
        """Nothing: any value can stand in a command."""
        return None

    def _declared(self) -> dict[str, Any]:
        return dict(self.spec.get("inputs", {}).get("parameters", {}))

    def _error(self, detail: str, place: Place) -> FieldError:
        at = line(self.document.nearest(place))
        return FieldError(detail=detail, file=self.document.path, line=at, field=spelled(place))

    def _by_schema(self) -> list[FieldError]:
        found = jsonschema.Draft7Validator(schema()).iter_errors(self.spec)
        return [self._from_schema(error) for error in sorted(found, key=lambda e: [str(p) for p in e.absolute_path])]

    def _from_schema(self, error: jsonschema.ValidationError) -> FieldError:
        place: Place = tuple(error.absolute_path)
        wanted: Any = error.validator_value
        where: Any = error.schema
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = set(where.get("properties", {}))
            unknown = sorted(set(error.instance) - known)
            return self._error(f"no such field; known are {', '.join(sorted(known))}", (*place, unknown[0]))
        if error.validator == "required" and isinstance(error.instance, dict):
            missing = [name for name in wanted if name not in error.instance]
            return self._error(f"the field {missing[0]!r} is missing", place)
        if error.validator == "anyOf" and place == ("workflow",):
            return self._error("needs a field 'type', and 'specification' or 'file'", place)
        if error.validator == "type":
            return self._error(f"must be of type {wanted}, is {WORDS[type(error.instance)]}", place)
        return self._error(error.message[:300], place)

    def _by_engine(self, engine: Engine, files: Mapping[str, bytes]) -> list[FieldError]:
        workflow = self.spec["workflow"]
        if workflow["type"] != engine:
            return [self._error(f"is {workflow['type']}, but it is to be registered as {engine}", ("workflow", "type"))]
        if engine is Engine.SERIAL and not workflow.get("specification", {}).get("steps"):
            return [self._error("a serial workflow needs steps", ("workflow", "specification", "steps"))]
        if engine is not Engine.SERIAL and (file := workflow.get("file")) is not None and file not in files:
            return [self._error(f"not in the bundle: {file}", ("workflow", "file"))]
        return []

    def _by_paths(self) -> list[FieldError]:
        places: list[Place] = [(a, b) for a in ("inputs", "outputs") for b in ("files", "directories")]
        return [
            self._error(f"{path!r} {wrong}", (a, b, i))
            for a, b in places
            for i, path in enumerate(self.spec.get(a, {}).get(b, ()))
            if (wrong := fault(path.removeprefix("./").rstrip("/") if b == "directories" else path.removeprefix("./")))
        ]

    def _by_commands(self, engine: Engine) -> list[FieldError]:
        if engine is not Engine.SERIAL:
            return []
        declared = self._declared()
        return [
            self._error(wrong, ("workflow", "specification", "steps", i, "commands", j))
            for i, step in enumerate(self.spec["workflow"]["specification"].get("steps", ()))
            for j, command in enumerate(step["commands"])
            if (wrong := unresolved(command, declared))
        ]


def unresolved(command: str, declared: Mapping[str, Any]) -> str | None:
    """What a command names and nobody declares; nothing if it can be filled in."""
    template = Template(command)
    if not template.is_valid():
        stray = STRAY.search(command.replace("$$", ""))
        return f"{stray[0] if stray else '$'!r} is no parameter; write a dollar sign as $$"
    unknown = [name for name in template.get_identifiers() if name not in declared]
    if unknown:
        return f"no parameter {unknown[0]!r} in inputs.parameters; write a dollar sign as $$ if none is meant"
    return None
