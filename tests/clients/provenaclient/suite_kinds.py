"""Every kind is kept by the same methods: the six that people register, and the four that are made with something else."""

from collections.abc import Callable
from typing import Any

import pytest
from people import Person, model
from provenaclient.modules.registry import (
    CreateActivityClient,
    DatasetClient,
    ModelRunActivityClient,
    RegistryBaseClass,
    VersionActivityClient,
)
from provenaclient.utils.exceptions import BadRequestException, NotFoundException
from ProvenaInterfaces.RegistryAPI import (
    GeneralListRequest,
    ItemRevertRequest,
    LockChangeRequest,
    SortOptions,
    SortType,
    VersionRequest,
)
from ProvenaInterfaces.RegistryModels import (
    CreateDomainInfo,
    DatasetDomainInfo,
    DatasetTemplateDomainInfo,
    DomainInfoBase,
    ModelRunDomainInfo,
    ModelRunWorkflowTemplateDomainInfo,
    OrganisationDomainInfo,
    PersonDomainInfo,
    StudyDomainInfo,
    VersionDomainInfo,
)
from suite_datasets import dataset
from suite_prov import World, registered, world

__all__ = ["world"]
Word = Callable[[], str]
REGISTERED = ("organisation", "person", "study", "model", "dataset_template", "model_run_workflow")
VERSIONED = {"model", "dataset_template", "model_run_workflow"}
MADE: dict[str, tuple[type[RegistryBaseClass], type[DomainInfoBase]]] = {
    "dataset": (DatasetClient, DatasetDomainInfo),
    "model_run": (ModelRunActivityClient, ModelRunDomainInfo),
    "create": (CreateActivityClient, CreateDomainInfo),
    "version": (VersionActivityClient, VersionDomainInfo),
}
"""By class, since the client's registry misspells one of their attributes and has none for datasets."""


async def about(who: Person, kind: str, word: str) -> DomainInfoBase:
    """A description that holds."""
    match kind:
        case "organisation":
            return OrganisationDomainInfo(display_name=word, name=word)
        case "person":
            name = {"first_name": word, "last_name": "Test", "email": f"{word}@example.org"}
            return PersonDomainInfo(display_name=word, ethics_approved=True, **name)
        case "study":
            return StudyDomainInfo(display_name=word, title=word, description="Waves")
        case "dataset_template":
            return DatasetTemplateDomainInfo(display_name=word)
        case "model_run_workflow":
            software = (await who.client.registry.model.create_item(model(word))).created_item.id
            return ModelRunWorkflowTemplateDomainInfo(display_name=word, software_id=software)
    return model(word)


async def keep(it: Any, handle: str) -> None:
    """What is the same for all kinds: schema, lists, roles, access, locks; whoever makes a thing may do everything with it."""
    assert (await it.get_schema()).json_schema["properties"]
    newest = GeneralListRequest(sort_by=SortOptions(sort_type=SortType.CREATED_TIME, ascending=False), page_size=20)
    assert handle in [one.id for one in (await it.list_items(newest)).items]
    known = {one.role_name for one in (await it.get_auth_roles()).roles}
    assert known <= set((await it.evaluate_auth_access(handle)).roles)
    settings = await it.get_auth_configuration(handle)
    assert (await it.modify_auth_configuration(handle, settings.copy(update={"general": []}))).status.success
    assert (await it.get_auth_configuration(handle)).general == []
    assert (await it.lock_resource(LockChangeRequest(id=handle, reason="quiet"))).status.success
    assert (await it.get_lock_status(handle)).locked
    assert (await it.unlock_resource(LockChangeRequest(id=handle, reason="loud"))).status.success
    assert not (await it.get_lock_status(handle)).locked
    assert [one.reason for one in (await it.get_lock_history(handle)).history] == ["loud", "quiet"]


