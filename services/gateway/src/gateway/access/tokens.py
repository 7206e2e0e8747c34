"""Bearer tokens: verified by signature, issuer, times, type and (if set) audience, with the issuer's own keys."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis.refusal import Refusal, Trouble, refuse
from contracts.message import Caller
from gateway.access.issuer import Issuer
from gateway.access.roles import caller_of
from gateway.access.signing import ALGORITHM

log = logging.getLogger(__name__)
SKEW = 5
"""Seconds that clocks may differ."""
FRESH, AGAIN = 600.0, 5.0
"""Seconds after which keys are asked for again anyway, and between an answer, or none, and the next question."""
WITHIN, PATIENCE = 5.0, 2.0
"""Seconds that the issuer has for an answer, and that whoever shows a known key waits for it."""
KEPT = 24 * 3600.0
"""Seconds that keys are believed while their issuer does not answer."""
LONGEST = 16 * 1024
SMALLEST = 2048


class Keys(Protocol):
    """Where the public keys of an issuer come from."""

    async def issuer(self) -> str:
        """The issuer's name, as tokens have it."""
        ...

    async def key(self, kid: str | None) -> rsa.RSAPublicKey | None:
        """A key by its name (or the only one); None if the issuer has no such key."""
        ...


@dataclass(frozen=True)
class OwnKeys:
    """The keys of the issuer in this process."""

    own: Issuer

    async def issuer(self) -> str:
        """Ours, by name."""
        return (await self.own.accounts()).issuer

    async def key(self, kid: str | None) -> rsa.RSAPublicKey | None:
        """A key by its name; without one, the key that signs."""
        known = self.own.ring.known()
        return next((key.public for key in known if kid in {None, key.kid}), None)


@dataclass
class FetchedKeys:
    """Another issuer's keys, by discovery; kept, and asked for again when they are old or a token names an unknown one."""

    url: str
    http: httpx.AsyncClient
    clock: Callable[[], float] = time.monotonic
    reached: str | None = None
    """Where the issuer is from here, if its name is an address that only others can reach."""
    _keys: dict[str | None, rsa.RSAPublicKey] = field(default_factory=dict)
    _had: float = -math.inf
    _tried: float = -math.inf
    _away: bool = False
    """Whether the issuer let somebody wait in vain since it answered last."""
    _question: asyncio.Task[None] | None = None

    async def issuer(self) -> str:
        """As the setting names it."""
        return self.url.rstrip("/")

    async def key(self, kid: str | None) -> rsa.RSAPublicKey | None:
        """A key by its name; a known one does not wait for an issuer that hangs."""
        if self._known(kid) is None or self._age() > KEPT:
            await self._ask(None)
        elif self._age() > FRESH:
            await self._ask(0 if self._away else PATIENCE)
        if self._age() > KEPT:
            raise Trouble("the issuer of tokens does not answer")
        return self._known(kid)

    def _known(self, kid: str | None) -> rsa.RSAPublicKey | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _age(self) -> float:
        return self.clock() - self._had

    async def _ask(self, patience: float | None) -> None:
        """Wait for the one question that is under way; begin it, unless the issuer was asked just now."""
        if self._question is None or self._question.done():
            if self.clock() - self._tried < AGAIN:
                return
            self._question = asyncio.create_task(self._refresh())
        _, unanswered = await asyncio.wait({self._question}, timeout=patience)
        self._away = self._away or bool(unanswered)

    async def _refresh(self) -> None:
        """Ask the issuer; what was known stays if it does not answer."""
        try:
            async with asyncio.timeout(WITHIN):
                self._keys = _usable(await self._json(await self._address()))
            self._had, self._away = self.clock(), False
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, RecursionError, TimeoutError) as error:
            self._away = True
            log.warning("the issuer's keys could not be read", extra={"issuer": self.url, "reason": repr(error)})
        finally:
            self._tried = self.clock()

    async def _address(self) -> str:
        told = await self._json(f"{(self.reached or self.url).rstrip('/')}/.well-known/openid-configuration")
        return str(told["jwks_uri"])

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self.http.get(url)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def _usable(jwks: dict[str, Any]) -> dict[str | None, rsa.RSAPublicKey]:
    """The RSA keys for signatures that are long enough."""
    found: dict[str | None, rsa.RSAPublicKey] = {}
    for told in jwks["keys"]:
        if told.get("kty") == "RSA" and told.get("use", "sig") == "sig" and told.get("alg", ALGORITHM) == ALGORITHM:
            key = jwt.algorithms.RSAAlgorithm.from_jwk({"kty": "RSA", "n": told["n"], "e": told["e"]})
            if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST:
                found[told.get("kid")] = key
    return found


@dataclass(frozen=True)
class Tokens:
    """Says whom a bearer token speaks for."""

    keys: Keys
    audience: str | None = None
    clients: tuple[str, ...] = ()
    """Clients of the issuer whose roles are roles here, besides the realm's."""

    async def caller(self, token: str) -> Caller:
        """Who is asking; `gateway:unauthenticated` for whatever is wrong with the token."""
        claims = await self.claims(token)
        try:
            return caller_of(claims, self.clients)
        except ValueError:
            raise _no("the token is not valid") from None

    async def claims(self, token: str) -> dict[str, Any]:
        """What an access token says, once all of it is verified; nothing of the token itself is told or logged."""
        if len(token) > LONGEST:
            raise _no("the token is too long")
        try:
            head = jwt.get_unverified_header(token)
            kid = head.get("kid")
            if head.get("alg") != ALGORITHM or not isinstance(kid, str | None):
                raise _no("the token is not signed as the issuer signs")
            key = await self.keys.key(kid)
            if key is None:
                raise _no("the token is signed with a key that the issuer does not have")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                [ALGORITHM],
                issuer=await self.keys.issuer(),
                audience=self.audience,
                leeway=SKEW,
                options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": self.audience is not None},
            )
            if not _is_access(head, claims):
                raise _no("the token is not an access token")
        except jwt.ExpiredSignatureError:
            raise _no("the token has expired") from None
        except (jwt.PyJWTError, ValueError):
            raise _no("the token is not valid") from None
        return claims


def _is_access(head: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Keycloak says `typ: Bearer` among the claims; others say `at+jwt` in the header (RFC 9068)."""
    if "typ" in claims:
        return bool(claims["typ"] == "Bearer")
    return str(head.get("typ", "")).lower().removeprefix("application/") == "at+jwt"


def _no(why: str) -> Refusal:
    return refuse("gateway:unauthenticated", why)
