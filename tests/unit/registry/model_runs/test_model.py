"""What the entry of a model run says, whatever becomes of it."""

import pytest
from pydantic import ValidationError

from contracts.model_runs import Association, ModelRunRecord
from registry.model_runs.model import described, lodged, record_of, withdrawn


def record(**more: object) -> ModelRunRecord:
    """A record without datasets."""
    told = {
        "workflow_template_id": "1/w",
        "inputs": (),
        "outputs": (),
        "display_name": "June",
        "description": "d",
        "associations": Association(modeller_id="1/ada"),
        "start_time": 1,
        "end_time": 1,
    }
    return ModelRunRecord.model_validate(told | more)


def test_a_new_run_is_complete_and_says_its_record_whole() -> None:
    """Nothing is left out, so that every reader finds every key."""
    info = described(record())

    assert set(info) == {"display_name", "user_metadata", "record_status", "record", "prov_serialisation"}
    assert (info["display_name"], info["record_status"], info["prov_serialisation"]) == ("June", "COMPLETE", "")
    assert info["record"]["study_id"] is None
    assert record_of(info) == record()


def test_peoples_own_metadata_stay() -> None:
    """A new record replaces what the run says, not what people noted beside it."""
    before = described(record()) | {"user_metadata": {"a": "b"}}

    assert described(record(display_name="July"), before)["user_metadata"] == {"a": "b"}


def test_lodging_and_withdrawing_leave_the_record() -> None:
    """Only status and document follow the graph."""
    info = described(record())

    there = lodged(info, "{}")

    assert (there["record_status"], there["prov_serialisation"], record_of(there)) == ("LODGED", "{}", record())
    assert withdrawn(there) == info


@pytest.mark.parametrize("wrong", [{"start_time": 2}, {"display_name": ""}, {"description": ""}, {"associations": {}}])
def test_a_record_has_a_shape(wrong: dict[str, object]) -> None:
    """It begins before it ends, and has a name, a description and a modeller."""
    with pytest.raises(ValidationError):
        record(**wrong)
