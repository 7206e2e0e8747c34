"""Programs with a browser (RFC 6749 §4.1, RFC 7636): a page sends them a code, and they exchange it for tokens, once."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from gateway.access import minting
from gateway.access.devices import verified
from gateway.access.issuer import Issuer, Told, state_of
from gateway.access.oauth import Denied
from gateway.access.store import CodeRow, LoginRow, Logins, digest

LIFETIME = 60
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
GRANT = "authorization_code"
LONGEST = 2000


@dataclass(frozen=True)
class Asked:
    """What a program asks a browser to bring it."""

    client: str
    redirect: str
    scope: str
    challenge: str | None
    state: str | None
    nonce: str | None
    name: str

    def back(self, issuer: str, **told: str) -> str:
        """Where the browser goes then (with the issuer's name, RFC 9207)."""
        there = urlsplit(self.redirect)
        more = told | ({"state": self.state} if self.state is not None else {}) | {"iss": issuer}
        return urlunsplit(there._replace(query="&".join(filter(None, [there.query, urlencode(more)]))))


class SentBack(Exception):
    """No code; the program is told so through the browser."""

    def __init__(self, url: str) -> None:
        super().__init__("sent back")
        self.url = url


async def asked(issuer: Issuer, told: dict[str, str]) -> Asked:
    """What an address asks for; `Denied` where the browser must not be sent on, `SentBack` where it may."""
    accounts = await issuer.accounts()
    client, redirect = told.get("client_id", ""), told.get("redirect_uri", "")
    trusted = accounts.client(client)
    if trusted is None or GRANT not in trusted.grants:
        raise Denied("invalid_client", "No such program, or it does not log in by this page")
    if len(redirect) > LONGEST or not trusted.goes_to(redirect):
        raise Denied("invalid_request", "Invalid parameter: redirect_uri")
    challenge = told.get("code_challenge")
    known = Asked(client, redirect, "", challenge, told.get("state"), told.get("nonce"), trusted.name or client)

    def no(error: str, why: str) -> SentBack:
        return SentBack(known.back(accounts.issuer, error=error, error_description=why))

    if not all(told.get(name, "").isprintable() and len(told.get(name, "")) <= LONGEST for name in ("nonce", "state", "scope")):
        raise Denied("invalid_request", "Invalid parameter: nonce, state or scope")
    if told.get("response_type") != "code" or told.get("response_mode", "query") != "query":
        raise no("unsupported_response_type", "Only response_type=code in the query")
    if told.get("code_challenge_method", "S256") != "S256" or (challenge is not None and not CHALLENGE.fullmatch(challenge)):
        raise no("invalid_request", "Invalid parameter: code_challenge_method (S256 only)")
    if challenge is None and trusted.stored is None:
        raise no("invalid_request", "Missing parameter: code_challenge")
    if "none" in told.get("prompt", "").split():
        raise no("login_required", "This issuer keeps no sessions in browsers")
    try:
        scope = minting.granted(trusted, told.get("scope"))
    except Denied as denied:
        raise no(denied.error, denied.description) from None
    return Asked(client, redirect, scope, challenge, known.state, known.nonce, known.name)


async def give(issuer: Issuer, wanted: Asked, name: str, password: str) -> str:
    """A code for somebody who logs in; the address that brings it to the program."""
    accounts, account = await issuer.person(name, password)
    code = secrets.token_urlsafe(32)
    row = CodeRow(
        code=digest(code),
        client=wanted.client,
        scope=wanted.scope,
        redirect=wanted.redirect,
        challenge=wanted.challenge,
        nonce=wanted.nonce,
        name=name,
        state=state_of(account),
        expires=datetime.now(UTC) + timedelta(seconds=LIFETIME),
    )
    async with issuer.work() as unit:
        await unit.logins.add(row)
    return wanted.back(accounts.issuer, code=code)


async def exchange(issuer: Issuer, client: str, secret: str | None, told: dict[str, str]) -> Told:
    """Tokens for a code. A code that comes twice was stolen: the login that it made ends."""
    accounts, trusted = await issuer.client(client, secret, GRANT)
    async with issuer.work() as unit:
        row = await unit.logins.code(told.get("code", ""))
        found = await _login(issuer, accounts, unit.logins, client, row, told)
    if found is None or row is None:
        raise Denied("invalid_grant", "Code not valid")
    return await issuer.tokens(accounts, trusted, *found, nonce=row.nonce)


async def _login(
    issuer: Issuer, accounts: Any, logins: Logins, client: str, row: CodeRow | None, told: dict[str, str]
) -> tuple[LoginRow, str] | None:
    if row is None or row.client != client:
        return None
    if row.login is not None:
        await logins.end(row.login)
        return None
    account = accounts.users.get(row.name)
    if (
        row.expires <= datetime.now(UTC)
        or row.redirect != told.get("redirect_uri")
        or not verified(row.challenge, told.get("code_verifier"))
        or account is None
        or not account.enabled
        or state_of(account) != row.state
    ):
        return None
    begun = await issuer.begin(logins, client, row.scope, row.name, accounts.subject(row.name), row.state)
    row.login = begun[0].id
    return begun
