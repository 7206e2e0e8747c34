"""Giving an order: the signed command and its job's row commit together."""

from typing import TYPE_CHECKING
from uuid import UUID

from contracts.ids import uuid7
from contracts.message import Caller, Command
from gateway.jobs.model import Job
from gateway.jobs.store import fresh

if TYPE_CHECKING:
    from gateway.unit import GatewayUnit


async def send(unit: "GatewayUnit", order: Command, caller: Caller, about: UUID | None = None) -> Job:
    """Send a command in this caller's name; its job is there as soon as the command is."""
    named = order if order.job else order.model_copy(update={"job": uuid7()})
    signed = unit.house.callers.sign(named, caller)
    job = fresh(signed, about)
    await unit.jobs.add(job)
    await unit.publish(signed)
    return job
