"""What Provena's routes ask the registry."""

from typing import Any

from contracts.entries import Spinoff
from contracts.ids import uuid7
from contracts.kinds import Kind
from contracts.message import Caller
from contracts.views import EntryPage, EntrySeen, Listing
from gateway.facades.provena.doors import Chained
from gateway.jobs.model import View
from gateway.jobs.sending import CHAINED, LODGING
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


def spun(caller: Caller, what: str) -> tuple[Spinoff, Chained]:
    """The jobs behind the activity of a creation (`CREATE`) or a version (`VERSION`), written with the order."""
    jobs = Spinoff(register_job=uuid7(), lodge_job=uuid7())
    register = View(username=caller.name, job_type="REGISTRY", job_sub_type=f"REGISTER_{what}_ACTIVITY")
    lodge = View(username=caller.name, job_type="PROV_LODGE", job_sub_type=f"LODGE_{what}_ACTIVITY")
    return jobs, {jobs.register_job: (CHAINED, register), jobs.lodge_job: (LODGING, lodge)}
