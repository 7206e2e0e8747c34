"""Model runs in the ledger and the graph: shared things stay, others go, changes are foreseen and kept."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.integration.provenance.registered import created, deliver, falls_silent, hear, project, record, says
from tests.integration.provenance.test_projector import Heard

from chassis.files import collect
from chassis.testing import somebody
from contracts.access import LinkAssigned, LinkCleared
from contracts.ids import user_id, uuid7
from contracts.kinds import Kind
from contracts.provenance import RecordLodged, RecordWithdrawn
from provenance.graph import projector
from provenance.graph.answer import Direction
from provenance.records import provjson, registered
from provenance.records.entries import note_link
from provenance.records.registered import REGISTRY
from provenance.unit import ProvenanceHouse

ADA = somebody("ada", "t")


@pytest.fixture
def heard(house: ProvenanceHouse, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What the house says from now on."""
    return Heard(house, monkeypatch)


@pytest.fixture
async def client(house: ProvenanceHouse) -> AsyncIterator[httpx.AsyncClient]:
    """Ada, at the door of the service."""
    transport = httpx.ASGITransport(app=house.app)
    headers = {"authorization": f"Bearer {house.callers.token(ADA)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://provenance", headers=headers) as client:
        yield client


async def nodes(house: ProvenanceHouse) -> set[str]:
    """Ids of all that is in the graph."""
    return set((await house.parts.graph.dump()).nodes)


async def test_a_lodged_run_is_said_with_its_document(house: ProvenanceHouse, heard: Heard) -> None:
    """The document is in the store, its bytes follow from the record alone, and a repeated fact is answered with it, too."""
    job, again = uuid7(), uuid7()
    told = record(["1/in"], ["1/out"], "1/study")
    await hear(house, says("1/run", 1, told, job=job, caller=ADA))

    await hear(house, says("1/run", 1, told, job=again))

    first, second = heard.of(RecordLodged)
    assert (first.record, first.revision, first.job, first.caller) == ("1/run", 1, job, ADA)
    assert (second.job, second.document.sha256) == (again, first.document.sha256)
    content = await collect(house.files.get(first.document.key), 1 << 20)
    assert content == provjson.render(registered.model_run("1/run", told, "1/model"))


async def test_a_late_statement_changes_nothing(house: ProvenanceHouse) -> None:
    """Revisions that come in the wrong order leave what the last one says."""
    await hear(house, says("1/run", 2, record(["1/new"])), says("1/run", 1, record(["1/old"], study="1/study")))

    assert {"1/new"} == await nodes(house) & {"1/new", "1/old", "1/study"}


async def test_case_2_a_run_moves_to_a_study_that_others_have(house: ProvenanceHouse) -> None:
    """There is one node of the new study and one link to it from each run, and the old study is gone."""
    await hear(
        house, says("1/a", 1, record(study="1/A")), says("1/b", 1, record(study="1/B")), says("1/c", 1, record(study="1/B"))
    )

    await hear(house, says("1/a", 2, record(study="1/B")))

    dump = await house.parts.graph.dump()
    assert [link for link in dump.links if link[1] == "wasInformedBy"] != []
    assert {link for link in dump.links if link[1] == "wasInformedBy"} == {
        (run, "wasInformedBy", "1/B") for run in ("1/a", "1/b", "1/c")
    }
    assert "1/A" not in dump.nodes


async def test_case_3_what_only_the_last_run_said_goes_with_it(house: ProvenanceHouse, heard: Heard) -> None:
    """Run, study and templates vanish; what was registered by a Create stays, and is its alone."""
    await hear(house, created("1/in"), says("1/run", 1, record(["1/in"], study="1/study")))

    await hear(house, falls_silent("1/run", 2))

    assert await nodes(house) == {"1/in", "1/in/create", "1/ada"}
    assert [fact.record for fact in heard.of(RecordWithdrawn)] == ["1/run"]
    async with house.work() as unit:
        trial = await unit.ledger.preview("1/in/create", None, tenant=REGISTRY)
    assert {change.action for change in trial} == {"REMOVE_NODE", "REMOVE_LINK"}


