"""How changes of the graph look in `/v1`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.lists import PLAIN
from contracts.model_runs import ModelRunRecord
from gateway.api.shapes import Shape

EXAMPLE = "10378.1/1000012"
NODE: dict[str, Any] = {"id": EXAMPLE, "props": {"record_ids": EXAMPLE}, "subtype": "MODEL_RUN", "category": "ACTIVITY"}
ACTION: dict[str, Any] = {"action_type": "ADD_NEW_NODE", "node": NODE}
APPLIED: dict[str, Any] = {
    "record": EXAMPLE,
    "revision": 1,
    "at": "2026-01-31T12:00:00Z",
    "job": "01890b3c-0000-7000-8000-000000000004",
    "withdrawn": False,
    "diff": [ACTION],
}
RECORD: dict[str, Any] = {
    "workflow_template_id": "10378.1/1000005",
    "inputs": [
        {"dataset_template_id": "10378.1/1000003", "dataset_id": "10378.1/1000007", "dataset_type": "DATA_STORE"},
    ],
    "outputs": [
        {"dataset_template_id": "10378.1/1000004", "dataset_id": "10378.1/1000009", "dataset_type": "DATA_STORE"},
    ],
    "display_name": "Waves of June",
    "description": "Storms left out",
    "associations": {"modeller_id": "10378.1/1000001"},
    "start_time": 1780272000,
    "end_time": 1780275600,
}
Handle = Annotated[str, Field(min_length=1, max_length=400, pattern=PLAIN)]


class Action(BaseModel):
    """One thing that happens to the graph: a node or link comes or goes, or one record more or less says it."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [ACTION]})
    action_type: str
    node: dict[str, Any] | None = None
    """Of `ADD_NEW_NODE`."""
    node_id: str | None = None
    link: dict[str, Any] | None = None
    record_id: str | None = None


class Diff(BaseModel):
    """What would happen, action by action in the order of doing it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"diff": [ACTION]}]})
    diff: list[Action]


class Applied(BaseModel):
    """A revision of a record, and what it did to the graph."""

    model_config = ConfigDict(json_schema_extra={"examples": [APPLIED]})
    record: str
    revision: int
    at: datetime
    job: UUID | None = None
    withdrawn: bool
    """Whether the record says nothing from then on."""
    diff: list[Action]


class Proposal(Shape):
    """A model run as somebody would have it say."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"id": EXAMPLE, "record": RECORD}]})
    id: Handle | None = None
    """A registered one; nothing for one that would be new."""
    record: ModelRunRecord


class Undoing(Shape):
    """A record that is to say again what it said."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"id": EXAMPLE, "to": 1, "reason": "The other wind was right"}]},
    )
    id: Handle
    to: int | None = Field(None, ge=1, lt=2**31)
    """The revision that said it; by default what was said before the last change."""
    reason: Annotated[str, Field(min_length=1, max_length=5000, pattern=PLAIN)]
