"""The projection in a Neo4j of its own: equal to the ledger whatever happens, and refused where it is another's."""

import asyncio
import logging
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.integration.provenance import test_projector as projecting
from tests.integration.provenance.test_ledger import statements
from tests.integration.provenance.test_projector import all_of_it, lodge, standing
from tests.integration.provenance.world import uses
from tests.servers import server

from chassis.testing import a_house
from provenance.commands import restore
from provenance.graph import projector
from provenance.graph.answer import Direction
from provenance.graph.batch import AnotherLedger, Batch
from provenance.graph.store import open_graph
from provenance.service import provenance
from provenance.unit import ProvenanceHouse, ProvenanceSettings


@pytest.fixture
async def told(database_url: str, tmp_path: Path) -> ProvenanceSettings:
    """Settings with a Neo4j that was emptied."""
    graph = open_graph(server("neo4j_url"), None)
    await graph.start()
    await graph.clear()
    await graph.close()
    files = f"file:{tmp_path}/files"
    return ProvenanceSettings(
        database_url=database_url, files_url=files, state=tmp_path, graph_url=server("neo4j_url"), graph_patience=60
    )


def quiet():
    """Provenance, its loops asleep: tests take the turns themselves."""
    fields = {name: getattr(provenance, name) for name in provenance.__dataclass_fields__}
    return type(provenance)(**{**fields, "loops": ()})


@pytest.fixture
async def house(told: ProvenanceSettings) -> AsyncIterator[ProvenanceHouse]:
    """Provenance with that Neo4j."""
    async with a_house(quiet(), told, hears=False) as house:
        yield house


async def starts(told: ProvenanceSettings) -> None:
    """Whether the service starts."""
    async with a_house(quiet(), told, hears=False):
        pass


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=statements, seed=st.integers(0))
async def test_the_graph_equals_the_ledger_after_any_sequence(house: ProvenanceHouse, said, seed: int) -> None:
    """What holds for the graph in PostgreSQL holds here, for the same sequences and answers, and after a restore."""
    await house.parts.graph.clear()
    await projecting.test_the_graph_equals_the_ledger_after_any_sequence.hypothesis.inner_test(house, said, seed)


