"""What the platform does not offer yet, and where the client itself is broken: each is told as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from people import Person
from provenaclient.modules.link import Link
from provenaclient.utils.exceptions import BadRequestException, ServerException
from ProvenaInterfaces.AuthAPI import GroupsRestoreRequest
from ProvenaInterfaces.DataStoreAPI import (
    ActionApprovalRequest,
    CredentialsRequest,
    PresignedURLRequest,
    ReleaseApprovalRequest,
)
from ProvenaInterfaces.HandleAPI import AddValueIndexRequest, AddValueRequest, MintRequest, ModifyRequest, RemoveRequest
from ProvenaInterfaces.HandleModels import ValueType
from ProvenaInterfaces.ProvenanceAPI import GenerateReportRequest
from ProvenaInterfaces.RegistryAPI import RegistryRestoreRequest, TableNames
from ProvenaInterfaces.RegistryModels import ItemSubType
from ProvenaInterfaces.SharedTypes import ImportMode
from suite_datasets import dataset
from suite_prov import World, world

__all__ = ["world"]
Word = Callable[[], str]


async def test_files_of_datasets_come_later(bob: Person, word: Word, tmp_path: Path) -> None:
    """Whatever needs a dataset's files is not offered, and each method says so; nothing is written."""
    it, no = bob.client.datastore, pytest.raises(ServerException, match="not offered")
    handle = (await it.mint_dataset(dataset(bob.organisation, word()))).handle
    one, there = await it.interactive_dataset(handle), str(tmp_path)
    asked = CredentialsRequest(dataset_id=handle, console_session_required=False)
    for call in (
        lambda: it.generate_dataset_presigned_url(PresignedURLRequest(dataset_id=handle, file_path="a.nc")),
        lambda: it.generate_read_access_credentials(asked),
        lambda: it.generate_write_access_credentials(asked),
        lambda: it.io.list_all_files(handle),
        lambda: it.io.download_all_files(there, handle),
        lambda: it.io.upload_all_files(there, handle),
        lambda: it.io.download_specific_file(handle, "a.nc", there),
        lambda: one.generate_read_access_credentials(console_session_required=False),
        lambda: one.generate_write_access_credentials(console_session_required=False),
        lambda: one.download_all_files(there),
        lambda: one.upload_all_files(there),
        lambda: one.download_specific_file("a.nc", there),
    ):
        with no:
            await call()
    assert not list(tmp_path.iterdir())


async def test_releases_come_later(ada: Person, word: Word) -> None:
    """The client asks at the auth API's address by mistake; there, too, it is told that releases are not offered."""
    it = ada.client.datastore
    handle = (await it.mint_dataset(dataset(ada.organisation, word()))).handle
    asked = ReleaseApprovalRequest(dataset_id=handle, approver_id=ada.person, notes="ready")
    answer = ActionApprovalRequest(dataset_id=handle, approve=True, notes="fine")
    for call in (
        lambda: it.review.add_dataset_reviewer(ada.person),
        lambda: it.review.delete_dataset_reviewer(ada.person),
        lambda: it.review.dataset_approval_request(asked),
        lambda: it.review.action_approval_request(answer),
    ):
        with pytest.raises(ServerException, match="not offered"):
            await call()


async def test_tables_and_reports_come_later(world: World, tmp_path: Path) -> None:
    """CSV in all directions, and the report of a study; nothing is written."""
    it, table, there = world.who.client.prov_api, tmp_path / "runs.csv", tmp_path / "out"
    table.write_text("a,b\n")
    there.mkdir()
    report = GenerateReportRequest(id=world.study, item_subtype=ItemSubType.STUDY, depth=1)
    for call in (
        lambda: it.generate_csv_template(world.template),
        lambda: it.convert_model_runs("a,b\n"),
        lambda: it.convert_model_runs_to_csv_with_file(str(table)),
        lambda: it.regenerate_csv_from_model_run_batch("batch", file_path=str(there / "batch.csv"), write_to_csv=True),
        lambda: it.generate_report(report, file_path=f"{there}/"),
    ):
        with pytest.raises(ServerException, match="not offered"):
            await call()
    assert not list(there.iterdir())


async def test_tables_of_another_store_are_not_restored(ada: Person) -> None:
    """The original restores from tables of its cloud's database; there are none here, and that is said."""
    names = TableNames(resource_table_name="a", lock_table_name="b", auth_table_name="c")
    request = RegistryRestoreRequest(import_mode=ImportMode.ADD_ONLY, table_names=names)
    with pytest.raises((ServerException, BadRequestException)):
        await ada.client.registry.admin.restore_items_from_dynamo_table(request)
    with pytest.raises((ServerException, BadRequestException)):
        await ada.client.auth_api.admin.post_restore_groups_from_table(
            "table", GroupsRestoreRequest(import_mode=ImportMode.ADD_ONLY)
        )


async def test_the_clients_handle_module_is_broken(ada: Person) -> None:
    """Its methods look for an attribute that has another name, so none of them gets as far as the platform."""
    it, kind = ada.client.id_api, ValueType.DESC
    for call in (
        lambda: it.mint(MintRequest(value_type=kind, value="a")),
        lambda: it.add_value(AddValueRequest(id="1/2", value_type=kind, value="a")),
        lambda: it.add_value_by_index(AddValueIndexRequest(id="1/2", index=1, value_type=kind, value="a")),
        it.list,
        lambda: it.modify_by_index(ModifyRequest(id="1/2", index=1, value="a")),
        lambda: it.remove_by_index(RemoveRequest(id="1/2", index=1)),
    ):
        with pytest.raises(AttributeError, match="_id_service_client"):
            await call()


async def test_the_clients_link_module_is_a_stub(bob: Person) -> None:
    """It asks who somebody is linked to and forgets the answer; it makes no person."""
    it = Link(bob.client._auth, bob.client._config, bob.client._auth_client)
    assert await it.get_linked_person() is None
    assert await it.create_and_link_person() is None
    assert (await bob.client.auth_api.get_link_lookup_username()).person_id == bob.person


async def test_settings_are_written_to_a_file_only_if_asked(ada: Person, tmp_path: Path) -> None:
    """The registry's and provenance's settings as text, and as a file where one is named."""
    for admin in (ada.client.registry.admin, ada.client.prov_api.admin):
        place = tmp_path / "settings.env"
        text = await admin.generate_config_file(required_only=False, file_path=str(place), write_to_file=True)
        assert "provena_hosts=" in text and place.read_text() == text
        place.unlink()
        await admin.generate_config_file()
        assert not place.exists()
