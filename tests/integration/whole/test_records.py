"""Changes of the graph over HTTP: previewed, kept, and taken back by whoever owns the record."""

import re
from typing import Any

import httpx
import pytest
from tests.integration.whole.conftest import Whole

from contracts.entries import Access, GrantAccess
from contracts.kinds import Role
from contracts.message import Command
from contracts.model_runs import RelodgeModelRun, UpdateModelRun, WithdrawModelRun

DIFF, CHANGES, UNDO = "/v1/records/diff", "/v1/records/changes", "/v1/records/undo"


async def updated(whole: Whole) -> tuple[str, str, str]:
    """A run whose input was the wind and is the waves; the run, the wind, the waves."""
    office = whole.office
    run = await office.run()
    await whole.lodged(run)
    other = office.record(inputs=(office.given(office.waves, office.into, grid="/g.nc"),))
    await office.counter.do(UpdateModelRun(handle=run, reason="the wind was wrong", record=other))
    await whole.lodged(run, 2)
    return run, office.wind, office.waves


async def inputs(whole: Whole, run: str) -> set[str]:
    """What a run uses, by the graph."""
    told = (await whole.ada.get("/v1/lineage", params={"id": run, "depth": 1})).json()
    return {link["target"] for link in told["links"] if link["relation"] == "used"}


def kinds(diff: list[dict[str, Any]]) -> set[str]:
    """What a diff does."""
    return {one["action_type"] for one in diff}


async def test_undo_says_again_what_was_said_before_as_a_new_revision(whole: Whole) -> None:
    """Its preview is what is done then; the job names the revision; the history of the entry goes on."""
    run, wind, waves = await updated(whole)
    assert wind not in await inputs(whole, run)

    preview = (await whole.ada.get(DIFF, params={"id": run, "to": 1})).json()["diff"]
    answer = await whole.ada.post(UNDO, json={"id": run, "reason": "it was right"})
    job = await whole.settled(whole.ada, answer.json()["job"]["id"])

    assert answer.status_code == 202
    assert (job["status"], job["kind"]) == ("SUCCEEDED", "registry.undo-model-run")
    assert (job["result"]["handle"], job["result"]["revision"]) == (run, 3)
    assert {wind} <= await inputs(whole, run)
    done = (await whole.ada.get(CHANGES, params={"id": run, "revision": 3})).json()["items"]
    assert done[0]["diff"] == preview
    entry = await whole.office.counter.see(run)
    assert [one["reason"] for one in entry["history"]] == [
        "(Restoring to v0) it was right",
        "the wind was wrong",
        "Initial record creation",
    ]
    again = await whole.ada.post(UNDO, json={"id": run, "reason": "no, it was not", "to": 2})
    assert (await whole.settled(whole.ada, again.json()["job"]["id"]))["result"]["revision"] == 4
    assert (await inputs(whole, run)) >= {waves}
    assert wind not in await inputs(whole, run)


async def test_revisions_that_are_no_news_are_not_what_undo_goes_back_to(whole: Whole) -> None:
    """Said again or taken out of the graph by an administrator, a run has more revisions than places in its history."""
    run, wind, _ = await updated(whole)
    root = whole.office.counter.admin
    orders: list[Command] = [RelodgeModelRun(handle=run), WithdrawModelRun(handle=run), RelodgeModelRun(handle=run)]
    for revision, order in enumerate(orders, 3):
        await root.do(order)
        if revision != 4:
            await whole.lodged(run, revision)

    silent = await whole.ada.post(UNDO, json={"id": run, "to": 4, "reason": "r"})
    answer = await whole.ada.post(UNDO, json={"id": run, "reason": "r"})
    await whole.settled(whole.ada, answer.json()["job"]["id"])

    assert (silent.status_code, silent.json()["type"]) == (400, "urn:problem:registry:no-such-history")
    assert silent.json()["errors"][0]["field"] == "to"
    assert {wind} <= await inputs(whole, run)


async def test_a_withdrawal_is_undone_by_the_owner(whole: Whole) -> None:
    """What was said last is said again."""
    run = await whole.office.run()
    await whole.lodged(run)
    await whole.office.counter.admin.do(WithdrawModelRun(handle=run))

    answer = await whole.ada.post(UNDO, json={"id": run, "reason": "it happened"}, params={"wait": 60})

    assert answer.json()["job"]["status"] == "SUCCEEDED"
    assert (await whole.ada.get("/v1/lineage", params={"id": run})).status_code == 200


async def test_any_other_record_is_previewed_and_nothing_is_written(whole: Whole) -> None:
    """Of a run that is there, and of one that is not; what does not hold is told as when it is registered."""
    office = whole.office
    run = await office.run()
    await whole.lodged(run)
    study = office.record(study_id=office.study).model_dump(mode="json")

    changed = await whole.ada.post(DIFF, json={"id": run, "record": study})
    fresh = await whole.ada.post(DIFF, json={"record": study})
    wrong = await whole.ada.post(DIFF, json={"id": run, "record": study | {"study_id": office.person}})

    assert {"ADD_NEW_NODE", "ADD_NEW_LINK"} == kinds(changed.json()["diff"])
    assert [one["node"]["id"] for one in changed.json()["diff"] if one.get("node")] == [office.study]
    assert "new" in str(fresh.json())
    assert (wrong.status_code, wrong.json()["type"]) == (400, "urn:problem:registry:invalid-model-run")
    assert "study_id" in wrong.json()["errors"][0]["field"]
    assert [one["revision"] for one in (await whole.ada.get(CHANGES, params={"id": run})).json()["items"]] == [1]


