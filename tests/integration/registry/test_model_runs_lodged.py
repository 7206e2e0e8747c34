"""Registry and provenance on one bus: a run that was ordered once is there once and lodged, wherever the house stopped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.assembly import standing
from chassis.house import House
from chassis.refusal import Trouble
from chassis.service import Service, Subscription
from chassis.settings import Settings
from chassis.testing import no_doors, somebody
from chassis.unit import Unit
from contracts.ids import uuid7
from contracts.message import Command
from contracts.model_runs import LinkStudy, ModelRunLodged, RegisterModelRun, UndoModelRun, UpdateModelRun, WithdrawModelRun
from contracts.provenance import RecordWithdrawn
from contracts.refusals import GatewayCommandRefused, GatewayDeliveryParked, RegistryCommandRefused
from provenance.graph import projector
from provenance.records import entries, registered
from provenance.service import provenance
from provenance.unit import ProvenanceSettings
from registry.service import registry
from registry.unit import RegistrySettings

from .counter import ADMIN, WRITER, Counter
from .runs import Office

PATIENCE = 60
ADA, ROOT = somebody("ada", roles=WRITER), somebody("root", roles=ADMIN)


class Both(RegistrySettings, ProvenanceSettings):
    """The settings of the two."""


class Bench:
    """The two services, somebody who gives orders, and what is said to whoever waits."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.settings = Both(
            database_url=database_url, files_url=f"file:{folder}/files", state=folder / "state", database_pool=12
        )
        self.heard: list[Any] = []
        self.news = asyncio.Event()
        self.houses: dict[str, House[Any]] = {}

    @asynccontextmanager
    async def open(self, graph: Service = provenance) -> AsyncIterator[Counter]:
        """The house stands."""

        async def hear(fact: Any, _unit: Unit[Any]) -> None:
            self.heard.append(fact)
            self.news.set()

        kinds = (ModelRunLodged, RecordWithdrawn, RegistryCommandRefused)
        waiting = tuple(Subscription(kind, hear) for kind in kinds)
        desk = Service("gateway", waiting, GatewayCommandRefused, GatewayDeliveryParked, Unit, Settings, no_doors, "gateway")
        async with standing(registry, graph, desk, settings=self.settings) as self.houses:
            yield Counter(self.houses["registry"])

    async def order(self, command: Command, who: Any = ADA) -> UUID:
        """Give an order; its job."""
        return (await self.orders([command], who))[0]

    async def orders(self, commands: Iterable[Command], who: Any = ADA) -> list[UUID]:
        """Give orders all at once; their jobs."""
        house, jobs = self.houses["registry"], []
        async with house.work() as unit:
            for command in commands:
                jobs.append(uuid7())
                told = command.model_copy(update={"job": jobs[-1], "tenant": who.tenants[0]})
                await unit.publish(house.callers.sign(told, who))
        return jobs

    async def answer(self, job: UUID) -> Any:
        """What is said of a job in the end."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [fact for fact in self.heard if fact.job == job]):
                self.news.clear()
                await self.news.wait()
        return found[0]

    async def ask(self, command: Command, who: Any = ADA) -> Any:
        """Give an order, and wait."""
        return await self.answer(await self.order(command, who))


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to hold."""
    async with asyncio.timeout(PATIENCE):
        while not await true():
            await asyncio.sleep(0.05)


async def count(house: House[Any], table: str, where: str = "true") -> int:
    """Rows of a table."""
    async with house.work() as unit:
        return int(await unit.session.scalar(text(f"select count(*) from {table} where {where}")))


def away() -> Service:
    """Provenance that takes nothing in."""

    async def lodge_model_run(_event: Any, _unit: Any) -> None:
        raise Trouble("the disk is away")

    handlers = (
        replace(one, handler=lodge_model_run) if one.handler is entries.lodge_model_run else one
        for one in provenance.subscriptions
    )
    return replace(provenance, subscriptions=tuple(handlers))


