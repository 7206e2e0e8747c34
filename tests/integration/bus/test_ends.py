"""What one database alone shows: messages that end their process, and how much is said to the database for a delivery."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from sqlalchemy import event, text
from tests.chaos import bus_child
from tests.measuring import measured

from chassis.assembly import standing
from chassis.bus import parked
from chassis.bus.ear import Ear, Heard
from chassis.bus.parked import Letter
from chassis.house import House
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.testing import no_doors, somebody
from chassis.unit import Unit
from contracts.executor import StopRun
from contracts.ids import uuid7
from contracts.provenance import RecordLodged
from contracts.refusals import ExecutorCommandRefused, ExecutorDeliveryParked

HOUSEKEEPING = ("select count(*)", "delete from bus.inbox", "delete from bus.bugs")
"""What is said now and then, whatever else there is to do."""
DONE = text("select owner from bus.leases where name like 'done:%'")


@pytest.fixture
def told(database_url: str, tmp_path: Path) -> dict[str, Any]:
    """Settings of a process whose bus is its database."""
    return {
        "database_url": database_url,
        "state": str(tmp_path),
        "files_url": f"file:{tmp_path}/files",
        "bus_attempts": 1,
        "bus_retry": 0.02,
    }


def child(told: dict[str, Any]) -> subprocess.Popen[bytes]:
    """A process that hears."""
    return subprocess.Popen([sys.executable, "-m", "tests.chaos.bus_child", json.dumps(told)], env=measured_environment())


def measured_environment() -> dict[str, str]:
    """The environment of a child, measured if we are."""
    return psutil.Process().environ() | measured()


@pytest.mark.timeout(400)
async def test_a_message_that_ends_its_process_is_parked_and_takes_no_other_along(told: dict[str, Any]) -> None:
    """It is counted by the process after it, then goes alone, and is set aside; the others are handled, once."""
    async with standing(bus_child.SERVICE, settings=Settings(**told), topology=bus_child.TOPOLOGY, hears=False) as houses:
        house = houses["executor"]
        commands = [StopRun(run=uuid7(), tenant=bus_child.POISON if n == 3 else "t") for n in range(7)]
        async with house.work() as unit:
            for command in commands:
                await unit.publish(house.callers.sign(command, somebody()))

        ends = 0
        async with asyncio.timeout(300):
            while not (set_aside := await listed(house)):
                process = child(told)
                try:
                    while process.poll() is None and not await listed(house):
                        await asyncio.sleep(0.05)
                    if process.poll() is None:
                        await until_done(house, 6)
                finally:
                    process.terminate()
                ends += await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
        async with house.sessions() as session:
            done = list((await session.execute(DONE)).scalars())

    assert ends == 2
    assert [(one.message, one.reason) for one in set_aside] == [(commands[3].id, "ended the process 2 times")]
    assert sorted(done) == sorted(command.id for command in commands if command.tenant == "t")


async def listed(house: House[Any]) -> list[parked.Parked]:
    """What was set aside."""
    async with house.sessions() as session:
        return await parked.listed(session)


async def until_done(house: House[Any], many: int) -> None:
    """Wait until so many were handled."""
    while True:
        async with house.sessions() as session:
            if len((await session.execute(DONE)).all()) >= many:
                return
        await asyncio.sleep(0.05)


async def heard(message: Any, unit: Unit[Any]) -> None:
    """Write once, speak once."""
    await unit.session.execute(bus_child.EFFECT, {"name": f"done:{message.id}", "owner": message.id})
    await unit.publish(RecordLodged(record=f"r/{message.id}"))


def service() -> Service:
    """A service whose handler says one statement."""
    return Service(
        "executor",
        (Subscription(StopRun, heard),),
        ExecutorCommandRefused,
        ExecutorDeliveryParked,
        Unit,
        Settings,
        no_doors,
        "executor",
    )


def counting(house: House[Any]) -> list[str]:
    """Statements from now on."""
    said: list[str] = []

    def note(*told: Any) -> None:
        if not told[2].startswith(HOUSEKEEPING):
            said.append(told[2])

    event.listen(house.engine.sync_engine, "before_cursor_execute", note)
    return said


@pytest.mark.parametrize("many", [1, 20])
async def test_a_group_from_the_database_costs_three_statements_more_than_its_handlers(told: dict[str, Any], many: int) -> None:
    """It is looked for, taken, and what it said is written; a group of several says first how long it waits for locks."""
    async with standing(service(), settings=Settings(**told), topology=bus_child.TOPOLOGY, hears=False) as houses:
        house = houses["executor"]
        await house.carriers[0].turn()
        async with house.work() as unit:
            for _ in range(many):
                await unit.publish(house.callers.sign(StopRun(run=uuid7()), somebody()))
        said = counting(house)

        await house.carriers[0].turn()

        assert len(said) == many + 3 + (many > 1), said


@pytest.mark.parametrize("many", [1, 20])
async def test_a_group_from_a_broker_costs_two_statements_more_than_its_handlers(told: dict[str, Any], many: int) -> None:
    """What is new is found out, and what was said is written."""
    async with standing(service(), settings=Settings(**told), topology=bus_child.TOPOLOGY, hears=False) as houses:
        house, ear = houses["executor"], Ear(houses["executor"])
        messages = [StopRun(run=uuid7()) for _ in range(many)]
        said = counting(house)

        await asyncio.gather(*(ear.hear(Heard("executor.stop-run", one, heard, letter=letter(one.id))) for one in messages))

        assert len(said) == many + 2 + (many > 1), said


async def test_what_is_done_may_come_back_for_ever(told: dict[str, Any]) -> None:
    """A broker that never hears that a message is done brings it again and again, and it is not blamed for that."""
    async with standing(service(), settings=Settings(**told), topology=bus_child.TOPOLOGY, hears=False) as houses:
        house, ear = houses["executor"], Ear(houses["executor"])
        one = StopRun(run=uuid7())

        for returns in range(10):
            again = Heard("executor.stop-run", one, heard, again=returns > 0, letter=letter(one.id), returns=returns)
            await ear.hear(again)

        assert await listed(house) == []
        async with house.sessions() as session:
            assert list((await session.execute(DONE)).scalars()) == [one.id]


def letter(message: UUID) -> Letter:
    """What came."""
    return Letter("executor.stop-run", StopRun.subject, message, b"{}", {})


async def test_groups_that_find_rows_locked_are_smaller_until_they_find_none(told: dict[str, Any]) -> None:
    """Whoever waits for another process's group takes less at a time; everything is handled all the same."""
    done: list[UUID] = []

    async def lock(message: Any, unit: Unit[Any]) -> None:
        await unit.session.execute(text("select pg_advisory_xact_lock(7)"))
        done.append(message.id)

    async with standing(service(), settings=Settings(**told), topology=bus_child.TOPOLOGY, hears=False) as houses:
        house, ear = houses["executor"], Ear(houses["executor"])

        def hearing(many: int) -> Any:
            messages = [StopRun(run=uuid7()) for _ in range(many)]
            return asyncio.gather(*(ear.hear(Heard("executor.stop-run", one, lock, letter=letter(one.id))) for one in messages))

        first = ear.receiver.room
        async with house.engine.begin() as other:
            await other.execute(text("select pg_advisory_xact_lock(7)"))
            waiting = asyncio.ensure_future(hearing(20))
            while ear.receiver.room == first:
                await asyncio.sleep(0.01)
            small = ear.receiver.room
        await waiting
        await hearing(100)

        assert small == 10
        assert small < ear.receiver.room < first
        assert len(set(done)) == 120
