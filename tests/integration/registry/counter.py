"""Somebody at the registry's counter for entries: calls the handlers as functions, each in a transaction of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chassis.assembly import standing
from chassis.files import once
from chassis.house import House
from chassis.refusal import Refusal
from chassis.testing import said, somebody
from contracts.access import AssignLink
from contracts.entries import Access, CreateEntry, GrantAccess, SeedEntry, Spinoff, UpdateEntry
from contracts.ids import uuid7
from contracts.kinds import Kind, Role
from contracts.message import Caller, Command, FileRef
from registry.service import registry
from registry.unit import RegistrySettings

HANDLERS = {one.message: one.handler for one in registry.subscriptions}
WRITER = ("entity-registry-write",)
ADMIN = ("entity-registry-admin", "sys-admin-write", "sys-admin-admin")
INFO: dict[Kind, dict[str, Any]] = {
    Kind.ORGANISATION: {"name": "CSIRO", "ror": "https://ror.org/03qn8fb07"},
    Kind.PERSON: {"email": "ada@example.org", "first_name": "Ada", "last_name": "Lovelace", "ethics_approved": True},
    Kind.STUDY: {"title": "Reef", "description": "of corals"},
    Kind.MODEL: {
        "name": "Tides",
        "description": "of the sea",
        "documentation_url": "https://example.org",
        "source_url": "https://example.org/source",
    },
    Kind.DATASET_TEMPLATE: {"deferred_resources": [{"key": "grid", "description": "d", "usage_type": "GENERAL_DATA"}]},
}


def of(kind: Kind, **more: Any) -> dict[str, Any]:
    """Information of a kind."""
    return {"display_name": f"a {kind}", **INFO.get(kind, {}), **more}


def collection(organisation: str, name: str = "Waves", **more: Any) -> dict[str, Any]:
    """The metadata of a dataset."""
    approval = {"relevant": False, "obtained": False}
    return {
        "associations": {"organisation_id": organisation},
        "approvals": dict.fromkeys(
            ("ethics_registration", "ethics_access", "indigenous_knowledge", "export_controls"), approval
        ),
        "dataset_info": {
            "name": name,
            "description": "heights",
            "access_info": {"reposited": True},
            "publisher_id": organisation,
            "created_date": {"relevant": False},
            "published_date": {"relevant": False},
            "license": "https://creativecommons.org/licenses/by/4.0",
            **more,
        },
    }


def dataset(organisation: str, name: str = "Waves", *, place: str = "a", uri: str | None = None, **more: Any) -> dict[str, Any]:
    """Information of a dataset."""
    elsewhere = {"access_info": {"reposited": False, "uri": uri, "description": "there"}} if uri else {}
    return {
        "display_name": name,
        "collection_format": collection(organisation, name, **elsewhere),
        "s3": {"bucket_name": "b", "path": f"datasets/{place}/", "s3_uri": f"s3://b/datasets/{place}/"},
        "release_status": "NOT_RELEASED",
        "access_info_uri": uri,
        **more,
    }


def jobs() -> Spinoff:
    """Two jobs."""
    return Spinoff(register_job=uuid7(), lodge_job=uuid7())


def opened(handle: str, *roles: str, owner: str = "ada") -> GrantAccess:
    """An order to grant roles to everybody."""
    return GrantAccess(handle=handle, access=Access(owner=owner, general=tuple(Role(role) for role in roles)))


@dataclass
class Counter:
    """Somebody who gives orders and asks questions."""

    house: House[Any]
    caller: Caller = field(default_factory=lambda: somebody("ada", roles=WRITER))

    def other(self, name: str, *roles: str) -> "Counter":
        """Somebody else at the same counter, who writes entries unless something else is said."""
        return Counter(self.house, somebody(name, roles=roles or WRITER))

    @property
    def admin(self) -> "Counter":
        """Who may do everything."""
        return self.other("root", *ADMIN)

    async def file(self, content: bytes) -> FileRef:
        """A stored file."""
        return await self.house.files.put(once(content))

    async def all_of(self, command: Command) -> list[Any]:
        """Give an order; the facts, committed."""
        told = {"caller": self.caller, "tenant": self.caller.tenants[0], "job": command.job or uuid7()}
        async with self.house.work() as unit:
            await HANDLERS[type(command)](command.model_copy(update=told), unit)
            return said(unit)

    async def do(self, command: Command) -> Any:
        """Give an order; its own fact."""
        return next(fact for fact in (await self.all_of(command))[::-1] if "activity-registered" not in fact.subject)

    async def no(self, command: Command) -> str:
        """Give an order that is refused; the type of the refusal."""
        with pytest.raises(Refusal) as refused:
            await self.do(command)
        return refused.value.problem.type.removeprefix("urn:problem:")

    async def seed(self, kind: Kind) -> str:
        """A seed; its handle."""
        return (await self.do(SeedEntry(entry_kind=kind))).entry.handle

    async def make(self, kind: Kind, **more: Any) -> str:
        """An entry; its handle."""
        return (await self.do(CreateEntry(entry_kind=kind, info=of(kind, **more)))).entry.handle

    async def make_dataset(self, organisation: str, name: str = "Waves", **more: Any) -> str:
        """A dataset; its handle."""
        return (await self.do(CreateEntry(entry_kind=Kind.DATASET, info=dataset(organisation, name, **more)))).entry.handle

    async def say(self, handle: str, kind: Kind, reason: str | None = "because", **more: Any) -> Any:
        """An update; its fact."""
        return await self.do(UpdateEntry(handle=handle, entry_kind=kind, info=of(kind, **more), reason=reason))

    async def link(self) -> str:
        """Register oneself and be linked; the person's handle."""
        person = await self.make(Kind.PERSON)
        await self.do(AssignLink(person=person))
        return person

    async def ask(self, path: str, method: str = "GET", body: Any = None, **query: Any) -> Any:
        """Ask the internal routes as oneself."""
        headers = {"Authorization": f"Bearer {self.house.callers.token(self.caller)}"}
        given = {name: value for name, value in query.items() if value is not None}
        answer = await self.house.backends["registry"].request(method, path, params=given, headers=headers, json=body)
        if answer.status_code == 204:
            return None
        return (
            answer.json()
            if "json" in answer.headers["content-type"] and "ndjson" not in answer.headers["content-type"]
            else answer.text
        )

    async def see(self, handle: str, **query: Any) -> Any:
        """An entry as one sees it."""
        return await self.ask("/entries", handle=handle, **query)

    async def page(self, **listing: Any) -> Any:
        """A page of entries."""
        return await self.ask("/entries/list", "POST", listing)

    async def names(self, **listing: Any) -> list[str]:
        """The display names (or handles of seeds) on all pages, in order."""
        found, after = [], None
        while True:
            page = await self.page(**listing, after=after)
            found += [(one["info"] or {}).get("display_name") or one["handle"] for one in page["items"]]
            after = page["next"]
            if after is None:
                return found


@asynccontextmanager
async def a_counter(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Counter]:
    """An open registry that hears nothing: its handlers are called."""
    given = RegistrySettings(
        database_url=database_url, files_url=f"file:{folder}/files", state=folder / "state", database_pool=12, **settings
    )
    async with standing(registry, settings=given, hears=False) as houses:
        yield Counter(houses["registry"])
