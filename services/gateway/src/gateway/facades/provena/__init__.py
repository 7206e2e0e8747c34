"""Provena: seven APIs under `/registry`, `/prov`, `/datastore`, `/jobs`, `/auth`, `/search` and `/handle`."""

from copy import copy

from fastapi import APIRouter
from starlette.routing import Route

from gateway.facades.provena import auth, datasets, handles, jobs, prov, registry, search
from gateway.facades.provena.hosts import BY_HOST

__all__ = ["BY_HOST", "ROUTERS"]


def _aside(router: APIRouter) -> APIRouter:
    """An API's routes, told in its own OpenAPI document and not in the platform's."""
    aside = APIRouter()
    for route in router.routes:
        hidden = copy(route)
        if isinstance(hidden, Route):
            hidden.include_in_schema = False
        aside.routes.append(hidden)
    return aside


ROUTERS = tuple(_aside(one.router) for one in (registry, prov, datasets, jobs, auth, search, handles))
