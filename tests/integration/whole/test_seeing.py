"""Lineage of what is registered: what may not be read is a stub, and the registry is asked once for an answer."""

from typing import Any

import httpx
import pytest
from tests.integration.whole.conftest import Whole

from contracts.entries import Access, GrantAccess
from contracts.kinds import Role
from gateway.backends import Backend

READ = (Role.METADATA_READ,)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the gateway asks the registry."""
    asked: list[str] = []
    call = Backend.call

    async def counted(self: Backend, caller: Any, method: str, path: str, **more: Any) -> Any:
        if self.name == "registry":
            asked.append(f"{method} {path}")
        return await call(self, caller, method, path, **more)

    monkeypatch.setattr(Backend, "call", counted)
    return asked


async def closed(whole: Whole, handle: str, **groups: tuple[Role, ...]) -> None:
    """Take an entry from everybody but its owner and these groups."""
    await whole.office.counter.do(GrantAccess(handle=handle, access=Access(owner="ada", groups=groups)))


async def walked(who: httpx.AsyncClient, item: str, **asked: Any) -> dict[str, Any]:
    """A lineage's nodes by id."""
    answer = await who.get("/v1/lineage", params={"id": item, **asked})
    assert answer.status_code == 200, answer.text
    return {node["id"]: node for node in answer.json()["nodes"]} | {"links": answer.json()["links"]}


async def test_a_dataset_of_others_is_a_stub_until_a_group_may_read_it(whole: Whole, questions: list[str]) -> None:
    """Its id, what it is and what lies behind it are hidden; one question to the registry an answer, however large."""
    office = whole.office
    await whole.opens_group("bob")
    run = await office.run()
    await whole.lodged(run)
    await closed(whole, office.wind)

    questions.clear()
    mine, theirs = await walked(whole.ada, office.waves), await walked(whole.bob, office.waves)

    assert questions == ["POST /entries/access"] * 2
    assert {office.wind, run, office.model, office.person} <= mine.keys()
    assert mine[run]["registered"]
    assert office.wind not in str(theirs)
    assert {run, office.model, office.waves} <= theirs.keys()
    stubs = [node for node in theirs.values() if isinstance(node, dict) and node["restricted"]]
    assert len(stubs) == 1
    assert stubs[0] == {
        "id": stubs[0]["id"],
        "category": "ENTITY",
        "subtype": None,
        "label": "restricted",
        "attributes": {},
        "restricted": True,
        "registered": False,
    }
    assert {"source": run, "target": stubs[0]["id"], "relation": "used", "attributes": {}} in theirs["links"]
    before = {one["id"] for one in mine.values() if isinstance(one, dict)}
    assert len(theirs) < len(mine)  # what made the wind lies behind the stub

    await closed(whole, office.wind, reef=READ)
    assert {one["id"] for one in (await walked(whole.bob, office.waves)).values() if isinstance(one, dict)} == before


async def test_a_walk_does_not_begin_at_what_may_not_be_read(whole: Whole) -> None:
    """A closed entry looks like none, on each of the routes; down from it is nothing else."""
    office = whole.office
    run = await office.run()
    await whole.lodged(run)
    await closed(whole, office.wind)

    for path, asked in (
        ("/v1/lineage", {"id": office.wind, "direction": "down"}),
        ("/v1/lineage/document", {"id": office.wind}),
        ("/v1/lineage/drawing", {"id": office.wind, "format": "svg"}),
        ("/v1/lineage/path", {"source": office.waves, "target": office.wind}),
    ):
        theirs, nobodys = await whole.bob.get(path, params=asked), await whole.bob.get(path, params=asked | {"id": "9/9"})
        assert (theirs.status_code, (await whole.ada.get(path, params=asked)).status_code) == (404, 200), path
        assert theirs.json()["type"] == "urn:problem:provenance:no-such-node"
        assert "path" in path or nobodys.json()["type"] == theirs.json()["type"]


async def test_documents_drawings_and_paths_hide_the_same(whole: Whole, questions: list[str]) -> None:
    """A document names no closed entry; a path between open ones leads over a stub; each asks the registry once."""
    office = whole.office
    run = await office.run()
    await whole.lodged(run)
    await closed(whole, run)

    questions.clear()
    for form in ("json", "provn", "xml", "turtle", "jsonld"):
        answer = await whole.bob.get("/v1/lineage/document", params={"id": office.waves, "format": form})
        mine = await whole.ada.get("/v1/lineage/document", params={"id": office.waves, "format": form})
        number = run.split("/")[1]
        assert (answer.status_code, number in answer.text, number in mine.text) == (200, False, True), form
    drawn = await whole.bob.get("/v1/lineage/drawing", params={"id": office.waves, "format": "svg"})
    assert "June" not in drawn.text
    assert "June" in (await whole.ada.get("/v1/lineage/drawing", params={"id": office.waves, "format": "svg"})).text
    way = (await whole.bob.get("/v1/lineage/path", params={"source": office.waves, "target": office.wind})).json()
    assert [node["restricted"] for node in way["nodes"]] == [False, True, False]
    assert questions == ["POST /entries/access"] * 13


async def test_whoever_lacks_the_role_sees_nothing_that_is_registered(whole: Whole, questions: list[str]) -> None:
    """The registry is not even asked."""
    run = await whole.office.run()
    await whole.lodged(run)

    assert (await whole.zoe.get("/v1/lineage", params={"id": run})).status_code == 404
    assert questions == []
    assert (await whole.root.get("/v1/lineage", params={"id": run})).status_code == 200


async def test_clients_of_provena_see_the_topology_as_it_is(whole: Whole) -> None:
    """Ids and kinds, whoever may read them: what the original shows."""
    office = whole.office
    run = await office.run()
    await whole.lodged(run)
    await closed(whole, office.wind)

    answer = await whole.bob.get("/prov/explore/upstream", params={"starting_id": office.waves, "depth": 3})

    assert office.wind in {node["id"] for node in answer.json()["graph"]["nodes"]}
