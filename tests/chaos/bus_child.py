"""A small service as a process that is killed, from outside or by a message of its own."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import text
from tests.contract.carrier import no_doors

from chassis.assembly import standing
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.unit import Unit
from contracts.executor import StopRun
from contracts.provenance import RecordLodged
from contracts.refusals import ExecutorCommandRefused, ExecutorDeliveryParked

TOPOLOGY = {"executor.stop-run": StopRun.subject}
POISON = "poison"
EFFECT = text("insert into bus.leases (name, owner, until) values (:name, :owner, now())")
"""Its key is the message: done twice, it would fail."""


async def stop_run(message: Any, unit: Unit[Any]) -> None:
    """Write a row and say a fact; one tenant's messages end the process."""
    if message.tenant == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    await unit.session.execute(EFFECT, {"name": f"done:{message.id}", "owner": message.id})
    await unit.publish(RecordLodged(record=f"r/{message.id}", job=message.job))


HEARD = (Subscription(StopRun, stop_run),)
SERVICE = Service("executor", HEARD, ExecutorCommandRefused, ExecutorDeliveryParked, Unit, Settings, no_doors, "executor")


async def main(told: dict[str, Any]) -> None:
    """Hear until the end."""
    async with standing(SERVICE, settings=Settings(**told), topology=TOPOLOGY):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
