"""What a form says of a workflow's model runs: a handle, or JSON that says more."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from contracts.outcomes import DatasetPart, ModelRunPlan

EXAMPLE = '{"template": "10378.1/5", "inputs": {"data": {"template": "10378.1/3", "resource": "grid"}}}'


def _read(value: Any) -> Any:
    """The plan of a text; a mere handle names the template."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("{"):
        return {"template": value.strip()}
    try:
        told = json.loads(value)
    except (ValueError, RecursionError) as error:
        msg = f"is no JSON: {error}"
        raise ValueError(msg) from None
    _known("", told, ModelRunPlan.model_fields)
    for side in ("inputs", "outputs"):
        parts = told.get(side)
        for name, part in parts.items() if isinstance(parts, Mapping) else ():
            _known(f"{side}.{name}.", part, DatasetPart.model_fields)
    return told


def _known(where: str, told: Any, fields: Mapping[str, Any]) -> None:
    unknown = sorted(told.keys() - fields.keys()) if isinstance(told, Mapping) else []
    if unknown:
        msg = f"has no field {where}{unknown[0]}; there are {', '.join(fields)}"
        raise ValueError(msg)


PlanText = Annotated[
    ModelRunPlan,
    BeforeValidator(_read),
    WithJsonSchema({"type": "string", "minLength": 1, "description": "A handle, or JSON", "examples": [EXAMPLE]}),
]
"""As a form has it: the handle of a workflow template, or a JSON object with the fields of `ModelRunPlan`."""
