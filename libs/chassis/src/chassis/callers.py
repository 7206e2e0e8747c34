"""Who asked, proven: a signature on commands, and short tokens between services. Neither is any good as the other."""

import time
from dataclasses import dataclass
from typing import TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Request

from chassis.refusal import Forged, refuse
from contracts.message import Caller, Command

ALGORITHM = "EdDSA"
ON_BUS, INSIDE = "reprovena-bus", "reprovena-internal"
LIFETIME = 60
"""Seconds that a token between services lives."""

SomeCommand = TypeVar("SomeCommand", bound=Command)


@dataclass(frozen=True)
class Callers:
    """Signs for the gateway, verifies for everybody."""

    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = None

    @classmethod
    def with_key(cls, key: Ed25519PrivateKey) -> "Callers":
        """One that signs and verifies."""
        return cls(key.public_key(), key)

    def _signing_key(self) -> Ed25519PrivateKey:
        if self.private is None:
            msg = "this process has no key to sign callers with"
            raise RuntimeError(msg)
        return self.private

    def sign(self, command: SomeCommand, caller: Caller) -> SomeCommand:
        """The command as this caller's: a signature over its id, subject, time and the digest of all it says."""
        command = command.model_copy(update={"caller": caller, "proof": None})
        claims = {"aud": ON_BUS, "jti": str(command.id), "sub": command.subject, "dig": command.digest()}
        return command.model_copy(update={"proof": jwt.encode(claims, self._signing_key(), ALGORITHM)})

    def prove(self, command: Command) -> None:
        """Raise `Forged` unless the gateway signed just this. When it was signed does not matter: it may have waited."""
        if command.proof is None or command.caller is None:
            msg = f"{command.subject} {command.id} is not signed"
            raise Forged(msg)
        try:
            claims = jwt.decode(command.proof, self.public, [ALGORITHM], audience=ON_BUS)
        except jwt.PyJWTError as error:
            msg = f"{command.subject} {command.id}: {error}"
            raise Forged(msg) from None
        if (claims.get("jti"), claims.get("sub"), claims.get("dig")) != (str(command.id), command.subject, command.digest()):
            msg = f"{command.subject} {command.id}: the signature belongs to another message"
            raise Forged(msg)

    def token(self, caller: Caller) -> str:
        """A short token with which the gateway asks another service in this caller's name."""
        now = int(time.time())
        claims = {"aud": INSIDE, "iat": now, "exp": now + LIFETIME, "caller": caller.model_dump(mode="json")}
        return jwt.encode(claims, self._signing_key(), ALGORITHM)

    def read(self, token: str) -> Caller:
        """Who the gateway says is asking; `jwt.PyJWTError` if it does not say so."""
        claims = jwt.decode(token, self.public, [ALGORITHM], audience=INSIDE, leeway=5, options={"require": ["exp", "iat"]})
        return Caller.model_validate(claims["caller"])


def caller_of(request: Request) -> Caller:
    """Who asks over internal HTTP, as the gateway proves it with its short token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise refuse("gateway:unauthenticated", "no token")
    try:
        callers: Callers = request.app.state.house.callers
        return callers.read(token)
    except jwt.PyJWTError:
        raise refuse("gateway:unauthenticated", "not a valid token") from None
