"""Entries written out and brought in: five modes, looked at first, all or nothing."""

import json
from typing import Any

import pytest

from chassis.refusal import Refusal
from contracts.bundles import bundle
from contracts.entries import EntriesImported, ImportEntries, LockEntry, VersionEntry
from contracts.kinds import Kind
from contracts.outcomes import DatasetFile
from contracts.views import Stored

from .counter import Counter, jobs

ADD, OVER, SYNC, DELETE = "ADD_OR_OVERWRITE", "OVERWRITE_ONLY", "SYNC_ADD_OR_OVERWRITE", "SYNC_DELETION_ALLOWED"


async def exported(counter: Counter) -> list[dict[str, Any]]:
    """Everything, as it is written out."""
    lines = (await counter.admin.ask("/entries/export")).splitlines()
    return [bundle(Stored.model_validate_json(line)) for line in lines]


async def order(counter: Counter, items: Any, mode: str = ADD, *, trial: bool = False, **more: Any) -> ImportEntries:
    """An order to bring these in."""
    file = await counter.file(json.dumps(items).encode())
    return ImportEntries(mode=mode, items=file, trial_mode=trial, **more)


async def brought(counter: Counter, items: Any, mode: str = ADD, **more: Any) -> EntriesImported:
    """What came of it."""
    return await counter.admin.do(await order(counter, items, mode, **more))


def figures(fact: EntriesImported) -> tuple[int, ...]:
    """Before, after, added, overwritten, deleted."""
    return fact.old_size, fact.new_size, fact.added, fact.overwritten, fact.deleted


def item(handle: str, name: str = "N") -> dict[str, Any]:
    """An organisation as another registry writes it out."""
    info = {"display_name": name, "user_metadata": None, "name": name, "ror": None}
    past = [{"id": 0, "timestamp": 5, "reason": "first", "username": "eve", "item": info}]
    return {
        "id": handle,
        "item_payload": {
            **info,
            "id": handle,
            "owner_username": "eve",
            "created_timestamp": 5,
            "updated_timestamp": 6,
            "item_category": "AGENT",
            "item_subtype": "ORGANISATION",
            "record_type": "COMPLETE_ITEM",
            "workflow_links": None,
            "versioning_info": None,
            "history": past,
        },
        "auth_payload": {"id": handle, "access_settings": {"owner": "eve", "general": ["metadata-read"], "groups": {}}},
        "lock_payload": {"id": handle, "lock_information": {"locked": False, "history": []}},
    }


async def test_what_is_written_out_comes_back_the_same(counter: Counter):
    """Versions, history, access, locks, seeds, activities and jobs; nobody but administrators writes out."""
    await counter.link()
    model = await counter.make(Kind.MODEL)
    await counter.do(VersionEntry(handle=model, entry_kind=Kind.MODEL, reason="r", spinoff=jobs()))
    await counter.say(model, Kind.MODEL, name="n")
    await counter.seed(Kind.ORGANISATION)
    await counter.make_dataset(await counter.make(Kind.ORGANISATION), uri="https://x/y")
    for locked in (True, False, True):
        await counter.do(LockEntry(handle=model, locked=locked, reason="r"))
    before = await exported(counter)

    fact = await brought(counter, before, DELETE, allow_entry_deletion=True)

    assert figures(fact) == (len(before), len(before), 0, len(before), 0)
    assert await exported(counter) == before
    assert [one["id"] for one in before[0]["item_payload"]["history"]] == [0]
    assert (await counter.ask("/entries/export"))["status"] == 403


async def test_others_entries_come_with_all_they_say(counter: Counter):
    """Owner, times and history are theirs; the words are found; our own handles never meet theirs."""
    fact = await brought(counter, [item("10378.1/5000", "Elsewhere"), item("x/y")], "ADD_ONLY")

    assert figures(fact) == (0, 2, 2, 0, 0)
    seen = await counter.see("10378.1/5000")
    assert (seen["owner"], seen["created"], seen["updated"], seen["history"][0]["username"]) == ("eve", 5, 6, "eve")
    assert [hit["id"] for hit in (await counter.ask("/entries/search", query="elsewhere"))["items"]] == ["10378.1/5000"]
    assert await counter.make(Kind.ORGANISATION) == "10378.1/5001"
    assert (await counter.other("eve").say("x/y", Kind.ORGANISATION)).entry.revision > 1


