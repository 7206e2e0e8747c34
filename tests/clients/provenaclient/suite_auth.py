"""The client keeps groups, links accounts and asks for roles."""

from collections.abc import Callable

import pytest
from people import Person
from provenaclient import ProvenaClient
from provenaclient.utils.exceptions import AuthException, BadRequestException
from ProvenaInterfaces.AuthAPI import (
    AccessRequestStatusChange,
    AdminLinkUserAssignRequest,
    GroupsImportRequest,
    GroupUser,
    RequestAddNote,
    RequestStatus,
    UserGroupMetadata,
    UserLinkUserAssignRequest,
)
from ProvenaInterfaces.RegistryModels import AccessSettings, StudyDomainInfo
from ProvenaInterfaces.SharedTypes import ImportMode

Word = Callable[[], str]


async def test_groups_count_at_once(ada: Person, bob: Person, word: Word) -> None:
    """Who is put into a group may do at once what items grant to it, and no longer when taken out."""
    admin, name = ada.client.auth_api.admin, word()
    group = UserGroupMetadata(id=name, display_name="Waves", description="People")
    await admin.post_add_group(group)
    with pytest.raises(BadRequestException):
        await admin.post_add_group(group)
    await admin.put_update_group(group.copy(update={"description": "More people"}))
    assert (await bob.client.auth_api.get_describe_group(name)).group.description == "More people"
    studies = ada.client.registry.study
    made = await studies.create_item(StudyDomainInfo(display_name="s", title="t", description="d"))
    handle = made.created_item.id
    await studies.modify_auth_configuration(handle, AccessSettings(owner="ada", general=[], groups={name: ["metadata-read"]}))
    with pytest.raises(AuthException):
        await bob.client.registry.study.fetch(handle)
    with pytest.raises(AuthException):
        await bob.client.auth_api.get_list_group_members(name)
    await admin.post_groups_add_member(name, GroupUser(username="bob", email="bob@example.org"))
    assert (await bob.client.registry.study.fetch(handle)).roles == ["metadata-read"]
    assert [one.username for one in (await bob.client.auth_api.get_list_group_members(name)).group.users] == ["bob"]
    assert (await bob.client.auth_api.get_check_membership(name)).is_member
    assert (await admin.get_check_user_membership("bob", name)).is_member
    assert name in {one.id for one in (await bob.client.auth_api.get_list_membership()).groups}
    assert name in {one.id for one in (await admin.get_list_group_membership("bob")).groups}
    assert name in {one.id for one in (await bob.client.auth_api.get_list_groups()).groups}
    assert name in {one.id for one in (await admin.get_list_groups()).groups}
    assert (await admin.get_describe_group(name)).group.description == "More people"
    assert [one.username for one in (await admin.get_list_members(name)).group.users] == ["bob"]
    await admin.delete_remove_member(name, "bob")
    with pytest.raises(AuthException):
        await bob.client.registry.study.fetch(handle)
    with pytest.raises(BadRequestException):
        await admin.delete_remove_member(name, "bob")
    out = (await admin.get_export_groups()).items
    wanted = GroupsImportRequest(import_mode=ImportMode.OVERWRITE_ONLY, trial_mode=True, items=out)
    told = await admin.post_import_groups(wanted)
    assert told.statistics.overwritten_entries == len(out)
    with pytest.raises(AuthException):
        await bob.client.auth_api.admin.get_list_groups()


async def test_accounts_are_linked(ada: Person, bob: Person) -> None:
    """An account is linked once; an administrator sees both ways, and may clear and assign."""
    it, admin = bob.client.auth_api, ada.client.auth_api.admin
    assert (await it.get_link_lookup_username()).person_id == bob.person
    with pytest.raises(BadRequestException):
        await it.post_link_assign(UserLinkUserAssignRequest(person_id=bob.person))
    with pytest.raises(Exception, match="linked"):
        await it.post_link_validate(UserLinkUserAssignRequest(person_id=bob.person))
    assert (await admin.get_link_reverse_lookup_username(bob.person)).usernames == ["bob"]
    await admin.delete_clear_link("bob")
    assert not (await it.get_link_lookup_username()).success
    with pytest.raises(AuthException):
        await it.post_link_assign(UserLinkUserAssignRequest(person_id=ada.person))
    await admin.post_link_assign(AdminLinkUserAssignRequest(username="bob", person_id=bob.person))
    assert (await admin.get_link_lookup_username("bob")).person_id == bob.person


async def test_roles_are_asked_for(ada: Person, zoe: ProvenaClient) -> None:
    """A report is asked for with other roles in it; an administrator notes, decides, and the request says so."""
    report = (await zoe.auth_api.get_user_generate_access_report()).report
    for component in report.components:
        for role in component.component_roles:
            assert not role.access_granted
            role.access_granted = role.role_name == "entity-registry-read"
    there = (await zoe.auth_api.get_user_pending_request_history()).items
    if not there:
        assert (await zoe.auth_api.post_user_request_change(report, send_email=False)).status.success
    with pytest.raises(Exception, match="request"):
        await zoe.auth_api.post_user_request_change(report, send_email=False)
    waiting = (await zoe.auth_api.get_user_pending_request_history()).items[0]
    admin = ada.client.auth_api.admin
    assert waiting.request_id in {one.request_id for one in (await zoe.auth_api.get_user_request_history()).items}
    assert waiting.request_id in {one.request_id for one in (await admin.get_all_request_history()).items}
    assert waiting.request_id in {one.request_id for one in (await admin.get_user_pending_request_history("zoe")).items}
    assert waiting.request_id in {one.request_id for one in (await admin.get_all_pending_request_history()).items}
    await admin.post_add_note(RequestAddNote(note="Who is it?", username="zoe", request_id=waiting.request_id))
    change = AccessRequestStatusChange(
        username="zoe", request_id=waiting.request_id, desired_state=RequestStatus.DENIED_PENDING_DELETION
    )
    assert (await admin.post_change_request_state(send_email_alert=False, change=change)).state_change.success
    found = next(one for one in (await admin.get_user_request_history("zoe")).items if one.request_id == waiting.request_id)
    assert found.status == RequestStatus.DENIED_PENDING_DELETION and "Who is it?" in found.notes
