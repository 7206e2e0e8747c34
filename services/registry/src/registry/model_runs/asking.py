"""What orders about model runs say, wherever it lies, and what facts tell of it."""

from typing import Any

from pydantic import ValidationError

from chassis.carrying import carried
from chassis.problems import field_of
from chassis.refusal import refuse
from contracts.model_runs import ModelRunRecord, RegisterModelRun, UpdateModelRun
from contracts.problem import FieldError
from registry.entries.asking import INFO_LIMIT, read
from registry.entries.checks import invalid
from registry.unit import RegistryUnit


async def record_of(command: RegisterModelRun | UpdateModelRun, unit: RegistryUnit) -> ModelRunRecord:
    """What an order says of a run; refused if it says nothing, or no record."""
    if command.record is not None:
        return command.record
    if command.record_file is None:
        raise refuse("gateway:invalid", "an order without a record", FieldError(detail="a record is needed", field="record"))
    try:
        return ModelRunRecord.model_validate(await read(command.record_file, unit, INFO_LIMIT, "record_file"))
    except ValidationError as error:
        wrong = [FieldError(detail=one["msg"], field=field_of(("record", *one["loc"]))) for one in error.errors()]
        raise invalid(wrong) from None


async def told(record: ModelRunRecord, unit: RegistryUnit) -> dict[str, Any]:
    """A record as a fact tells it: with the file that holds it if it is large."""
    return await carried(unit.house.files, "record", record)
