"""The client lists jobs: one's own, those of a batch, and everybody's for administrators; page by page, all, and one by one."""

from collections.abc import Callable

import pytest
from people import Person
from provenaclient.utils.exceptions import AuthException
from ProvenaInterfaces.AsyncJobAPI import (
    AdminListByBatchRequest,
    AdminListJobsRequest,
    ListByBatchRequest,
    ListJobsRequest,
)
from ProvenaInterfaces.ProvenanceAPI import RegisterBatchModelRunRequest
from suite_prov import World, world

__all__ = ["world"]
Word = Callable[[], str]


async def a_batch(world: World, word: Word, runs: int) -> str:
    """So many model runs together, all lodged; the id of their batch."""
    it = world.who.client
    records = [world.record(word()) for _ in range(runs)]
    told = await it.prov_api.register_batch_model_runs(RegisterBatchModelRunRequest(records=records))
    batch = str((await it.job_api.await_successful_job_completion(told.session_id)).result["batch_id"])
    for one in await it.job_api.list_all_jobs_in_batch(ListByBatchRequest(batch_id=batch)):
        await it.job_api.await_successful_job_completion(one.session_id)
    return batch


async def test_jobs_are_listed_whole_each_once(world: World, word: Word) -> None:
    """Newest first; the pages together, the whole list and the walk over it are the same, and nobody else's are in them."""
    await a_batch(world, word, 3)
    it = world.who.client.job_api
    page = await it.list_jobs(ListJobsRequest(limit=2))
    assert len(page.jobs) == 2 and page.pagination_key
    listed = [one.session_id for one in await it.list_all_jobs(ListJobsRequest(limit=7))]
    walked = [one async for one in it.for_all_jobs(ListJobsRequest(limit=5))]
    assert [one.session_id for one in page.jobs] == listed[:2]
    assert [one.session_id for one in walked] == listed and len(listed) == len(set(listed)) > 5
    assert {one.username for one in walked} == {"bob"}
    few = [one async for one in it.for_all_jobs(ListJobsRequest(limit=5), limit=5)]
    assert [one.session_id for one in few] == listed[:5]


async def test_a_batch_is_listed_whole(world: World, ada: Person, word: Word) -> None:
    """By whoever sent it, and by administrators; others are told 401."""
    batch = await a_batch(world, word, 3)
    it, admin = world.who.client.job_api, ada.client.job_api.admin
    page = await it.list_jobs_in_batch(ListByBatchRequest(batch_id=batch, limit=2))
    assert len(page.jobs) == 2 and page.pagination_key
    walked = [one.session_id async for one in it.for_all_jobs_in_batch(ListByBatchRequest(batch_id=batch, limit=2))]
    assert walked == [one.session_id for one in await it.list_all_jobs_in_batch(ListByBatchRequest(batch_id=batch))]
    assert len(set(walked)) == 3
    first = await admin.list_job_batch(AdminListByBatchRequest(batch_id=batch, limit=2))
    assert [one.session_id for one in first.jobs] == walked[:2]
    request = AdminListByBatchRequest(batch_id=batch, limit=2)
    assert [one.session_id for one in await admin.list_all_jobs_in_batch(request)] == walked
    request = AdminListByBatchRequest(batch_id=batch, limit=1)
    assert [one.session_id async for one in admin.for_all_jobs_in_batch(request)] == walked
    none = AdminListByBatchRequest(batch_id=batch, username_filter="ada")
    assert (await admin.list_job_batch(none)).jobs == []
    with pytest.raises(AuthException):
        await ada.client.job_api.list_jobs_in_batch(ListByBatchRequest(batch_id=batch))


async def test_administrators_see_everybodys(world: World, ada: Person, word: Word) -> None:
    """All of them, by the page, whole and one by one; nobody else may ask."""
    await a_batch(world, word, 2)
    admin = ada.client.job_api.admin
    listed = [one.session_id for one in await admin.list_all_jobs(AdminListJobsRequest(username_filter="bob", limit=50))]
    walked = [one async for one in admin.for_all_jobs(AdminListJobsRequest(username_filter="bob", limit=20))]
    assert [one.session_id for one in walked] == listed and len(listed) == len(set(listed))
    mine = [one.session_id for one in await world.who.client.job_api.list_all_jobs(ListJobsRequest(limit=50))]
    assert mine == listed
    with pytest.raises(AuthException):
        await world.who.client.job_api.admin.list_jobs(AdminListJobsRequest())
