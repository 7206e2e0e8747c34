"""The small OIDC issuer of our own: the realm's document, discovery, keys and tokens, laid out as Keycloak lays them out.

It is for one person's machine: it has no sessions, no pages and no other grants, and it does not serve the network.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis import keys
from contracts.ids import uuid7
from gateway.access.accounts import Account, Accounts, AccountsFile, Client
from gateway.access.passwords import Guard

ALGORITHM = "RS256"
BITS = 2048


class Denied(Exception):
    """No token, in OAuth's words (RFC 6749 §5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True)
class SigningKey:
    """An RSA key and the name by which tokens call it."""

    private: rsa.RSAPrivateKey
    kid: str
    public: rsa.RSAPublicKey

    @classmethod
    def at(cls, path: Path) -> "SigningKey":
        """The key in a file, made at first start."""
        fresh = b"" if path.exists() else _pem(rsa.generate_private_key(public_exponent=65537, key_size=BITS))
        key = serialization.load_pem_private_key(keys.once(path, fresh), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            msg = f"{path} holds another kind of key"
            raise TypeError(msg)
        return cls(key, _thumbprint(key.public_key()), key.public_key())

    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key."""
        told: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.public, as_dict=True)
        return {"kty": "RSA", "n": told["n"], "e": told["e"], "use": "sig", "alg": ALGORITHM, "kid": self.kid}

    def der(self) -> str:
        """The public half as Keycloak's realm document shows it."""
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self.public.public_bytes(serialization.Encoding.DER, info)).decode()


@dataclass
class Issuer:
    """Tokens for the accounts of a file."""

    key: SigningKey
    file: AccountsFile
    lifetime: int = 3600
    refresh_lifetime: int = 30 * 24 * 3600
    guard: Guard = field(default_factory=Guard)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def accounts(self) -> Accounts:
        """The accounts as they are now."""
        async with self._turn:
            return await asyncio.to_thread(self.file.read)

    async def login(self, client: str, secret: str | None, name: str, password: str) -> dict[str, Any]:
        """Tokens for a name and its password (RFC 6749 §4.3)."""
        accounts = await self.accounts()
        trusted = _client(accounts, client, secret, "password")
        account = accounts.users.get(name)
        stored = account.secret if account and account.enabled else None
        if not await self.guard.check(name, password, stored) or account is None:
            raise Denied("invalid_grant", "Invalid user credentials", 401)
        return self._tokens(accounts, name, client, trusted, str(uuid7()))

    async def refresh(self, client: str, secret: str | None, token: str) -> dict[str, Any]:
        """New tokens for a refresh token, as the account is now; none once its password has changed."""
        accounts = await self.accounts()
        trusted = _client(accounts, client, secret, "refresh_token")
        try:
            claims = jwt.decode(
                token,
                self.key.public,
                [ALGORITHM],
                issuer=accounts.issuer,
                audience=accounts.issuer,
                options={"require": ["exp", "iat", "sub", "typ", "azp", "preferred_username", "state"]},
            )
        except jwt.PyJWTError:
            raise Denied("invalid_grant", "Invalid refresh token") from None
        name = claims["preferred_username"]
        account = accounts.users.get(name) if claims["typ"] == "Refresh" and claims["azp"] == client else None
        if (
            account is None
            or not account.enabled
            or accounts.subject(name) != claims["sub"]
            or not hmac.compare_digest(_state(account), str(claims["state"]))
        ):
            raise Denied("invalid_grant", "Invalid refresh token")
        return self._tokens(accounts, name, client, trusted, str(claims.get("sid")))

    def _tokens(self, accounts: Accounts, name: str, client: str, trusted: Client, session: str) -> dict[str, Any]:
        now, account = int(time.time()), accounts.users[name]
        common = {"iss": accounts.issuer, "sub": accounts.subject(name), "azp": client, "iat": now, "sid": session}
        common |= {"preferred_username": name}
        person: dict[str, Any] = {
            "name": account.name or name,
            "groups": list(account.groups),
            "realm_access": {"roles": list(account.roles)},
        }
        person |= {"email": account.email, "email_verified": True} if account.email else {}
        access = (
            common
            | person
            | self._times(now, self.lifetime, "Bearer")
            | {"aud": list(trusted.audience), "scope": "profile email"}
        )
        again = common | self._times(now, self.refresh_lifetime, "Refresh") | {"aud": accounts.issuer, "state": _state(account)}
        return {
            "access_token": self._signed(access),
            "expires_in": self.lifetime,
            "refresh_token": self._signed(again),
            "refresh_expires_in": self.refresh_lifetime,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session,
            "scope": "profile email",
        }

    def _times(self, now: int, lifetime: int, kind: str) -> dict[str, Any]:
        return {"nbf": now, "exp": now + lifetime, "jti": str(uuid7()), "typ": kind}

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key.private, ALGORITHM, headers={"kid": self.key.kid})


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _client(accounts: Accounts, name: str, secret: str | None, grant: str) -> Client:
    client = accounts.clients.get(name)
    if client is None or (
        client.secret is not None and not hmac.compare_digest(client.secret.encode(), (secret or "").encode())
    ):
        raise Denied("invalid_client", "Invalid client or Invalid client credentials", 401)
    if grant not in client.grants:
        raise Denied("unauthorized_client", f"Client not allowed for {grant}")
    return client


def _state(account: Account) -> str:
    """Changes with the password, so that old logins end with it."""
    return hashlib.sha256(f"{account.password_hash}\n{account.password}".encode()).hexdigest()[:16]


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _thumbprint(key: rsa.RSAPublicKey) -> str:
    """RFC 7638: the digest of the key's needed members."""
    told: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    needed = json.dumps({"e": told["e"], "kty": "RSA", "n": told["n"]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(needed.encode()).digest()).decode().rstrip("=")