async def test_a_template_has_one_subtype_whoever_names_it_first(house: ProvenanceHouse) -> None:
    """Its Create and the runs made with it agree, in either order."""
    await hear(house, created("1/workflow", Kind.MODEL_RUN_WORKFLOW_TEMPLATE), says("1/run", 1, record()))
    await hear(house, created("1/workflow2", Kind.MODEL_RUN_WORKFLOW_TEMPLATE))

    dump = await house.parts.graph.dump()
    assert {dump.nodes[item][1] for item in ("1/workflow", "1/workflow2")} == {"WORKFLOW_TEMPLATE"}


async def test_a_projector_that_died_between_ledger_and_graph_loses_nothing(house: ProvenanceHouse, heard: Heard) -> None:
    """The run is in the graph once and said once, whenever the carrying is taken up again."""
    await deliver(house, says("1/run", 1, record(["1/in"]), job=uuid7()))
    await projector.carry(house)  # and no answer: it ends here

    await deliver(house, says("1/run", 1, record(["1/in"])))
    await project(house)

    assert len(heard.of(RecordLodged)) == 2
    assert [link for link in (await house.parts.graph.dump()).links if link[2] == "1/in"] == [("1/run", "used", "1/in")]
    assert await projector.prove(house)


async def test_an_account_is_joined_to_its_person_and_parted_again(house: ProvenanceHouse) -> None:
    """A link that names no account yet says nothing."""
    ada = user_id("https://id.example.org/realm", "ada")

    async def say(fact: Any) -> Any:
        async with house.work() as unit:
            await note_link(fact, unit)
        await project(house)
        return (await house.parts.graph.dump()).links

    assert await say(LinkAssigned(username="ada", person="1/ada", revision=1)) == {}
    assert set(await say(LinkAssigned(username="ada", account=ada, person="1/ada", revision=2))) == {
        (ada, "alternateOf", "1/ada")
    }
    assert await say(LinkCleared(username="ada", account=ada, person="1/ada", revision=3)) == {}


async def test_nobodys_tenant_shows_what_is_registered_only_if_asked(house: ProvenanceHouse, client: httpx.AsyncClient) -> None:
    """Of entries the registry knows the readers, so plain lineage leaves them to whoever has asked it."""
    await hear(house, says("1/run", 1, record(["1/in"])))

    plain = await client.get("/lineage", params={"id": "1/run"})
    whole = await client.get("/lineage", params={"id": "1/run", "registered": "true"})

    assert plain.status_code == 404
    assert {"1/in", "1/ada"} < {node["id"] for node in whole.json()["nodes"]}
    assert await house.parts.graph.lineage("1/run", Direction.UP, 1, ["t"], 10) is None


async def test_a_run_is_told_in_every_format_and_drawn_if_registered_things_are_asked_for(
    house: ProvenanceHouse, client: httpx.AsyncClient
) -> None:
    """Its record, its lineage, and how far it is."""
    await hear(house, says("1/run", 1, record(["1/in"], ["1/out"])))
    asked = {"registered": "true"}

    for form in ("json", "provn", "xml", "turtle", "jsonld"):
        told = await client.get("/document", params={"record": "1/run", "format": form, **asked})
        assert (told.status_code, "1/in" in told.text) == (200, True)
    assert (await client.get("/drawing", params={"record": "1/run", "format": "svg", **asked})).status_code == 200
    assert (await client.get("/drawing", params={"record": "1/run", "format": "svg"})).status_code == 404
    answer = (await client.get("/lineage", params={"id": "1/out", **asked})).json()
    assert (await client.post("/lineage/drawing", params={"format": "svg"}, json=answer)).status_code == 200
    assert "1/ada" in (await client.post("/lineage/document", json=answer)).text
    state = (await client.get("/records", params={"record": "1/run", **asked})).json()
    assert (state["revision"], state["lodged"]) == (1, True)


async def test_a_large_record_travels_as_a_file(house: ProvenanceHouse) -> None:
    """What no message holds is read from the store."""
    from chassis.files import once

    told = record([f"1/in{n}" for n in range(300)])
    file = await house.files.put(once(json.dumps(told.model_dump(mode="json")).encode()))
    fact = says("1/run", 1, told).model_copy(update={"record": None, "record_file": file})

    await hear(house, fact)

    assert len(await nodes(house)) == 5 + 300
