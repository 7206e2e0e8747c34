"""Entries found by their words: at once, only by who may read them, best first."""

import pytest

from contracts.entries import Access, DeleteEntry, GrantAccess, UpdateEntry
from contracts.kinds import Kind

from .counter import Counter, of


async def found(counter: Counter, query: str, **more: object) -> list[str]:
    """Handles, best first."""
    return [hit["id"] for hit in (await counter.ask("/entries/search", query=query, **more))["items"]]


async def test_a_handle_finds_its_entry_first(counter: Counter):
    """Before those that speak of it; its parts are no words."""
    await counter.link()
    model = await counter.make(Kind.MODEL)
    template = await counter.make(Kind.MODEL_RUN_WORKFLOW_TEMPLATE, software_id=model)

    hits = (await counter.ask("/entries/search", query=f" {model} "))["items"]

    assert hits[0]["id"] == model
    assert {hit["id"] for hit in hits[1:]} >= {template}
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert await found(counter, model.split("/")[0]) == []


async def test_words_are_found_whatever_their_case(counter: Counter):
    """In names, descriptions, metadata and the keys that people chose, of every kind; any word suffices."""
    await counter.link()
    person = await counter.make(Kind.PERSON, last_name="Lovelace")
    study = await counter.make(Kind.STUDY, title="Coral Bleaching", description="of the Great Barrier")
    organisation = await counter.make(Kind.ORGANISATION, user_metadata={"Vessel": "Investigator Ünïcode"})
    template = await counter.make(Kind.DATASET_TEMPLATE)

    assert (await found(counter, "LOVELACE"))[0] == person
    assert await found(counter, "bleaching") == [study]
    assert await found(counter, "barrier nonsense") == [study]
    assert await found(counter, "vessel") == [organisation]
    assert await found(counter, "ÜNÏCODE") == [organisation]
    assert template in await found(counter, "grid")


async def test_names_weigh_more_than_mentions(counter: Counter):
    """What is called so comes before what speaks of it."""
    mention = await counter.make(Kind.ORGANISATION, display_name="other", user_metadata={"about": "tsunami and more"})
    name = await counter.make(Kind.ORGANISATION, display_name="tsunami centre")

    assert await found(counter, "tsunami") == [name, mention]


@pytest.mark.parametrize("typo", ["hydrodinamics", "hydrdynamics", "hydrodynamicss", "hydordynamics"])
async def test_a_letter_may_be_wrong(counter: Counter, typo: str):
    """Changed, left out, doubled or swapped; what is written right comes first."""
    handle = await counter.make(Kind.ORGANISATION, display_name="Hydrodynamics")

    assert await found(counter, typo) == [handle]
    assert await found(counter, "hydraulics") == []


async def test_what_is_committed_is_found_at_once_and_only_as_it_is_now(counter: Counter):
    """Words of the past, and of what is deleted, find nothing."""
    handle = await counter.make(Kind.ORGANISATION, name="Aardvark")
    assert await found(counter, "aardvark") == [handle]

    await counter.do(
        UpdateEntry(handle=handle, entry_kind=Kind.ORGANISATION, info=of(Kind.ORGANISATION, name="Zebra"), reason="r")
    )

    assert (await found(counter, "aardvark"), await found(counter, "zebra")) == ([], [handle])
    await counter.admin.do(DeleteEntry(handle=handle))
    assert await found(counter, "zebra") == []


async def test_only_what_may_be_read_is_found(counter: Counter):
    """Also by its handle."""
    handle = await counter.make(Kind.ORGANISATION, name="Secret")
    await counter.do(GrantAccess(handle=handle, access=Access(owner="ada")))

    assert (await found(counter, "secret"), await found(counter, handle)) == ([handle], [handle])
    assert (await found(counter.other("bob"), "secret"), await found(counter.other("bob"), handle)) == ([], [])


async def test_a_kind_and_a_number_can_be_asked_for(counter: Counter):
    """Ten unless said otherwise, fifty at most."""
    person = await counter.make(Kind.PERSON, display_name="common")
    for _ in range(12):
        await counter.make(Kind.ORGANISATION, display_name="common")

    assert await found(counter, "common", kind="PERSON") == [person]
    assert len(await found(counter, "common")) == 10
    assert len(await found(counter, "common", limit=0)) == 10
    assert len(await found(counter, "common", limit=3)) == 3
    assert len(await found(counter, "common", limit=1000)) == 13


async def test_a_seed_is_found_by_what_is_known_of_it(counter: Counter):
    """Its handle, its kind, its owner."""
    seed = await counter.seed(Kind.PERSON)

    assert await found(counter, seed) == [seed]
    assert await found(counter, "person ada") == [seed]


@pytest.mark.parametrize("query", ["", " ", "'", "\\", "a:b | !c & (d", "%_", "🙂", "\u0130", "x" * 5000, "' or 1=1 --", ":*"])
async def test_no_question_breaks_the_search(counter: Counter, query: str):
    """Whatever is asked is words, or nothing."""
    await counter.make(Kind.ORGANISATION, display_name="' \\ 🙂 \u0130 " + "y" * 3000)

    assert "items" in await counter.ask("/entries/search", query=query)


async def test_an_entry_with_very_many_words_can_be_kept_and_found(counter: Counter):
    """By those that fit."""
    words = " ".join(f"word{number}" for number in range(150_000))
    handle = await counter.make(Kind.ORGANISATION, display_name="many", user_metadata={"text": words})

    assert await found(counter, "word17") == [handle]
    assert await found(counter, "many") == [handle]
