"""The input file: YAML or JSON with its types, held against what the specification takes."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from chassis.refusal import refuse
from contracts.problem import FieldError
from contracts.registry import Parameter
from registry.workflows.findings import INPUTS, MOST, summary
from registry.workflows.validation.documents import line, read, spelled

LIMIT = 1 << 20
NAME = "inputs"


class Specification(Protocol):
    """What a validated specification can say of values."""

    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes."""
        ...

    def misfit(self, name: str, value: Any) -> str | None:
        """Why a value cannot be given to a parameter; nothing if it can."""
        ...


def values(content: bytes, specification: Specification) -> dict[str, Any]:
    """What the file says, or a refusal with the line of each thing that does not fit."""
    document = read(NAME, content, INPUTS, LIMIT)
    said = document.value()
    if not isinstance(said, dict):
        raise document.refusal("must be names with values", document.root)
    parameters = specification.parameters()
    types = {one.name: one.type for one in parameters}
    errors = []
    for name, value in said.items():
        wrong = None
        if name not in types:
            wrong = _unknown(name, parameters)
        elif value is not None and (why := specification.misfit(name, value)):
            wrong = f"does not fit the type {types[name]}: {why}"
        if wrong:
            at = line(document.nearest((name,)))
            errors.append(FieldError(detail=f"{name}: {wrong}", file=NAME, line=at, field=spelled((name,))))
    if errors:
        raise refuse(INPUTS, summary("the input file does not fit", errors), *errors[:MOST])
    return said


def _unknown(name: str, parameters: Sequence[Parameter]) -> str:
    known = [one.name for one in parameters]
    near = get_close_matches(name, known, 1)
    if near:
        return f"no such parameter; is {near[0]!r} meant?"
    return f"no such parameter; the workflow takes {', '.join(known) or 'none'}"
