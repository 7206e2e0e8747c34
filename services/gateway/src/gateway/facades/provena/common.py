"""What every one of Provena's APIs has: health, what a token may do, its settings, its own OpenAPI document."""

import importlib.metadata
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from contracts.message import Caller
from gateway.facades.provena.described import described
from gateway.facades.provena.doors import LEVELS, Here, role


class DeliberateError(Exception):
    """What whoever asks for a failure gets."""


VERSION = importlib.metadata.version("reprovena-gateway")
HEALTHY = {"message": "Health check successful."}


def add(router: APIRouter, api: str) -> None:
    """Give an API the routes that all have."""
    read, write, admin = LEVELS[api]
    levels = {"general": (), "read": (read,), "write": (read, write), "admin": (read, write, admin)}
    if api == "auth":
        levels = {}
        router.add_api_route("/check-access/public", _public, methods=["GET"])
        router.add_api_route("/check-access/general", _check(), methods=["GET"])
    router.add_api_route("/", _health, methods=["GET"], summary="Say that it is there")
    for level, roles in levels.items():
        router.add_api_route(
            f"/check-access/check-{level}-access", _check(*roles), methods=["GET"], summary=f"Check {level} access"
        )
    administers = (admin,) if api == "auth" else (read, write, admin)
    text = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
    told: Any = {"summary": "Show the settings", "response_class": Response, "responses": text}
    router.add_api_route("/admin/config", _config(*administers), methods=["GET"], **told)
    router.add_api_route("/admin/sentry-debug", _fail(*administers), methods=["GET"], include_in_schema=False)
    _documents(router, api)


def _fail(*roles: str) -> Any:
    def fail(_caller: Annotated[Caller, Depends(role(*roles))]) -> None:
        """Fail on purpose, so that a keeper sees whether failures come to where they are looked for."""
        raise DeliberateError

    return fail


def _health() -> dict[str, str]:
    return HEALTHY


def _public() -> dict[str, str]:
    return {"message": "Everybody may see this."}


def _check(*roles: str) -> Any:
    def check(caller: Annotated[Caller, Depends(role(*roles))]) -> dict[str, Any]:
        """Who the token says is asking; the token itself is not repeated."""
        return {"username": caller.name, "email": caller.email or "", "roles": list(caller.roles), "access_token": ""}

    return check


def _config(*roles: str) -> Any:
    def config(_caller: Annotated[Caller, Depends(role(*roles))], house: Here, required_only: bool = True) -> PlainTextResponse:
        """Settings by name, one a line, none that is secret; with `required_only` those that differ from the default."""
        settings = house.settings
        told = settings.model_dump(mode="json", include=SHOWN, exclude_defaults=required_only)
        lines = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in sorted(told.items())]
        headers = {"Content-Disposition": 'attachment; filename="config.txt"'}
        return PlainTextResponse("\n".join(lines) + "\n", headers=headers)

    return config


SHOWN = {
    "issuer_url",
    "token_audience",
    "token_lifetime",
    "role_clients",
    "registry_url",
    "executor_url",
    "provenance_url",
    "upload_limit",
    "spec_limit",
    "download_links",
    "wait_default",
    "wait_limit",
    "provena_hosts",
    "reprov_errors",
    "idempotency_days",
}
"""Settings that hold no secret and no password in an address."""


def _documents(router: APIRouter, api: str) -> None:
    name = f"Provena: {api}"

    @router.get("/openapi.json", include_in_schema=False)
    def document() -> JSONResponse:
        return JSONResponse(described(name, VERSION, router.routes))

    @router.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url="openapi.json", title=name)

    @router.get("/redoc", include_in_schema=False)
    def redoc() -> HTMLResponse:
        return get_redoc_html(openapi_url="openapi.json", title=name)
