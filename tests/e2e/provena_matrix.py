"""Who may do what at Provena's addresses, as its test wants it: what a row says, and the rows that all APIs and kinds have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.kinds import KINDS, Kind

Json = dict[str, Any]
Route = tuple[str, str]
LEVELS = ("read", "write", "admin")
PROXIES = (("GET", "fetch"), ("POST", "seed"), ("POST", "create"), ("PUT", "update"), ("PUT", "revert"), ("POST", "version"))
"""Methods and places of what services of the original do in the name of others."""
AREAS = {
    **dict.fromkeys(("registry", "prov", "datastore", "search"), "entity-registry"),
    "jobs": "job-service",
    "handle": "handle",
}
STAGES = ("other's", "group: read", "group: write", "group: admin")
"""Whose item it is: somebody else's, then the same after its owner grants a group of the caller so much."""
READS = ("401", "200", "200", "200")
WRITES = ("401", "401", "200", "200")
KEEPS = ("401", "401", "401", "200")
LISTS = ("hidden", "seen", "seen", "seen")
OPEN = ("200", "200", "200", "200")
NEVER = ("401", "401", "401", "401")


@dataclass(frozen=True)
class Row:
    """Which roles a route needs, all of them; and what comes of asking it for somebody else's item."""

    roles: tuple[str, ...]
    ask: Callable[[Any], Json] | None = None
    """What to send to name the item; nothing where a route names none."""
    seen: tuple[str, ...] = ()
    """What comes of it, stage by stage."""
    about: Kind = Kind.DATASET
    """Whose handle tells whether the item is in a list."""


def entity(*levels: str) -> tuple[str, ...]:
    """Roles of the registry."""
    return tuple(f"entity-registry-{level}" for level in levels)


def system(*levels: str) -> tuple[str, ...]:
    """Roles of the administration."""
    return tuple(f"sys-admin-{level}" for level in levels)


def job(*levels: str) -> tuple[str, ...]:
    """Roles of the job service."""
    return tuple(f"job-service-{level}" for level in levels)


def handle(*levels: str) -> tuple[str, ...]:
    """Roles of the handle service."""
    return tuple(f"handle-{level}" for level in levels)


READ, WRITE, ADMIN = entity("read"), entity("read", "write"), entity(*LEVELS)
ANYBODY: tuple[str, ...] = ()


def of_kind(kind: Kind) -> Mapping[Route, Row]:
    """The routes of a kind; what its items are is in `things.info`, who may use them in `things.access`."""
    at = f"/registry/registry/{KINDS[kind].prefix}"

    def by_id(**more: Any) -> Callable[[Any], Json]:
        return lambda things: {"params": {"id": things.ids[kind], **more}}

    def body(**more: Any) -> Callable[[Any], Json]:
        return lambda things: {"json": {"id": things.ids[kind], "reason": "a test", **more}}

    newest = {"sort_by": {"sort_type": "CREATED_TIME", "ascending": False}, "page_size": 40}
    found = {
        ("GET", f"{at}/fetch"): Row(READ, by_id(), READS),
        ("POST", f"{at}/list"): Row(READ, lambda _: {"json": newest}, LISTS, kind),
        ("GET", f"{at}/schema"): Row(READ),
        ("GET", f"{at}/ui_schema"): Row(READ),
        ("POST", f"{at}/validate"): Row(READ),
        ("GET", f"{at}/auth/evaluate"): Row(READ, by_id(), OPEN),
        ("GET", f"{at}/auth/configuration"): Row(READ, by_id(), KEEPS),
        ("GET", f"{at}/auth/roles"): Row(READ),
        ("GET", f"{at}/locks/history"): Row(READ, by_id(), READS),
        ("GET", f"{at}/locks/locked"): Row(READ, by_id(), READS),
        ("PUT", f"{at}/auth/configuration"): Row(
            WRITE, lambda things: {"params": {"id": things.ids[kind]}, "json": things.access}, KEEPS
        ),
        ("PUT", f"{at}/locks/lock"): Row(WRITE, body(), KEEPS),
        ("PUT", f"{at}/locks/unlock"): Row(WRITE, body(), KEEPS),
        ("DELETE", f"{at}/delete"): Row(ADMIN),
        **{(method, f"{at}/proxy/{what}"): Row(READ) for method, what in PROXIES},
    }
    if KINDS[kind].written:
        found |= {
            ("POST", f"{at}/seed"): Row(WRITE),
            ("POST", f"{at}/create"): Row(WRITE),
            ("PUT", f"{at}/update"): Row(
                WRITE,
                lambda things: {"params": {"id": things.ids[kind], "reason": "a test"}, "json": things.info[kind]},
                WRITES,
            ),
            ("PUT", f"{at}/revert"): Row(WRITE, body(history_id=0), WRITES),
        }
    if KINDS[kind].written and KINDS[kind].versioned:
        found[("POST", f"{at}/version")] = Row(WRITE, body(), KEEPS)
    return found


def common() -> Mapping[Route, Row]:
    """The routes that every API has."""
    found: dict[Route, Row] = {("GET", "/auth/check-access/general"): Row(ANYBODY)}
    for api, area in AREAS.items():
        found[("GET", f"/{api}/check-access/check-general-access")] = Row(ANYBODY)
        for count, level in enumerate(LEVELS, 1):
            needed = tuple(f"{area}-{one}" for one in LEVELS[:count])
            found[("GET", f"/{api}/check-access/check-{level}-access")] = Row(needed)
        for what in ("config", "sentry-debug"):
            found[("GET", f"/{api}/admin/{what}")] = Row(tuple(f"{area}-{one}" for one in LEVELS))
    for what in ("config", "sentry-debug"):
        found[("GET", f"/auth/admin/{what}")] = Row(system("admin"))
    return found
