"""Passwords: hashed with scrypt, compared in constant time, guessed slowly."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

COST, BLOCK, LANES = 1 << 14, 8, 1
MEMORY = 64 << 20
FIRST, LONGEST = 0.1, 5.0
REMEMBERED = 1000
PLAIN = "plain$"


def hashed(password: str) -> str:
    """A password as it is stored: `scrypt$<n>$<r>$<p>$<salt>$<hash>`."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, COST, BLOCK, LANES)
    return "$".join(("scrypt", str(COST), str(BLOCK), str(LANES), _text(salt), _text(digest)))


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=MEMORY, dklen=32)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def matches(password: str, stored: str) -> bool:
    """Whether a password is the one that was stored (`plain$<password>` is for tests)."""
    if stored.startswith(PLAIN):
        return hmac.compare_digest(stored.removeprefix(PLAIN).encode(), password.encode())
    try:
        name, cost, block, lanes, salt, digest = stored.split("$")
        if name != "scrypt":
            return False
        there = base64.b64decode(digest, validate=True)
        return hmac.compare_digest(_scrypt(password, base64.b64decode(salt), int(cost), int(block), int(lanes)), there)
    except (ValueError, binascii.Error):
        return False


NOBODY = f"scrypt${COST}${BLOCK}${LANES}${'A' * 22}==${'A' * 43}="
"""A hash of nothing known. Passwords of unknown names are compared with it, so that they take as long as others."""


@dataclass
class Guard:
    """Makes guessing slow: each failure for a name doubles the wait before the next answer for it."""

    first: float = FIRST
    longest: float = LONGEST
    _failures: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _work: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def check(self, name: str, password: str, stored: str | None) -> bool:
        """Whether the password is right; one attempt for a name at a time, late after failures."""
        turn = self._turns.setdefault(name, asyncio.Lock())
        try:
            async with turn:
                return await self._check(name, password, stored)
        finally:
            if not turn.locked():
                self._turns.pop(name, None)

    async def _check(self, name: str, password: str, stored: str | None) -> bool:
        if failures := self._failures.get(name, 0):
            await asyncio.sleep(min(self.first * 2 ** (failures - 1), self.longest))
        async with self._work:
            right = await asyncio.to_thread(matches, password, stored or NOBODY)
        if right and stored:
            self._failures.pop(name, None)
            return True
        self._failures[name] = min(failures + 1, 20)
        self._failures.move_to_end(name)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        return False