@pytest.mark.parametrize(
    ("mode", "given", "outcome"),
    [
        ("ADD_ONLY", ["c"], (2, 3, 1, 0, 0)),
        ("ADD_ONLY", ["a", "c"], None),
        (ADD, ["a", "c"], (2, 3, 1, 1, 0)),
        (OVER, ["a"], (2, 2, 0, 1, 0)),
        (OVER, ["a", "c"], None),
        (SYNC, ["a", "b", "c"], (2, 3, 1, 2, 0)),
        (SYNC, ["a", "c"], None),
        (DELETE, ["a", "c"], (2, 2, 1, 1, 1)),
        (DELETE, [], (2, 0, 0, 0, 2)),
    ],
)
async def test_each_mode_does_what_it_may(counter: Counter, mode: str, given: list[str], outcome: tuple[int, ...] | None):
    """A trial says the same figures and does nothing; what a mode forbids is refused."""
    await brought(counter, [item("1/a", "old"), item("1/b", "old")])
    items = [item(f"1/{name}", "new") for name in given]
    if outcome is None:
        assert await counter.admin.no(await order(counter, items, mode)) == "registry:import-refused"
        assert await counter.names() == ["old", "old"]
        return

    trial = await brought(counter, items, mode, trial=True, allow_entry_deletion=True)
    assert (figures(trial), trial.trial_mode, await counter.names()) == (outcome, True, ["old", "old"])
    fact = await brought(counter, items, mode, allow_entry_deletion=True)

    assert (figures(fact), fact.trial_mode) == (outcome, False)
    names = await counter.names()
    assert (len(names), names.count("new")) == (outcome[1], len(given))


async def test_deleting_by_an_import_has_to_be_allowed(counter: Counter):
    """By a second word."""
    assert await counter.admin.no(await order(counter, [], DELETE)) == "registry:import-refused"
    assert await counter.no(await order(counter, [])) == "gateway:forbidden"


def broken(**changes: Any) -> dict[str, Any]:
    """An item with something else in its payload."""
    whole = item("1/bad")
    return {**whole, "item_payload": {**whole["item_payload"], **changes}}


FAULTS = {
    "name": broken(name=None),
    "history.0.item": broken(history=[{"id": 0, "timestamp": 1, "reason": "r", "username": "u"}]),
    "different ids": broken(history=item("x")["item_payload"]["history"] * 2),
    "category": broken(item_category="ENTITY"),
    "NUL": broken(user_metadata={"a": "\x00"}),
    "greater than": broken(created_timestamp=2**70),
    "auth_payload": {**item("1/bad"), "auth_payload": None},
    "general.0": {
        **item("1/bad"),
        "auth_payload": {"id": "1/bad", "access_settings": {"owner": "e", "general": ["king"], "groups": {}}},
    },
    "different items": {**item("1/bad"), "id": "1/other"},
    "lock_information.locked": {**item("1/bad"), "lock_payload": {"id": "1/bad", "lock_information": {}}},
    "reason": broken(item_category="AGENT", versioning_info={"previous_version": "1/a", "version": 2}),
}


async def test_items_that_cannot_be_read_are_told_and_nothing_is_written(counter: Counter):
    """Each with what is wrong with it; the others stay out, too."""
    for place, (word, one) in enumerate(FAULTS.items()):
        fact = await brought(counter, [item(f"1/good{place}"), one])
        (why, name), *more = fact.failures
        assert (word in why, more, name in {"1/bad", "1/other"}) == (True, [], True), (word, fact.failures)

    fact = await brought(counter, [item("1/a"), item("1/a"), 7])
    assert sorted(name for _, name in fact.failures) == ["#2", "1/a"]
    assert await counter.names() == []


async def test_what_says_what_its_kind_cannot_say_can_be_kept_on_purpose(counter: Counter):
    """Without parsing, only the envelope must be readable."""
    strange = broken(name=7, more="x")

    assert (await brought(counter, [strange])).failures
    assert (await brought(counter, [strange], parse_items=False)).failures == ()

    seen = await counter.see("1/bad")
    assert (seen["info"]["name"], seen["info"]["more"]) == (7, "x")
    assert len(await counter.names()) == 1
    admin, strange = counter.admin, broken(item_category="ENTITY", item_subtype="MODEL", versioning_info={"version": 1})
    await admin.link()
    await brought(counter, [strange], parse_items=False)
    assert await admin.no(VersionEntry(handle="1/bad", reason="r", spinoff=jobs())) == "gateway:invalid"


