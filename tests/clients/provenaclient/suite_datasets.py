"""The client mints datasets, describes them anew, reverts and versions them, and lists them."""

from collections.abc import Callable
from typing import Any

import pytest
from people import Person
from provenaclient.models import RevertMetadata
from provenaclient.utils.exceptions import BadRequestException
from ProvenaInterfaces.RegistryAPI import NoFilterSubtypeListRequest, SortOptions, SortType, VersionRequest
from ProvenaInterfaces.RegistryModels import CollectionFormat

Word = Callable[[], str]
APPROVALS = ("ethics_registration", "ethics_access", "indigenous_knowledge", "export_controls")


def dataset(organisation: str, name: str, **more: Any) -> CollectionFormat:
    """A dataset's description."""
    no = {"relevant": False, "obtained": False}
    return CollectionFormat.parse_obj(
        {
            "associations": {"organisation_id": organisation},
            "approvals": dict.fromkeys(APPROVALS, no),
            "dataset_info": {
                "name": name,
                "description": "Heights of waves",
                "access_info": {"reposited": True},
                "publisher_id": organisation,
                "created_date": {"relevant": True, "value": "2024-01-02"},
                "published_date": {"relevant": False},
                "license": "https://creativecommons.org/licenses/by/4.0/",
                "keywords": [name],
            }
            | more,
        }
    )


async def test_a_dataset_lives(bob: Person, word: Word) -> None:
    """A dataset is minted with a place, described anew with a reason, reverted and versioned; its place stays."""
    it, name = bob.client.datastore, word()
    made = await it.mint_dataset(dataset(bob.organisation, name))
    assert made.status.success and made.handle and made.s3_location
    assert made.s3_location.path == f"datasets/{made.handle.replace('.', '-').replace('/', '-')}/"
    await bob.client.job_api.await_successful_job_completion(made.register_create_activity_session_id)
    again = await it.update_dataset_metadata(made.handle, "more", dataset(bob.organisation, f"{name} more"))
    assert again.s3_location == made.s3_location
    await it.revert_dataset_metadata(RevertMetadata(id=made.handle, history_id=0, reason="less"))
    found = await it.fetch_dataset(made.handle)
    assert found.item.display_name == name and [one.id for one in found.item.history] == [2, 1, 0]
    assert found.item.release_status == "NOT_RELEASED" and "dataset-data-write" in found.roles
    new = await it.version_dataset(VersionRequest(id=made.handle, reason="next"))
    there = (await it.fetch_dataset(new.new_version_id)).item
    assert there.s3.path != made.s3_location.path and there.versioning_info.version == 2
    listed = await it.list_datasets(NoFilterSubtypeListRequest(page_size=2))
    assert len(listed.items) == 2
    assert {made.handle, new.new_version_id} <= {one.id for one in await it.list_all_datasets()}
    assert {one.id for one in (await it.search_datasets(name, 5)).items} == {made.handle, new.new_version_id}


async def test_what_does_not_hold_is_told(bob: Person, word: Word) -> None:
    """Descriptions that do not hold do not succeed, with 200 when they are new and 400 when they are changes."""
    it = bob.client.datastore
    good, bad = dataset(bob.organisation, word()), dataset("10378.1/none", word())
    made = await it.mint_dataset(good)
    with pytest.raises(Exception, match="Validation Error"):
        await it.mint_dataset(bad)
    with pytest.raises(Exception, match="published_date"):
        earlier = {"relevant": True, "value": "2023-01-01"}
        await it.validate_dataset_metadata(dataset(bob.organisation, word(), published_date=earlier))
    assert (await it.validate_dataset_metadata(good)).status.success
    with pytest.raises(BadRequestException):
        await it.update_dataset_metadata(made.handle, "bad", bad)
    with pytest.raises(BadRequestException):
        await it.fetch_dataset(bob.person)


async def test_a_dataset_in_one_s_hands(bob: Person, word: Word) -> None:
    """The client's object for one dataset fetches it, reverts it and makes a version of it."""
    it, name = bob.client.datastore, word()
    made = await it.mint_dataset(dataset(bob.organisation, name))
    one = await it.interactive_dataset(made.handle)
    await it.update_dataset_metadata(made.handle, "more", dataset(bob.organisation, f"{name} more"))
    assert (await one.fetch_dataset()).item.display_name == f"{name} more"
    assert (await one.revert_dataset_metadata(0, "less")).status.success
    assert (await one.fetch_dataset()).item.display_name == name
    new = await one.version("next")
    assert (await it.fetch_dataset(new.new_version_id)).item.versioning_info.previous_version == made.handle


async def test_datasets_are_walked_over(bob: Person, word: Word) -> None:
    """Newest first, each once, and no more than asked for."""
    made = [(await bob.client.datastore.mint_dataset(dataset(bob.organisation, word()))).handle for _ in range(3)]
    newest = SortOptions(sort_type=SortType.CREATED_TIME, ascending=False)
    asked = NoFilterSubtypeListRequest(sort_by=newest, page_size=2)
    walked = [one.id async for one in bob.client.datastore.for_all_datasets(asked, total_limit=3)]
    assert walked == made[::-1]
