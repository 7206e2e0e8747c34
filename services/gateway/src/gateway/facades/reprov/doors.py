"""What ReProv's routes may ask for: somebody in a role, acting in one group; an execution by either form of its address."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from starlette.convertors import StringConvertor, register_url_convertor

from chassis.refusal import Refusal
from contracts.lists import PLAIN
from contracts.message import Caller
from contracts.registry import Workflow
from gateway.api.doors import AsUser, Here
from gateway.facades.reprov.errors import UNKNOWN_NUMBER, DetailError, NoError
from gateway.facades.reprov.shapes import Detail, Execution, Failure, WrongRequest
from gateway.unit import GatewayHouse


class NotAWord(StringConvertor):
    """What stands where an integer should, unless it is a word that is an address of its own: `delete` takes no GET."""

    regex = r"(?!(?:register|delete|inputs|outputs)/?$)[^/]+"


register_url_convertor("number", NotAWord())
USER, ADMIN = "reprov_user", "reprov_admin"
Route = TypeVar("Route", bound=Callable[..., Any])
Group = Annotated[str | None, Query(max_length=300, description="Which of your groups you act in; nothing means your first")]
RegistryId = Annotated[int, Path(description="Integer of a workflow", examples=[1])]
ReanaName = Annotated[str, Query(max_length=301, pattern=PLAIN, examples=["mnist:1"])]
ExecutionId = Annotated[int, Path(description="Integer of an execution", examples=[1])]
NUMBER = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"
"""A run's number; `3.1` is the first restart of the third run."""


def _acting(caller: Caller, group: str | None, *roles: str) -> Caller:
    """The caller in one group, as everybody is in ReProv; without a group, on one's own."""
    if not set(roles) & set(caller.roles):
        raise DetailError(403, f"Insufficient role; requires one of: {', '.join(roles)}")
    if group is not None and group not in caller.tenants:
        raise DetailError(403, "You are not in that group")
    return caller.model_copy(update={"tenants": (group or caller.tenants[0],)})


def _member(caller: AsUser, group: Group = None) -> Caller:
    return _acting(caller, group, USER, ADMIN)


def _admin(caller: AsUser, group: Group = None) -> Caller:
    return _acting(caller, group, ADMIN)


AsMember = Annotated[Caller, Depends(_member)]
"""Somebody who may register, execute and read, in one group."""
AsAdmin = Annotated[Caller, Depends(_admin)]
"""Somebody who may delete, in one group."""


async def workflow_at(house: GatewayHouse, caller: Caller, registry_id: int, *, deleted: bool = False) -> Workflow:
    """A workflow by its integer; also one that is deleted, if asked."""
    path, query = f"/legacy/workflows/{registry_id}", {"deleted": True} if deleted else None
    return Workflow.model_validate(await house.parts.backends.registry.json(caller, path, query))


async def _execution(execution_id: ExecutionId, caller: AsMember, house: Here) -> Execution:
    return Execution.model_validate(await house.parts.backends.executor.json(caller, f"/legacy/runs/{execution_id}"))


async def _numbered(
    caller: AsMember,
    house: Here,
    reana_name: ReanaName,
    reana_run_number: Annotated[str, Query(pattern=NUMBER, description="May be called `run_number`", examples=["1"])],
) -> Execution:
    query = {"name": reana_name, "number": reana_run_number}
    try:
        return Execution.model_validate(await house.parts.backends.executor.json(caller, "/legacy/runs/numbered", query))
    except Refusal as no:
        if no.problem.status != 404:
            raise
        raise NoError(404, UNKNOWN_NUMBER) from None


ById = Annotated[Execution, Depends(_execution)]
"""An execution by its integer: `…/{execution_id}`."""
ByNumber = Annotated[Execution, Depends(_numbered)]
"""An execution by name and number: `…/?reana_name=&reana_run_number=`."""


def serve(router: APIRouter, method: str, path: str, **told: Any) -> Callable[[Route], Route]:
    """Serve an address with and without a slash at its end; the documentation tells the one that is given."""
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"

    def register(route: Route) -> Route:
        router.add_api_route(path, route, methods=[method], **told)
        router.add_api_route(other, route, methods=[method], **told | {"include_in_schema": False})
        return route

    return register


def answers(*codes: int) -> Mapping[int | str, dict[str, Any]]:
    """Errors of a route for the documentation: what any may answer, and these in an envelope."""
    told: dict[int | str, dict[str, Any]] = {
        401: {"model": Detail, "description": "Not authenticated"},
        403: {"model": Detail, "description": "Insufficient role"},
        422: {"model": WrongRequest, "description": "A faulty request"},
        503: {"model": Failure, "description": "Something needed is away"},
    }
    for code in codes:
        if code == 403:
            told[403] = {"model": Detail | Failure, "description": "Insufficient role, or not allowed"}
        else:
            told[code] = {"model": Failure, "description": TITLES[code]}
    return told


TITLES = {
    400: "Not valid, or taken",
    404: "No such thing, or not yours",
    409: "Not in this state",
    413: "Larger than the limit",
    415: "Not taken as a specification",
}
