"""What a form says of a workflow's model runs."""

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.outcomes import DatasetPart, ModelRunPlan
from gateway.api.plans import PlanText

READ: TypeAdapter[ModelRunPlan] = TypeAdapter(PlanText)


def test_a_handle_names_the_template() -> None:
    """The shortest way to say it."""
    assert READ.validate_python(" 10378.1/5 ") == ModelRunPlan(template="10378.1/5")


def test_json_says_more() -> None:
    """The parts of inputs and outputs."""
    told = READ.validate_python('{"template": "1/5", "inputs": {"data": {"template": "1/3", "resource": "grid"}}}')

    assert told.inputs == {"data": DatasetPart(template="1/3", resource="grid")}


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"template": 5}', '{"template": "a", "x": 1}', '{"template": "a", "inputs": {"b": {"key": "c"}}}', ""]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """No JSON, no template, and fields that nobody knows."""
    with pytest.raises(ValidationError):
        READ.validate_python(text)
