"""The ledger says what the living records say, whatever was said before and in whatever order."""

import asyncio
import random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.integration.provenance.conftest import Writing
from tests.integration.provenance.world import World, thing, uses

from chassis.refusal import Refusal
from contracts.vocabulary import Category, Relation
from provenance.graph.diff import Action
from provenance.graph.model import Graph, Link, Node
from provenance.records import queries, store
from provenance.records.ledger import Ledger

TABLES = "records, elements, assertions, owed, captures, graph_nodes, graph_links, graph_position"
WIPE = text("truncate " + ", ".join(f"provenance.{name.strip()}" for name in TABLES.split(",")))
OWED = text("select count(*) from provenance.owed")


async def test_a_shared_node_outlives_one_of_its_records(writing: Writing) -> None:
    """Withdrawing a record removes only what no other record holds."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a", "sea-level"), tenant="t")
        await ledger.lodge("b", 1, uses("b", "sea-level"), tenant="t")

    async with writing.ledger() as ledger:
        changes = await ledger.withdraw("a", 2, tenant="t")

    async with writing.ledger() as ledger:
        assert await ledger.record("b") == uses("b", "sea-level")
        assert await ledger.record("a") is None
    assert [(change.action, getattr(change.element, "id", None)) for change in changes] == [
        (Action.REMOVE_LINK, None),
        (Action.REMOVE_RECORD_ID_FROM_NODE, "sea-level"),
        (Action.REMOVE_NODE, "a"),
    ]
    assert writing.rung == {"provenance.projector"}


async def test_a_repeated_statement_changes_nothing_and_is_answered(writing: Writing) -> None:
    """A known or older revision changes nothing, but an answer is owed for it."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 2, uses("a", "x"), tenant="t", job=uuid4())
    async with writing.ledger() as ledger:
        assert await ledger.lodge("a", 2, uses("a", "x", "y"), tenant="t") == []
        assert await ledger.lodge("a", 1, uses("a"), tenant="t") == []

    async with writing.session() as session:
        assert await session.scalar(OWED) == 3
        assert await queries.record(session, "a") == uses("a", "x")
        assert await queries.last(session) == 1


async def test_a_tombstone_answers_late_statements_of_a_record_and_its_children(writing: Writing) -> None:
    """What was withdrawn stays silent when an older statement of it, or any of its children, comes late."""
    async with writing.ledger() as ledger:
        await ledger.lodge("run/1/step/a", 1, uses("s", "x"), parent="run/1", tenant="t")
        await ledger.withdraw("run/1", 7, tenant="t")
        await ledger.lodge("run/1", 3, uses("run/1", "x"), tenant="t")
        await ledger.lodge("run/1/step/a", 2, uses("s", "y"), parent="run/1", tenant="t")
        await ledger.lodge("run/1/step/b", 1, uses("s2", "y"), parent="run/1", tenant="t")

    async with writing.session() as session:
        assert (await queries.standing(session, await queries.last(session))).nodes == {}
        assert await session.scalar(text("select count(*) from provenance.owed where withdrawn")) == 4


async def test_an_id_is_one_kind_of_thing(writing: Writing) -> None:
    """Lodging an id under a second, different subtype is refused; the only record that names it may change its mind."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a", "x"), tenant="t")
        await ledger.lodge("b", 1, uses("b", "y"), tenant="t")
    other = Graph.of([Node("x", Category.AGENT, "ACCOUNT")], [])

    with pytest.raises(Refusal, match="calls x something else") as refused:
        async with writing.ledger() as ledger:
            await ledger.lodge("b", 2, other, tenant="t")
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 2, other, tenant="t")

    assert refused.value.problem.type == "urn:problem:provenance:different-subtype"
    async with writing.session() as session:
        assert (await queries.standing(session, 99)).nodes["x"] == ("AGENT", "ACCOUNT", {"t": None})


async def test_one_record_cannot_call_an_id_two_things(writing: Writing) -> None:
    """Two kinds of one id in one statement are refused."""
    with pytest.raises(Refusal, match="two things"):
        async with writing.ledger() as ledger:
            await ledger.lodge("b", 2, Graph.of([thing("x"), Node("x", Category.AGENT, "ACCOUNT")], []), tenant="t")


async def test_a_record_keeps_its_tenant(writing: Writing) -> None:
    """Nobody states another tenant's record."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a"), tenant="t")

    with pytest.raises(ValueError, match="another tenant"):
        async with writing.ledger() as ledger:
            await ledger.lodge("a", 2, uses("a", "x"), tenant="u")


