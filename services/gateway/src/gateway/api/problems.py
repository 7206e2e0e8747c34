"""What the types of problems mean."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from chassis.refusal import refuse
from contracts.problem import PREFIX, TYPES
from gateway.api.doors import Page, problem_answers

router = APIRouter(prefix="/v1/problems", tags=["documents"])


class ProblemType(BaseModel):
    """A type of problem."""

    type: str
    title: str
    status: int


def _told(kind: str) -> ProblemType:
    status, title = TYPES[kind]
    return ProblemType(type=PREFIX + kind, title=title, status=status)


@router.get("", summary="List the types of problems")
async def problem_types() -> Page[ProblemType]:
    """Every type of problem that an answer or a job can have. Needs no token."""
    return Page[ProblemType](items=[_told(kind) for kind in TYPES])


@router.get("/{type}", summary="Show a type of problem", responses=problem_answers(404, 422))
async def problem_type(
    type: Annotated[  # noqa: A002 - the word of RFC 9457
        str, Path(max_length=200, description="With or without `urn:problem:`", examples=["urn:problem:gateway:invalid"])
    ],
) -> ProblemType:
    """What a type means: its title and its HTTP status. Needs no token."""
    kind = type.removeprefix(PREFIX)
    if kind not in TYPES:
        raise refuse("gateway:not-found", "no such type of problem")
    return _told(kind)
