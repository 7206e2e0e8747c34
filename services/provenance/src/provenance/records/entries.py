"""Turns what the registry says of model runs, activities and accounts into records of the registry's own."""

import asyncio
import json
from typing import Any

from chassis.files import collect, once
from contracts.access import LinkAssigned, LinkCleared
from contracts.entries import ActivityRegistered, ActivityWithdrawn
from contracts.ids import dataset_record
from contracts.model_runs import ModelRunRecord, ModelRunRegistered, ModelRunWithdrawn
from contracts.outcomes import DatasetFilled
from provenance.graph.model import Graph
from provenance.records import provjson, registered
from provenance.records.registered import REGISTRY
from provenance.unit import ProvenanceUnit

LIMIT = 16 << 20
"""Bytes that a record may have."""


async def lodge_model_run(event: ModelRunRegistered, unit: ProvenanceUnit) -> None:
    """Put what a model run says into the ledger, and keep its document."""
    record = await _record(event, unit)
    wanted = registered.model_run(event.handle, record, event.model)
    content = await asyncio.to_thread(provjson.render, wanted)
    document = await unit.house.files.put(once(content), media_type=provjson.MEDIA_TYPE)
    told: dict[str, Any] = {"tenant": REGISTRY, "job": event.job, "caller": event.caller, "document": document}
    await unit.ledger.lodge(event.handle, event.revision, wanted, **told)


async def lodge_activity(event: ActivityRegistered, unit: ProvenanceUnit) -> None:
    """Put into the ledger that somebody registered a thing, or a new version of one."""
    wanted, revision = registered.activity(event), max(event.revision, 1)
    await unit.ledger.lodge(event.activity, revision, wanted, tenant=REGISTRY, job=event.job, caller=event.caller)


async def withdraw_activity(event: ActivityWithdrawn, unit: ProvenanceUnit) -> None:
    """Let a creation or version tell nothing any more."""
    await unit.ledger.withdraw(event.activity, event.revision, tenant=REGISTRY, job=event.job, caller=event.caller)


async def withdraw_model_run(event: ModelRunWithdrawn, unit: ProvenanceUnit) -> None:
    """Let a model run say nothing any more; what it alone asserted goes."""
    await unit.ledger.withdraw(event.handle, event.revision, tenant=REGISTRY, job=event.job, caller=event.caller)


async def fill_dataset(event: DatasetFilled, unit: ProvenanceUnit) -> None:
    """Put into the ledger which outputs of a run a dataset holds; it is told to those who may see the run."""
    if event.tenant is None:
        msg = f"{event.subject} {event.id} does not say whose the run is"
        raise ValueError(msg)
    members = event.members
    if event.more is not None:
        members = (*members, *json.loads(await collect(unit.house.files.get(event.more.key), LIMIT)))
    wanted, record = registered.filled(event.dataset, members), dataset_record(event.run, event.dataset)
    await unit.ledger.lodge(record, max(event.revision, 1), wanted, tenant=event.tenant, caller=event.caller)


async def note_link(event: LinkAssigned | LinkCleared, unit: ProvenanceUnit) -> None:
    """Put into the ledger whose an account is; one that nobody acted by yet, or that is nobody's, says nothing."""
    known = isinstance(event, LinkAssigned) and event.account is not None
    wanted = registered.person_link(event.account or "", event.person or "") if known else Graph()
    record = f"link/{event.username}"
    # no job: whoever ordered the link has it when the registry says so
    await unit.ledger.lodge(record, event.revision, wanted, tenant=REGISTRY, caller=event.caller)


async def _record(event: ModelRunRegistered, unit: ProvenanceUnit) -> ModelRunRecord:
    if event.record is not None:
        return event.record
    if event.record_file is None:
        msg = f"{event.subject} {event.id} does not say what {event.handle} says"
        raise ValueError(msg)
    return ModelRunRecord.model_validate(json.loads(await collect(unit.house.files.get(event.record_file.key), LIMIT)))
