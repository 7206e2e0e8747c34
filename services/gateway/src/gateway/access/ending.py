"""What tokens are worth (RFC 7662), and the end of logins (RFC 7009, OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import jwt

from chassis.refusal import Refusal
from gateway.access.issuer import Issuer, Told, stands
from gateway.access.minting import Claims
from gateway.access.oauth import Denied
from gateway.access.signing import ALGORITHM
from gateway.access.tokens import OwnKeys, Tokens


async def introspect(issuer: Issuer, client: str, secret: str | None, token: str) -> Told:
    """What a token says, if it is good now and its login still stands; for services with a secret."""
    accounts, trusted = await issuer.client(client, secret)
    if trusted.stored is None:
        raise Denied("invalid_client", "Client not allowed.", 401)
    async with issuer.work() as unit:
        row = await issuer.held(unit.logins, token, accounts)
        if row is not None:
            told: Claims = {"sub": row.subject, "azp": row.client, "client_id": row.client, "scope": row.scope}
            told |= {"username": row.name, "preferred_username": row.name, "iss": accounts.issuer, "sid": str(row.id)}
            told |= {"exp": int(row.expires.timestamp()), "iat": int(row.created.timestamp())}
            return told | {"typ": "Offline" if row.offline else "Refresh", "active": True}
        claims = await _access(issuer, token)
        if claims is None:
            return {"active": False}
        if "sid" in claims:
            login = await unit.logins.login(UUID(claims["sid"]))
            if login is None or not stands(accounts, login):
                return {"active": False}
    return claims | {
        "client_id": claims["azp"],
        "username": claims["preferred_username"],
        "token_type": "Bearer",
        "active": True,
    }


async def revoke(issuer: Issuer, client: str, secret: str | None, token: str) -> None:
    """End the login that a token belongs to; a token that nobody knows is as good as revoked."""
    accounts, _trusted = await issuer.client(client, secret)
    async with issuer.work() as unit:
        row = await issuer.held(unit.logins, token, accounts)
        claims = None if row else await _access(issuer, token)
        owner = row.client if row else (claims or {}).get("azp", client)
        if owner != client:
            raise Denied("invalid_grant", "Unmatching clients")
        if row or "sid" in (claims or {}):
            await unit.logins.end(row.id if row else UUID((claims or {})["sid"]))


async def logout(issuer: Issuer, client: str, secret: str | None, token: str) -> None:
    """End a login by its refresh token."""
    accounts, _trusted = await issuer.client(client, secret)
    async with issuer.work() as unit:
        row = await issuer.held(unit.logins, token, accounts)
        if row is None or row.client != client:
            raise Denied("invalid_grant", "Invalid refresh token")
        await unit.logins.end(row.id)


async def logout_by(issuer: Issuer, hint: str, redirect: str | None, state: str | None) -> str | None:
    """End the login of an identity token, also of an old one; where the browser may go then."""
    accounts = await issuer.accounts()
    claims = _identity(issuer, accounts.issuer, hint)
    if claims is None:
        raise Denied("invalid_request", "Invalid parameter: id_token_hint")
    async with issuer.work() as unit:
        await unit.logins.end(UUID(claims["sid"]))
    if redirect is None:
        return None
    trusted = accounts.client(claims["azp"])
    if trusted is None or not trusted.goes_to(redirect):
        raise Denied("invalid_request", "Invalid parameter: post_logout_redirect_uri")
    return redirect if state is None else f"{redirect}{'&' if '?' in redirect else '?'}{urlencode({'state': state})}"


async def _access(issuer: Issuer, token: str) -> Claims | None:
    try:
        return await Tokens(OwnKeys(issuer)).claims(token)
    except Refusal:
        return None


def _identity(issuer: Issuer, name: str, token: str) -> dict[str, Any] | None:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in issuer.ring.known() if key.kid == kid), None)
        if key is None:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public,
            [ALGORITHM],
            issuer=name,
            options={"require": ["iss", "sid", "azp", "typ"], "verify_exp": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError):
        return None
    return claims if claims["typ"] == "ID" else None
