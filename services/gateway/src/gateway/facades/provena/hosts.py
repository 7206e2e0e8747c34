"""Provena's APIs by host name: each lives below a path, and may besides be the root of a name of its own."""

from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send


class ByHost:
    """Leads a request for a host name that the setting gives to an API to that API's path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, below the API's path if its name is one."""
        hosts: dict[str, str] = scope["app"].state.house.settings.provena_hosts if scope["type"] == "http" else {}
        api = api_of(hosts, scope) if hosts else None
        await self.app(below(scope, api) if api else scope, receive, send)


def api_of(hosts: dict[str, str], scope: Any) -> str | None:
    """The API that a request's host name stands for."""
    told = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    name = told.rsplit(":", 1)[0] if told.rsplit(":", 1)[-1].isdecimal() else told
    return next((api for api, host in hosts.items() if host.casefold() == name.casefold()), None)


def below(scope: Any, api: str) -> dict[str, Any]:
    """The request as it is below an API's path."""
    raw = scope.get("raw_path")
    return {**scope, "path": f"/{api}{scope['path']}", "raw_path": f"/{api}".encode() + raw if raw else None}


BY_HOST = Middleware(ByHost)
