"""A hundred random lives of model runs over HTTP, from several connections at once, leave what the definition says."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.integration.provenance.either import a_provenance
from tests.integration.provenance.registered import Oracle
from tests.integration.provenance.test_model_runs_random import expected, found
from tests.provena import NEWEST, Json, Things
from tests.running import Platform

from contracts.entries import ActivityRegistered
from contracts.ids import user_id
from contracts.kinds import Kind
from contracts.model_runs import ModelRunRecord, ModelRunRegistered
from gateway.access.roles import EVERY
from provenance.graph import projector
from provenance.graph.model import Graph
from provenance.records import registered

LIVES, CONNECTIONS, LONGEST = 100, 5, 6
STEPS = ("update", "update", "link", "delete", "undo", "again")
pytestmark = pytest.mark.timeout(900)
ACCOUNTS = f"users:\n  ada: {{password: ada-secret, email: ada@example.org, roles: [{', '.join(EVERY)}]}}\n"


@dataclass
class Life:
    """One run: what the registry has of it, and what it says in the graph."""

    handle: str
    said: list[Json]
    live: bool = True
    steps: list[str] = field(default_factory=list)

    @property
    def record(self) -> Json:
        """What it said last."""
        return self.said[-1]


@dataclass
class Pool:
    """Few things, so that much is shared."""

    datasets: list[str]
    studies: list[str]
    people: list[str]

    def record(self, chance: random.Random, things: Things) -> Json:
        """Any record over them."""
        some = [chance.sample(self.datasets, chance.randint(1, 3)) for _ in range(2)]
        study = chance.choice([None, *self.studies])
        told = things.record(*some, **({"study_id": study} if study else {}))
        told["associations"] = told["associations"] | {"modeller_id": chance.choice(self.people)}
        return told


def live(chance: random.Random, things: Things, pool: Pool) -> Life:
    """Register a run and change it a few times, each change when the one before is in the graph."""
    first = pool.record(chance, things)
    life = Life(things.run(first), [first])
    for step in chance.choices(STEPS, k=chance.randint(0, LONGEST)):
        life.steps.append(step)
        match step:
            case "update":
                life.said.append(pool.record(chance, things))
                things.change(life.handle, life.record, step)
            case "undo":
                _undo(things, life)
            case "link":
                _link(things, life, chance.choice(pool.studies))
            case "again":
                told = things.fetch(Kind.MODEL_RUN, life.handle)
                things.told("POST", "/prov/admin/store_record", json=told)
            case "delete":
                if life.live:
                    things.told("POST", "/prov/model_run/delete", json={"record_id": life.handle, "trial_mode": False})
        if life.steps[-1] not in {"link", "refused"}:
            life.live = step != "delete"
    return life


def _link(things: Things, life: Life, study: str) -> None:
    query = {"model_run_id": life.handle, "study_id": study}
    answer = things.http.post("/prov/model_run/edit/link_to_study", params=query)
    if "study_id" in life.record:  # a study is named once
        assert answer.status_code == 400, answer.text
        return
    assert answer.status_code == 200, answer.text
    things.job(answer.json()["session_id"])
    life.said.append(life.record | {"study_id": study})
    life.steps[-1] = "linked"


def _undo(things: Things, life: Life) -> None:
    answer = things.http.post("/v1/records/undo", json={"id": life.handle, "reason": "it was better"})
    if life.live and len(life.said) == 1:  # it never said anything else
        assert answer.status_code == 400, answer.text
        life.steps[-1] = "refused"
        return
    assert answer.status_code == 202, answer.text
    things.done(answer.json()["job"]["id"])
    life.said.append(life.said[-2] if life.live else life.record)


def wanted(things: Things, lives: list[Life], activities: list[Json], account: str) -> Oracle:
    """What must be in the graph: what the living runs say, who registered what, and who is who."""
    oracle, kinds = Oracle(), {handle: kind for kind, handle in things.ids.items()}
    for life in lives:
        if life.live:
            record = ModelRunRecord.model_validate(life.record)
            model = things.ids[Kind.MODEL]
            oracle.hear(ModelRunRegistered(handle=life.handle, revision=1, record=record, model=model, tenant="t"))
    for one in activities:
        item = one["created_item_id"]
        told = {"activity": one["id"], "item": item, "item_kind": kinds.get(item, Kind.DATASET), "job": uuid4()}
        made: Any = {**told, "person": things.ids[Kind.PERSON], "entry_kind": Kind.CREATE, "revision": 1, "tenant": "t"}
        oracle.hear(ActivityRegistered(**made))
    said: Graph = registered.person_link(account, things.ids[Kind.PERSON])
    oracle.heads["link/ada"] = (1, said)
    return oracle


async def test_a_hundred_lives_leave_the_union_of_what_the_living_say(database_url: str, folder: Path) -> None:
    """Registered, updated, linked, deleted, undone, lodged again at Provena's addresses: graph and holders are exact."""
    chance = random.Random(100)
    (folder / "accounts.test.yaml").write_text(ACCOUNTS)
    platform = Platform(folder, {"DATABASE_URL": database_url}).start()
    try:
        with platform.client("ada") as http:
            things = Things(http).fill()
            pool = Pool(
                datasets=[things.ids[Kind.DATASET], *(things.dataset() for _ in range(7))],
                studies=[things.ids[Kind.STUDY], *(things.study() for _ in range(2))],
                people=[things.ids[Kind.PERSON], things.person("somebody")],
            )
            things.ids[Kind.PERSON] = pool.people[0]
            seeds = [chance.random() for _ in range(LIVES)]
            mouths = (asyncio.to_thread(mouth, platform, things, pool, seeds[n::CONNECTIONS]) for n in range(CONNECTIONS))
            lives = [life for some in await asyncio.gather(*mouths) for life in some]
            listed = things.told("POST", things.at(Kind.CREATE, "list"), json=NEWEST | {"page_size": 100})
            me = http.get("/v1/me").json()
            for life in lives[::10]:
                item = things.fetch(Kind.MODEL_RUN, life.handle)
                assert ModelRunRecord.model_validate(item["record"]) == ModelRunRecord.model_validate(life.record)
        assert platform.stop() == 0
    finally:
        if platform.process is not None and platform.process.poll() is None:
            platform.kill()
    account = user_id(me["issuer"], me["subject"])
    dump, held = expected(wanted(things, lives, listed["items"], account))
    async with a_provenance("postgresql", database_url, folder) as house:
        graph = await house.parts.graph.dump()
        assert graph.nodes == dump.nodes
        assert graph.links == dump.links
        assert await found(house) == held
        assert await projector.prove(house)
    steps = [step for life in lives for step in life.steps]
    print(f"\n{len(lives)} lives, {len(steps)} changes, {sum(life.live for life in lives)} of them live at the end")
    assert len(lives) == LIVES
    assert {"update", "linked", "delete", "undo", "again"} <= set(steps)


def mouth(platform: Platform, things: Things, pool: Pool, seeds: list[float]) -> list[Life]:
    """One connection, and one life after the other through it."""
    with httpx.Client(base_url=platform.url, headers=things.http.headers, timeout=60) as http:
        mine = Things(http, ids=dict(things.ids))
        return [live(random.Random(seed), mine, pool) for seed in seeds]
