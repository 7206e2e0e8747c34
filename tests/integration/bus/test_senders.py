"""Who is believed on RabbitMQ: services by their accounts, the gateway by its signature, strangers by a setting."""

import asyncio

import aio_pika
import pytest
from tests.integration.bus.conftest import World

from chassis.callers import Callers
from chassis.keys import signing_key
from chassis.testing import somebody
from contracts.executor import StopRun
from contracts.ids import uuid7
from contracts.message import LIMIT, Caller
from contracts.provenance import RecordLodged

SAID, STOP = RecordLodged.subject, StopRun.subject


async def test_a_fact_is_believed_if_its_speakers_account_said_it(world: World):
    """RabbitMQ proves the account; the same bytes from a stranger or another service are parked and disturb nobody."""
    good, job = RecordLodged(record="r/1"), uuid7()
    bad = RecordLodged(record="r/2", job=job)
    stranger = await world.host.account("stranger")
    async with world.running("gateway") as house:
        for account in (stranger, world.accounts["executor"]):
            await world.host.say(SAID, bad.model_dump_json().encode(), account)
        await world.host.say(SAID, good.model_dump_json().encode(), world.accounts["provenance"])

        assert await world.heard.until(1, "hears") == [good.id]
        found = await world.parked(house, 2)

    assert [p.reason for p in found] == ["forged", "forged"]
    assert f"came from {stranger}" in found[0].error


async def test_nobody_can_speak_under_another_account(world: World, stranger: str):
    """RabbitMQ refuses a user-id that is not the connection's own."""
    async with world.running("gateway"):
        connection = await aio_pika.connect(world.host.url(stranger))
        async with connection:
            exchange = await (await connection.channel()).get_exchange("platform")
            message = aio_pika.Message(
                RecordLodged(record="r/1").model_dump_json().encode(), user_id=world.accounts["provenance"]
            )
            with pytest.raises(aio_pika.exceptions.AMQPError, match="user_id"):
                await exchange.publish(message, SAID)

        assert await world.heard.until(0, "hears") == []


async def test_a_strangers_command_is_parked_and_nobodys_job_hears_of_it(world: World, stranger: str):
    """Unsigned, signed with another key, or altered: no handler runs, and a job that a stranger names is left alone."""
    job = uuid7()
    forger = Callers.with_key(signing_key(world.folder / "forged.pem"))
    signed = forger.sign(StopRun(run=uuid7(), job=job), somebody())
    async with world.running("executor") as house, world.running("gateway"):
        for command in (StopRun(run=uuid7(), job=job), signed):
            await world.host.say(STOP, command.model_dump_json().encode(), stranger)
        good = house.callers.sign(StopRun(run=uuid7()), somebody())
        await world.host.say(STOP, good.model_dump_json().encode(), world.accounts["gateway"])

        assert await world.heard.until(1, "stop_run") == [good.id]
        assert [p.reason for p in await world.parked(house, 2)] == ["forged", "forged"]
        await asyncio.sleep(0.3)

    assert world.facts == []


async def test_an_order_of_our_own_that_cannot_be_proven_settles_its_job(world: World):
    """If the gateway itself sends what nobody can prove (its key was changed), its job is told."""
    job = uuid7()
    async with world.running("executor"), world.running("gateway"):
        await world.host.say(STOP, StopRun(run=uuid7(), job=job).model_dump_json().encode(), world.accounts["gateway"])
        async with asyncio.timeout(60):
            while not world.facts:
                await asyncio.sleep(0.02)

    assert [(fact.job, fact.problem.type) for fact in world.facts] == [(job, "urn:problem:bus:forged")]


async def test_a_foreign_publisher_acts_as_the_account_it_is_mapped_to(world: World, stranger: str):
    """Whatever caller its message claims; also after trouble, when the message comes back from the database."""
    account = Caller(issuer="https://issuer.test", subject="lab", name="The lab", tenants=("physics",))
    claimed = StopRun(run=uuid7(), caller=somebody("root", "everybody"))
    tries: list[int] = []

    def away(message, times):
        tries.append(times)
        if times < 3:
            raise ConnectionError("away")

    world.heard.behave = away
    async with world.running("executor", foreign_publishers={stranger: account}):
        await world.host.say(STOP, claimed.model_dump_json().encode(), stranger)

        assert await world.heard.until(1, "stop_run") == [claimed.id]

    assert tries == [1, 2, 3]
    assert world.callers == [account, account, account]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{not json", "Invalid JSON"),
        (b'{"id": "01890b3c-0000-7000-8000-000000000001"}', "Field required"),
        (b'{"run": "01890b3c-0000-7000-8000-000000000001"}', "it has no id"),
        (b'"' + b"x" * LIMIT + b'"', "the limit is"),
        (b'{"run": "\x00"}', "JSON"),
    ],
)
async def test_what_cannot_be_read_is_parked_once_with_its_reason(world: World, stranger: str, body: bytes, why: str):
    """Rubbish of any kind stops nobody; the same rubbish again is the same row."""
    async with world.running("executor") as house:
        for _ in range(2):
            await world.host.say(
                STOP, body, stranger, headers={"sender": "gateway", "x-delivery-count": "many", "traceparent": "\x00"}
            )
        good = house.callers.sign(StopRun(run=uuid7()), somebody())
        await world.host.say(STOP, good.model_dump_json().encode(), world.accounts["gateway"])

        assert await world.heard.until(1, "stop_run") == [good.id]
        found = await world.parked(house, 1)

    assert [(p.reason, why in p.error) for p in found] == [("cannot be read", True)]
