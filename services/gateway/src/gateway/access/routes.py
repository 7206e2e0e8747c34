"""The issuer's addresses, as Keycloak has them: `/auth/realms/<realm>…`."""

import base64
import binascii
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from chassis.refusal import refuse
from chassis.web import InHouse
from gateway.access.accounts import REALM
from gateway.access.issuer import ALGORITHM, Denied, Issuer, is_loopback
from gateway.bodies import limited
from gateway.unit import GatewayHouse

router = APIRouter(prefix=f"/auth/realms/{REALM}", tags=["issuer"])
LARGEST = 64 * 1024
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _issuer(house: Annotated[GatewayHouse, InHouse]) -> Issuer:
    """Our own issuer; not there where another one is set."""
    issuer = house.parts.issuer
    if issuer is None:
        raise refuse("gateway:not-found", f"the issuer is {house.settings.issuer_url}")
    return issuer


Here = Annotated[Issuer, Depends(_issuer)]


async def _base(request: Request, issuer: Issuer) -> str:
    """The realm's address as whoever asks reaches it; the issuer's name stays the same wherever that is."""
    if is_loopback(request.url.hostname or ""):
        return f"{request.base_url}auth/realms/{REALM}"
    return (await issuer.accounts()).issuer


@router.get("", summary="The realm and its public key")
async def realm_document(request: Request, issuer: Here) -> dict[str, Any]:
    """The realm as Keycloak describes one."""
    base = await _base(request, issuer)
    return {
        "realm": REALM,
        "public_key": issuer.key.der(),
        "token-service": f"{base}/protocol/openid-connect",
        "account-service": f"{base}/account",
        "tokens-not-before": 0,
    }


@router.get("/.well-known/openid-configuration", summary="Discovery")
async def discovery(request: Request, issuer: Here) -> dict[str, Any]:
    """What the issuer offers, and where (OpenID Connect Discovery 1.0)."""
    service = f"{await _base(request, issuer)}/protocol/openid-connect"
    return {
        "issuer": (await issuer.accounts()).issuer,
        "token_endpoint": f"{service}/token",
        "jwks_uri": f"{service}/certs",
        "grant_types_supported": ["password", "refresh_token"],
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "scopes_supported": ["profile", "email"],
        "claims_supported": ["sub", "iss", "preferred_username", "name", "email", "groups", "realm_access"],
    }


@router.get("/protocol/openid-connect/certs", summary="Public keys")
async def certs(issuer: Here) -> dict[str, Any]:
    """The keys that tokens are signed with, as a JWK set."""
    return {"keys": [issuer.key.jwk()]}


@router.post(
    "/protocol/openid-connect/token",
    summary="Get a token",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {
                            name: {"type": "string"}
                            for name in ("grant_type", "client_id", "client_secret", "username", "password", "refresh_token")
                        },
                    },
                    "example": {"grant_type": "password", "client_id": "reprovena", "username": "me", "password": "…"},
                }
            },
        }
    },
)
async def token(request: Request, issuer: Here) -> JSONResponse:
    """Tokens for a password or a refresh token (RFC 6749)."""
    try:
        told = await _form(request)
        client, secret = _client(request, told)
        match told.get("grant_type"):
            case "password":
                tokens = await issuer.login(client, secret, _need(told, "username"), _need(told, "password"))
            case "refresh_token":
                tokens = await issuer.refresh(client, secret, _need(told, "refresh_token"))
            case other:
                raise _no_such_grant(other)
    except Denied as no:
        body = {"error": no.error, "error_description": no.description}
        return JSONResponse(body, no.status, NOT_KEPT)
    return JSONResponse(tokens, headers=NOT_KEPT)


def _no_such_grant(grant: str | None) -> Denied:
    if grant is None:
        return Denied("invalid_request", "Missing form parameter: grant_type")
    return Denied("unsupported_grant_type", "Unsupported grant_type")


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Denied("invalid_request", "The form must be application/x-www-form-urlencoded")
    form = await limited(request, LARGEST).form(max_fields=20)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _client(request: Request, told: dict[str, str]) -> tuple[str, str | None]:
    """The client, named by HTTP Basic or in the form."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Denied("invalid_client", "Invalid client credentials", 401) from None
        return unquote(name), unquote(secret)
    return told.get("client_id", REALM), told.get("client_secret")


def _need(told: dict[str, str], name: str) -> str:
    value = told.get(name)
    if not value:
        raise Denied("invalid_request", f"Missing form parameter: {name}")
    return value
