"""The client registers, changes, versions, locks, opens, lists and finds."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from people import APIS, URL, Person, client, model
from provenaclient import ProvenaClient
from provenaclient.modules.registry import DatasetClient, VersionActivityClient
from provenaclient.utils.exceptions import AuthException, BadRequestException
from ProvenaInterfaces.AsyncJobAPI import ListJobsRequest
from ProvenaInterfaces.RegistryAPI import (
    FilterOptions,
    GeneralListRequest,
    ItemRevertRequest,
    LockChangeRequest,
    RegistryImportRequest,
    SortOptions,
    SortType,
    VersionRequest,
)
from ProvenaInterfaces.RegistryModels import AccessSettings, ItemSubType, PersonDomainInfo, StudyDomainInfo
from ProvenaInterfaces.SharedTypes import ImportMode

Word = Callable[[], str]


async def test_the_doors_are_there(ada: Person) -> None:
    """Every API says that it is healthy."""
    it = ada.client
    for module in (it.registry, it.prov_api, it.datastore, it.auth_api, it.job_api):
        assert (await module.get_health_check()).message == "Health check successful."
    assert (await it.registry.get_current_provena_version()).new_version_id
    assert "provena_hosts=" in await it.registry.admin.generate_config_file(required_only=False)


async def test_what_is_created_is_there_with_its_history_and_jobs(bob: Person, word: Word) -> None:
    """A model that is created, updated and reverted says so in its history, and its creation is a job that succeeds."""
    it, name = bob.client, word()
    made = await it.registry.model.create_item(model(name))
    assert made.status.success and made.created_item is not None
    handle, session = made.created_item.id, made.register_create_activity_session_id
    assert session is not None
    assert made.created_item.workflow_links.create_activity_workflow_id == session
    await it.registry.model.update(handle, model(name, description="Tides"), reason="better")
    reverted = await it.registry.model.revert_item(ItemRevertRequest(id=handle, history_id=0, reason="worse"))
    assert reverted.status.success
    found = (await it.registry.model.fetch(handle)).item
    assert [one.id for one in found.history] == [2, 1, 0]
    assert found.description == "Waves" and found.owner_username == "bob"
    assert str(found.source_url) == "https://example.org/source"
    job = await it.job_api.await_successful_job_completion(session)
    assert job.payload["created_item_id"] == handle and job.payload["linked_person_id"] == bob.person
    created = await it.registry.create_activity.fetch(job.result["creation_activity_id"])
    assert created.item.created_item_id == handle
    lodged = (await it.job_api.fetch_job(job.result["lodge_session_id"])).job
    assert lodged.job_sub_type == "LODGE_CREATE_ACTIVITY"
    assert session in {one.session_id for one in await it.job_api.list_all_jobs(ListJobsRequest(limit=3))}


async def test_a_version_follows_the_newest_only(bob: Person, word: Word) -> None:
    """A second version of the same item is refused; the first one points both ways."""
    it = bob.client
    made = await it.registry.model.create_item(model(word()))
    handle = made.created_item.id
    new = await it.registry.model.version_item(VersionRequest(id=handle, reason="next"))
    after = (await it.registry.model.fetch(new.new_version_id)).item
    assert after.versioning_info.previous_version == handle and after.versioning_info.version == 2
    assert (await it.registry.model.fetch(handle)).item.versioning_info.next_version == new.new_version_id
    assert after.workflow_links.version_activity_workflow_id == new.version_job_session_id
    job = await it.job_api.await_successful_job_completion(new.version_job_session_id)
    activities = VersionActivityClient(it._auth, it._config, it._registry_client)
    assert (await activities.fetch(job.result["version_activity_id"])).item.to_item_id == new.new_version_id
    with pytest.raises(BadRequestException):
        await it.registry.model.version_item(VersionRequest(id=handle, reason="again"))


async def test_a_seed_is_described_later(bob: Person, word: Word) -> None:
    """A seed is fetched only if seeds are allowed, and its description begins its history and its job."""
    it = bob.client
    seed = (await it.registry.model.seed_item()).seeded_item
    with pytest.raises(Exception, match="seed"):
        await it.registry.model.fetch(seed.id)
    assert (await it.registry.model.fetch(seed.id, seed_allowed=True)).item_is_seed
    await it.registry.model.update(seed.id, model(word()), reason=None)
    found = (await it.registry.model.fetch(seed.id)).item
    assert [one.id for one in found.history] == [0]
    assert found.workflow_links.create_activity_workflow_id


async def test_who_may_not_is_told_so(zoe: ProvenaClient, bob: Person, ada: Person, word: Word) -> None:
    """A missing role is 401, a locked item is 401, an item of somebody else is 401 and opens when its owner says so."""
    with pytest.raises(AuthException):
        await zoe.registry.general_fetch_item("1/2")
    made = await ada.client.registry.study.create_item(StudyDomainInfo(display_name="s", title=word(), description="d"))
    handle, studies = made.created_item.id, ada.client.registry.study
    change = StudyDomainInfo(display_name="s", title="t", description="d")
    with pytest.raises(AuthException):
        await bob.client.registry.study.update(handle, change, reason="mine")
    settings = await studies.get_auth_configuration(handle)
    assert settings.owner == "ada" and settings.general == ["metadata-read"]
    opened = AccessSettings(owner="ada", general=["metadata-read", "metadata-write"], groups={})
    await studies.modify_auth_configuration(handle, opened)
    await bob.client.registry.study.update(handle, change, reason="ours")
    assert (await bob.client.registry.study.evaluate_auth_access(handle)).roles == ["metadata-read", "metadata-write"]
    with pytest.raises(BadRequestException):
        await studies.modify_auth_configuration(handle, opened.copy(update={"owner": "bob"}))
    with pytest.raises(BadRequestException):
        await studies.modify_auth_configuration(handle, opened.copy(update={"general": ["everything"]}))
    await studies.lock_resource(LockChangeRequest(id=handle, reason="quiet"))
    with pytest.raises(BadRequestException):
        await studies.lock_resource(LockChangeRequest(id=handle, reason="twice"))
    assert (await studies.get_lock_status(handle)).locked
    with pytest.raises(AuthException):
        await studies.update(handle, change, reason="locked")
    await studies.unlock_resource(LockChangeRequest(id=handle, reason="loud"))
    assert [one.action_type for one in (await studies.get_lock_history(handle)).history] == ["UNLOCK", "LOCK"]
    assert (await studies.admin_delete(handle)).status.success
    with pytest.raises(Exception, match=handle):
        await studies.fetch(handle)


async def test_what_does_not_hold_is_told_with_200(bob: Person, word: Word) -> None:
    """A person without consent is no exception of HTTP: the answer says that it did not succeed."""
    info = PersonDomainInfo(display_name="x", email="x@example.org", first_name="x", last_name="y", ethics_approved=False)
    with pytest.raises(Exception, match="Validation Error"):
        await bob.client.registry.person.create_item(info)
    with pytest.raises(Exception, match="Validation Error"):
        await bob.client.registry.person.validate_item(info)
    with pytest.raises(BadRequestException):  # no reason
        made = await bob.client.registry.model.create_item(model(word()))
        await bob.client.registry.model.update(made.created_item.id, model(word()), reason=None)


async def test_lists_are_full_and_sorted(bob: Person, word: Word) -> None:
    """Pages hold as many items as were asked for, in the order asked for, and none twice."""
    it, name = bob.client, word()
    made = {(await it.registry.model.create_item(model(f"{name}{i}"))).created_item.id for i in range(5)}
    seen: list[str] = []
    key = None
    while not made <= set(seen):
        page = await it.registry.model.list_items(
            GeneralListRequest(sort_by=SortOptions(sort_type=SortType.CREATED_TIME), pagination_key=key, page_size=2)
        )
        assert len(page.items) == 2
        seen += [one.id for one in page.items]
        key = page.pagination_key
    assert len(seen) == len(set(seen))
    general = await it.registry.list_general_registry_items(
        GeneralListRequest(filter_by=FilterOptions(item_subtype=ItemSubType.MODEL), page_size=3)
    )
    assert general.total_item_count == 3
    assert (await it.registry.list_registry_items_with_count())["MODEL"] >= 5
    with pytest.raises(BadRequestException):
        await it.registry.model.list_items(GeneralListRequest(sort_by=SortOptions(sort_type=SortType.RELEASE_TIMESTAMP)))


async def test_what_is_registered_is_found_at_once(bob: Person, word: Word) -> None:
    """A search right after a registration finds it."""
    name = word()
    made = await bob.client.registry.model.create_item(model(name))
    found = await bob.client.search.search_registry(query=name, limit=5, subtype_filter=ItemSubType.MODEL)
    assert [one.id for one in found.results] == [made.created_item.id]


async def test_the_registry_is_written_out_and_brought_in(ada: Person, word: Word) -> None:
    """What is exported can be imported again, as a trial and truly."""
    made = await ada.client.registry.model.create_item(model(word()))
    out = await ada.client.registry.admin.export_items()
    item = next(one for one in out.items if one.id == made.created_item.id)
    wanted = RegistryImportRequest(import_mode=ImportMode.ADD_OR_OVERWRITE, trial_mode=False, items=[item])
    told = await ada.client.registry.admin.import_items(wanted)
    assert told.statistics.overwritten_entries == 1 and told.statistics.new_registry_size == len(out.items)
    with pytest.raises(Exception, match="ADD_ONLY"):
        await ada.client.registry.admin.import_items(wanted.copy(update={"import_mode": ImportMode.ADD_ONLY}))
    schema = await ada.client.registry.model.get_schema()
    assert "source_url" in schema.json_schema["properties"]
    datasets = DatasetClient(ada.client._auth, ada.client._config, ada.client._registry_client)
    assert "dataset-data-write" in {one.role_name for one in (await datasets.get_auth_roles()).roles}


async def test_many_at_once_lose_nothing(bob: Person, word: Word) -> None:
    """Of many who version the same item one succeeds; many who change it each find their place in its history."""
    it = bob.client.registry.model
    handle = (await it.create_item(model(word()))).created_item.id
    changes = [it.update(handle, model(f"{i}"), reason=f"change {i}") for i in range(10)]
    assert all(one.status.success for one in await asyncio.gather(*changes))
    history = (await it.fetch(handle)).item.history
    assert [one.id for one in history] == list(range(10, -1, -1))
    assert {one.reason for one in history[:-1]} == {f"change {i}" for i in range(10)}
    versions = [it.version_item(VersionRequest(id=handle, reason="next")) for _ in range(8)]
    done = await asyncio.gather(*versions, return_exceptions=True)
    assert sorted(type(one) is BadRequestException for one in done) == [False, *[True] * 7]


async def test_reviews_are_one_s_own(bob: Person, ada: Person) -> None:
    """Somebody lists the datasets that they review; those of somebody else are the one thing that is 403."""
    headers = {"Authorization": f"Bearer {bob.client._auth.get_token()}"}
    with httpx.Client(base_url=f"{URL}/registry/registry/entity/dataset/user", headers=headers, timeout=60) as http:
        mine = http.post("/releases", json={"filter_by": {"release_reviewer": bob.person}})
        assert mine.status_code == 200 and mine.json()["dataset_items"] == []
        assert http.post("/releases", json={"filter_by": {"release_reviewer": ada.person}}).status_code == 403
        assert http.post("/releases", json={"filter_by": {}}).status_code == 400


def test_errors_have_the_original_s_codes() -> None:
    """No token is 401 with a challenge; what comes later is 501; a faulty body is 422 with places; OpenAPI is its own."""
    answer = httpx.get(f"{URL}/registry/registry/general/fetch", params={"id": "1"}, timeout=60)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    headers = {"Authorization": f"Bearer {client('ada')._auth.get_token()}"}
    with httpx.Client(base_url=URL, headers=headers, timeout=60) as http:
        wrong = http.post("/registry/registry/agent/person/create", json={"display_name": "x", "email": "no"})
        assert wrong.status_code == 422
        assert ["body", "email"] in [one["loc"] for one in wrong.json()["detail"]]
        assert http.get("/prov/bulk/generate_template/csv").status_code == 501
        assert http.get("/datastore/registry/items/fetch-dataset", params={"handle_id": "1/none"}).status_code == 400
        assert http.get("/jobs/jobs/user/fetch", params={"session_id": "none"}).status_code == 400
        assert http.post("/auth/link/user/assign", json={"person_id": ""}).status_code == 422
        assert http.get("/auth/check-access/public").json()
        assert http.get("/registry/check-access/check-admin-access").json()["username"] == "ada"
        assert "/registry/registry/entity/model/version" in http.get("/registry/openapi.json").json()["paths"]
        assert not [path for path in http.get("/openapi.json").json()["paths"] if path.startswith(("/registry/", "/jobs/"))]


PUBLIC = {
    *(f"/{api}/" for api in APIS.values()),
    "/auth/check-access/public",
    "/datastore/metadata/dataset-schema",
}


@pytest.mark.parametrize("api", sorted(APIS.values()))
def test_nobody_without_a_token_comes_further(api: str) -> None:
    """Every address of an API asks for a token, but for its health and what is public."""
    with httpx.Client(base_url=URL, timeout=60) as http:
        there = http.get(f"/{api}/openapi.json").json()["paths"]
        assert there
        for path, methods in there.items():
            for method in methods:
                expected = 200 if path in PUBLIC else 401
                assert http.request(method, path).status_code == expected, (method, path)


def test_an_api_is_at_its_host_name_too() -> None:
    """Under the host name of the setting the API is the root, as the client expects it by default."""
    headers = {"Authorization": f"Bearer {client('bob')._auth.get_token()}", "Host": "registry-api.example.org"}
    with httpx.Client(base_url=URL, headers=headers, timeout=60) as http:
        assert http.get("/").json() == {"message": "Health check successful."}
        found = http.post("/registry/general/list", json={"page_size": 1})
        assert found.status_code == 200 and found.json()["status"]["success"]
        assert http.get("/v1/me").status_code == 404
