"""The graph is the projection of the ledger, whatever crashes, and everything owed is said once."""

import asyncio
import random
from datetime import UTC, datetime
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.integration.provenance.test_ledger import PARENTS, TENANTS, WIPE, statements
from tests.integration.provenance.world import uses
from tests.unit.provenance.records.samples import asked

from chassis import testing
from contracts.executor import RunFinished
from contracts.provenance import RecordLodged, RecordWithdrawn, RunCaptured
from provenance.graph import projector
from provenance.graph.answer import Direction
from provenance.graph.batch import AnotherLedger
from provenance.graph.walk import LEDGER, Walker
from provenance.records import queries
from provenance.unit import ProvenanceHouse

RUN = UUID("01931f00-0000-7000-8000-000000000001")


class Heard:
    """What the house said."""

    def __init__(self, house: ProvenanceHouse, monkeypatch: pytest.MonkeyPatch) -> None:
        self.facts = []
        kept = house.service.unit.publish

        async def publish(unit, message):
            self.facts.append(message)
            await kept(unit, message)

        monkeypatch.setattr(house.service.unit, "publish", publish)

    def of(self, kind):
        """Facts of a kind, oldest first."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


@pytest.fixture
def heard(house: ProvenanceHouse, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What the house says from now on."""
    return Heard(house, monkeypatch)


async def lodge(house: ProvenanceHouse, record: str, revision: int, graph=None, **told):
    """One statement in a transaction of its own."""
    async with house.work() as unit:
        if graph is None:
            await unit.ledger.withdraw(record, revision, tenant="t", **told)
        else:
            await unit.ledger.lodge(record, revision, graph, tenant="t", **told)


async def all_of_it(house: ProvenanceHouse) -> None:
    """Turns until there is nothing left to do."""
    while await projector.project(house):
        pass


async def standing(house: ProvenanceHouse):
    """The graph as the ledger says it must be."""
    async with house.work() as unit:
        return await queries.standing(unit.session, await queries.last(unit.session))


async def same_answers(house: ProvenanceHouse, graph) -> None:
    """Whoever asks, the ledger as of its last row answers every walk as the graph does."""
    async with house.work() as unit:
        seq, connection = await queries.last(unit.session), await unit.session.connection()
        for tenants in (["t"], ["u"], ["t", "u"], []):
            past = Walker(connection, LEDGER, tenants, seq=seq)
            for item, direction in product(graph.nodes, Direction):
                assert await past.lineage(item, direction, 3, 20) == await house.parts.graph.lineage(
                    item, direction, 3, tenants, 20
                )
                assert await past.node(item) == await house.parts.graph.node(item, tenants)


async def test_a_lodged_record_comes_into_the_graph_and_is_said(house: ProvenanceHouse, heard: Heard) -> None:
    """The projector carries a record and answers with its job, caller and tenant; withdrawing is said as such."""
    job, ada = uuid4(), testing.somebody("ada", "t")
    await lodge(house, "a", 3, uses("a", "x"), job=job, caller=ada)

    await all_of_it(house)
    await lodge(house, "a", 4, job=job)
    await all_of_it(house)

    lodged, withdrawn = heard.facts
    assert isinstance(lodged, RecordLodged)
    assert isinstance(withdrawn, RecordWithdrawn)
    assert (lodged.record, lodged.revision, lodged.job, lodged.caller, lodged.tenant) == ("a", 3, job, ada, "t")
    assert (withdrawn.record, withdrawn.revision, withdrawn.job) == ("a", 4, job)
    assert await house.parts.graph.dump() == await standing(house)


async def test_a_crash_between_graph_and_answer_loses_nothing(house: ProvenanceHouse, heard: Heard) -> None:
    """If only the graph was moved, the next turn says what is owed; nothing is said twice."""
    await lodge(house, "a", 1, uses("a", "x"))
    await projector.carry(house)
    assert heard.facts == []

    await all_of_it(house)
    await all_of_it(house)

    assert [fact.record for fact in heard.facts] == ["a"]


async def test_nothing_is_said_before_the_graph_has_it(house: ProvenanceHouse, heard: Heard) -> None:
    """Answers wait for their place in the projection."""
    await lodge(house, "a", 1, uses("a"))
    position, _moved = await projector.carry(house)
    await lodge(house, "b", 1, uses("b"))

    await projector.answer(house, position)

    assert [fact.record for fact in heard.facts] == ["a"]


async def test_restoring_makes_the_same_graph_and_says_nothing(house: ProvenanceHouse, heard: Heard) -> None:
    """The ledger replayed gives the graph as it was; what was said is not said again."""
    await lodge(house, "a", 1, uses("a", "x", "y"))
    await lodge(house, "b", 1, uses("b", "x"))
    await lodge(house, "a", 2, uses("a", "x", said={"n": 1}))
    await lodge(house, "b", 2)
    await all_of_it(house)
    before, said = await house.parts.graph.dump(), len(heard.facts)

    await projector.restore(house)

    assert await house.parts.graph.dump() == before == await standing(house)
    assert len(heard.facts) == said == 4


async def test_another_ledgers_graph_is_left_alone(house: ProvenanceHouse) -> None:
    """A graph that was made from another ledger, or is ahead of this one, stops the projector until it is restored."""
    await lodge(house, "a", 1, uses("a", "x"))
    await all_of_it(house)
    async with house.work() as unit:
        await unit.session.execute(text("update provenance.graph_position set seq = 99"))
    with pytest.raises(AnotherLedger):
        await projector.project(house)
    async with house.work() as unit:
        await unit.session.execute(text("update provenance.ledger set id = gen_random_uuid()"))
    with pytest.raises(AnotherLedger):
        await projector.project(house)

    await projector.restore(house)

    assert await house.parts.graph.dump() == await standing(house)