async def test_a_run_survives_a_stop_at_every_door(database_url: str, tmp_path: Path):
    """Stopped between the registry and the ledger, then between the ledger and the graph: one run, one history, lodged once."""
    bench = Bench(database_url, tmp_path)
    async with bench.open() as counter:
        office = await Office.open(counter)
        record = office.record(study_id=office.study)
    async with bench.open(away()) as counter:
        job = await bench.order(RegisterModelRun(record=record))
        await until(lambda: _is(count(counter.house, "registry.model_runs"), 1))
    async with bench.open(replace(provenance, loops=())) as counter:
        run = (await counter.page(kind="MODEL_RUN"))["items"][0]["handle"]
        await until(lambda: _is(count(counter.house, "provenance.records", f"record = '{run}'"), 1))
        assert (await counter.see(run))["info"]["record_status"] == "COMPLETE"
    async with bench.open() as counter:
        fact = await bench.answer(job)

        assert (fact.subject, fact.handle, fact.record) == ("registry.model-run-lodged.v1", run, record)
        seen = await counter.see(run)
        assert (seen["info"]["record_status"], len(seen["history"])) == ("LODGED", 1)
        assert f'"{office.study}"' in seen["info"]["prov_serialisation"]
        assert len(await counter.names(kind="MODEL_RUN")) == 1
        assert [one.handle for one in bench.heard if isinstance(one, ModelRunLodged)] == [run]
        dump = await bench.houses["provenance"].parts.graph.dump()
        graph = registered.model_run(run, record, office.model)
        assert {node.id for node in graph.nodes} <= set(dump.nodes)
        assert {(link.source, link.relation.value, link.target) for link in graph.links} <= set(dump.links)
        assert await projector.prove(bench.houses["provenance"])


async def _is(value: Awaitable[int], wanted: int) -> bool:
    return await value == wanted


async def test_a_life_of_a_run_in_registry_and_graph(database_url: str, tmp_path: Path):
    """Registered, linked, updated, undone and deleted: each order is answered when the graph has followed."""
    bench = Bench(database_url, tmp_path)
    async with bench.open() as counter:
        office, graph = await Office.open(counter), bench.houses["provenance"].parts.graph

        async def study_of() -> set[str]:
            return {link[2] for link in (await graph.dump()).links if link[:2] == (run, "wasInformedBy")}

        run = (await bench.ask(RegisterModelRun(record=office.record()))).handle
        assert await study_of() == set()
        await bench.ask(LinkStudy(handle=run, study=office.study))
        assert await study_of() == {office.study}
        await bench.ask(UpdateModelRun(handle=run, reason="none", record=office.record()))
        assert (await study_of(), office.study in (await graph.dump()).nodes) == (set(), False)
        undone = await bench.ask(UndoModelRun(handle=run, history_id=1, reason="again"))
        assert (await study_of(), undone.revision) == ({office.study}, 4)
        refused = await bench.ask(LinkStudy(handle=run, study=office.study))
        assert refused.problem.type == "urn:problem:registry:already-in-study"
        before = await counter.see(run)
        gone = await bench.ask(WithdrawModelRun(handle=run, with_entry=True), ROOT)

        assert (gone.subject, gone.record) == ("provenance.record-withdrawn.v1", run)
        assert [one["info"]["record_status"] for one in before["history"]] == ["LODGED"] * 4
        left = (await graph.dump()).nodes
        assert not {run, office.study, office.body} & set(left)
        assert {office.wind, office.waves, office.workflow, office.model, office.person} <= set(left)
        assert await counter.names(kind="MODEL_RUN") == []
        assert await projector.prove(bench.houses["provenance"])


async def test_a_batch_is_lodged_whole(database_url: str, tmp_path: Path):
    """A hundred runs at once, each its own job: all are answered, and the graph was written in far fewer batches."""
    bench = Bench(database_url, tmp_path)
    async with bench.open() as counter:
        office = await Office.open(counter)
        batches, apply = [], type(bench.houses["provenance"].parts.graph).apply
        store = bench.houses["provenance"].parts.graph

        async def counted(batch: Any) -> None:
            batches.append(batch.end)
            await apply(store, batch)

        store.apply = counted
        jobs = await bench.orders(RegisterModelRun(record=office.record(display_name=f"n{n}")) for n in range(100))

        facts = [await bench.answer(job) for job in jobs]

        assert len({fact.handle for fact in facts}) == 100
        assert len(await counter.names(kind="MODEL_RUN")) == 100
        assert len(batches) < 50
        assert await projector.prove(bench.houses["provenance"])