async def test_words_that_change_are_history(writing: Writing) -> None:
    """A new description replaces the old one, and the old one can still be read as of then."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a", "x", said={"n": 1}, role="in"), tenant="t")
        await ledger.lodge("a", 2, uses("a", "x", said={"n": 2}, role="in"), tenant="t")

    async with writing.session() as session:
        first, second = await queries.standing(session, 1), await queries.standing(session, 2)
        assert (first.nodes["x"][2], second.nodes["x"][2]) == ({"t": {"n": 1}}, {"t": {"n": 2}})
        then = await queries.record(session, "a", at=1)
        assert {node.id: node.attributes for node in then.nodes if node.id == "x"} == {"x": {"n": 1}}


async def test_as_of_finds_the_last_revision_up_to_a_moment(writing: Writing) -> None:
    """A moment stands for the last revision committed until then."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a"), tenant="t")
        await ledger.lodge("a", 2, uses("a", "x"), tenant="t")
    async with writing.session() as session:
        moments = list((await session.execute(text("select at from provenance.records order by seq"))).scalars())

    async with writing.ledger() as ledger:
        assert [await ledger.as_of(at) for at in moments] == [1, 2]
        assert await ledger.as_of(moments[0].replace(year=2000)) == 0


RECORDS = ("a", "b", "c", "a/1", "a/2")
TENANTS = {"a": "t", "b": "u", "c": "t", "a/1": "t", "a/2": "t"}
PARENTS = {"a/1": "a", "a/2": "a"}
THINGS = ("w", "x", "y", "z")
graphs = st.builds(
    lambda things, links, said: Graph.of(
        [thing(item, said.get(item)) for item in sorted(things)],
        [Link(s, r, t, said.get(s)) for s, r, t in sorted(links) if s in things and t in things],
    ),
    st.frozensets(st.sampled_from(THINGS)),
    st.frozensets(
        st.tuples(
            st.sampled_from(THINGS),
            st.sampled_from([Relation.WAS_DERIVED_FROM, Relation.ALTERNATE_OF]),
            st.sampled_from(THINGS),
        ),
        max_size=5,
    ),
    st.dictionaries(st.sampled_from(THINGS), st.dictionaries(st.just("n"), st.integers(0, 2))),
)
statements = st.lists(
    st.tuples(st.sampled_from(RECORDS), st.integers(1, 6), st.one_of(graphs, graphs, graphs, st.none())),
    min_size=1,
    max_size=12,
)


async def say(ledger, world, record, revision, graph):
    """One statement, to the ledger and to the oracle; the oracle's actions are compared with the ledger's."""
    tenant, before, holders = TENANTS[record], world.dump(), world.holders()
    preview = await ledger.preview(record, graph, tenant=tenant)
    if graph is None:
        changes = await ledger.withdraw(record, revision, tenant=tenant)
        world.withdraw(record, revision, tenant)
    else:
        changes = await ledger.lodge(record, revision, graph, tenant=tenant, parent=PARENTS.get(record))
        world.lodge(record, revision, graph, tenant, PARENTS.get(record))
    now = world.holders()
    if changes:
        assert changes == preview
    order = [list(Action).index(change.action) for change in changes if change.action]
    assert order == sorted(order)
    if graph is not None:
        done = {change.element: change.action for change in changes if change.action}
        for element in {**holders, **now}:
            was, is_now, name = (
                holders.get(element, set()),
                now.get(element, set()),
                "NODE" if isinstance(element, Node) else "LINK",
            )
            gained, lost = record in is_now - was, record in was - is_now
            expected = None
            if gained:
                expected = f"ADD_RECORD_ID_TO_{name}" if was else f"ADD_NEW_{name}"
            elif lost:
                expected = f"REMOVE_RECORD_ID_FROM_{name}" if is_now else f"REMOVE_{name}"
            assert done.get(element) == expected
    removed = {change.element for change in changes if change.action in {Action.REMOVE_NODE, Action.REMOVE_LINK}}
    assert removed == set(holders) - set(now)
    assert bool(before == world.dump()) == (not any(change.standing for change in changes))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=statements)
