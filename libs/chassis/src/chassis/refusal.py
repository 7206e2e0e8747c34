"""What a handler or a route may raise on purpose: the domain says no, or something needed is away."""

from typing import Any

from contracts.problem import FieldError, Problem


class Refusal(Exception):
    """The domain says no: what was written is dropped, the problem is told, nothing is tried again."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Trouble(Exception):
    """Something needed is away. The work comes back later, for ever, and never counts as a fault."""


class Forged(Exception):
    """A message whose caller or speaker could not be proven; it is parked at once."""


def refuse(kind: str, detail: str, *errors: FieldError, **more: Any) -> Refusal:
    """A refusal with a problem of a listed kind, to be raised."""
    return Refusal(Problem.of(kind, detail, errors=errors, **more))
