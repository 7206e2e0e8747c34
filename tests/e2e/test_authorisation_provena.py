"""The authorisation matrix of Provena's addresses: every route against every kind of caller who must not get through.

`provena_rows` says what is wanted; `pytest -s` prints what was seen. A route without a row there fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.e2e.provena_matrix import LEVELS, STAGES, Row
from tests.e2e.provena_rows import ROWS
from tests.e2e.test_authorisation import Mint, is_open, routes
from tests.provena import Things
from tests.running import Platform

from contracts.kinds import Kind
from gateway.access.roles import EVERY
from gateway.facades.provena.doors import LEVELS as APIS

pytestmark = pytest.mark.timeout(900)
Json = dict[str, Any]
Route = tuple[str, str]
FORGED = ("no token", "malformed", "expired")
COLUMNS = (*FORGED, *(f"no {level}" for level in LEVELS), *STAGES)
NO_ADMIN = [one for one in EVERY if one != "entity-registry-admin"]
"""Everything but the role before which every item is open."""
GRANTS = ((), ("metadata-read",), ("metadata-read", "metadata-write"), ("metadata-read", "metadata-write", "admin"))
"""What the owner has granted to the group, stage by stage."""


def wanted() -> list[Route]:
    """Provena's routes that ask for a token, as the gateway serves them."""
    return [one for one in routes() if one[1].split("/")[1] in APIS and not is_open(one[1]) and "/realms/" not in one[1]]


