"""The issuer's addresses for programs, as Keycloak has them: `/auth/realms/<realm>…`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chassis.refusal import Refusal
from gateway.access import codes, devices, ending
from gateway.access.accounts import REALM
from gateway.access.clients import GRANTS, SCOPES
from gateway.access.doors import Here, House, base
from gateway.access.minting import userinfo
from gateway.access.oauth import Denied, Route, Tokens, answers, client_of, documented, need, read_form
from gateway.access.signing import ALGORITHM

router = APIRouter(prefix=f"/auth/realms/{REALM}", tags=["issuer"], route_class=Route)
SERVICE = "/protocol/openid-connect"
METHODS = ["client_secret_basic", "client_secret_post"]
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token of the issuer that the platform trusts.")


@router.get("", summary="The realm and its public key", responses=answers())
async def realm_document(request: Request, issuer: Here) -> dict[str, Any]:
    """The realm as Keycloak describes one."""
    place = await base(request, issuer)
    return {
        "realm": REALM,
        "public_key": (await issuer.signer()).der(),
        "token-service": f"{place}{SERVICE}",
        "account-service": f"{place}/account",
        "tokens-not-before": 0,
    }


@router.get("/.well-known/openid-configuration", summary="Discovery", responses=answers())
async def discovery(request: Request, issuer: Here) -> dict[str, Any]:
    """What the issuer offers, and where (OpenID Connect Discovery 1.0, RFC 8414)."""
    service = f"{await base(request, issuer)}{SERVICE}"
    return {
        "issuer": (await issuer.accounts()).issuer,
        "authorization_endpoint": f"{service}/auth",
        "token_endpoint": f"{service}/token",
        "introspection_endpoint": f"{service}/token/introspect",
        "userinfo_endpoint": f"{service}/userinfo",
        "end_session_endpoint": f"{service}/logout",
        "revocation_endpoint": f"{service}/revoke",
        "device_authorization_endpoint": f"{service}/auth/device",
        "jwks_uri": f"{service}/certs",
        "grant_types_supported": list(GRANTS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": [*METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_methods_supported": [*METHODS, "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": list(SCOPES),
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "preferred_username", "name", "given_name", "family_name", "email", "groups"),
            "realm_access",
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


@router.get(f"{SERVICE}/certs", summary="Public keys", responses=answers())
async def certs(issuer: Here) -> dict[str, Any]:
    """The keys that tokens are signed with, as a JWK set; replaced ones as long as their tokens live."""
    await issuer.signer()
    return {"keys": [key.jwk() for key in issuer.ring.known()]}


@router.post(
    f"{SERVICE}/token",
    summary="Get a token",
    response_model=Tokens,
    response_model_exclude_none=True,
    responses=answers(400, 401),
    openapi_extra=documented(
        *("grant_type", "scope", "username", "password", "refresh_token", "device_code", "code", "redirect_uri"),
        "code_verifier",
        needed=("grant_type", "client_id"),
        example={"grant_type": "password", "client_id": "reprovena", "username": "me", "password": "…"},
    ),
)
async def token(request: Request, issuer: Here) -> dict[str, Any]:
    """Tokens for a password, a refresh token, a service's secret, a device's code or a browser's (RFC 6749, RFC 8628)."""
    told = await read_form(request)
    grant = need(told, "grant_type")
    if grant not in GRANTS:
        raise Denied("unsupported_grant_type", "Unsupported grant_type")
    (client, secret), scope = client_of(request, told), told.get("scope")
    match grant:
        case "password":
            return await issuer.login(client, secret, need(told, "username"), need(told, "password"), scope)
        case "refresh_token":
            return await issuer.refresh(client, secret, need(told, "refresh_token"), scope)
        case "client_credentials":
            return await issuer.service(client, secret, scope)
        case "authorization_code":
            need(told, "code")
            return await codes.exchange(issuer, client, secret, told)
    return await devices.poll(issuer, client, secret, need(told, "device_code"), told.get("code_verifier"))


@router.post(
    f"{SERVICE}/auth/device",
    summary="Begin to log in without a browser",
    responses=answers(400, 401),
    openapi_extra=documented(
        *("scope", "code_challenge", "code_challenge_method"), needed=("client_id",), example={"client_id": "reprovena"}
    ),
)
async def begin_device(request: Request, issuer: Here) -> dict[str, Any]:
    """A code to show to people, and one to ask with whether they let the program in (RFC 8628)."""
    told = await read_form(request)
    challenge = told.get("code_challenge")
    if challenge is not None and (told.get("code_challenge_method") != "S256" or not codes.CHALLENGE.fullmatch(challenge)):
        raise Denied("invalid_request", "Invalid parameter: code_challenge_method (S256 only)")
    found = await devices.begin(issuer, *client_of(request, told), told.get("scope"), challenge)
    page = f"{await base(request, issuer)}/device"
    return found | {"verification_uri": page, "verification_uri_complete": f"{page}?user_code={found['user_code']}"}


@router.api_route(f"{SERVICE}/userinfo", methods=["GET"], summary="Who am I", responses=answers(401))
@router.api_route(f"{SERVICE}/userinfo", methods=["POST"], summary="Who am I, asked by POST", responses=answers(401))
async def who(
    house: House, _issuer: Here, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> dict[str, Any]:
    """What the token's account may read of itself (OpenID Connect Core 1.0 §5.3)."""
    try:
        claims = await house.parts.tokens.claims(given.credentials if given else "")
    except Refusal:
        raise Denied("invalid_token", "Token verification failed", 401) from None
    return userinfo(claims)


@router.post(
    f"{SERVICE}/token/introspect",
    summary="What is a token worth",
    responses=answers(400, 401),
    openapi_extra=documented("token", "token_type_hint", needed=("token",)),
)
async def introspect(request: Request, issuer: Here) -> dict[str, Any]:
    """What a token says, if it is good; for services with a secret (RFC 7662)."""
    told = await read_form(request)
    return await ending.introspect(issuer, *client_of(request, told), need(told, "token"))


@router.post(
    f"{SERVICE}/revoke",
    summary="End a login",
    responses=answers(400, 401),
    openapi_extra=documented("token", "token_type_hint", needed=("token",)),
)
async def revoke(request: Request, issuer: Here) -> dict[str, Any]:
    """End the login that a token belongs to (RFC 7009)."""
    told = await read_form(request)
    await ending.revoke(issuer, *client_of(request, told), need(told, "token"))
    return {}


@router.post(
    f"{SERVICE}/logout",
    summary="Log out",
    status_code=204,
    responses=answers(400, 401),
    openapi_extra=documented("refresh_token", needed=("refresh_token", "client_id")),
)
async def logout(request: Request, issuer: Here) -> None:
    """End a login by its refresh token, as Keycloak does."""
    told = await read_form(request)
    await ending.logout(issuer, *client_of(request, told), need(told, "refresh_token"))
