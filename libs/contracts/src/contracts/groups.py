"""Groups and their members: what the registry is told and says of them."""

from typing import ClassVar

from pydantic import Field

from contracts.entries import USERNAME
from contracts.imports import Bringing, Brought
from contracts.message import Command, Event, Part

GROUP = Field(min_length=1, max_length=200)


class Group(Part):
    """A group to which entries can be opened."""

    id: str = GROUP
    display_name: str
    description: str
    default_data_store_access: tuple[str, ...] | None = None
    """Roles that a client may propose when it opens a dataset to the group."""


class Member(Part):
    """Somebody in a group, known by the username."""

    username: str = USERNAME
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class GroupWithMembers(Group):
    """A group and who is in it."""

    users: tuple[Member, ...] = ()


class AddGroup(Command):
    """Make a group; it is empty."""

    subject: ClassVar[str] = "registry.add-group.v1"
    group: Group


class UpdateGroup(Command):
    """Describe a group anew; its members stay."""

    subject: ClassVar[str] = "registry.update-group.v1"
    group: Group


class RemoveGroup(Command):
    """Remove a group. What entries grant to it is worth nothing then."""

    subject: ClassVar[str] = "registry.remove-group.v1"
    group: str = GROUP


class AddMember(Command):
    """Put somebody into a group."""

    subject: ClassVar[str] = "registry.add-member.v1"
    group: str = GROUP
    member: Member


class RemoveMembers(Command):
    """Take people out of a group: all of them, or nobody if one is not in it."""

    subject: ClassVar[str] = "registry.remove-members.v1"
    group: str = GROUP
    usernames: tuple[str, ...] = Field(min_length=1)


class ImportGroups(Bringing, Command):
    """Bring in groups as another registry wrote them out, with their users."""

    subject: ClassVar[str] = "registry.import-groups.v1"


class GroupAdded(Event):
    """A group is there."""

    subject: ClassVar[str] = "registry.group-added.v1"
    group: Group


class GroupUpdated(Event):
    """A group is described otherwise."""

    subject: ClassVar[str] = "registry.group-updated.v1"
    group: Group


class GroupRemoved(Event):
    """A group is gone."""

    subject: ClassVar[str] = "registry.group-removed.v1"
    group: str


class MemberAdded(Event):
    """Somebody is in a group."""

    subject: ClassVar[str] = "registry.member-added.v1"
    group: str
    member: Member


class MembersRemoved(Event):
    """People are no longer in a group."""

    subject: ClassVar[str] = "registry.members-removed.v1"
    group: str
    usernames: tuple[str, ...]


class GroupsImported(Brought, Event):
    """Groups were brought in, or would have been."""

    subject: ClassVar[str] = "registry.groups-imported.v1"
