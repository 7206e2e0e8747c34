"""What a token's claims mean here: for which tenants somebody may act, and in which roles."""

from collections.abc import Collection, Mapping
from typing import Any

from chassis.refusal import refuse
from contracts.message import Caller
from contracts.problem import FieldError

AUDIENCE = "reprovena-api"
"""What tokens for the platform are for, by default."""
ADMIN = "reprovena_admin"
"""Keeps the platform."""
USUAL = ("reprov_user", "entity-registry-read", "entity-registry-write")
"""What somebody who works here may do: run workflows, and read and write entries and their provenance."""
ENTRY_READER, ENTRY_WRITER = "entity-registry-read", "entity-registry-write"
"""Who may look at what is registered, and who may change it; each entry says besides whom it lets."""
AREAS = ("entity-registry", "handle", "sys-admin", "job-service")
EVERY = (
    "reprov_user",
    "reprov_admin",
    *(f"{area}-{level}" for area in AREAS for level in ("read", "write", "admin")),
    ADMIN,
)
"""All roles that mean something here, but those of services."""
OWN = "~"
"""Begins the name of everybody's own tenant, which no group can have."""


def caller_of(claims: Mapping[str, Any], clients: Collection[str] = ()) -> Caller:
    """Who a verified token speaks for; `ValueError` if a claim is not what it should be.

    Roles are the realm's and those of these clients: another client's role of the same name is another role.
    """
    subject = _text(claims, "sub")
    if subject is None:
        msg = "the token names nobody"
        raise ValueError(msg)
    username = _text(claims, "preferred_username")
    return Caller(
        issuer=claims["iss"],
        subject=subject,
        name=_text(claims, "name") or username or subject,
        email=_text(claims, "email"),
        tenants=(*groups_of(claims), OWN + (username or subject)),
        roles=roles_of(claims, clients),
        username=username,
    )


def groups_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The groups of a token, without Keycloak's leading slash; never one that looks like somebody's own tenant."""
    names = (name.removeprefix("/") for name in _texts(claims.get("groups")))
    return tuple(dict.fromkeys(name for name in names if name and name.isprintable() and not name.startswith(OWN)))


def roles_of(claims: Mapping[str, Any], clients: Collection[str] = ()) -> tuple[str, ...]:
    """The realm's roles of a token, and those of some clients."""
    resources = _object(claims, "resource_access")
    places = [_object(claims, "realm_access"), *(_object(resources, name) for name in clients)]
    return tuple(dict.fromkeys(role for place in places for role in _texts(place.get("roles"))))


def tenant_for(caller: Caller, wanted: str | None) -> str:
    """Whom a new thing will belong to: the tenant named, else the only group, else one's own."""
    if wanted is not None:
        if wanted not in caller.tenants:
            error = FieldError(detail="you cannot act for this tenant", field="tenant")
            raise refuse("gateway:forbidden", f"you cannot act for {wanted!r}", error)
        return wanted
    groups = [tenant for tenant in caller.tenants if not tenant.startswith(OWN)]
    if len(groups) > 1:
        error = FieldError(detail=f"name one of {', '.join(caller.tenants)}", field="tenant")
        raise refuse("gateway:invalid", "you can act for several tenants; name the one that it shall belong to", error)
    return groups[0] if groups else own_tenant(caller)


def own_tenant(caller: Caller) -> str:
    """The tenant that is the caller alone."""
    return next(tenant for tenant in caller.tenants if tenant.startswith(OWN))


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = claims.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        msg = f"{name} is not an object"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all claims
    return found


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isprintable():
        msg = f"{name} is not text"
        raise ValueError(msg)
    return value


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        msg = "groups or roles are not a list of names"
        raise ValueError(msg)
    return value
