"""Who gives an order and what it says, read once before a handler begins."""

import time
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from chassis.carrying import carried
from chassis.files import collect
from chassis.refusal import refuse
from contracts.entries import Entry, Told
from contracts.ids import user_id
from contracts.kinds import KINDS, Kind
from contracts.message import Caller, Command, FileRef
from contracts.problem import FieldError
from registry.access import links
from registry.entries import queries
from registry.entries.model import Item, Reader
from registry.unit import RegistryUnit

INFO_LIMIT = 16 * 2**20
"""Bytes of information that an entry may have."""
WRITER = "entity-registry-write"
"""The realm's role of those who write entries."""
NAME_LIMIT = 200
"""Characters of a username."""


@dataclass(frozen=True)
class Asking:
    """Whoever asks, at this moment."""

    caller: Caller
    tenant: str
    """Whom the answer, and anything new, belongs to."""
    reader: Reader
    person: str | None
    """Whom the account is linked to."""
    at: int

    @property
    def by(self) -> dict[str, Any]:
        """What an entry keeps of whoever made it."""
        return {"tenant": self.tenant, "username": self.caller.name, "account": self.account, "at": self.at}

    @property
    def account(self) -> str:
        """The account as the graph knows it."""
        return user_id(self.caller.issuer, self.caller.subject)

    def linked(self, kind: Kind) -> None:
        """Refuse an account that is nobody where somebody is needed."""
        if KINDS[kind].linked and self.person is None:
            detail = f"only accounts that are linked to a registered person may write a {kind}; {self.caller.name} is not"
            raise refuse("registry:not-linked", detail)


async def writing(command: Command, unit: RegistryUnit) -> Asking:
    """Who gives this order to write entries or model runs; refused to accounts that may write nothing here."""
    must_write(caller_of(command))
    return await asking(command, unit)


async def asking(command: Command, unit: RegistryUnit) -> Asking:
    """Who gives this order."""
    caller = caller_of(command)
    return Asking(
        caller=caller,
        tenant=tenant_of(command, caller),
        reader=await queries.reader(unit.session, caller),
        person=await links.person_of(unit.session, caller.name),
        at=int(time.time()),
    )


def caller_of(command: Command) -> Caller:
    """Whoever gives an order, by username; refused if nobody does."""
    if command.caller is None:
        raise refuse("gateway:unauthenticated", "a command without a caller")
    caller = command.caller.by_username()
    if len(caller.name) > NAME_LIMIT:
        detail = f"a username has at most {NAME_LIMIT} characters here"
        raise refuse("gateway:invalid", detail, FieldError(detail=detail, field="username"))
    return caller


def tenant_of(command: Command, caller: Caller) -> str:
    """The tenant that somebody acts for; refused if it is none of theirs."""
    if command.tenant is None or command.tenant not in caller.tenants:
        detail = f"not a tenant of yours: {command.tenant}"
        raise refuse("gateway:forbidden", detail, FieldError(detail=detail, field="tenant"))
    return command.tenant


def must_be(caller: Caller, role: str) -> None:
    """Refuse whoever has not a role of the realm."""
    if role not in caller.roles:
        raise refuse("gateway:forbidden", f"that needs the role {role}")


def must_write(caller: Caller) -> None:
    """Refuse whoever may write nothing, wherever the order comes from; who administers entries may write them, too."""
    if not {WRITER, queries.ADMIN} & set(caller.roles):
        must_be(caller, WRITER)


async def info_of(command: Told, unit: RegistryUnit) -> dict[str, Any]:
    """What a command says of an entry, wherever it lies."""
    if command.info_file is None:
        return command.info or {}
    info = await read(command.info_file, unit, INFO_LIMIT, "info_file")
    if not isinstance(info, dict):
        raise refuse("gateway:invalid", "the information is no object", FieldError(detail="no object", field="info_file"))
    return info


async def read(file: FileRef, unit: RegistryUnit, limit: int, field: str) -> Any:
    """The JSON of a file; refused if there is none."""
    try:
        return from_json(await collect(unit.house.files.get(file.key), limit))
    except FileNotFoundError:
        wrong = "no such file"
    except ValueError as error:
        wrong = f"not JSON: {error}"
    raise refuse("gateway:invalid", f"{field}: {wrong}", FieldError(detail=wrong, field=field))


async def told(item: Item, unit: RegistryUnit) -> Entry:
    """An entry as a message tells it: with its information, or with the file that holds it if it is large."""
    entry = item.entry()
    if entry.info is None:
        return entry
    return entry.model_copy(update={"info": None} | await carried(unit.house.files, "info", entry.info))


def answer(command: Command, who: Asking, revision: int = 0) -> dict[str, Any]:
    """What every fact says of the order behind it."""
    return {"job": command.job, "tenant": who.tenant, "caller": command.caller, "revision": revision}
