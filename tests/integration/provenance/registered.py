"""A registry that says things: facts about model runs and activities, and what must be in the graph after them."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from contracts.entries import ActivityRegistered
from contracts.ids import uuid7
from contracts.kinds import Kind
from contracts.message import Event
from contracts.model_runs import (
    Association,
    DatasetType,
    ModelRunRecord,
    ModelRunRegistered,
    ModelRunWithdrawn,
    TemplatedDataset,
)
from provenance.graph import projector
from provenance.graph.model import Graph
from provenance.records import entries, registered
from provenance.unit import ProvenanceHouse

HANDLERS: dict[type[Event], Any] = {
    ModelRunRegistered: entries.lodge_model_run,
    ModelRunWithdrawn: entries.withdraw_model_run,
    ActivityRegistered: entries.lodge_activity,
}


def given(dataset: str, template: str) -> TemplatedDataset:
    """A dataset in its part."""
    return TemplatedDataset(dataset_template_id=template, dataset_id=dataset, dataset_type=DatasetType.DATA_STORE)


def record(inputs: Iterable[str] = (), outputs: Iterable[str] = (), study: str | None = None, **more: Any) -> ModelRunRecord:
    """A record from datasets into datasets."""
    ada, body, workflow = more.get("ada", "1/ada"), more.get("body"), more.get("workflow", "1/workflow")
    return ModelRunRecord(
        workflow_template_id=workflow,
        inputs=tuple(given(one, "1/t-in") for one in inputs),
        outputs=tuple(given(one, "1/t-out") for one in outputs),
        display_name="run",
        description="d",
        study_id=study,
        associations=Association(modeller_id=ada, requesting_organisation_id=body),
        start_time=0,
        end_time=1,
    )


def says(handle: str, revision: int, told: ModelRunRecord, **more: Any) -> ModelRunRegistered:
    """That a run says this."""
    return ModelRunRegistered(handle=handle, revision=revision, record=told, model="1/model", tenant="t", **more)


def falls_silent(handle: str, revision: int, **more: Any) -> ModelRunWithdrawn:
    """That a run says nothing any more."""
    return ModelRunWithdrawn(handle=handle, revision=revision, tenant="t", **more)


def created(item: str, kind: Kind = Kind.DATASET, person: str = "1/ada") -> ActivityRegistered:
    """That somebody registered something."""
    told: dict[str, Any] = {"activity": f"{item}/create", "item": item, "item_kind": kind, "person": person, "job": uuid7()}
    return ActivityRegistered(entry_kind=Kind.CREATE, revision=1, tenant="t", **told)


async def hear(house: ProvenanceHouse, *facts: Event) -> None:
    """Deliver, one transaction each, and bring it all to the graph."""
    for fact in facts:
        await deliver(house, fact)
    await project(house)


async def deliver(house: ProvenanceHouse, *facts: Event) -> None:
    """Deliver in one transaction."""
    async with house.work() as unit:
        for fact in facts:
            await HANDLERS[type(fact)](fact, unit)


async def project(house: ProvenanceHouse) -> None:
    """Turns until there is nothing left to do."""
    while await projector.project(house):
        pass


@dataclass
class Oracle:
    """What must be: the last revision of each record counts, and the graph is the union of what the living say."""

    heads: dict[str, tuple[int, Graph]] = field(default_factory=dict)

    def hear(self, fact: Event) -> None:
        """One fact; late and repeated ones do nothing."""
        match fact:
            case ModelRunRegistered(handle=name, record=told, model=model) if told is not None:
                graph = registered.model_run(name, told, model)
            case ModelRunWithdrawn(handle=name):
                graph = Graph()
            case ActivityRegistered(activity=name):
                graph = registered.activity(fact)
            case _:
                raise TypeError(fact)
        if fact.revision > self.heads.get(name, (0, Graph()))[0]:
            self.heads[name] = fact.revision, graph

    def holders(self) -> dict[Any, set[str]]:
        """Which records assert an element."""
        found: dict[Any, set[str]] = {}
        for name, (_, graph) in self.heads.items():
            for element in (*graph.nodes, *graph.links):
                found.setdefault(element, set()).add(name)
        return found


def a_record(chance: random.Random, pool: int = 12) -> ModelRunRecord:
    """Any record over few things, so that much is shared."""
    datasets = [f"1/data{n}" for n in range(pool)]
    return record(
        chance.sample(datasets, chance.randint(0, 3)),
        chance.sample(datasets, chance.randint(0, 3)),
        chance.choice([None, "1/study0", "1/study1", "1/study2"]),
        ada=chance.choice(["1/ada", "1/bob"]),
        body=chance.choice([None, "1/body"]),
        workflow=chance.choice(["1/workflow", "1/workflow2"]),
    )


def a_life(chance: random.Random, handle: str) -> list[Event]:
    """What a registry says of one run: registered, updated, linked, deleted, undone, said again; a revision each."""
    said: list[ModelRunRecord] = [a_record(chance)]
    facts: list[Event] = [says(handle, 1, said[0])]
    for revision in range(2, 2 + chance.randint(0, 5)):
        match chance.choice(["update", "update", "link", "delete", "undo", "again"]):
            case "delete":
                facts.append(falls_silent(handle, revision))
                continue
            case "update":
                said.append(a_record(chance))
            case "link":
                said.append(said[-1].model_copy(update={"study_id": chance.choice(["1/study0", "1/study1"])}))
            case "undo":
                said.append(chance.choice(said))
        facts.append(says(handle, revision, said[-1]))
    return facts
