"""An entry from its handle to its last version: what it becomes, who may do what with it. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.entries import Access, Entry, Spinoff, Versioning
from contracts.kinds import KINDS, Kind, ReleaseStatus, Role
from contracts.message import Part
from contracts.views import LockMoment, Moment

FIRST = "Initial record creation"
KEPT = ("s3", "release_history", "release_status", "release_approver", "release_timestamp")
"""What a dataset keeps when only its description changes."""

UNRELEASED: Mapping[str, Any] = {
    "release_history": [],
    "release_status": ReleaseStatus.NOT_RELEASED.value,
    "release_approver": None,
    "release_timestamp": None,
}


class Reader(Part):
    """Somebody as entries see them."""

    name: str
    groups: frozenset[str] = frozenset()
    """Those that the username is a member of, now."""
    admin: bool = False
    """Whether every entry allows everything."""


class Item(Entry):
    """An entry as the registry keeps it; its history is elsewhere."""

    account: str | None = None
    """Of whoever made it (`user/<issuer>/<sub>`); unknown if it was brought in."""
    access: Access
    locked: bool = False
    last: int | None = None
    """The newest place of its history."""

    def entry(self) -> Entry:
        """What others are told of it."""
        return Entry.model_validate(self.model_dump())

    def roles(self, reader: Reader) -> tuple[Role, ...]:
        """What somebody may do: everything as its owner, else what all and one's groups are granted; no role implies more."""
        all_of_them = KINDS[self.kind].roles
        if reader.admin or reader.name == self.access.owner:
            return all_of_them
        granted = set(self.access.general)
        for group in reader.groups & self.access.groups.keys():
            granted.update(self.access.groups[group])
        return tuple(role for role in all_of_them if role in granted)

    def describe(self, info: Mapping[str, Any], username: str, at: int, reason: str | None) -> "tuple[Item, Moment]":
        """It says something else; a seed says something for the first time, and needs no reason."""
        place = 0 if self.last is None else self.last + 1
        told = FIRST if self.seed else reason or FIRST
        moment = Moment(id=place, at=at, reason=told, username=username, info=dict(info))
        return self._with(info=dict(info), updated=at, last=place), moment

    def started(self, job: Spinoff) -> "Item":
        """The activity that tells of its creation is written by this job."""
        return self._same(create_job=job.register_job)

    def lock(self, *, locked: bool, username: str, email: str | None, reason: str, at: int) -> "tuple[Item, LockMoment]":
        """It is locked, or no longer."""
        return self._with(locked=locked), LockMoment(locked=locked, username=username, email=email, reason=reason, at=at)

    def grant(self, access: Access) -> "Item":
        """Others may do other things with it; each role is granted once."""
        groups = {group: _once(roles) for group, roles in access.groups.items()}
        return self._with(access=Access(owner=self.access.owner, general=_once(access.general), groups=groups))

    def superseded(self, handle: str | None) -> "Item":
        """That is its next version now; with none it is the newest. What it says, and when it said so, stays."""
        return self._with(versioning=self._versioning().model_copy(update={"next_version": handle}))

    def following(self, handle: str | None) -> "Item":
        """That is the version before it now. Its number stays."""
        return self._with(versioning=self._versioning().model_copy(update={"previous_version": handle}))

    def next_version(
        self, handle: str, *, tenant: str, username: str, account: str, at: int, reason: str, job: Spinoff, bucket: str
    ) -> "tuple[Item, Moment]":
        """Its next version: a copy of what it says and grants, the caller's own, with a history that begins anew.

        A dataset's has a place of its own for its files, and is not released.
        """
        told = f"New version of id={self.handle}: {reason}"
        info = placed(self.kind, handle, self.info or {}, bucket)
        moment = Moment(id=0, at=at, reason=told, username=username, info=info)
        versioning = Versioning(previous_version=self.handle, version=self._versioning().version + 1, reason=reason)
        changes = {
            "handle": handle,
            "info": info,
            "tenant": tenant,
            "owner": username,
            "account": account,
            "created": at,
            "updated": at,
            "versioning": versioning,
            "create_job": None,
            "version_job": job.register_job,
            "revision": 1,
            "locked": False,
            "last": 0,
            "access": self.access.model_copy(update={"owner": username}),
        }
        return self._same(**changes), moment

    def _versioning(self) -> Versioning:
        if self.versioning is None:
            msg = f"{self.handle} has no versions"
            raise ValueError(msg)
        return self.versioning

    def _same(self, **changes: Any) -> "Item":
        return self.model_copy(update=changes)

    def _with(self, **changes: Any) -> "Item":
        return self._same(revision=self.revision + 1, **changes)


def seed(handle: str, kind: Kind, *, tenant: str, username: str, account: str | None, at: int) -> Item:
    """A mere handle with the access that its kind begins with."""
    facts = KINDS[kind]
    return Item(
        handle=handle,
        kind=kind,
        tenant=tenant,
        owner=username,
        account=account,
        created=at,
        updated=at,
        versioning=Versioning() if facts.versioned else None,
        access=Access(owner=username, general=facts.general),
    )


def create(handle: str, kind: Kind, info: Mapping[str, Any], **by: Any) -> tuple[Item, Moment]:
    """An entry that says something from the start."""
    item, moment = seed(handle, kind, **by).describe(info, by["username"], by["at"], FIRST)
    return item.model_copy(update={"revision": 1}), moment


def keep_storage(info: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """A dataset's new description with the storage and release that it has."""
    kept = {name: before[name] for name in KEPT if name in before} if before else {}
    return {**info, **kept}


def placed(
    kind: Kind, handle: str, info: Mapping[str, Any], bucket: str, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Information with what a description has no say in: a dataset's storage follows from its handle and never moves.

    Otherwise whoever describes a dataset could point it to another's files, or call it released.
    """
    if kind is not Kind.DATASET:
        return dict(info)
    if before is not None:
        return keep_storage(info, before)
    path = f"datasets/{handle.replace('.', '-').replace('/', '-')}/"
    return {**info, **UNRELEASED, "s3": {"bucket_name": bucket, "path": path, "s3_uri": f"s3://{bucket}/{path}"}}


def shown(info: Mapping[str, Any]) -> dict[str, Any]:
    """What a dataset's information says of itself beside its metadata, taken from them."""
    about = info["collection_format"]["dataset_info"]
    return {
        **info,
        "display_name": about["name"],
        "user_metadata": about.get("user_metadata"),
        "access_info_uri": about["access_info"].get("uri"),
    }


def _once(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(dict.fromkeys(roles))
