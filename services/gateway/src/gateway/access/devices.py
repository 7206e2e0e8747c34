"""Programs without a browser (RFC 8628): they show a code, somebody lets them in on a page, and they get their tokens."""

import base64
import hashlib
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.access import minting
from gateway.access.accounts import Accounts
from gateway.access.clients import DEVICE
from gateway.access.issuer import Issuer, Told, state_of
from gateway.access.oauth import Denied
from gateway.access.store import DeviceRow, LoginRow, Logins, digest

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels: no words, and nothing that looks like a digit."""
LENGTH = 8
PAUSE, SLOWER = 5, 5
WAITING = 1000
"""Devices that may wait at a time."""


@dataclass
class Tries:
    """How often codes may be guessed, by everybody together: a page of one machine needs no more."""

    most: int = 20
    within: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _failures: deque[float] = field(default_factory=deque)

    def left(self) -> float:
        """Seconds until the next guess is heard; 0 means now."""
        now = self.clock()
        while self._failures and self._failures[0] <= now - self.within:
            self._failures.popleft()
        return self._failures[0] + self.within - now if len(self._failures) >= self.most else 0.0

    def failed(self) -> None:
        """Count a wrong one."""
        self._failures.append(self.clock())


def shown(code: str) -> str:
    """A code as people read it: `BCDF-GHJK`."""
    return f"{code[:4]}-{code[4:]}"


def read(code: str) -> str | None:
    """A code as people type it; None if it cannot be one."""
    found = "".join(letter for letter in code[:100].upper() if not letter.isspace() and letter != "-")
    return found if len(found) == LENGTH and set(found) <= set(LETTERS) else None


async def begin(issuer: Issuer, client: str, secret: str | None, scope: str | None, challenge: str | None) -> Told:
    """The codes of a program that wants to be let in; the caller adds the addresses."""
    _accounts, trusted = await issuer.client(client, secret, DEVICE)
    wanted, code = minting.granted(trusted, scope), secrets.token_urlsafe(32)
    user_code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    row = DeviceRow(
        code=digest(code),
        user_code=user_code,
        client=client,
        scope=wanted,
        challenge=challenge,
        status="waiting",
        pause=PAUSE,
        expires=datetime.now(UTC) + timedelta(seconds=issuer.device_lifetime),
    )
    async with issuer.work() as unit:
        if await unit.logins.waiting() >= WAITING:
            raise Denied("temporarily_unavailable", "Too many devices are waiting")
        await unit.logins.add(row)
    return {"device_code": code, "user_code": shown(user_code), "expires_in": issuer.device_lifetime, "interval": PAUSE}


async def poll(issuer: Issuer, client: str, secret: str | None, code: str, verifier: str | None) -> Told:
    """The tokens of a program that was let in; once."""
    accounts, trusted = await issuer.client(client, secret, DEVICE)
    async with issuer.work() as unit:
        found = await _outcome(issuer, accounts, unit.logins, client, code, verifier)
    if isinstance(found, Denied):  # raised after the commit: what it wrote has to stay
        raise found
    return await issuer.tokens(accounts, trusted, *found)


async def _outcome(
    issuer: Issuer, accounts: Accounts, logins: Logins, client: str, code: str, verifier: str | None
) -> Denied | tuple[LoginRow, str]:
    device, now = await logins.device(code), datetime.now(UTC)
    if device is None or device.client != client:
        return Denied("invalid_grant", "Device code not valid")
    if not verified(device.challenge, verifier):
        return Denied("invalid_grant", "PKCE verification failed: Code mismatch")
    if device.expires <= now:
        return Denied("expired_token", "Device code is expired")
    if device.status == "waiting":
        return _wait(device, now)
    await logins.remove(device)
    account = accounts.users.get(device.name or "")
    if device.status != "allowed" or device.name is None or account is None:
        return Denied("access_denied", "The end user denied the authorization request")
    if not account.enabled or state_of(account) != device.state:
        return Denied("access_denied", "The account has changed since")
    subject = accounts.subject(device.name)
    return await issuer.begin(logins, client, device.scope, device.name, subject, state_of(account))


def _wait(device: DeviceRow, now: datetime) -> Denied:
    # half a second of grace: a network may hold back one question and not the next
    early = device.asked is not None and now - device.asked < timedelta(seconds=device.pause - 0.5)
    device.asked = now
    if early:
        device.pause = min(device.pause + SLOWER, 60)
        return Denied("slow_down", "Slow down")
    return Denied("authorization_pending", "The authorization request is still pending")


def verified(challenge: str | None, verifier: str | None) -> bool:
    """Whether whoever ends a login is who began it (RFC 7636, S256)."""
    if challenge is None:
        return verifier is None
    found = base64.urlsafe_b64encode(hashlib.sha256((verifier or "").encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(found, challenge)