async def test_changes_come_in_pages_newest_first(whole: Whole) -> None:
    """Each page leads to the next, in the body and as a link."""
    run, *_ = await updated(whole)

    first = await whole.ada.get(CHANGES, params={"id": run, "limit": 1})
    second = await whole.ada.get(re.search("<(.+)>", first.headers["link"])[1])  # type: ignore[index]
    crooked = await whole.ada.get(CHANGES, params={"id": run, "after": "x"})

    assert [one["revision"] for one in first.json()["items"] + second.json()["items"]] == [2, 1]
    assert (second.json()["next"], "link" in second.headers, crooked.status_code) == (None, False, 422)
    assert "ADD_NEW_NODE" in kinds(second.json()["items"][0]["diff"])


@pytest.mark.parametrize("name", ["bob", "zoe"])
async def test_whoever_may_not_read_an_entry_learns_nothing_of_its_record(whole: Whole, name: str) -> None:
    """A closed entry's record looks like none, by every way; whoever lacks the role is told which it is."""
    run, *_ = await updated(whole)
    await whole.office.counter.do(GrantAccess(handle=run, access=Access(owner="ada")))
    who, record = whole.people[name], whole.office.record().model_dump(mode="json")

    told = [
        [
            await who.get(DIFF, params={"id": item}),
            await who.get(DIFF, params={"id": item, "to": 1}),
            await who.get(CHANGES, params={"id": item}),
            await who.post(DIFF, json={"id": item, "record": record}),
            await who.post(UNDO, json={"id": item, "reason": "r"}),
        ]
        for item in (run, "9/9", "link/ada", "run/01890b3c-0000-7000-8000-000000000003")
    ]

    expected = "provenance:no-such-record" if name == "bob" else "gateway:forbidden"
    assert {answer.json()["type"] for answers in told for answer in answers} == {f"urn:problem:{expected}"}
    mixed = await whole.ada.get(DIFF, params={"id": [run, "9/9"]})
    assert mixed.status_code == 404


async def test_whoever_may_only_read_does_not_undo(whole: Whole) -> None:
    """The refusal is the registry's; one who may write undoes what another wrote."""
    run, *_ = await updated(whole)
    reader = Access(owner="ada", general=(Role.METADATA_READ,))

    refused = await whole.bob.post(UNDO, json={"id": run, "reason": "r"}, params={"wait": 60})
    assert (await whole.bob.get(CHANGES, params={"id": run})).status_code == 200
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:problem:registry:no-access")

    writer = reader.model_copy(update={"general": (Role.METADATA_READ, Role.METADATA_WRITE)})
    await whole.office.counter.do(GrantAccess(handle=run, access=writer))
    assert (await whole.bob.post(UNDO, json={"id": run, "reason": "r"}, params={"wait": 60})).status_code == 202


async def test_a_group_that_is_let_undoes_and_nobody_without_the_role(whole: Whole) -> None:
    """A grant to a group is as good as one to everybody, each stage for what it is; the realm's role is needed besides."""
    run, *_ = await updated(whole)
    await whole.opens_group("bob", "zoe")

    async def grant(*roles: Role) -> None:
        access = Access(owner="ada", general=(), groups={"reef": roles})
        await whole.office.counter.do(GrantAccess(handle=run, access=access))

    async def undone(who: httpx.AsyncClient) -> tuple[int, str]:
        answer = await who.post(UNDO, json={"id": run, "reason": "r"}, params={"wait": 60})
        return answer.status_code, answer.json().get("type", "").removeprefix("urn:problem:")

    await grant()
    assert await undone(whole.bob) == (404, "provenance:no-such-record")
    await grant(Role.METADATA_READ)
    assert await undone(whole.bob) == (403, "registry:no-access")
    await grant(Role.METADATA_READ, Role.METADATA_WRITE)
    assert await undone(whole.zoe) == (403, "gateway:forbidden")
    assert await undone(whole.bob) == (202, "")


async def test_only_model_runs_are_undone(whole: Whole) -> None:
    """A Create has a record that is read and previewed, and never says anything else."""
    create = (await whole.office.counter.page(kind="CREATE", limit=1))["items"][0]["handle"]
    await whole.lodged(create)

    refused = await whole.ada.post(UNDO, json={"id": create, "reason": "r"})

    assert (refused.status_code, refused.json()["type"]) == (400, "urn:problem:registry:wrong-kind")
    assert (await whole.ada.get(CHANGES, params={"id": create})).json()["items"][0]["revision"] == 1
    assert "REMOVE_NODE" in kinds((await whole.ada.get(DIFF, params={"id": create})).json()["diff"])


async def test_the_same_undo_under_one_key_is_done_once(whole: Whole) -> None:
    """Sent again it gets the same job."""
    run, *_ = await updated(whole)
    key = {"Idempotency-Key": "once"}

    one = await whole.ada.post(UNDO, json={"id": run, "reason": "r"}, headers=key, params={"wait": 60})
    two = await whole.ada.post(UNDO, json={"id": run, "reason": "r"}, headers=key, params={"wait": 60})

    assert one.json()["job"]["id"] == two.json()["job"]["id"]
    assert [one["revision"] for one in (await whole.ada.get(CHANGES, params={"id": run})).json()["items"]] == [3, 2, 1]
