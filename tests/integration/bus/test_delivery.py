"""What RabbitMQ's carrier does when things go wrong around it."""

import asyncio
import json
import shlex
from contextlib import asynccontextmanager

import aio_pika
from sqlalchemy import text
from tests.integration.bus.conftest import TOPOLOGY, World, connected

from chassis.bus.management import POLICY, Management
from chassis.bus.rabbit import Rabbit
from chassis.testing import somebody
from contracts.executor import DeleteRun, StopRun
from contracts.ids import uuid7
from contracts.provenance import RecordLodged


def stop(house, **more) -> StopRun:
    """A signed command."""
    return house.callers.sign(StopRun(run=uuid7(), **more), somebody())


async def say(house, *messages) -> None:
    """Publish in one transaction."""
    async with house.work() as unit:
        for message in messages:
            await unit.publish(message)


async def relayed(house, but: int = 0, within: float = 60) -> None:
    """Wait until RabbitMQ has all that was said, but for so many rows."""
    async with asyncio.timeout(within):
        while await waiting(house) > but:
            await asyncio.sleep(0.02)


async def waiting(house) -> int:
    """Rows that wait."""
    async with house.sessions() as session:
        return await session.scalar(text("select count(*) from bus.outbox")) or 0


async def test_what_is_said_before_its_hearer_first_starts_waits_for_it(world: World):
    """Every process makes all queues before it publishes."""
    fact = RecordLodged(record="r/1")
    async with world.running("provenance") as house:
        await say(house, fact)
        await relayed(house)

    async with world.running("gateway"):
        assert await world.heard.until(1, "hears") == [fact.id]


async def test_a_row_that_nobody_takes_holds_up_no_other(world: World):
    """A command without its queue stays and comes again, and the others go; with its queue back it arrives."""
    async with world.running("gateway") as house, world.running("executor"):
        await world.host.unbind("executor.delete-run", DeleteRun.subject)
        lost = house.callers.sign(DeleteRun(run=uuid7()), somebody())
        others = [stop(house) for _ in range(5)]
        await say(house, others[0], lost, *others[1:])

        assert await world.heard.until(5, "stop_run") == [other.id for other in others]
        await relayed(house, but=1)  # what was handled may not be crossed out yet
        assert await waiting(house) == 1
        await Rabbit(world.host.url(), TOPOLOGY).make(None, 50)
        assert await world.heard.until(1, "delete_run") == [lost.id]


async def test_what_cannot_be_sent_is_parked_and_holds_up_no_other(world: World):
    """A subject that no routing key can be made of is a fault of ours: counted, then parked."""
    async with world.running("gateway") as house, world.running("executor"):
        statement = "insert into bus.outbox (queue, subject, message, payload) values ('gateway.relay', :subject, :id, '{}')"
        async with house.sessions.begin() as session:
            await session.execute(text(statement), {"subject": "x" * 300, "id": uuid7()})
        good = stop(house)
        await say(house, good)

        assert await world.heard.until(1, "stop_run") == [good.id]
        found = await world.parked(house, 1)

    assert (found[0].queue, found[0].reason) == ("gateway.relay", "failed 3 times")


async def test_what_rabbitmq_gives_up_on_is_parked_by_its_owner_and_its_job_settled(world: World):
    """A dead-lettered message becomes a row of the service, which says so."""
    job = uuid7()
    async with world.running("gateway") as house:
        command = stop(house, job=job)
        await say(house, command)
        await relayed(house)
        connection = await aio_pika.connect(world.host.url())
        async with connection:
            queue = await (await connection.channel()).declare_queue("executor.stop-run", passive=True)
            await (await queue.get(timeout=60)).reject(requeue=False)

        async with world.running("executor") as executor:
            found = await world.parked(executor, 1)
            async with asyncio.timeout(60):
                while not world.facts:
                    await asyncio.sleep(0.02)

    assert (found[0].queue, found[0].reason, found[0].message) == ("executor.stop-run", "RabbitMQ: rejected", command.id)
    assert found[0].subject == StopRun.subject
    assert [(fact.job, fact.queue) for fact in world.facts] == [(job, "executor.stop-run")]
    assert world.heard.seen == []


async def test_a_lost_connection_is_taken_up_again(world: World):
    """RabbitMQ ends all connections: what is said meanwhile arrives, once."""
    async with world.running("gateway") as house, world.running("executor"):
        first, second = [stop(house) for _ in range(20)], [stop(house) for _ in range(20)]
        await say(house, *first)
        await world.heard.until(20, "stop_run")
        await world.host.cut()
        await say(house, *second)

        seen = await world.heard.until(40, "stop_run", within=60)

    assert sorted(seen) == sorted(message.id for message in [*first, *second])


