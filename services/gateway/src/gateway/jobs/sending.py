"""Giving an order: the signed command and its job's row commit together."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.refusal import refuse
from contracts.entries import Spinoff
from contracts.executor import StartRun
from contracts.ids import uuid7
from contracts.message import Caller, Command
from gateway.jobs.model import Job, View
from gateway.jobs.store import fresh

if TYPE_CHECKING:
    from gateway.unit import GatewayUnit

CHAINED = "registry.register-activity"
LODGING = "provenance.lodge-activity"
"""Kinds of jobs that no command has, but the work that another one gives."""
Chained = Mapping[UUID, tuple[str, View]]
"""Jobs that follow from another: the kind of each, and how it is seen."""


async def send(
    unit: "GatewayUnit",
    order: Command,
    caller: Caller,
    about: UUID | None = None,
    view: View | None = None,
    chained: Chained | None = None,
) -> Job:
    """Send a command in this caller's name; its job is there as soon as the command is, and so are those that it leads to."""
    named = order if order.job else order.model_copy(update={"job": uuid7()})
    signed = unit.house.callers.sign(named, caller)
    job = fresh(signed, about, view)
    await unit.jobs.add(job)
    if isinstance(order, StartRun) and not await unit.uploads.take(_uploads(order)):
        raise refuse("executor:missing-input", "an upload was removed meanwhile")
    for id_, (kind, seen) in (chained or {}).items():
        later = seen.model_copy(update={"chained_to": job.id})
        await unit.jobs.add(job.model_copy(update={"id": id_, "kind": kind, "about": None, "view": later}))
    await unit.publish(signed)
    return job


def _uploads(order: StartRun) -> set[str]:
    """The keys of those files of a run that were uploaded; all others say where they come from."""
    return {file.content.key for file in order.files if file.origin is None}


def spun(caller: Caller, what: str) -> tuple[Spinoff, Chained]:
    """The jobs behind the activity of a creation (`CREATE`) or a version (`VERSION`), written with the order."""
    jobs = Spinoff(register_job=uuid7(), lodge_job=uuid7())
    register = View(username=caller.name, job_type="REGISTRY", job_sub_type=f"REGISTER_{what}_ACTIVITY")
    lodge = View(username=caller.name, job_type="PROV_LODGE", job_sub_type=f"LODGE_{what}_ACTIVITY")
    return jobs, {jobs.register_job: (CHAINED, register), jobs.lodge_job: (LODGING, lodge)}
