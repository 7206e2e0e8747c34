"""What the entry of a model run says. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.kinds import Kind, written
from contracts.kinds import ModelRunInfo as Info
from contracts.model_runs import ModelRunRecord, RecordStatus


def described(record: ModelRunRecord, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A run that says this and is not in the graph yet; people's own metadata stay."""
    info = Info(
        display_name=record.display_name,
        user_metadata=(before or {}).get("user_metadata"),
        record_status=RecordStatus.COMPLETE,
        record=record,
        prov_serialisation="",
    )
    return written(Kind.MODEL_RUN, info)


def lodged(info: Mapping[str, Any], document: str) -> dict[str, Any]:
    """A run that is in the graph, with its document."""
    return {**info, "record_status": RecordStatus.LODGED.value, "prov_serialisation": document}


def withdrawn(info: Mapping[str, Any]) -> dict[str, Any]:
    """A run that is not in the graph any more."""
    return {**info, "record_status": RecordStatus.COMPLETE.value, "prov_serialisation": ""}


def record_of(info: Mapping[str, Any]) -> ModelRunRecord:
    """What a run says of itself."""
    return Info.model_validate(info).record