async def test_what_is_in_hand_at_a_stop_is_finished_and_acknowledged(world: World):
    """An orderly end waits for the handlers; nothing of them comes again."""
    slow = asyncio.Event()

    async with world.running("gateway") as house:
        command = stop(house)
        usual = world.heard.handler

        def handler(name: str, **more):
            async def handle(message, unit):
                slow.set()
                await asyncio.sleep(1.0)
                await usual(name, **more)(message, unit)

            handle.__name__ = name
            return handle

        world.heard.handler = handler  # type: ignore[method-assign]
        async with world.running("executor"):
            await say(house, command)
            await asyncio.wait_for(slow.wait(), 60)

        assert world.heard.seen == [("stop_run", command.id)]
        assert await world.host.ready(["executor.stop-run"]) == 0
        async with world.running("executor"):
            assert await world.heard.until(1, "stop_run") == [command.id]
    assert world.heard.tries[command.id] == 1


async def test_a_service_whose_database_is_away_holds_what_it_has(world: World):
    """Nothing is given back, counted or parked meanwhile; then all is done in order."""
    async with world.running("gateway") as house, world.running("executor") as executor:
        usual = executor.sessions

        class Away:
            """A database that refuses."""

            tries = 0

            def __call__(self):
                return self.begin()

            @asynccontextmanager
            async def begin(self):
                self.tries += 1
                raise ConnectionRefusedError("away")
                yield

        executor.sessions = away = Away()  # type: ignore[assignment]
        commands = [stop(house) for _ in range(30)]
        await say(house, *commands)
        await relayed(house)
        async with asyncio.timeout(60):
            while await world.host.ready(["executor.stop-run"]):
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        assert await world.host.ready(["executor.stop-run"]) == 0
        assert world.heard.seen == []
        assert away.tries < 60, "it asks again after growing pauses"
        executor.sessions = usual

        assert await world.heard.until(30, "stop_run") == [command.id for command in commands]
        async with usual() as session:
            assert await session.scalar(text("select count(*) from bus.bugs")) == 0


async def test_queues_that_nobody_owns_are_listed(world: World):
    """A queue that a stranger bound is told with what waits in it."""
    async with world.running("gateway") as house:
        connection = await aio_pika.connect(world.host.url())
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("left-behind", durable=True)
            await queue.bind("platform", "executor.#")
            found = {(bound.queue, bound.subject) for bound in await house.carriers[0].topology()}

    assert found == {*TOPOLOGY.items(), ("left-behind", "executor.#")}


async def test_the_delivery_limit_is_a_policy(world: World):
    """It can be changed without making queues anew, and does not hold for what is already given up on."""
    done = await Rabbit(world.host.url(), TOPOLOGY).make(world.host.management, 33)
    told = await world.host.call("GET", f"policies/{world.host.name}")

    assert done == ["5 queues are there", "the delivery limit is 33"]
    assert {policy["name"]: policy["definition"]["delivery-limit"] for policy in told} == {
        POLICY: 33,
        f"{POLICY}-parked": 1_000_000,
    }
    assert Management(world.host.management, "x").url.startswith("http")


async def test_without_the_management_interface_the_policies_are_lines_for_a_shell(world: World):
    """They set what the interface would, on the virtual host of the bus's address."""
    _, _, *lines = await Rabbit(world.host.url(), TOPOLOGY).make(None, 33)

    told = [shlex.split(line) for line in lines]
    assert [one[:4] for one in told] == [["rabbitmqctl", "set_policy", "-p", world.host.name]] * 2
    assert [one[-4:] for one in told] == [["--apply-to", "queues", "--priority", "10"]] * 2
    await Rabbit(world.host.url(), TOPOLOGY).make(world.host.management, 33)
    there = await world.host.call("GET", f"policies/{world.host.name}")
    assert {(name, pattern, json.loads(limit)["delivery-limit"]) for name, pattern, limit in (one[4:7] for one in told)} == {
        (policy["name"], policy["pattern"], policy["definition"]["delivery-limit"]) for policy in there
    }


async def test_headers_tell_nothing_but_the_trace_and_the_sender(world: World):
    """What a row keeps of a message is not what a stranger claims in headers."""

    def failing(_message, _times):
        raise ConnectionError("away")

    world.heard.behave = failing
    async with world.running("executor", bus_retry=30.0) as house:
        command = stop(house)
        headers = {"sender": "gateway", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "x-delivery-count": 10**6}
        await world.host.say(StopRun.subject, command.model_dump_json().encode(), world.accounts["registry"], headers=headers)
        async with asyncio.timeout(60):
            while not await waiting(house):
                await asyncio.sleep(0.02)
        async with house.sessions() as session:
            kept = await session.scalar(text("select headers::text from bus.outbox"))

    assert json.loads(kept) == {"sender": world.accounts["registry"], "traceparent": headers["traceparent"]}


async def test_a_door_that_does_not_answer_is_told(world: World):
    """`/readyz` names the bus while there is no connection."""
    from chassis.web import pings

    async with world.running("gateway") as house:
        assert (await pings(house))["bus"] == "ok"
        await connected(house)
    assert (await pings(house))["bus"] == "no connection to RabbitMQ"