@pytest.mark.parametrize("kind", REGISTERED)
async def test_what_people_register_is_kept(ada: Person, word: Word, kind: str) -> None:
    """Validated, seeded, created, updated, reverted, versioned where there are versions, and deleted."""
    it = getattr(ada.client.registry, kind)
    info = await about(ada, kind, word())
    assert (await it.validate_item(info)).status.success
    seed = (await it.seed_item()).seeded_item
    assert (await it.admin_delete(seed.id)).status.success
    made = (await it.create_item(info)).created_item
    assert made.owner_username == "ada" and made.display_name == info.display_name
    await keep(it, made.id)
    assert (await it.update(made.id, info.copy(update={"display_name": "other"}), reason="better")).status.success
    assert (await it.fetch(made.id)).item.display_name == "other"
    assert (await it.revert_item(ItemRevertRequest(id=made.id, history_id=0, reason="worse"))).status.success
    found = (await it.fetch(made.id)).item
    assert (found.display_name, [one.id for one in found.history]) == (info.display_name, [2, 1, 0])
    with pytest.raises(BadRequestException):
        await it.revert_item(ItemRevertRequest(id=made.id, history_id=9, reason="none"))
    assert hasattr(it, "version_item") == (kind in VERSIONED)
    if kind in VERSIONED:
        new = await it.version_item(VersionRequest(id=made.id, reason="next"))
        assert (await it.fetch(new.new_version_id)).item.versioning_info.previous_version == made.id
    assert (await it.admin_delete(made.id)).status.success
    with pytest.raises(Exception, match=made.id):
        await it.fetch(made.id)


async def something(who: Person, world: World, kind: str, word: Word) -> str:
    """A thing of a kind that is made with something else."""
    it = who.client
    match kind:
        case "dataset":
            return str((await it.datastore.mint_dataset(dataset(who.organisation, word()))).handle)
        case "model_run":
            return await registered(world, word())
    made = await it.registry.model.create_item(model(word()))
    if kind == "create":
        job = await it.job_api.await_successful_job_completion(made.register_create_activity_session_id)
        return str(job.result["creation_activity_id"])
    new = await it.registry.model.version_item(VersionRequest(id=made.created_item.id, reason="next"))
    job = await it.job_api.await_successful_job_completion(new.version_job_session_id)
    return str(job.result["version_activity_id"])


@pytest.mark.parametrize("kind", sorted(MADE))
async def test_what_is_made_with_something_else_is_kept(ada: Person, bob: Person, world: World, word: Word, kind: str) -> None:
    """Its maker keeps it like anything else; but for datasets' own address nobody reverts it, and the client is told 404."""
    door, info = MADE[kind]
    it, admin = (door(who.client._auth, who.client._config, who.client._registry_client) for who in (bob, ada))
    handle = await something(bob, world, kind, word)
    item = (await it.fetch(handle)).item
    assert (await it.validate_item(info.parse_obj(item.dict()))).status.success
    await keep(it, handle)
    with pytest.raises(NotFoundException):
        await it.revert_item(ItemRevertRequest(id=handle, history_id=0, reason="back"))
    if kind == "create":
        assert await it.create_item(CreateDomainInfo.parse_obj(item.dict())) is None, "the client does nothing here"
    assert (await admin.admin_delete(handle)).status.success
    with pytest.raises(Exception, match=handle):
        await it.fetch(handle)


async def test_the_clients_registry_has_no_door_for_datasets(bob: Person) -> None:
    """It declares one and never opens it."""
    assert "dataset" in bob.client.registry.__annotations__
    with pytest.raises(AttributeError):
        bob.client.registry.dataset.fetch  # noqa: B018


async def test_an_administrator_deletes_by_id_alone(ada: Person, bob: Person, word: Word) -> None:
    """Whatever kind it has: the client looks it up first."""
    made = (await bob.client.registry.model.create_item(model(word()))).created_item
    found = await bob.client.registry.general_fetch_item(made.id)
    assert found.item["item_subtype"] == "MODEL"
    assert (await ada.client.registry.admin.delete(made.id)).status.success
    with pytest.raises(Exception, match=made.id):
        await bob.client.registry.general_fetch_item(made.id)