async def test_the_ledger_is_the_union_of_the_living_at_every_moment(writing: Writing, said) -> None:
    """After any sequence of statements the ledger stands as the definition says, then and as of every earlier row."""
    async with writing.session() as session:
        await session.execute(WIPE)
    world, history = World(), {}

    for record, revision, graph in said:
        async with writing.ledger() as ledger:
            await say(ledger, world, record, revision, graph)
            history[await queries.last(ledger._session)] = world.dump()

    async with writing.session() as session:
        for seq, expected in history.items():
            assert await queries.standing(session, seq) == expected
        assert await session.scalar(OWED) == len(said)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=statements.filter(lambda said: not any(graph is None and record == "a" for record, _, graph in said)),
    seed=st.integers(0),
)
async def test_order_and_repetition_do_not_matter(writing: Writing, said, seed: int) -> None:
    """The same statements shuffled, repeated and from several connections at once leave the same ledger."""
    one = {(record, revision): graph for record, revision, graph in said}
    world = World()
    for (record, revision), graph in one.items():
        if graph is None:
            world.withdraw(record, revision, TENANTS[record])
        else:
            world.lodge(record, revision, graph, TENANTS[record], PARENTS.get(record))
    async with writing.session() as session:
        await session.execute(WIPE)
    shuffled = [*one.items(), *one.items()]
    random.Random(seed).shuffle(shuffled)

    async def state(part):
        for (record, revision), graph in part:
            async with writing.ledger() as ledger:
                if graph is None:
                    await ledger.withdraw(record, revision, tenant=TENANTS[record])
                else:
                    await ledger.lodge(record, revision, graph, tenant=TENANTS[record], parent=PARENTS.get(record))

    await asyncio.gather(*(state(shuffled[part::4]) for part in range(4)))

    async with writing.session() as session:
        assert await queries.standing(session, await queries.last(session)) == world.dump()


async def test_waiting_for_a_turn_needs_no_patience(writing: Writing) -> None:
    """A transaction that gives up on rows after a moment waits for its turn all the same, and keeps its patience after."""

    async def hasty() -> str:
        async with writing.sessions.begin() as session:
            await session.execute(text("set local lock_timeout = '10ms'"))
            await Ledger(session, writing.rung.add).lodge("b", 1, uses("b"), tenant="t")
            return await session.scalar(text("show lock_timeout"))

    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a"), tenant="t")
        waiting = asyncio.create_task(hasty())
        await asyncio.sleep(0.2)
        assert not waiting.done()

    assert await waiting == "10ms"


async def test_preview_writes_nothing(writing: Writing) -> None:
    """A trial answers with the changes and leaves no trace."""
    async with writing.ledger() as ledger:
        await ledger.lodge("a", 1, uses("a", "x"), tenant="t")

    async with writing.ledger() as ledger:
        assert len(await ledger.preview("b", uses("b", "x"), tenant="u")) == 3
        assert {change.action for change in await ledger.preview("a", None, tenant="t")} == {
            Action.REMOVE_NODE,
            Action.REMOVE_LINK,
        }

    async with writing.session() as session:
        assert await queries.last(session) == 1


async def test_the_tables_are_as_the_classes_say(writing: Writing) -> None:
    """Every table of the ledger has the columns of its class, and no others."""
    columns = text(
        "select column_name from information_schema.columns where table_schema = 'provenance' and table_name = :table"
    )
    for table in (store.RecordRow, store.ElementRow, store.AssertionRow, store.OwedRow, store.CaptureRow):
        async with writing.session() as session:
            there = set((await session.execute(columns, {"table": table.__tablename__})).scalars())

        assert there == set(table.__table__.columns.keys())