@dataclass
class World:
    """Somebody's things of every kind, which nobody else may use; and somebody else, who is in a group of the owner's."""

    mint: Mint
    http: httpx.Client
    owners: Things
    word: str
    batch: str = ""
    run: str = ""
    """The job that registered the run of the batch."""
    record: Json = field(default_factory=dict)
    granted: tuple[str, ...] = ()
    other: str = ""
    """The token of somebody else, who has all roles but one."""

    @classmethod
    def make(cls, mint: Mint, url: str) -> "World":
        """One of each kind, a job and a batch, and a group that may do nothing yet."""
        word = f"m{uuid4().hex[:10]}"
        http = httpx.Client(base_url=url, timeout=60)
        found = cls(mint, http, Things(httpx.Client(base_url=url, timeout=60), word), word)
        found.owners.http.headers["Authorization"] = f"Bearer {found.token(found.owner, EVERY)}"
        found.other = found.token(f"{word}-other", NO_ADMIN)
        found.fill()
        return found

    @property
    def owner(self) -> str:
        """Whose things they are."""
        return f"{self.word}-owner"

    @property
    def group(self) -> str:
        """Whom the owner lets use them."""
        return f"{self.word}-group"

    @property
    def ids(self) -> dict[Kind, str]:
        """The owner's things."""
        return self.owners.ids

    @property
    def info(self) -> dict[Kind, Json]:
        """What they say."""
        return self.owners.info

    @property
    def session(self) -> str:
        """A job of the owner's."""
        return self.owners.session

    @property
    def access(self) -> Json:
        """Who may do what now."""
        return {"owner": self.owner, "general": [], "groups": {self.group: list(self.granted)} if self.granted else {}}

    def token(self, name: str, roles: list[str] | tuple[str, ...]) -> str:
        """Somebody with these roles and no others."""
        claims = {"sub": f"sub-{name}", "preferred_username": name, "email": f"{name}@example.org", "name": name}
        return self.mint.token(realm_access={"roles": list(roles)}, **claims)

    def ask(self, token: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask once."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, path, headers=headers, **more)

    def fill(self) -> None:
        """Make everything."""
        mine = self.owners
        theirs = {"Authorization": f"Bearer {self.other}"}
        with httpx.Client(base_url=self.http.base_url, headers=theirs, timeout=60) as others:
            Things(others).linked()
        mine.fill()
        mine.told("POST", "/auth/groups/admin/add_group", json={"id": self.group, "display_name": "g", "description": "d"})
        self.record = mine.record()
        told = mine.told("POST", "/prov/model_run/register_batch", json={"records": [self.record]})
        self.batch = mine.job(told["session_id"])["result"]["batch_id"]
        [one] = mine.told("POST", "/jobs/jobs/user/list_batch", json={"batch_id": self.batch})["jobs"]
        self.run = one["session_id"]
        mine.ids[Kind.MODEL_RUN] = mine.job(self.run)["result"]["record"]["id"]
        mine.ids[Kind.CREATE] = mine.job(self.session)["result"]["creation_activity_id"]
        told = mine.told("POST", mine.at(Kind.MODEL, "version"), json={"id": mine.ids[Kind.MODEL], "reason": "next"})
        mine.ids[Kind.VERSION] = mine.job(told["version_job_session_id"])["result"]["version_activity_id"]
        mine.ids[Kind.MODEL], mine.session = told["new_version_id"], told["version_job_session_id"]

    def grant(self, roles: tuple[str, ...]) -> None:
        """Let the group do so much with everything, and have the other one in it."""
        if roles and not self.granted:
            told = {"params": {"group_id": self.group}, "json": {"username": f"{self.word}-other"}}
            self.owners.told("POST", "/auth/groups/admin/add_member", **told)
        self.granted = roles
        for kind, handle in self.ids.items():
            self.owners.told("PUT", self.owners.at(kind, "auth/configuration"), params={"id": handle}, json=self.access)


@pytest.fixture(scope="module")
def mint(platform: Platform) -> Mint:
    return Mint(platform)


@pytest.fixture(scope="module")
def world(platform: Platform, mint: Mint) -> Iterator[World]:
    found = World.make(mint, platform.url)
    yield found
    found.http.close()
    found.owners.http.close()


@pytest.fixture(scope="module")
def table() -> Iterator[dict[Route, dict[str, str]]]:
    """What was seen, printed when all of it was."""
    seen: dict[Route, dict[str, str]] = {}
    yield seen
    print("\n" + drawn(seen))


def drawn(seen: dict[Route, dict[str, str]]) -> str:
    """The matrix as text; a dot where a role is not needed or no item is named."""
    wide = max(len(f"{method} {path}") for method, path in seen) + 1
    lines = [" " * wide + "  ".join(COLUMNS)]
    for (method, path), row in sorted(seen.items(), key=lambda one: (one[0][1], one[0][0])):
        lines.append(f"{method} {path}".ljust(wide) + "  ".join(row.get(name, "·").ljust(len(name)) for name in COLUMNS))
    return "\n".join(lines)


def test_every_route_has_a_row() -> None:
    """A route that is added says here who may use it, or fails; and no row is left over."""
    served = set(wanted())

    assert sorted(served - set(ROWS)) == [], "say in provena_rows who may use these"
    assert sorted(set(ROWS) - served) == [], "these are not served any more"
    assert len(served) > 250


def test_no_bad_token_gets_through(world: World, table: dict[Route, dict[str, str]]) -> None:
    """No token, a malformed and an expired one: 401 with a challenge, in FastAPI's words."""
    tokens = {how: world.mint.forged(how) for how in FORGED}
    for method, path in wanted():
        for how, token in tokens.items():
            answer = world.ask(token, method, path)

            table.setdefault((method, path), {})[how] = str(answer.status_code)
            assert (answer.status_code, list(answer.json())) == (401, ["detail"]), (method, path, how)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_each_role_is_needed_and_no_other(world: World, table: dict[Route, dict[str, str]]) -> None:
    """Without any one of a route's roles it is 401 and says which; with just these one gets further."""
    every = {roles: world.token("somebody", roles) for roles in {row.roles for row in ROWS.values()}}
    without = {role: world.token("somebody", [one for one in EVERY if one != role]) for role in EVERY}
    for (method, path), row in ROWS.items():
        for role in row.roles:
            answer = world.ask(without[role], method, path)

            table.setdefault((method, path), {})[f"no {role.rpartition('-')[2]}"] = str(answer.status_code)
            assert answer.status_code == 401, (method, path, role)
            assert f"lacks the role {role}" in answer.json()["detail"]
        answer = world.ask(every[row.roles], method, path)
        assert answer.status_code != 401 or "lacks the role" not in answer.text, (method, path, answer.text)


@pytest.mark.parametrize("stage", range(len(STAGES)), ids=STAGES)
def test_items_open_as_far_as_their_owner_grants(world: World, table: dict[Route, dict[str, str]], stage: int) -> None:
    """Somebody with all roles is told 401 of another's item, and gets as far as a group of theirs was granted, not further."""
    world.grant(GRANTS[stage])
    wrong = []
    for (method, path), row in ROWS.items():
        if row.ask is not None:
            seen = outcome(world, row, world.ask(world.other, method, path, **row.ask(world)))
            table.setdefault((method, path), {})[STAGES[stage]] = seen
            wrong += [(method, path, seen, row.seen[stage])] if seen != row.seen[stage] else []

    assert wrong == []


def outcome(world: World, row: Row, answer: httpx.Response) -> str:
    """The code; of lists, whether the item is in it."""
    if not {"hidden", "seen"} & set(row.seen) or answer.status_code != 200:
        told = answer.json() if answer.status_code == 200 else {}
        failed = isinstance(told, dict) and not told.get("status", {"success": True})["success"]
        return f"{answer.status_code}, no" if failed else str(answer.status_code)
    told = answer.json()
    found = {one.get("session_id") or one["id"] for one in (*told.get("jobs", ()), *told.get("items", ()), *results(told))}
    return "seen" if {world.session, world.run, world.ids[row.about]} & found else "hidden"


def results(told: Json) -> list[Json]:
    """What a search found, and nothing of another answer."""
    found = told.get("results")
    return found if isinstance(found, list) else []


def test_an_administrator_deletes_anybodys(world: World, table: dict[Route, dict[str, str]]) -> None:
    """With the role for it, and only then: the other one is told 401 at each kind's address, and the item stays."""
    admin = world.token(f"{world.word}-admin", EVERY)
    for kind in reversed(world.ids):
        path, named = world.owners.at(kind, "delete"), {"params": {"id": world.ids[kind]}}
        assert world.ask(world.other, "DELETE", path, **named).status_code == 401
        assert world.ask(admin, "DELETE", path, **named).status_code == 200
    assert table
