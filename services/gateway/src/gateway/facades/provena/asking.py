"""What Provena's routes ask the registry."""

from typing import Any

from contracts.kinds import Kind
from contracts.message import Caller
from contracts.views import EntryPage, EntrySeen, Listing
from gateway.unit import GatewayHouse


async def asked(house: GatewayHouse, caller: Caller, path: str, **query: Any) -> Any:
    """The registry's answer to a question."""
    return await house.parts.backends.registry.json(caller, path, query)


async def told(house: GatewayHouse, caller: Caller, path: str, body: Any) -> Any:
    """The registry's answer to a question that has a body."""
    answer = await house.parts.backends.registry.call(caller, "POST", path, json=body)
    return answer.json() if answer.content else None


async def entry_of(house: GatewayHouse, caller: Caller, handle: str, kind: Kind | None = None) -> EntrySeen:
    """An entry with its history."""
    found = await asked(house, caller, "/entries", handle=handle, kind=kind.value if kind else None)
    return EntrySeen.model_validate(found)


async def page_of(house: GatewayHouse, caller: Caller, listing: Listing) -> EntryPage:
    """A page of entries."""
    return EntryPage.model_validate(await told(house, caller, "/entries/list", listing.model_dump(mode="json")))


async def person_of(house: GatewayHouse, caller: Caller, username: str | None = None) -> str | None:
    """The person that an account is linked to."""
    found: str | None = (await asked(house, caller, "/links", username=username or caller.name))["person"]
    return found
