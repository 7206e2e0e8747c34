"""Lists of jobs and uploads, with a real database: pages, filters, order, and what others may see of them."""

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.integration.gateway.conftest import Person
from tests.integration.gateway.test_api import a_run, refused

from chassis.listing import make_cursor
from contracts.ids import uuid7

SOME = "01a00000-0000-7000-8000-000000000001"


async def follow(http: httpx.AsyncClient, path: str, **asked: Any) -> list[list[str]]:
    """Names page by page, along the links; the body says the same as the link."""
    pages, address, params = [], path, asked
    while True:
        answer = await http.get(address, params=params or None)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        pages.append([item["name"] for item in told["items"]])
        if told["next"] is None:
            assert "link" not in answer.headers
            return pages
        assert answer.links["next"]["url"].startswith(path)
        assert parse_qs(urlsplit(answer.links["next"]["url"]).query)["after"] == [told["next"]]
        address, params = answer.links["next"]["url"], {}


async def test_pages_are_full_and_stand_still(ada: Person) -> None:
    """What is added meanwhile neither moves nor repeats anything; every page but the last is full."""
    for name in "abcde":
        await ada.upload(name, b"x")

    assert await follow(ada.http, "/v1/uploads", limit=2) == [["e", "d"], ["c", "b"], ["a"]]
    assert await follow(ada.http, "/v1/uploads", limit=5) == [["e", "d", "c", "b", "a"]]
    assert await follow(ada.http, "/v1/uploads", limit=2, sort="name") == [["a", "b"], ["c", "d"], ["e"]]
    first = (await ada.http.get("/v1/uploads", params={"limit": 2})).json()
    by_name = (await ada.http.get("/v1/uploads", params={"limit": 2, "sort": "-name"})).json()
    await ada.upload("cc", b"x")
    rest = (await ada.http.get("/v1/uploads", params={"after": first["next"]})).json()
    rest_by_name = (await ada.http.get("/v1/uploads", params={"after": by_name["next"], "sort": "-name"})).json()
    assert [item["name"] for item in rest["items"]] == ["c", "b", "a"]
    assert [item["name"] for item in rest_by_name["items"]] == ["cc", "c", "b", "a"]


async def test_what_is_equal_is_neither_lost_nor_repeated(ada: Person) -> None:
    """Things of one name come one after the other, over the ends of pages."""
    for _ in range(5):
        await ada.upload("same", b"x")

    seen: list[str] = []
    after = None
    while True:
        asked = {"limit": 2, "sort": "name"} | ({"after": after} if after else {})
        told = (await ada.http.get("/v1/uploads", params=asked)).json()
        seen += [item["id"] for item in told["items"]]
        if (after := told["next"]) is None:
            break
    assert (len(seen), len(set(seen))) == (5, 5)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "=",
        "bnVsbA",
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        make_cursor("-created", "2026-01-01T00:00:00", SOME),
        make_cursor("-created", "2026-01-01T00:00:00Z"),
        make_cursor("-created", "2026-01-01T00:00:00Z", "x"),
        make_cursor("created", "2026-01-01T00:00:00Z", SOME),
        make_cursor("-created", "9999-12-31T23:59:59-12:00", SOME),
        make_cursor("-name", "\ud800", SOME),
        make_cursor("-name", "a\x00", SOME),
    ],
)
async def test_a_made_up_page_is_refused(ada: Person, cursor: str) -> None:
    """Whatever is in it, also where it belongs to another order; the field is named."""
    sort = "-name" if cursor.startswith(make_cursor("-name")[:8]) else "-created"
    for path in ("/v1/uploads", *(["/v1/jobs"] if sort == "-created" else [])):
        refused(await ada.http.get(path, params={"after": cursor, "sort": sort}), 422, "gateway:invalid", "after")


async def test_the_uses_of_a_file_lead_to_the_next_page(ada: Person) -> None:
    """As every list does: the body and the link say the same, and the link keeps what was asked."""
    sha256 = "ab" * 32
    first = await ada.http.get("/v1/files", params={"sha256": sha256, "limit": 1})
    link = first.links["next"]["url"]

    second = await ada.http.get(link)

    assert parse_qs(urlsplit(link).query) == {"sha256": [sha256], "limit": ["1"], "after": [first.json()["next"]]}
    assert [one.json()["items"][0]["path"] for one in (first, second)] == ["first", "second"]
    assert "link" not in second.headers


