"""A service on RabbitMQ is killed again and again, also by one of its messages."""

import asyncio
import json
import random
import sys

import pytest
from sqlalchemy import text
from tests.chaos.bus_child import POISON, SERVICE, TOPOLOGY
from tests.measuring import measured
from tests.rabbit import a_host

from chassis.assembly import standing
from chassis.bus import parked
from chassis.settings import Settings
from chassis.testing import somebody
from contracts.executor import StopRun
from contracts.ids import uuid7

MESSAGES, KILLS = 1500, 6
pytestmark = pytest.mark.timeout(700)


async def test_nothing_is_lost_or_doubled_by_kills_and_only_the_message_that_kills_is_parked(database_url, tmp_path):
    """Whatever is in hand comes again and is done once; a message that ends the process is found out among the innocent."""
    async with a_host() as host:
        told = {
            "database_url": database_url, "state": str(tmp_path), "files_url": f"file:{tmp_path}/files", "bus_url": host.url(),
            "bus_accounts": {"*": host.admin}, "bus_attempts": 2,
        }  # fmt: skip
        async with standing(SERVICE, settings=Settings(**told), topology=TOPOLOGY, hears=False) as houses:
            house = houses["executor"]
            commands = [StopRun(run=uuid7(), tenant=POISON if n == MESSAGES // 3 else "t") for n in range(MESSAGES)]
            signed = [house.callers.sign(command, somebody()) for command in commands]
            for start in range(0, MESSAGES, 100):
                async with house.work() as unit:
                    for command in signed[start : start + 100]:
                        await unit.publish(command)
                        if random.random() < 0.03:
                            await unit.publish(command)
            kills = ends = 0
            process = None
            done, aside = 0, []
            async with asyncio.timeout(500):
                while done < MESSAGES - 1 or not aside:
                    if process is None or process.returncode is not None:
                        ends += process is not None
                        process = await asyncio.create_subprocess_exec(
                            sys.executable,
                            "-m",
                            "tests.chaos.bus_child",
                            json.dumps(told),
                            env={**measured(), "PATH": "/usr/bin"},
                        )
                    await asyncio.sleep(0.05)
                    async with house.sessions() as session:
                        was, done = done, await session.scalar(text("select count(*) from bus.leases where name like 'done:%'"))
                        aside = await parked.listed(session)
                    if kills < KILLS and done > was and random.random() < 0.5:
                        process.kill()
                        await process.wait()
                        kills += 1
            process.kill()
            await process.wait()
            async with house.sessions() as session:
                done = await session.scalar(text("select count(*) from bus.leases where name like 'done:%'"))
        lost, doubled = MESSAGES - 1 - done, len(aside) - 1  # a second time would fail on its key, and be parked
        print(f"\nkills {kills} and {ends} by the message: sent {MESSAGES - 1}, done {done}, lost {lost}, doubled {doubled}")

    assert [(p.message, p.reason) for p in aside] == [(signed[MESSAGES // 3].id, "ended the process 2 times")]
    assert done == MESSAGES - 1
