"""The small OIDC issuer of our own, laid out as Keycloak lays one out: who may have tokens, and the tokens.

It is for one person's machine: it keeps no sessions in browsers and does not serve the network.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from contracts.ids import uuid7
from gateway.access import minting
from gateway.access.accounts import Account, Accounts, AccountsFile
from gateway.access.clients import Client
from gateway.access.minting import Claims, Grant
from gateway.access.oauth import Denied
from gateway.access.passwords import Guard
from gateway.access.signing import ALGORITHM, Keyring, SigningKey
from gateway.access.store import LoginRow, Logins, digest

log = logging.getLogger(__name__)
Told = dict[str, Any]
Work = Callable[[], AbstractAsyncContextManager[Any]]
NO_PASSWORD = ("invalid_grant", "Invalid user credentials")
NO_CLIENT = ("invalid_client", "Invalid client or Invalid client credentials", 401)


@dataclass
class Issuer:
    """Tokens for the accounts of a file, and logins that last in the database."""

    ring: Keyring
    file: AccountsFile
    work: Work
    """One transaction: a unit with `logins`."""
    lifetime: int = 3600
    refresh_lifetime: int = 30 * 24 * 3600
    offline_lifetime: int = 365 * 24 * 3600
    device_lifetime: int = 600
    guard: Guard = field(default_factory=Guard)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def accounts(self) -> Accounts:
        """The accounts as they are now."""
        async with self._turn:
            return await asyncio.to_thread(self.file.read)

    async def signer(self) -> SigningKey:
        """The key that signs, replaced when it is old enough."""
        if self.ring.due():
            async with self._turn:
                await asyncio.to_thread(lambda: self.ring.rotate(only_due=True))
            log.info("signing key replaced")
        return self.ring.signer()

    async def client(self, name: str, secret: str | None, grant: str | None = None) -> tuple[Accounts, Client]:
        """A program that may ask for tokens in this way, if its secret is right."""
        accounts = await self.accounts()
        client = accounts.client(name)
        if client is None:
            raise Denied(*NO_CLIENT)
        if client.stored is not None and not await self.guard.check(f"client {name}", secret or "", client.stored):
            raise Denied(*NO_CLIENT)
        if grant is not None and grant not in client.grants:
            raise Denied("unauthorized_client", f"Client not allowed for {grant}")
        return accounts, client

    async def person(self, name: str, password: str) -> tuple[Accounts, Account]:
        """An account, if the password is right; an unknown one is answered as slowly."""
        accounts = await self.accounts()
        account = accounts.users.get(name)
        stored = account.secret if account and account.enabled else None
        if not await self.guard.check(name, password, stored) or account is None:
            raise Denied(*NO_PASSWORD)
        return accounts, account

    async def login(self, client: str, secret: str | None, name: str, password: str, scope: str | None = None) -> Told:
        """Tokens for a name and its password (RFC 6749 §4.3)."""
        accounts, trusted = await self.client(client, secret, "password")
        wanted = minting.granted(trusted, scope)
        _accounts, account = await self.person(name, password)
        async with self.work() as unit:
            row, token = await self.begin(unit.logins, client, wanted, name, accounts.subject(name), state_of(account))
        return await self.tokens(accounts, trusted, row, token)

    async def service(self, client: str, secret: str | None, scope: str | None = None) -> Told:
        """A token for a service in its own name (RFC 6749 §4.4); it needs no other to get the next."""
        accounts, trusted = await self.client(client, secret, "client_credentials")
        if trusted.stored is None:
            raise Denied("unauthorized_client", "Public client not allowed to retrieve service account", 401)
        wanted = minting.granted(trusted, scope)
        holder = minting.service(accounts, client, trusted, wanted)
        grant = Grant(accounts.issuer, client, trusted, wanted, holder)
        access = await self.signed(grant.access(int(time.time()), self.lifetime))
        return _told(access, self.lifetime, wanted)

    async def refresh(self, client: str, secret: str | None, token: str, scope: str | None = None) -> Told:
        """New tokens for a refresh token, as the account is now; none once its password has changed."""
        accounts, trusted = await self.client(client, secret, "refresh_token")
        async with self.work() as unit:
            row = await self.held(unit.logins, token, accounts)
            if row is None or row.client != client:
                raise Denied("invalid_grant", "Invalid refresh token")
            wanted = minting.granted(trusted, scope, row.scope)
            row.used = datetime.now(UTC)
            row.expires = row.used + timedelta(seconds=self._lasts(offline=row.offline))
        return await self.tokens(accounts, trusted, row, token, scope=wanted)

    async def begin(self, logins: Logins, client: str, scope: str, name: str, subject: str, state: str) -> tuple[LoginRow, str]:
        """A new login and its refresh token, which nobody can read afterwards."""
        key, secret, now = uuid7(), secrets.token_urlsafe(32), datetime.now(UTC)
        offline = "offline_access" in scope.split()
        row = LoginRow(
            id=key,
            secret=digest(secret),
            client=client,
            name=name,
            subject=subject,
            state=state,
            scope=scope,
            offline=offline,
            created=now,
            used=now,
            expires=now + timedelta(seconds=self._lasts(offline=offline)),
        )
        await logins.add(row)
        log.info("login", extra={"account": name, "client": client, "offline": offline})
        return row, f"{key.hex}.{secret}"

    async def held(self, logins: Logins, token: str, accounts: Accounts) -> LoginRow | None:
        """The login of a refresh token, if it still stands."""
        key, _, secret = token.partition(".")
        try:
            row = await logins.login(UUID(hex=key)) if len(key) == 32 else None
        except ValueError:
            return None
        if row is None or not hmac.compare_digest(row.secret, digest(secret)) or not stands(accounts, row):
            return None
        return row

    async def tokens(
        self,
        accounts: Accounts,
        trusted: Client,
        row: LoginRow,
        token: str,
        *,
        scope: str | None = None,
        nonce: str | None = None,
    ) -> Told:
        """The answer to a program that has a login."""
        now, scope = int(time.time()), row.scope if scope is None else scope
        grant = Grant(accounts.issuer, row.client, trusted, scope, minting.person(accounts, row.name, scope), str(row.id))
        told = _told(await self.signed(grant.access(now, self.lifetime)), self.lifetime, scope)
        told |= {"refresh_token": token, "session_state": str(row.id)}
        told["refresh_expires_in"] = 0 if row.offline else self.refresh_lifetime
        if "openid" in scope.split():
            told["id_token"] = await self.signed(grant.identity(now, self.lifetime, nonce))
        return told

    async def signed(self, claims: Claims) -> str:
        """A token of these claims."""
        key = await self.signer()
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.kid})

    def _lasts(self, *, offline: bool) -> int:
        return self.offline_lifetime if offline else self.refresh_lifetime


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def state_of(account: Account) -> str:
    """Changes with the password, so that old logins end with it."""
    return hashlib.sha256(f"{account.password_hash}\n{account.password}".encode()).hexdigest()[:16]


def stands(accounts: Accounts, row: LoginRow) -> bool:
    """Whether a login is still good: not ended by time, and its account is who it was."""
    account = accounts.users.get(row.name)
    return (
        row.expires > datetime.now(UTC)
        and account is not None
        and account.enabled
        and accounts.subject(row.name) == row.subject
        and hmac.compare_digest(state_of(account), row.state)
    )


def _told(access: str, lifetime: int, scope: str) -> Told:
    told: Told = {"access_token": access, "expires_in": lifetime, "refresh_expires_in": 0, "token_type": "Bearer"}
    return told | {"not-before-policy": 0, "scope": scope}