async def test_lists_are_filtered(ada: Person, bob: Person, eve: Person) -> None:
    """By text (nothing in it is a wildcard), by time, by tenant, by ids; never beyond one's own tenants."""
    await ada.upload("Sea_Level.csv", b"1")
    between = datetime.now(UTC).isoformat()
    await ada.upload("sea-level%.csv", b"2")
    hers = await bob.upload("sea-floor.csv", b"3")

    async def names(person: Person, **asked: Any) -> list[str]:
        return [name for page in await follow(person.http, "/v1/uploads", **asked) for name in page]

    assert await names(ada, text="SEA") == ["sea-level%.csv", "Sea_Level.csv"]
    assert await names(ada, text="a_l") == ["Sea_Level.csv"]
    assert await names(ada, text="%") == ["sea-level%.csv"]
    assert await names(ada, created_before=between) == ["Sea_Level.csv"]
    assert await names(ada, created_after=between) == ["sea-level%.csv"]
    assert await names(ada, id=[hers, str(uuid7())]) == []
    assert await names(bob, id=hers) == ["sea-floor.csv"]
    assert await names(ada, tenant="physics") == ["sea-level%.csv", "Sea_Level.csv"]
    assert await names(ada, tenant="chemistry") == await names(ada, tenant="nobody") == []
    assert await names(eve, tenant="chemistry") == ["sea-floor.csv"]
    for wrong in ({"created_after": "2026-01-01T00:00:00"}, {"text": "a\x00"}, {"limit": 201}, {"sort": "size"}):
        assert (await ada.http.get("/v1/uploads", params=wrong)).status_code == 422, wrong


async def test_jobs_are_found_by_what_they_are_about(ada: Person) -> None:
    """By kind, status (several), thing and id."""
    told = await a_run(ada)
    run, job = told["run"]["id"], told["job"]["id"]

    async def kinds(**asked: Any) -> list[str]:
        return [item["kind"] for item in (await ada.http.get("/v1/jobs", params=asked)).json()["items"]]

    assert await kinds(sort="created") == ["registry.register-workflow", "executor.start-run"]
    assert await kinds(about=run) == await kinds(id=job) == await kinds(kind="executor.start-run") == ["executor.start-run"]
    assert await kinds(status="IN_PROGRESS") == ["executor.start-run"]
    assert len(await kinds(status=["IN_PROGRESS", "SUCCEEDED"])) == 2
    assert (await ada.http.get("/v1/jobs", params={"status": "DONE"})).status_code == 422


async def test_what_one_has_seen_is_not_sent_again(ada: Person) -> None:
    """A run and a workflow have ETags; who asks with them gets 304, until something changes."""
    told = await a_run(ada)
    for path in (f"/v1/runs/{told['run']['id']}", f"/v1/workflows/{told['run']['workflow']['id']}"):
        first = await ada.http.get(path)
        again = await ada.http.get(path, headers={"If-None-Match": f'W/"old", {first.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert (await ada.http.get(path, headers={"If-None-Match": '"other"'})).content == first.content

    run = f"/v1/runs/{told['run']['id']}"
    seen = (await ada.http.get(run)).headers["etag"]
    await ada.http.post(f"{run}/stop")
    assert (await ada.http.get(run, headers={"If-None-Match": seen})).json()["status"] == "stopped"


async def test_changes_and_removals_can_be_guarded(ada: Person) -> None:
    """`If-Match` names what one has seen: 412 if it has changed, strongly compared; `*` is anything; none is fine too."""
    made = (await ada.register()).headers["location"]
    seen = (await ada.http.get(made)).headers["etag"]
    assert (await ada.http.patch(made, files={"version": (None, "2")}, headers={"If-Match": f'"x", {seen}'})).status_code == 200

    for wrong in (seen, f"W/{(await ada.http.get(made)).headers['etag']}", "x"):
        changed = await ada.http.patch(made, files={"version": (None, "3")}, headers={"If-Match": wrong})
        refused(changed, 412, "gateway:precondition-failed", "If-Match")
        refused(await ada.http.delete(made, headers={"If-Match": wrong}), 412, "gateway:precondition-failed", "If-Match")
    assert (await ada.http.patch(made, files={"version": (None, "4")}, headers={"If-Match": "*"})).status_code == 200
    assert (await ada.http.patch(made, files={"version": (None, "5")})).json()["revision"] == 4
    assert (await ada.http.delete(made, headers={"If-Match": '"4"'})).status_code == 204


async def test_types_of_problems_can_be_looked_up_by_anybody(anybody: httpx.AsyncClient) -> None:
    """A problem's type leads to what it means, without a token; an unknown one to a 404."""
    problem = (await anybody.get("/v1/me")).json()

    told = await anybody.get(f"/v1/problems/{problem['type']}")
    assert told.json() == {name: problem[name] for name in ("type", "title", "status")}
    assert told.json() in (await anybody.get("/v1/problems")).json()["items"]
    refused(await anybody.get("/v1/problems/urn:problem:gateway:boredom"), 404, "gateway:not-found")


async def test_all_methods_of_an_address_are_told(ada: Person) -> None:
    """A method that an address does not take is answered with those that it takes."""
    answer = await ada.http.request("TRACE", "/v1/workflows")

    refused(answer, 405, "gateway:method-not-allowed")
    assert answer.headers["allow"] == "GET, POST"
