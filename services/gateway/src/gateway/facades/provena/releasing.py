"""Releases of datasets and the people who review them; not offered yet, and said so at both addresses that clients use."""

from fastapi import APIRouter

from chassis.refusal import refuse
from gateway.facades.provena.doors import AsReader
from gateway.facades.provena.printing import Body

PATHS = (
    ("POST", "/release/approval-request"),
    ("PUT", "/release/action-approval-request"),
    ("GET", "/release/sys-reviewers/list"),
    ("POST", "/release/sys-reviewers/add"),
    ("DELETE", "/release/sys-reviewers/delete"),
)


def add(router: APIRouter) -> None:
    """Give an API the routes about releases: the datastore, and the auth API, where a client looks for them by mistake."""
    for method, path in PATHS:
        router.add_api_route(path, not_yet, methods=[method], summary="Not offered yet")


async def not_yet(_caller: AsReader) -> Body:
    """Refused for now."""
    raise refuse("gateway:not-yet", "Releases of datasets are not offered here yet.")
