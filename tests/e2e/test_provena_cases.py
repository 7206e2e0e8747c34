"""Where the original went wrong, over HTTP.

The other cases are in tests/integration/provenance (`case_1`, `case_2`, `case_3`, `case_6`) and tests/chaos (`case_4`).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.provena import SITES, Things
from tests.running import Platform

from contracts.kinds import Kind

pytestmark = pytest.mark.timeout(600)
UPDATES, VERSIONS = 50, 20
QUESTIONS = (
    "upstream",
    "downstream",
    *(f"special/{side}_{of}" for side in ("contributing", "effected") for of in ("datasets", "agents")),
)


@pytest.fixture(scope="module")
def things(platform: Platform) -> Iterator[Things]:
    """Ada's."""
    with platform.client("ada") as http:
        yield Things(http).fill()


def model(word: str) -> dict[str, Any]:
    """A model's description."""
    return {"display_name": word, "name": word, "description": word, **SITES}


async def test_case_5_changes_of_one_item_at_once_lose_nothing(platform: Platform, things: Things) -> None:
    """50 updates leave 50 places more in its history, each once; of 20 who make the next version one does, and 19 get 400."""
    handle = things.create(Kind.MODEL, model("first"))
    headers, limits = things.http.headers, httpx.Limits(max_connections=UPDATES)
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=120, limits=limits) as http:
        at = things.at(Kind.MODEL, "update")
        updates = (
            http.put(at, params={"id": handle, "reason": f"change {n}"}, json=model(f"says {n}")) for n in range(UPDATES)
        )
        answers = await asyncio.gather(*updates)
        assert Counter((one.status_code, one.json()["status"]["success"]) for one in answers) == {(200, True): UPDATES}
        history = things.fetch(Kind.MODEL, handle)["history"]
        told = {"id": handle, "reason": "next"}
        versions = await asyncio.gather(*(http.post(things.at(Kind.MODEL, "version"), json=told) for _ in range(VERSIONS)))

    assert [one["id"] for one in history] == list(range(UPDATES, -1, -1))
    said = {(one["reason"], one["item"]["name"]) for one in history[:-1]}
    assert said == {(f"change {n}", f"says {n}") for n in range(UPDATES)}
    assert things.fetch(Kind.MODEL, handle)["name"] == history[0]["item"]["name"]
    assert Counter(one.status_code for one in versions) == {200: 1, 400: VERSIONS - 1}
    new = next(one.json()["new_version_id"] for one in versions if one.status_code == 200)
    assert things.fetch(Kind.MODEL, handle)["versioning_info"]["next_version"] == new
    assert things.fetch(Kind.MODEL, new)["versioning_info"]["previous_version"] == handle


@pytest.mark.parametrize("query", QUESTIONS)
def test_case_7_odd_ids_and_depths_are_told_apart(things: Things, query: str) -> None:
    """An id with quotes is an id that nobody has; depths beyond the limits are refused with it; 0 is as if nothing was said."""
    run = things.ids.get(Kind.MODEL_RUN) or things.run(things.record())
    at = f"/prov/explore/{query}"
    for odd in (
        "it's",
        '"',
        "1/2' OR '1'='1",
        "') MATCH (n) DETACH DELETE n //",
        "\\",
        "`",
        "{}",
        "$1",
        "%",
        "é/ß",
        "a" * 5000,
    ):
        answer = things.http.get(at, params={"starting_id": odd})
        assert (answer.status_code, odd in answer.json()["detail"]) == (400, True), (odd, answer.text)
    assert things.http.get(at, params={"starting_id": ""}).status_code == 422
    for depth, limit in ((11, "10"), (10**9, "10"), (-1, "-1")):
        answer = things.http.get(at, params={"starting_id": run, "depth": depth})
        assert (answer.status_code, limit in answer.json()["detail"]) == (400, True), (depth, answer.text)
    for depth in ("two", "1.5", "9" * 30):
        assert things.http.get(at, params={"starting_id": run, "depth": depth}).status_code in {400, 422}
    usual = things.told("GET", at, params={"starting_id": run})
    assert things.told("GET", at, params={"starting_id": run, "depth": 0}) == usual
    ends = things.told("GET", at, params={"starting_id": run, "depth": 10})["graph"]
    assert {one["id"] for one in usual["graph"]["nodes"]} <= {one["id"] for one in ends["nodes"]}
    assert run in {one["id"] for one in things.explore("upstream", things.ids[Kind.DATASET])["nodes"]}, "all is still there"


def test_case_8_pages_are_full_though_every_second_item_is_closed(platform: Platform, things: Things) -> None:
    """Bob's pages of two hold two each, all of Ada's open ones once, and none of the closed ones between them."""
    made = [things.create(Kind.ORGANISATION, {"display_name": f"o{n}", "name": f"o{n}"}) for n in range(12)]
    for closed in made[1::2]:
        access = {"owner": "ada", "general": [], "groups": {}}
        things.told("PUT", things.at(Kind.ORGANISATION, "auth/configuration"), params={"id": closed}, json=access)
    for path in (things.at(Kind.ORGANISATION, "list"), "/registry/registry/general/list"):
        with platform.client("bob") as bob:
            pages, key = [], None
            wanted = {"sort_by": {"sort_type": "CREATED_TIME", "ascending": False}, "page_size": 2}
            wanted |= {"filter_by": {"item_subtype": "ORGANISATION"}} if "general" in path else {}
            while True:
                told = bob.post(path, json=wanted | {"pagination_key": key}).json()
                pages.append([one["id"] for one in told["items"]])
                key = told["pagination_key"]
                if key is None:
                    break

        seen = [one for page in pages for one in page]
        assert all(len(page) == 2 for page in pages[:-1])
        assert len(seen) == len(set(seen))
        assert seen[:6] == made[::2][::-1]
        assert not set(made[1::2]) & set(seen)
