"""What tokens say: of whom, for whom, within which scope. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from contracts.ids import uuid7
from gateway.access.accounts import Account, Accounts
from gateway.access.clients import SERVICE, Client
from gateway.access.oauth import Denied
from gateway.access.roles import USUAL

Claims = dict[str, Any]


@dataclass(frozen=True)
class Grant:
    """Tokens of one kind for one holder: what all of them say."""

    issuer: str
    client: str
    trusted: Client
    scope: str
    holder: Claims
    """What is known of whoever the token speaks for."""
    session: str | None = None

    def _common(self, kind: str, now: int, lifetime: int) -> Claims:
        told = {"iss": self.issuer, "sub": self.holder["sub"], "azp": self.client, "typ": kind, "jti": str(uuid7())}
        told |= {"iat": now, "nbf": now, "exp": now + lifetime}
        return told | ({"sid": self.session} if self.session else {})

    def access(self, now: int, lifetime: int) -> Claims:
        """What the platform reads."""
        return self.holder | self._common("Bearer", now, lifetime) | {"aud": list(self.trusted.audience), "scope": self.scope}

    def identity(self, now: int, lifetime: int, nonce: str | None) -> Claims:
        """What the program reads (OpenID Connect Core 1.0 §2); it opens nothing."""
        person = {name: value for name, value in self.holder.items() if name != "realm_access"}
        told = person | self._common("ID", now, lifetime) | {"aud": self.client, "auth_time": now}
        return told | ({"nonce": nonce} if nonce else {})


def person(accounts: Accounts, name: str, scope: str) -> Claims:
    """What tokens say of an account."""
    account = accounts.users[name]
    scopes = set(scope.split())
    told: Claims = {"sub": accounts.subject(name), "preferred_username": name, "groups": list(account.groups)}
    if "profile" in scopes:
        called = account.name or name
        given, _, family = called.partition(" ")
        told |= {"name": called, "given_name": given} | ({"family_name": family} if family else {})
    if "email" in scopes and account.email:
        told |= {"email": account.email, "email_verified": True}
    return told | ({"realm_access": {"roles": list(_roles(account))}} if "roles" in scopes else {})


def service(accounts: Accounts, name: str, client: Client, scope: str) -> Claims:
    """What tokens say of a service that speaks in its own name."""
    told: Claims = {"sub": str(uuid5(NAMESPACE_URL, f"{accounts.issuer}#client/{name}")), "client_id": name}
    told |= {"preferred_username": SERVICE + name, "groups": list(client.groups)}
    return told | ({"realm_access": {"roles": list(client.roles)}} if "roles" in scope.split() else {})


def granted(client: Client, wanted: str | None, within: str | None = None) -> str:
    """The scope of a token: what the program has anyway and what it asks for, if it may."""
    asked = list(dict.fromkeys((wanted or "").split()))
    allowed = {"openid", *client.scopes, *client.optional} if within is None else set(within.split())
    if unknown := [one for one in asked if one not in allowed]:
        raise Denied("invalid_scope", f"Invalid scopes: {' '.join(unknown)}")
    if within is not None and not asked:
        return within
    return " ".join(dict.fromkeys([*asked, *client.scopes]))


def userinfo(claims: Mapping[str, Any]) -> Claims:
    """What the bearer of a token may read of oneself."""
    wanted = ("sub", "preferred_username", "name", "given_name", "family_name", "email", "email_verified", "groups")
    return {name: claims[name] for name in wanted if name in claims}


def _roles(account: Account) -> tuple[str, ...]:
    return USUAL if account.roles is None else account.roles