async def test_chains_that_fork_are_not_brought_in(counter: Counter):
    """Neither among themselves nor with what is there."""

    def version(handle: str) -> dict[str, Any]:
        whole = item(handle)
        payload = {**whole["item_payload"], "versioning_info": {"previous_version": "1/a", "version": 2, "reason": "r"}}
        return {**whole, "item_payload": payload}

    both = await brought(counter, [version("1/b"), version("1/c")])
    assert [name for _, name in both.failures] == ["1/c"]
    assert (await brought(counter, [version("1/b")])).failures == ()
    assert [name for _, name in (await brought(counter, [version("1/c")])).failures] == ["1/c"]
    assert (await brought(counter, [version("1/c")], DELETE, allow_entry_deletion=True)).failures == ()


async def test_an_overwritten_dataset_holds_its_files_still(counter: Counter):
    """What is not written out is not for an import to take away; what becomes of another kind holds none."""
    await counter.link()
    body = await counter.make(Kind.ORGANISATION)
    handle = await counter.make_dataset(body)
    file = DatasetFile(path="a.nc", occurrence="run/1/out/a.nc", content=await counter.file(b"waves"))
    async with counter.house.work() as unit:
        await unit.outcomes.fill(handle, [file])
    before = await exported(counter)

    async def held() -> Any:
        async with counter.house.work() as unit:
            return (await unit.outcomes.files([handle]))[handle]

    assert figures(await brought(counter, before))[3] == len(before)
    assert await held() == (file,)
    assert (await brought(counter, before, DELETE, allow_entry_deletion=True)).failures == ()
    assert await held() == (file,)
    assert await exported(counter) == before
    await brought(counter, [item(handle)])
    assert await held() == ()


async def test_entries_can_change_their_places_in_a_chain(counter: Counter):
    """All at once, since an import is looked at whole."""

    def version(handle: str, before: str | None) -> dict[str, Any]:
        whole = item(handle)
        place = {"previous_version": before, "version": 2, "reason": "r"}
        return {**whole, "item_payload": {**whole["item_payload"], "versioning_info": place}}

    await brought(counter, [version("1/b", "1/a"), version("1/c", "1/b")])

    assert (await brought(counter, [version("1/b", "1/c"), version("1/c", "1/a")])).failures == ()
    assert (await counter.see("1/c"))["versioning"]["previous_version"] == "1/a"


@pytest.mark.parametrize("how", ["deleted", "of another kind"])
async def test_accounts_of_a_person_whom_an_import_takes_away_are_nobodys(counter: Counter, how: str):
    """As when the person is deleted, and it is said."""
    person = await counter.link()
    given, mode = ([item(person)], ADD) if how == "of another kind" else ([item("1/a")], DELETE)

    *facts, _ = await counter.admin.all_of(await order(counter, given, mode, allow_entry_deletion=True))

    assert [(fact.subject, fact.username, fact.person) for fact in facts] == [("registry.link-cleared.v1", "ada", person)]
    assert (await counter.ask("/links", username="ada"))["person"] is None


@pytest.mark.parametrize("content", [b"{}", b"[", b"nothing", b'["\\ud800"]'])
async def test_a_file_that_is_no_list_is_refused(counter: Counter, content: bytes):
    """By name."""
    command = ImportEntries(mode=ADD, items=await counter.file(content))
    with pytest.raises(Refusal) as refused:
        await counter.admin.do(command)

    assert refused.value.problem.errors[0].field == "items"


async def test_thousands_come_and_go_in_one_import(counter: Counter):
    """More than a statement has parameters for."""
    many = [item(f"1/{number}") for number in range(4000)]

    assert figures(await brought(counter, many)) == (0, 4000, 4000, 0, 0)
    assert figures(await brought(counter, many[:1], DELETE, allow_entry_deletion=True)) == (4000, 1, 0, 1, 3999)
