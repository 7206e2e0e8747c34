"""Pages of entries: every order and filter of Provena's table, permission inside, cursors that are opaque objects."""

import asyncio

import pytest
from sqlalchemy import text

from contracts.entries import Access, CreateEntry, GrantAccess, UpdateEntry
from contracts.groups import AddGroup, AddMember, Group, Member, RemoveMembers
from contracts.kinds import Kind, Role

from .counter import Counter, dataset

CREATED, UPDATED, NAME = "CREATED_TIME", "UPDATED_TIME", "DISPLAY_NAME"
RELEASE, ADDRESS = "RELEASE_TIMESTAMP", "ACCESS_INFO_URI_BEGINS_WITH"


async def at(counter: Counter, **times: dict[str, int]) -> None:
    """Let entries of these names have been created and updated at these times."""
    async with counter.house.work() as unit:
        for name, told in times.items():
            await unit.session.execute(
                text("update registry.entries set created = :created, updated = :updated where display_name = :name"),
                {"name": name, **told},
            )


async def close(counter: Counter, handle: str) -> None:
    """Let nobody else read an entry."""
    await counter.do(GrantAccess(handle=handle, access=Access(owner=counter.caller.name)))


async def test_pages_are_full_where_every_second_entry_is_hidden(counter: Counter):
    """What somebody may not read is not part of the question, so no page is short but the last."""
    for number in range(10):
        handle = await counter.make(Kind.ORGANISATION, display_name=str(number))
        if number % 2:
            await close(counter, handle)
    bob, sizes, names, after = counter.other("bob"), [], [], None

    while True:
        page = await bob.page(limit=2, after=after)
        sizes.append(len(page["items"]))
        names += [one["info"]["display_name"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
        assert isinstance(after, dict)
        assert after

    assert (sizes, names) == ([2, 2, 1], ["8", "6", "4", "2", "0"])
    assert len(await counter.names(limit=2)) == 10


async def test_entries_are_sorted_by_their_times_either_way(counter: Counter):
    """The last change by default, newest first; what is equally old comes in the order of its coming."""
    for name in "abcd":
        await counter.make(Kind.ORGANISATION, display_name=name)
    await at(
        counter,
        a={"created": 4, "updated": 10},
        b={"created": 3, "updated": 30},
        c={"created": 2, "updated": 20},
        d={"created": 2, "updated": 20},
    )

    assert await counter.names(limit=1) == ["b", "d", "c", "a"]
    assert await counter.names(limit=3, sort=UPDATED, ascending=True) == ["a", "c", "d", "b"]
    assert await counter.names(limit=1, sort=CREATED) == ["a", "b", "d", "c"]
    assert await counter.names(limit=1, sort=CREATED, ascending=True) == ["c", "d", "b", "a"]


async def test_names_are_sorted_by_code_points(counter: Counter):
    """As Python sorts them: capitals first, also where long names begin alike; seeds have no name and are not there."""
    names = ["b", "a", "Z", "ä", "z", "é", "B2", "B10", "😀", "_", "x" * 5000 + "b", "x" * 5000 + "a", "a b", "\uffff"]
    for name in names:
        await counter.make(Kind.ORGANISATION, display_name=name)
    await counter.seed(Kind.ORGANISATION)

    assert await counter.names(sort=NAME, ascending=True, limit=3) == sorted(names)
    assert await counter.names(sort=NAME, limit=5, record_type="ALL") == sorted(names, reverse=True)
    assert await counter.names(sort=NAME, kind="ORGANISATION", limit=4, ascending=True) == sorted(names)


async def test_seeds_are_listed_where_they_are_asked_for(counter: Counter):
    """By default they are not."""
    name, seed = "n", await counter.seed(Kind.ORGANISATION)
    await counter.make(Kind.ORGANISATION, display_name=name)
    await counter.make(Kind.PERSON, display_name="p")

    assert await counter.names(kind="ORGANISATION") == [name]
    assert await counter.names(kind="ORGANISATION", record_type="SEED_ONLY") == [seed]
    assert await counter.names(kind="ORGANISATION", record_type="ALL", sort=CREATED) == [name, seed]
    assert await counter.names(sort=CREATED) == ["p", name]


async def datasets(counter: Counter) -> str:
    """Four datasets, three under review, two of them elsewhere; the reviewer."""
    await counter.link()
    organisation = await counter.make(Kind.ORGANISATION)
    reviewer = await counter.make(Kind.PERSON)
    for name, release in {
        "first": {"release_status": "PENDING", "release_approver": reviewer, "release_timestamp": 30, "uri": "https://b/2"},
        "second": {"release_status": "RELEASED", "release_approver": reviewer, "release_timestamp": 10, "uri": "https://b/1"},
        "third": {"release_status": "PENDING", "release_approver": "1/other", "release_timestamp": 20, "uri": "ftp://a"},
        "fourth": {},
    }.items():
        handle = await counter.make_dataset(organisation, name, uri=release.pop("uri", None))
        async with counter.house.work() as unit:
            held = await unit.entries.hold(handle)
            await unit.entries.put(held.model_copy(update={"info": {**held.info, **release}}))
    return reviewer


async def test_a_reviewers_work_is_listed_by_the_time_of_its_request(counter: Counter):
    """With a state or without; a state alone lists whoever reviews."""
    reviewer = await datasets(counter)

    assert await counter.names(release_reviewer=reviewer, limit=1) == ["first", "second"]
    assert await counter.names(release_reviewer=reviewer, sort=RELEASE, ascending=True) == ["second", "first"]
    assert await counter.names(release_reviewer=reviewer, release_status="PENDING") == ["first"]
    assert sorted(await counter.names(release_status="PENDING", record_type="SEED_ONLY")) == ["first", "third"]
    assert await counter.names(release_status="NOT_RELEASED") == ["fourth"]


async def test_datasets_elsewhere_are_listed_by_the_beginning_of_their_address(counter: Counter):
    """Those without one are not there; a percent sign is a percent sign."""
    await datasets(counter)

    def wanted(begins: str, **more: object) -> dict[str, object]:
        return {"kind": "DATASET", "sort": ADDRESS, "begins_with": begins, "limit": 1, **more}

    assert await counter.names(**wanted("https://b")) == ["first", "second"]
    assert await counter.names(**wanted("https://b", ascending=True)) == ["second", "first"]
    assert await counter.names(**wanted("")) == ["first", "second", "third"]
    assert await counter.names(**wanted("h%")) == []


@pytest.mark.parametrize(
    ("listing", "status"),
    [
        ({"sort": RELEASE}, 400),
        ({"sort": RELEASE, "kind": "DATASET"}, 400),
        ({"sort": ADDRESS, "begins_with": "x"}, 400),
        ({"sort": ADDRESS, "begins_with": "x", "release_reviewer": "1/1"}, 400),
        *(({"sort": sort, "release_reviewer": "1/1"}, 400) for sort in (CREATED, UPDATED, NAME)),
        ({"sort": ADDRESS, "kind": "DATASET"}, 422),
        ({"begins_with": "x"}, 422),
        ({"sort": NAME, "begins_with": "x", "kind": "DATASET"}, 422),
        ({"kind": "DATASET", "release_status": "PENDING"}, 422),
        ({"limit": 0}, 422),
        ({"kind": "NONE"}, 422),
        ({"sort": ADDRESS, "kind": "DATASET", "begins_with": "\x00"}, 422),
    ],
)
async def test_orders_and_filters_that_do_not_go_together_are_refused(counter: Counter, listing: dict, status: int):
    """400 for the combination, 422 for the request."""
    answer = await counter.page(**listing)

    assert answer["status"] == status
    assert answer["errors"][0]["field"]


@pytest.mark.parametrize(
    "after", [{}, {"key": "x", "number": 1}, {"key": 1}, {"key": True, "number": 1}, {"key": 1, "number": 2**70}]
)
async def test_a_place_to_go_on_that_was_not_given_is_refused(counter: Counter, after: dict):
    """It is opaque, and not to be made up."""
    answer = await counter.page(after=after)

    assert (answer["status"], answer["errors"][0]["field"]) == (400, "pagination_key")


@pytest.mark.parametrize("kind", [Kind.ORGANISATION, None])
async def test_lists_hold_entries_whole(counter: Counter, kind: Kind | None):
    """With histories and roles, for one kind or all of them."""
    handle = await counter.make(Kind.ORGANISATION)
    await counter.say(handle, Kind.ORGANISATION, name="n")

    page = await counter.other("bob").page(kind=kind)

    assert page["items"] == [await counter.other("bob").see(handle)]
    assert page["next"] is None


async def test_a_group_opens_entries_at_once_and_closes_them_at_once(counter: Counter):
    """Membership is looked up for each question, in the list's own statement, too."""
    handle = await counter.make(Kind.ORGANISATION)
    group, admin, bob = Group(id="g", display_name="G", description="d"), counter.admin, counter.other("bob")
    await admin.do(AddGroup(group=group))
    settings = Access(owner="ada", groups={"g": (Role.METADATA_WRITE,), "unknown": (Role.ADMIN,)})
    await counter.do(GrantAccess(handle=handle, access=settings))

    assert (await bob.names(), (await bob.see(handle))["status"]) == ([], 403)
    await admin.do(AddMember(group="g", member=Member(username="bob")))
    assert (len(await bob.names()), (await bob.see(handle))["roles"]) == (1, ["metadata-write"])
    assert (await bob.say(handle, Kind.ORGANISATION, name="Bob's")).entry.owner == "ada"
    await admin.do(RemoveMembers(group="g", usernames=("bob",)))
    assert (await bob.names(), (await bob.see(handle))["status"]) == ([], 403)


async def test_administrators_read_everything(counter: Counter):
    """Whatever it grants."""
    handle = await counter.make(Kind.ORGANISATION)
    await close(counter, handle)

    assert await counter.other("bob").names() == []
    assert len(await counter.admin.names()) == 1
    assert (await counter.admin.see(handle))["roles"] == ["metadata-read", "metadata-write", "admin"]


async def test_a_list_goes_on_where_it_was_though_entries_come(counter: Counter):
    """Nothing is told twice, nothing that was there is left out."""
    for name in "abcdef":
        await counter.make(Kind.ORGANISATION, display_name=name)
    first = await counter.page(limit=3, sort=CREATED)

    await counter.make(Kind.ORGANISATION, display_name="later")
    second = await counter.page(limit=3, sort=CREATED, after=first["next"])

    names = [one["info"]["display_name"] for page in (first, second) for one in page["items"]]
    assert names == list("fedcba")


async def test_lists_and_changes_at_once(counter: Counter):
    """Readers never see half of a change."""
    handle = await counter.make(Kind.ORGANISATION, display_name="0")

    async def change() -> None:
        for number in range(1, 10):
            await counter.say(handle, Kind.ORGANISATION, display_name=str(number))

    async def look() -> None:
        for _ in range(10):
            item = (await counter.page())["items"][0]
            assert item["info"]["display_name"] == item["history"][0]["info"]["display_name"]

    await asyncio.gather(change(), look(), look())


async def test_numbers_beyond_measure_are_refused(counter: Counter):
    """By the field's name."""
    await counter.link()
    organisation = await counter.make(Kind.ORGANISATION)
    huge = dataset(organisation, release_approver="1/1", release_timestamp=2**70)

    assert await counter.no(CreateEntry(entry_kind=Kind.DATASET, info=huge)) == "gateway:invalid"
    assert await counter.no(UpdateEntry(handle="1/1", entry_kind=Kind.DATASET, info=huge)) == "gateway:invalid"
