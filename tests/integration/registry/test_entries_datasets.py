"""Datasets as entries: where they are, what they keep."""

import pytest

from chassis.refusal import Refusal
from contracts.entries import CreateEntry, RevertEntry, UpdateEntry, VersionEntry
from contracts.kinds import Kind

from .counter import Counter, collection, dataset, jobs, opened


def stored(handle: str, bucket: str = "reprovena-datasets") -> dict[str, str]:
    """Where the files of a dataset lie."""
    path = f"datasets/{handle.replace('.', '-').replace('/', '-')}/"
    return {"bucket_name": bucket, "path": path, "s3_uri": f"s3://{bucket}/{path}"}


async def test_a_datasets_files_lie_where_its_handle_says(counter: Counter):
    """Whatever the body says, created at once or as a seed; and nobody calls it released."""
    await counter.link()
    organisation, seed = await counter.make(Kind.ORGANISATION), await counter.seed(Kind.DATASET)
    told = dataset(organisation, place="others", release_status="RELEASED", release_approver="1/1", release_timestamp=5)

    handle = (await counter.do(CreateEntry(entry_kind=Kind.DATASET, info=told))).entry.handle
    await counter.do(UpdateEntry(handle=seed, entry_kind=Kind.DATASET, info=told))

    for one in (handle, seed):
        info = (await counter.see(one))["info"]
        assert info["s3"] == stored(one)
        released = ("release_status", "release_approver", "release_timestamp", "release_history")
        assert [info[name] for name in released] == ["NOT_RELEASED", None, None, []]


async def released(counter: Counter, handle: str) -> None:
    """Let a dataset be released."""
    release = {"release_status": "RELEASED", "release_approver": "1/1", "release_timestamp": 5}
    async with counter.house.work() as unit:
        held = await unit.entries.hold(handle)
        await unit.entries.put(held.model_copy(update={"info": {**held.info, **release}}))


async def test_a_dataset_keeps_storage_and_release_when_it_is_described_anew(counter: Counter):
    """Whatever the body says; its name, metadata and address come from its metadata."""
    await counter.link()
    organisation = await counter.make(Kind.ORGANISATION)
    handle = await counter.make_dataset(organisation)
    await released(counter, handle)
    elsewhere = {"access_info": {"reposited": False, "uri": "ftp://x/y", "description": "d"}}
    body = {"collection_format": collection(organisation, "Tides", **elsewhere, user_metadata={"a": "b"})}

    await counter.do(UpdateEntry(handle=handle, entry_kind=Kind.DATASET, info=body, reason="r", keep_storage=True))

    info = (await counter.see(handle))["info"]
    assert (info["s3"], info["release_status"]) == (stored(handle), "RELEASED")
    assert (info["display_name"], info["user_metadata"], info["access_info_uri"]) == ("Tides", {"a": "b"}, "ftp://x/y")
    whole = dataset(organisation, place="others")
    await counter.do(UpdateEntry(handle=handle, entry_kind=Kind.DATASET, info=whole, reason="r"))
    info = (await counter.see(handle))["info"]
    assert (info["s3"], info["release_status"], info["display_name"]) == (stored(handle), "RELEASED", "Waves")


@pytest.mark.parametrize("keep", [True, False])
async def test_a_datasets_revert_brings_back_its_description_only(counter: Counter, keep: bool):
    """Storage and release are those of now."""
    await counter.link()
    organisation = await counter.make(Kind.ORGANISATION)
    handle = await counter.make_dataset(organisation, "First")
    await counter.do(UpdateEntry(handle=handle, entry_kind=Kind.DATASET, info=dataset(organisation, "Second"), reason="r"))
    await released(counter, handle)

    order = RevertEntry(handle=handle, entry_kind=Kind.DATASET, history_id=0, reason="again", keep_storage=keep)
    await counter.do(order)

    seen = await counter.see(handle)
    assert (seen["info"]["display_name"], seen["info"]["release_status"]) == ("First", "RELEASED")
    assert seen["history"][0]["reason"] == ("Reverting to history id 0: again" if keep else "(Restoring to v0) again")


async def test_a_new_version_of_a_dataset_has_a_place_of_its_own_and_is_not_released(counter: Counter):
    """Otherwise both would write the same files."""
    await counter.link()
    handle = await counter.make_dataset(await counter.make(Kind.ORGANISATION))
    await released(counter, handle)

    new = (await counter.do(VersionEntry(handle=handle, reason="r", spinoff=jobs()))).entry.handle

    info = (await counter.see(new))["info"]
    assert (info["s3"], info["release_status"], info["display_name"]) == (stored(new), "NOT_RELEASED", "Waves")


async def test_who_may_write_data_may_describe_it(counter: Counter):
    """Only where storage and release stay out of it."""
    await counter.link()
    organisation = await counter.make(Kind.ORGANISATION)
    handle, bob = await counter.make_dataset(organisation), counter.other("bob")
    await bob.link()
    await counter.do(opened(handle, "dataset-data-write"))
    body = {"collection_format": collection(organisation)}

    whole = UpdateEntry(handle=handle, entry_kind=Kind.DATASET, info=dataset(organisation), reason="r")
    assert await bob.no(whole) == "registry:no-access"
    told = UpdateEntry(handle=handle, entry_kind=Kind.DATASET, info=body, reason="r", keep_storage=True)
    assert (await bob.do(told)).subject == "registry.entry-updated.v1"


@pytest.mark.parametrize("body", [{}, {"collection_format": None}, {"collection_format": {"dataset_info": {"name": 1}}}])
async def test_a_description_without_shape_is_refused_as_such(counter: Counter, body: dict):
    """By its fields."""
    await counter.link()
    handle = await counter.make_dataset(await counter.make(Kind.ORGANISATION))

    order = UpdateEntry(handle=handle, entry_kind=Kind.DATASET, info=body, reason="r", keep_storage=True)

    assert await counter.no(order) == "gateway:invalid"


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("SRID=4326;POINT (1 2)", None),
        ("POINT (1 2)", "EWKT"),
        ("SRID=999999;POINT (1 2)", "reference system"),
        ("SRID=4326;CIRCLE (1 2)", "shape"),
        ("SRID=4326;" + "GEOMETRYCOLLECTION (" * 2400, "deep"),
    ],
)
async def test_a_dataset_says_where_it_is(counter: Counter, place: str, wrong: str | None):
    """In a reference system that is known, as a shape that can be read; what it refers to is looked at as well."""
    await counter.link()
    organisation = await counter.make(Kind.ORGANISATION)
    info = dataset(organisation)
    info["collection_format"] = collection(organisation, spatial_info={"extent": place})
    order = CreateEntry(entry_kind=Kind.DATASET, info=info)

    if wrong is None:
        assert (await counter.do(order)).subject == "registry.entry-created.v1"
        return
    with pytest.raises(Refusal) as refused:
        await counter.do(order)

    problem = refused.value.problem
    assert problem.type == "urn:problem:registry:invalid-entry"
    assert [error.field for error in problem.errors] == ["collection_format.dataset_info.spatial_info.extent"]
    assert wrong in problem.errors[0].detail