async def test_several_projectors_at_once_do_no_harm(house: ProvenanceHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Projectors that work at once make one graph and say everything once."""
    await projecting.test_several_projectors_at_once_do_no_harm(house, projecting.Heard(house, monkeypatch))


async def test_a_restore_beside_readers_and_a_projector_ends_equal(
    house: ProvenanceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see the whole old graph or a beginning of the new one; a projector at work does no harm; then all is equal."""
    for n in range(40):
        await lodge(house, f"run/{n}", 1, uses(f"run/{n}", "software/x", f"run/{n - 1}/out", f"run/{n}/out"))
    await all_of_it(house)
    whole = (await house.parts.graph.lineage("software/x", Direction.DOWN, 1, ["t"], 100)).nodes
    done, seen, reads = asyncio.Event(), set(), 0

    async def read() -> None:
        nonlocal reads
        while not done.is_set():
            answer = await house.parts.graph.lineage("software/x", Direction.DOWN, 1, ["t"], 100)
            seen.add(tuple(shown.id for shown in answer.nodes) if answer else ())
            reads += 1

    async def looked_at() -> None:
        """Let somebody look at the graph as it is now: of three more reads two may have begun earlier."""
        upto = reads + 3
        async with asyncio.timeout(120):
            while reads < upto and not any(other.done() for other in others):
                await asyncio.sleep(0.001)

    async def project() -> None:
        while not done.is_set():
            await projector.project(house)
            await asyncio.sleep(0.01)

    others = [asyncio.create_task(work()) for work in (read, read, project)]
    apply = house.parts.graph.apply

    async def apply_and_show(batch: Batch) -> None:
        await apply(batch)
        await looked_at()

    monkeypatch.setattr(projector, "RECORDS", 7)
    monkeypatch.setattr(house.parts.graph, "apply", apply_and_show)
    position = await projector.restore(house)
    await looked_at()
    done.set()
    await asyncio.gather(*others)

    expected = tuple(shown.id for shown in whole)
    assert position.seq == 40
    assert await projector.prove(house)
    assert await house.parts.graph.dump() == await standing(house)
    beginnings = {tuple(sorted(f"run/{n}" for n in range(upto))) for upto in range(41)}
    assert {tuple(item for item in one if item != "software/x") for one in seen} <= beginnings
    assert len(seen) > 1
    assert max(seen, key=len) == expected


async def test_a_graph_that_is_behind_is_brought_up(house: ProvenanceHouse, told: ProvenanceSettings) -> None:
    """A graph restored from an old backup goes on from where it is."""
    await lodge(house, "a", 1, uses("a", "x"))
    await all_of_it(house)
    await lodge(house, "b", 1, uses("b", "x"))

    await starts(told)
    await all_of_it(house)

    assert await projector.prove(house)


async def test_a_graph_that_was_emptied_is_filled(house: ProvenanceHouse) -> None:
    """Without start or restart."""
    await lodge(house, "a", 1, uses("a", "x"))
    await all_of_it(house)
    await house.parts.graph._write(lambda tx: tx.run("MATCH (n) DETACH DELETE n"))

    await all_of_it(house)

    assert await house.parts.graph.position()
    assert await projector.prove(house)


async def test_another_ledgers_graph_is_refused_until_it_is_restored(house: ProvenanceHouse, told: ProvenanceSettings) -> None:
    """The service does not start on it, says why, and does after `restore`, which proves that all is equal."""
    await lodge(house, "a", 1, uses("a", "x"))
    await house.parts.graph.apply(Batch(uuid4(), 0, 1))

    with pytest.raises(AnotherLedger, match=r"from ledger .* restore"):
        await starts(told)
    with pytest.raises(AnotherLedger):
        await projector.project(house)
    await restore(told, Namespace(prove=True, only_prove=False))

    await starts(told)


async def test_a_ledger_from_an_old_backup_is_noticed(house: ProvenanceHouse, told: ProvenanceSettings) -> None:
    """If the graph is ahead; and if the ledger has come as far again, with other records."""
    for name in "abc":
        await lodge(house, name, 1, uses(name, "x"))
    await all_of_it(house)
    async with house.work() as unit:
        await unit.session.execute(text("delete from provenance.assertions where from_seq > 1"))
        await unit.session.execute(text("delete from provenance.records where seq > 1"))

    with pytest.raises(AnotherLedger, match="is at 3, and the ledger ends at 1"):
        await starts(told)
    async with house.work() as unit:
        await unit.session.execute(text("alter table provenance.records alter column seq restart with 2"))
    for name in "def":
        await lodge(house, name, 1, uses(name, "x"))
    with pytest.raises(AnotherLedger, match="told at 3 is not what the ledger says"):
        await starts(told)
    with pytest.raises(AnotherLedger):
        await projector.project(house)
    await restore(told, Namespace(prove=True, only_prove=False))

    assert await projector.prove(house)


async def test_proving_finds_a_difference(house: ProvenanceHouse, told: ProvenanceSettings) -> None:
    """A graph that somebody changed is found by `restore --only-prove`, and nothing else is done to it."""
    await lodge(house, "a", 1, uses("a", "x"))
    await all_of_it(house)
    await house.parts.graph._write(lambda tx: tx.run("MATCH (n:Node {id: 'x'}) SET n.subtype = 'MISSION'"))

    with pytest.raises(ValueError, match="not what the ledger says"):
        await restore(told, Namespace(prove=False, only_prove=True))

    assert (await house.parts.graph.dump()).nodes["x"][1] == "MISSION"


async def order(told: ProvenanceSettings, *words: str) -> tuple[int, str, str]:
    """`python -m provenance …`: its exit code, and what it writes."""
    environment = os.environ | {
        "DATABASE_URL": told.database_url,
        "STATE": str(told.state),
        "FILES_URL": told.files_url,
        "GRAPH_URL": told.graph_url,
        "BUS_URL": "amqp://nobody:x@127.0.0.1:9",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "provenance", *words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, complained = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, said.decode(), complained.decode()


@pytest.mark.timeout(400)
async def test_an_operator_restores_by_a_command(house: ProvenanceHouse, told: ProvenanceSettings) -> None:
    """The process refuses another's graph with the reason and the remedy; the remedy works, and proves what it did."""
    await lodge(house, "a", 1, uses("a", "x"))
    await house.parts.graph.apply(Batch(uuid4(), 0, 1))

    code, _, refused = await order(told)
    assert code == 2
    assert "the graph was made from ledger" in refused
    assert "`python -m provenance restore` makes it anew" in refused

    code, said, complained = await order(told, "restore", "--prove")
    assert code == 0, complained
    assert "the graph was made anew up to 1" in said
    assert "the graph is what the ledger says" in said
    assert await projector.prove(house)


async def test_a_graph_that_is_away_at_start_is_waited_for(told: ProvenanceSettings, caplog: pytest.LogCaptureFixture) -> None:
    """The service starts, is not ready, and keeps what it hears."""
    away = told.model_copy(update={"graph_url": "bolt://neo4j:x@127.0.0.1:9", "graph_patience": 0.2})
    with caplog.at_level(logging.WARNING):
        async with a_house(quiet(), away, hears=False) as house:
            await lodge(house, "a", 1, uses("a", "x"))
            with pytest.raises(Exception, match="away"):
                await projector.project(house)
            with pytest.raises(Exception, match="away"):
                await house.service.pings(house)["graph"]()

    assert "the graph is away" in caplog.text
    async with a_house(quiet(), told, hears=False) as house:
        await all_of_it(house)
        assert await projector.prove(house)


async def test_a_large_record_goes_alone() -> None:
    """A transaction of the graph takes as many records as fit, and at least one."""
    from provenance.records.queries import Entry

    big, small = Entry(1, (None,) * projector.CHANGES, ""), Entry(2, (None,) * 10, "")

    assert [len(projector.bounded(e)) for e in ([], [big, small], [small, big, small], [small] * 5)] == [0, 1, 2, 5]
