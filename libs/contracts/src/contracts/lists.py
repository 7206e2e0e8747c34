"""What lists can be asked for; the gateway's and the services' lists take the same."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from contracts.vocabulary import Engine, RunStatus

PLAIN = r"^[^\x00]*$"
"""Text that a database can hold."""
NUMBER = re.compile(r"\s*[+-]?[0-9.]+\s*")


def _written(told: object) -> object:
    if isinstance(told, str) and NUMBER.fullmatch(told):
        msg = "is a number; write the moment with its offset, such as 2026-01-31T12:00:00Z"
        raise ValueError(msg)
    return told


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        msg = "is outside the years 1 to 9999"
        raise ValueError(msg) from None


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_utc)]
"""A moment with its offset, in the years that a database knows."""
AsOf = Annotated[Annotated[int, Field(ge=0, lt=2**62)] | Moment, Field(union_mode="left_to_right")]
"""A point of the ledger: its number, or a moment."""
Ids = Annotated[list[UUID], Field(max_length=200, description="These, as far as they are there; may be repeated")]
Sort = Literal["created", "-created", "name", "-name"]


class Asked(BaseModel):
    """What every list can be asked for."""

    model_config = ConfigDict(frozen=True)

    tenant: str | None = Field(None, max_length=300, pattern=PLAIN, description="Of this one of your tenants")
    text: str | None = Field(None, max_length=300, pattern=PLAIN, description="With this in the name, whatever its case")
    created_after: Moment | None = Field(None, description="Made at that moment or later (with its offset, or `Z`)")
    created_before: Moment | None = Field(None, description="Made before that moment (with its offset, or `Z`)")
    limit: int = Field(50, ge=1, le=200, description="Things on a page, at most")
    after: str | None = Field(None, max_length=2000, pattern=PLAIN, description="`next` of the page before")


class WorkflowsAsked(Asked):
    """What a list of workflows can be asked for."""

    name: str | None = Field(None, max_length=200, pattern=PLAIN, description="With this name")
    version: str | None = Field(None, max_length=100, pattern=PLAIN, description="In this version")
    engine: Engine | None = Field(None, description="In this workflow language")
    id: Ids = []
    sort: Sort = Field("-created", description="In which order; `-` means the last first")


class RunsAsked(Asked):
    """What a list of runs can be asked for."""

    workflow: UUID | None = Field(None, description="Of this workflow")
    status: list[RunStatus] = Field([], max_length=10, description="With one of these; may be repeated")
    name: str | None = Field(
        None, max_length=301, pattern=PLAIN, description="Named `<workflow>:<version>`", examples=["digits:1.0"]
    )
    version: str | None = Field(None, max_length=100, pattern=PLAIN, description="Of this version of a workflow")
    engine: Engine | None = Field(None, description="In this workflow language")
    id: Ids = []
    sort: Sort = Field("-created", description="In which order; `-` means the last first")