async def test_one_projector_works_at_a_time(house: ProvenanceHouse) -> None:
    """While another process holds the lease, this one does nothing."""
    await lodge(house, "a", 1, uses("a"))
    async with house.work() as unit:
        await unit.session.execute(
            text("insert into bus.leases (name, owner, until) values ('provenance.projector', :o, now() + interval '1 min')"),
            {"o": uuid4()},
        )

    assert not await projector.project(house)

    assert await house.parts.graph.position() is None


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=statements, seed=st.integers(0))
async def test_the_graph_equals_the_ledger_after_any_sequence(house: ProvenanceHouse, said, seed: int) -> None:
    """Whatever is lodged, and wherever turns fall or are cut off, the graph ends as the ledger stands, and restores to it."""
    chance = random.Random(seed)
    async with house.work() as unit:
        await unit.session.execute(WIPE)
    for record, revision, graph in said:
        async with house.work() as unit:
            if graph is None:
                await unit.ledger.withdraw(record, revision, tenant=TENANTS[record])
            else:
                await unit.ledger.lodge(record, revision, graph, tenant=TENANTS[record], parent=PARENTS.get(record))
        await chance.choice([asyncio.sleep, lambda _: projector.carry(house), lambda _: projector.project(house)])(0)

    await all_of_it(house)

    expected = await standing(house)
    assert await house.parts.graph.dump() == expected
    await same_answers(house, expected)
    await projector.restore(house)
    assert await house.parts.graph.dump() == expected
    async with house.work() as unit:
        assert await unit.session.scalar(text("select count(*) from provenance.owed")) == 0


async def test_several_projectors_at_once_do_no_harm(house: ProvenanceHouse, heard: Heard) -> None:
    """Without the lease, projectors that work at once still make one graph and say everything once."""

    async def turns() -> None:
        for _ in range(12):
            try:
                position, _moved = await projector.carry(house)
            except projector.StalePosition:
                continue
            await projector.answer(house, position)

    async def talk(name: str) -> None:
        for revision in range(1, 6):
            await lodge(house, name, revision, uses(name, *(f"x{n}" for n in range(revision))))

    await asyncio.gather(talk("a"), talk("b"), turns(), turns(), turns())
    await all_of_it(house)

    assert await house.parts.graph.dump() == await standing(house)
    assert sorted((fact.record, fact.revision) for fact in heard.facts) == sorted((n, r) for n in "ab" for r in range(1, 6))


async def captured(house: ProvenanceHouse, order: list[str]) -> None:
    """A run with two steps, its parts stated in an order, with turns in between."""
    run, parent = asked(id=RUN), f"run/{RUN}"
    for part in order:
        async with house.work() as unit:
            match part:
                case "run":
                    await unit.ledger.lodge(parent, 3, uses(parent), tenant="t", job=run.job)
                    await unit.ledger.expect(RunFinished(run=run, steps=2, step_revisions=3, job=run.job))
                case "one" | "one again" | "two" | "two begun":
                    name, revision = part.split()[0], 1 if part in {"two begun", "one"} else 2
                    revision = 1 if part.startswith("one") else revision
                    await unit.ledger.lodge(
                        f"{parent}/step/{name}", revision, uses(f"{parent}/step/{name}"), tenant="t", parent=parent
                    )
        await all_of_it(house)


@pytest.mark.parametrize(
    "order",
    [
        ["one", "two begun", "two", "run"],
        ["run", "two", "two begun", "one", "one again"],
        ["two begun", "run", "one", "two"],
        ["one", "run", "run", "two begun", "two"],
    ],
)
async def test_a_run_is_captured_when_all_of_it_is_there(house: ProvenanceHouse, heard: Heard, order: list[str]) -> None:
    """`RunCaptured` is said once: after the run's last fact, and after the last revision of each of its steps."""
    needed = max(order.index(part) for part in ("run", "one", "two"))

    await captured(house, order[:needed])
    early = heard.of(RunCaptured)
    await captured(house, order[needed:])

    assert early == []
    assert [(fact.run, fact.status, fact.job) for fact in heard.of(RunCaptured)] == [(RUN, "finished", UUID(int=7))]


async def test_a_repeated_end_captures_nothing_twice(house: ProvenanceHouse, heard: Heard) -> None:
    """The run's last fact, heard again after it was captured, is answered but not captured again."""
    await captured(house, ["one", "two", "run", "run", "one again"])

    assert len(heard.of(RunCaptured)) == 1


async def test_a_withdrawn_run_keeps_nobody_waiting(house: ProvenanceHouse, heard: Heard) -> None:
    """All that a withdrawn run says is nothing, and that is in the graph."""
    await lodge(house, f"run/{RUN}", 9)

    await captured(house, ["run"])

    assert len(heard.of(RunCaptured)) == 1


async def test_changes_are_dated_in_the_order_of_commits(house: ProvenanceHouse) -> None:
    """Times never run against `seq`, though transactions overlap."""
    await asyncio.gather(*(lodge(house, f"r{n}", 1, uses(f"r{n}", "x")) for n in range(20)))

    async with house.work() as unit:
        moments = list((await unit.session.execute(text("select at from provenance.records order by seq"))).scalars())
    assert moments == sorted(moments)
    assert moments[-1] <= datetime.now(UTC)
