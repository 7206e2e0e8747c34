"""What a validation is asked and what it answers; both cross into a child process as JSON, which alone loads the validators."""

from typing import Any

from contracts.message import Part
from contracts.problem import FieldError, Problem
from contracts.registry import Parameter
from contracts.vocabulary import Engine

SPECIFICATION = "registry:invalid-specification"
INPUTS = "registry:invalid-inputs"
MOST = 20
"""Errors told at once."""


class Order(Part):
    """What is to be looked at: paths on this machine."""

    spec: str
    """The zip."""
    main: str
    engine: Engine
    inputs: str | None = None


class Finding(Part):
    """What the specification takes, or what is wrong with it."""

    parameters: tuple[Parameter, ...] = ()
    values: dict[str, Any] = {}
    problem: Problem | None = None


def summary(what: str, errors: list[FieldError]) -> str:
    """The first error in a sentence, and how many there are."""
    first = errors[0]
    place = ", ".join(filter(None, (first.file, f"line {first.line}" if first.line else None)))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{what}: {place + ': ' if place else ''}{first.detail}{more}"
