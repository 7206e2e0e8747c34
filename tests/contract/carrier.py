"""One suite for whatever carries messages: fan-out, once, order, refusal, trouble, bugs, parking, timers, rollback."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.bus import parked
from chassis.house import House
from chassis.refusal import Trouble, refuse
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.testing import no_doors, somebody
from chassis.unit import Unit
from contracts.executor import DeleteRun, Run, RunDeleted, StopRun, WorkflowRef
from contracts.ids import uuid7
from contracts.message import FileRef
from contracts.provenance import RecordLodged
from contracts.refusals import (
    ExecutorCommandRefused,
    ExecutorDeliveryParked,
    GatewayCommandRefused,
    GatewayDeliveryParked,
    RegistryCommandRefused,
    RegistryDeliveryParked,
)
from contracts.vocabulary import Engine, RunStatus


@dataclass
class Heard:
    """What the handlers of a test saw, and how they are to behave."""

    seen: list[tuple[str, UUID]] = field(default_factory=list)
    behave: Callable[[Any, int], None] = lambda _message, _times: None
    tries: Counter[UUID] = field(default_factory=Counter)

    def handler(self, name: str, *, speaks: bool = False):
        """A handler that writes, behaves as told, and perhaps says a fact."""

        async def handle(message: Any, unit: Unit[Any]) -> None:
            self.tries[message.id] += 1
            await unit.session.execute(
                text("insert into bus.leases (name, owner, until) values (:name, :owner, now())"),
                {"name": f"{name}:{message.id}", "owner": message.id},
            )
            self.behave(message, self.tries[message.id])
            if speaks:
                await unit.publish(RecordLodged(record=f"r/{message.id}", job=message.job))
            self.seen.append((name, message.id))

        handle.__name__ = name
        return handle

    async def until(self, count: int, name: str | None = None, within: float = 60) -> list[UUID]:
        """Wait until so many were seen; then a moment more, in which none may come too many."""

        def found() -> list[UUID]:
            return [message for who, message in self.seen if name is None or who == name]

        async with asyncio.timeout(within):
            while len(found()) < count:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)
        return found()


def services(heard: Heard, facts: list[Any]) -> tuple[Service, ...]:
    """An executor that hears two commands and a timer, and two services that hear what it says."""

    async def note(message: Any, _unit: Any) -> None:
        facts.append(message)

    def service(name: str, refused: Any, set_aside: Any, *subscriptions: Subscription) -> Service:
        return Service(name, subscriptions, refused, set_aside, Unit, Settings, no_doors, name)

    return (
        service(
            "executor",
            ExecutorCommandRefused,
            ExecutorDeliveryParked,
            Subscription(StopRun, heard.handler("stop_run", speaks=True)),
            Subscription(DeleteRun, heard.handler("delete_run")),
            Subscription(RunDeleted, heard.handler("wake_up"), timer=True),
        ),
        service(
            "registry",
            RegistryCommandRefused,
            RegistryDeliveryParked,
            Subscription(RecordLodged, heard.handler("registry_hears")),
        ),
        service(
            "gateway",
            GatewayCommandRefused,
            GatewayDeliveryParked,
            Subscription(RecordLodged, heard.handler("gateway_hears")),
            Subscription(ExecutorCommandRefused, note),
            Subscription(ExecutorDeliveryParked, note),
        ),
    )


def a_job() -> UUID:
    """Some job."""
    return uuid7()


@dataclass
class Platform:
    """What a carrier test works with; a carrier's own says how it looks from outside."""

    houses: dict[str, House[Any]]
    heard: Heard
    facts: list[Any]
    handlers: dict[str, Any]

    @property
    def house(self) -> House[Any]:
        """The service that hears the commands."""
        return self.houses["executor"]

    def replace(self, queue: str, handler: Any) -> None:
        """Let another handler hear a queue."""
        self.handlers[queue] = handler

    async def parked(self) -> list[parked.Parked]:
        """What is set aside."""
        async with self.house.sessions() as session:
            return await parked.listed(session)

    async def waiting(self) -> int:
        """Messages on their way."""
        async with self.house.sessions() as session:
            return await session.scalar(text("select count(*) from bus.outbox")) or 0

    async def rubbish(self, queue: str, subject: str) -> None:
        """Put something unreadable into a queue."""
        told = {"queue": queue, "subject": subject}
        statement = "insert into bus.outbox (queue, subject, message, payload) values (:queue, :subject, :id, 'rubbish')"
        async with self.house.sessions.begin() as session:
            await session.execute(text(statement), {**told, "id": uuid7()})

    def a_run(self) -> Run:
        """Some run."""
        spec = FileRef(key="k", sha256="0" * 64, size=1)
        workflow = WorkflowRef(
            id=uuid7(), handle="x/1", name="w", version="1", revision=1, engine=Engine.CWL, spec=spec, main="w.cwl"
        )
        return Run(
            id=uuid7(), tenant="t", name="w:1", number="1", workflow=workflow, status=RunStatus.DELETED,
            owner="user/x/y", owner_name="y", created=datetime.now(UTC),
        )  # fmt: skip


