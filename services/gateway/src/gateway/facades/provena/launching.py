"""Jobs that administrators begin by hand: each is the order that its type means."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from chassis.carrying import carried
from chassis.refusal import refuse
from contracts.entries import RelodgeActivity
from contracts.kinds import Kind
from contracts.message import Caller, Command
from contracts.model_runs import ModelRunRecord, RegisterModelRun, RelodgeModelRun, UpdateModelRun
from gateway.facades.provena.doors import begun
from gateway.facades.provena.errors import DetailError
from gateway.facades.provena.lodging import register_all, settled
from gateway.facades.provena.shapes import Launch
from gateway.jobs.model import View
from gateway.unit import GatewayHouse

WAKE_UP = {"PROV_LODGE": "PROV_LODGE_WAKE_UP", "REGISTRY": "REGISTRY_WAKE_UP", "EMAIL": "EMAIL_WAKE_UP"}
TYPES = {
    "PROV_LODGE": {
        "PROV_LODGE_WAKE_UP",
        "MODEL_RUN_PROV_LODGE",
        "MODEL_RUN_LODGE_ONLY",
        "MODEL_RUN_BATCH_SUBMIT",
        "LODGE_CREATE_ACTIVITY",
        "LODGE_VERSION_ACTIVITY",
        "MODEL_RUN_UPDATE",
        "MODEL_RUN_UPDATE_LODGE_ONLY",
    },
    "REGISTRY": {"REGISTRY_WAKE_UP", "REGISTER_CREATE_ACTIVITY", "REGISTER_VERSION_ACTIVITY"},
    "EMAIL": {"EMAIL_WAKE_UP", "SEND_EMAIL"},
    "REPORT": {"GENERATE_REPORT"},
}


class WakeUp(BaseModel):
    """What wakes a worker."""

    reason: str | None = None


class Personal(BaseModel):
    """What is done for somebody. Whom, the order itself says; this is looked at no further."""

    user_info: str


class Lodge(Personal):
    """A model run to register."""

    record: ModelRunRecord
    revalidate: bool


class LodgeOnly(Personal):
    """A model run to lodge again."""

    model_run_record_id: str
    record: ModelRunRecord
    """As it was; what is lodged is what the registry has."""
    revalidate: bool


class Batch(Personal):
    """Model runs to register together."""

    records: list[ModelRunRecord]


class Update(Personal):
    """A model run that is to say something else."""

    model_run_record_id: str
    updated_record: ModelRunRecord
    reason: str
    revalidate: bool


class UpdateOnly(Personal):
    """A model run to lodge again after it was changed."""

    model_run_record_id: str
    updated_record: ModelRunRecord
    revalidate: bool


class LodgeCreation(BaseModel):
    """The activity of a creation to lodge again."""

    created_item_id: str
    creation_activity_id: str
    linked_person_id: str
    created_item_subtype: Kind


class LodgeVersion(BaseModel):
    """The activity of a version to lodge again."""

    from_version_id: str
    to_version_id: str
    version_activity_id: str
    linked_person_id: str
    item_subtype: Kind


PAYLOADS: dict[str, type[BaseModel]] = {
    **dict.fromkeys(WAKE_UP.values(), WakeUp),
    "MODEL_RUN_PROV_LODGE": Lodge,
    "MODEL_RUN_LODGE_ONLY": LodgeOnly,
    "MODEL_RUN_UPDATE_LODGE_ONLY": UpdateOnly,
    "MODEL_RUN_BATCH_SUBMIT": Batch,
    "MODEL_RUN_UPDATE": Update,
    "LODGE_CREATE_ACTIVITY": LodgeCreation,
    "LODGE_VERSION_ACTIVITY": LodgeVersion,
}
"""Sub types that can be begun by hand, and what each needs; the others are begun by what they belong to."""


async def launched(house: GatewayHouse, caller: Caller, wanted: Launch, batch: UUID | None) -> UUID:
    """Begin a job; its id."""
    if wanted.job_sub_type not in TYPES[wanted.job_type]:
        raise DetailError(400, f"{wanted.job_type} has no job {wanted.job_sub_type}.")
    model = PAYLOADS.get(wanted.job_sub_type)
    if model is None:
        raise refuse("gateway:not-yet", f"Jobs of type {wanted.job_sub_type} cannot be begun by hand here.")
    try:
        payload = model.model_validate(wanted.job_payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DetailError(400, f"job_payload.{place}: {first['msg']}") from None
    owner = caller.model_copy(update={"name": wanted.username or caller.name})
    if isinstance(payload, Batch):
        return (await register_all(house, caller, payload.records, owner.name, batch)).id
    if isinstance(payload, WakeUp):
        job = settled(owner, wanted.job_sub_type, wanted.job_payload, {}, wanted.job_type, batch)
        async with house.work() as unit:
            await unit.jobs.add(job)
        return job.id
    seen = View(
        username=owner.name,
        job_type=wanted.job_type,
        job_sub_type=wanted.job_sub_type,
        payload=wanted.job_payload,
        batch_id=batch,
    )
    return (await begun(house, caller, await _order(house, payload), seen)).id


async def _order(house: GatewayHouse, payload: BaseModel) -> Command:
    match payload:
        case Lodge():
            return RegisterModelRun(**await _record(house, payload.record))
        case LodgeOnly() | UpdateOnly():
            return RelodgeModelRun(handle=payload.model_run_record_id, validate_record=payload.revalidate)
        case Update():
            content = await _record(house, payload.updated_record)
            return UpdateModelRun(handle=payload.model_run_record_id, reason=payload.reason, **content)
        case LodgeCreation():
            return RelodgeActivity(handle=payload.creation_activity_id)
        case LodgeVersion():
            return RelodgeActivity(handle=payload.version_activity_id)
    msg = f"no order for {type(payload).__name__}"
    raise TypeError(msg)


async def _record(house: GatewayHouse, record: ModelRunRecord) -> dict[str, Any]:
    return await carried(house.files, "record", record.model_dump(mode="json"))
