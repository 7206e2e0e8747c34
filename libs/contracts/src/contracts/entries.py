"""What the registry is told of entries and says of them: the ten kinds by one set of messages.

Times are whole seconds since 1970 UTC, and people are known by their usernames, because that is what Provena's wire says.
"""

from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from contracts.imports import Bringing, Brought
from contracts.kinds import Kind, Role
from contracts.message import Command, Event, FileRef, Part

USERNAME = Field(min_length=1, max_length=200)
REASON = Field(min_length=1, max_length=5000)


class Access(Part):
    """Who may do what with an entry; its owner may do everything."""

    owner: str = USERNAME
    general: tuple[Role, ...] = ()
    groups: dict[str, tuple[Role, ...]] = {}


class Versioning(Part):
    """An entry's place in its chain of versions, which never forks."""

    previous_version: str | None = None
    version: int = Field(1, ge=1)
    reason: str | None = None
    next_version: str | None = None


class Spinoff(Part):
    """The jobs behind the activity that tells of an entry's creation or version; minted by whoever asks."""

    register_job: UUID
    lodge_job: UUID


class Entry(Part):
    """An entry as it is now, without its history. A seed has no information yet."""

    handle: str
    kind: Kind
    tenant: str
    owner: str = USERNAME
    created: int
    updated: int
    info: dict[str, Any] | None = None
    """As `contracts.kinds` says for its kind; left out where `info_file` holds it."""
    info_file: FileRef | None = None
    versioning: Versioning | None = None
    create_job: UUID | None = None
    """The job that registers the activity of its creation."""
    version_job: UUID | None = None
    revision: int = 1

    @property
    def seed(self) -> bool:
        """Whether it is a mere handle so far."""
        return self.info is None and self.info_file is None


class EntryCommand(Command):
    """An order about one entry."""

    handle: str
    entry_kind: Kind | None = None
    """Refused if the entry is of another; nothing takes any."""
    expected_revision: int | None = None
    """Refused if the entry is at another: somebody changed it meanwhile."""


class Told(Part):
    """Information as it travels: whole, or as a file if it is large."""

    info: dict[str, Any] | None = None
    info_file: FileRef | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.info is None) == (self.info_file is None):
            msg = "either info or info_file"
            raise ValueError(msg)
        return self


class SeedEntry(Command):
    """Mint a handle for an entry that is described later."""

    subject: ClassVar[str] = "registry.seed-entry.v1"
    entry_kind: Kind


class CreateEntry(Told, Command):
    """Register an entry."""

    subject: ClassVar[str] = "registry.create-entry.v1"
    entry_kind: Kind
    spinoff: Spinoff | None = None
    """For kinds that have versions."""


class UpdateEntry(Told, EntryCommand):
    """Replace an entry's information, or describe a seed for the first time."""

    subject: ClassVar[str] = "registry.update-entry.v1"
    reason: str | None = None
    """Needed unless it is a seed."""
    spinoff: Spinoff | None = None
    keep_storage: bool = False
    """For datasets, whose storage and release always stay: `collection_format` alone is told, the rest is taken from it."""


class RevertEntry(EntryCommand):
    """Make what the history says at one place the present again; the history goes on."""

    subject: ClassVar[str] = "registry.revert-entry.v1"
    history_id: int = Field(ge=0)
    reason: str = REASON
    keep_storage: bool = False


class VersionEntry(EntryCommand):
    """Make a new entry that is the next version of the newest one."""

    subject: ClassVar[str] = "registry.version-entry.v1"
    reason: str = REASON
    spinoff: Spinoff


class DeleteEntry(EntryCommand):
    """Remove an entry with its history, access and lock. Its provenance stays."""

    subject: ClassVar[str] = "registry.delete-entry.v1"


class LockEntry(EntryCommand):
    """Lock or unlock an entry."""

    subject: ClassVar[str] = "registry.lock-entry.v1"
    locked: bool
    reason: str = REASON


class GrantAccess(EntryCommand):
    """Replace an entry's access settings; the owner stays."""

    subject: ClassVar[str] = "registry.grant-access.v1"
    access: Access


class ImportEntries(Bringing, Command):
    """Bring in entries as another registry wrote them out, bundled."""

    subject: ClassVar[str] = "registry.import-entries.v1"


class RelodgeActivity(Command):
    """Say again what a Create or Version activity tells, such as after an import."""

    subject: ClassVar[str] = "registry.relodge-activity.v1"
    handle: str


class WithdrawActivity(Command):
    """Take what a Create or Version activity tells out of the graph; its entry stays."""

    subject: ClassVar[str] = "registry.withdraw-activity.v1"
    handle: str


class EntryFact(Event):
    """A fact about an entry, which it tells whole."""

    entry: Entry


class EntrySeeded(EntryFact):
    """A handle is there."""

    subject: ClassVar[str] = "registry.entry-seeded.v1"


class EntryCreated(EntryFact):
    """An entry is there with its information: new, or a seed that was described."""

    subject: ClassVar[str] = "registry.entry-created.v1"
    spinoff: Spinoff | None = None
    activity: str | None = None
    """Handle of the activity that tells of it."""


class EntryUpdated(EntryFact):
    """An entry says something else."""

    subject: ClassVar[str] = "registry.entry-updated.v1"


class EntryVersioned(EntryFact):
    """There is a new version; the entry is the new one."""

    subject: ClassVar[str] = "registry.entry-versioned.v1"
    spinoff: Spinoff
    activity: str


class EntryDeleted(EntryFact):
    """An entry is gone."""

    subject: ClassVar[str] = "registry.entry-deleted.v1"


class EntryLocked(EntryFact):
    """An entry was locked or unlocked."""

    subject: ClassVar[str] = "registry.entry-locked.v1"
    locked: bool


class AccessGranted(EntryFact):
    """Others may do other things with an entry."""

    subject: ClassVar[str] = "registry.access-granted.v1"
    access: Access


class EntriesImported(Brought, Event):
    """Entries were brought in, or would have been."""

    subject: ClassVar[str] = "registry.entries-imported.v1"


class ActivityRegistered(Event):
    """A Create or Version activity is written; its record can be lodged. Its job is the lodging one."""

    subject: ClassVar[str] = "registry.activity-registered.v1"
    activity: str
    entry_kind: Literal[Kind.CREATE, Kind.VERSION]
    item: str
    """What was made."""
    item_kind: Kind
    before: str | None = None
    """The version before, of a VERSION."""
    person: str | None = None
    """The person whom the account was linked to."""


class ActivityWithdrawn(Event):
    """A Create or Version activity tells nothing any more."""

    subject: ClassVar[str] = "registry.activity-withdrawn.v1"
    activity: str