def replaceable(heard: Heard, facts: list[Any], handlers: dict[str, Any]) -> list[Service]:
    """The services of the suite, whose handlers a test may exchange."""

    def through(queue: str, usual: Any) -> Any:
        async def handle(message: Any, unit: Any) -> None:
            await handlers.get(queue, usual)(message, unit)

        handle.__name__ = usual.__name__
        return handle

    return [
        replace(
            service,
            subscriptions=tuple(replace(s, handler=through(service.queue(s), s.handler)) for s in service.subscriptions),
        )
        for service in services(heard, facts)
    ]


class CarrierSuite:
    """Inherit, and give a `platform` fixture: an async context with a `Platform`."""

    async def stop(self, platform: Any, *, signed: bool = True, job: UUID | None = None, command: Any = None) -> StopRun:
        """Publish a command."""
        command = command or StopRun(run=uuid7(), job=job)
        if signed:
            command = platform.house.callers.sign(command, somebody())
        async with platform.house.work() as unit:
            await unit.publish(command)
        return command

    async def rows(self, platform: Any, like: str = "%") -> int:
        """How many effects of handlers were kept."""
        async with platform.house.sessions() as session:
            query = text("select count(*) from bus.leases where name like :like")
            return await session.scalar(query, {"like": like}) or 0

    async def empty(self, platform: Any) -> None:
        """Nothing waits any more, nor is in hand."""
        async with asyncio.timeout(60):
            while await platform.waiting():
                await asyncio.sleep(0.02)

    async def test_a_fact_reaches_every_hearer_once(self, platform):
        """A command leads to one fact, and each of its hearers hears it once."""
        command = await self.stop(platform)

        await platform.heard.until(3)

        assert Counter(who for who, _ in platform.heard.seen) == {"stop_run": 1, "registry_hears": 1, "gateway_hears": 1}
        assert platform.heard.seen[0] == ("stop_run", command.id)

    async def test_order_is_kept_within_a_queue(self, platform):
        """What one transaction says is handled in the order in which it was said."""
        commands = [platform.house.callers.sign(StopRun(run=uuid7()), somebody()) for _ in range(200)]

        async with platform.house.work() as unit:
            for command in commands:
                await unit.publish(command)

        assert await platform.heard.until(200, "stop_run") == [command.id for command in commands]

    async def test_a_repeated_message_changes_nothing(self, platform):
        """The same message again, also in the same group, is handled once."""
        command = platform.house.callers.sign(StopRun(run=uuid7()), somebody())
        for _ in range(3):
            async with platform.house.work() as unit:
                await unit.publish(command)
                await unit.publish(command)

        await platform.heard.until(1, "stop_run")
        await self.empty(platform)

        assert await platform.heard.until(1, "stop_run") == [command.id]
        assert await self.rows(platform, "stop_run:%") == 1

    async def test_nothing_of_a_rolled_back_transaction_is_heard(self, platform):
        """A message is heard only if the transaction that said it commits."""
        with pytest.raises(RuntimeError, match="no"):
            async with platform.house.work() as unit:
                await unit.publish(platform.house.callers.sign(StopRun(run=uuid7()), somebody()))
                raise RuntimeError("no")

        await asyncio.sleep(0.3)

        assert platform.heard.seen == []

    async def test_a_refusal_is_told_and_nothing_of_it_is_kept(self, platform):
        """A handler that refuses is not tried again; its writes are gone, one fact tells the problem and the job."""

        def refusing(message: Any, _times: int) -> None:
            if isinstance(message, StopRun):
                raise refuse("executor:no-such-run", "there is none")

        platform.heard.behave, job = refusing, a_job()
        command = await self.stop(platform, job=job)
        await self.empty(platform)
        await asyncio.sleep(0.2)

        assert [(type(f), f.job, f.message, f.problem.type) for f in platform.facts] == [
            (ExecutorCommandRefused, job, command.id, "urn:problem:executor:no-such-run")
        ]
        assert platform.heard.tries[command.id] == 1
        assert await self.rows(platform) == 0

    async def test_a_faulty_delivery_disturbs_nobody_beside_it(self, platform):
        """Of many deliveries that wait together one fails: the others are done once, in order."""
        commands = [platform.house.callers.sign(StopRun(run=uuid7()), somebody()) for _ in range(20)]
        bad = commands[7].id

        def failing(message: Any, _times: int) -> None:
            if message.id == bad:
                raise RuntimeError("a fault")

        platform.heard.behave = failing
        async with platform.house.work() as unit:
            for command in commands:
                await unit.publish(command)

        good = [command.id for command in commands if command.id != bad]
        async with asyncio.timeout(60):
            while await self.rows(platform, "stop_run:%") < 19:
                await asyncio.sleep(0.02)
        seen = await platform.heard.until(19, "stop_run")
        kept = list(dict.fromkeys(reversed(seen)))[::-1]  # those before the culprit may run twice, and are kept once
        assert kept == good
        assert await self.rows(platform, "stop_run:%") == 19

    async def test_a_fault_of_ours_is_tried_a_few_times_then_parked_and_its_job_settled(self, platform):
        """After the set number of attempts a message is set aside with its error, and a fact settles its job."""

        def failing(message: Any, _times: int) -> None:
            if isinstance(message, StopRun):
                raise RuntimeError("a fault")

        platform.heard.behave, job = failing, a_job()
        command = await self.stop(platform, job=job)
        async with asyncio.timeout(60):
            while not platform.facts:
                await asyncio.sleep(0.02)

        fact = platform.facts[0]
        assert (type(fact), fact.job, fact.message, fact.queue) == (
            ExecutorDeliveryParked,
            job,
            command.id,
            "executor.stop-run",
        )
        assert platform.heard.tries[command.id] == platform.house.settings.bus_attempts
        async with platform.house.sessions() as session:
            kept = await parked.listed(session)
        assert [(p.message, "a fault" in p.error) for p in kept] == [(command.id, True)]

    async def test_a_parked_message_can_be_replayed_or_dropped(self, platform):
        """Replayed, it is handled as if new; dropped, it is forgotten."""

        def failing(message: Any, _times: int) -> None:
            if isinstance(message, StopRun):
                raise RuntimeError("a fault")

        platform.heard.behave = failing
        first, second = await self.stop(platform), await self.stop(platform)
        async with asyncio.timeout(60):
            while len(platform.facts) < 2:
                await asyncio.sleep(0.02)
        platform.heard.behave = lambda _message, _times: None
        async with platform.house.sessions.begin() as session:
            by_message = {p.message: p.id for p in await parked.listed(session)}
            assert await parked.replay(session, [by_message[first.id]]) == 1
            assert await parked.drop(session, [by_message[second.id]]) == 1

        assert await platform.heard.until(1, "stop_run") == [first.id]
        async with platform.house.sessions() as session:
            assert await parked.listed(session) == []

    async def test_trouble_never_uses_up_attempts(self, platform):
        """Something that is away brings a message back more often than a fault may, and it is done in the end."""
        attempts = platform.house.settings.bus_attempts

        def away(message: Any, times: int) -> None:
            if isinstance(message, StopRun) and times <= attempts + 2:
                raise Trouble("away") if times % 2 else ConnectionError("away")

        platform.heard.behave = away
        command = await self.stop(platform)

        assert await platform.heard.until(1, "stop_run") == [command.id]
        assert platform.heard.tries[command.id] == attempts + 3
        async with platform.house.sessions() as session:
            assert await parked.listed(session) == []

    async def test_a_hidden_sql_error_does_not_lose_the_delivery(self, platform):
        """A handler that swallows an SQL error fails all the same: its commit would silently be a rollback."""
        hidden: list[int] = []

        async def hide(message: Any, unit: Unit[Any]) -> None:
            hidden.append(1)
            try:
                await unit.session.execute(text("select 1 / 0" if len(hidden) == 1 else "select 1"))
            except Exception:
                pass
            platform.heard.seen.append(("hide", message.id))

        platform.replace("executor.delete-run", hide)
        async with platform.house.work() as unit:
            await unit.publish(platform.house.callers.sign(DeleteRun(run=uuid7()), somebody()))

        await platform.heard.until(2, "hide")
        assert len(hidden) == 2

    async def test_a_timer_comes_no_sooner_than_due_and_a_second_under_its_key_is_dropped(self, platform):
        """A message to oneself waits for its time; its key keeps it single."""
        from contracts.executor import RunDeleted

        loop, run = asyncio.get_running_loop(), platform.a_run()
        first, second, soon = (RunDeleted(run=run) for _ in range(3))
        for timer in (first, second):  # far off: the first must not be over before the second is said, however slow we are
            async with platform.house.work() as unit:
                await unit.later(timer, timedelta(hours=1), key="one")
        began = loop.time()
        async with platform.house.work() as unit:
            await unit.later(soon, timedelta(seconds=0.5), key="other")

        assert await platform.heard.until(1, "wake_up") == [soon.id]
        assert loop.time() - began >= 0.5
        async with platform.house.sessions.begin() as session:
            await session.execute(text("update bus.outbox set due = now() where key = 'one'"))
        assert await platform.heard.until(2, "wake_up") == [soon.id, first.id]

    async def test_a_command_that_nobody_signed_is_parked_at_once(self, platform):
        """Without the gateway's signature, or with one for something else, no handler runs."""
        unsigned = await self.stop(platform, signed=False)
        signed = platform.house.callers.sign(StopRun(run=uuid7()), somebody())
        altered = await self.stop(platform, signed=False, command=signed.model_copy(update={"run": uuid7()}))
        grown = signed.caller.model_copy(update={"tenants": ("everybody",)})
        claimed = await self.stop(platform, signed=False, command=signed.model_copy(update={"caller": grown, "id": uuid7()}))
        async with asyncio.timeout(60):
            while len(platform.facts) < 3:
                await asyncio.sleep(0.02)

        assert platform.heard.tries == {}
        assert {f.message for f in platform.facts} == {unsigned.id, altered.id, claimed.id}
        assert {f.problem.type for f in platform.facts} == {"urn:problem:bus:forged"}

    async def test_a_message_that_cannot_be_read_is_parked(self, platform):
        """Rubbish in a queue is set aside with its reason and stops nobody."""
        await platform.rubbish("executor.stop-run", "executor.stop-run.v1")
        good = await self.stop(platform)

        assert await platform.heard.until(1, "stop_run") == [good.id]
        async with asyncio.timeout(60):
            while not (kept := await platform.parked()):
                await asyncio.sleep(0.02)
        assert [p.reason for p in kept] == ["cannot be read"]

    async def test_a_message_that_is_too_large_is_refused_where_it_is_said(self, platform):
        """Nobody hears a message beyond the limit; whoever says it is told."""
        with pytest.raises(Exception, match="the limit is 262144"):
            await self.stop(platform, command=StopRun(run=uuid7(), tenant="x" * 300_000))

        assert await self.rows(platform) == 0
