"""What an answer costs a graph store: statements, and rows that they look at; no matter how fast the machine is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import neo4j
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from tests.servers import server

from provenance.unit import ProvenanceHouse


@dataclass
class Work:
    """Statements that were said, and how many rows (PostgreSQL) or hits (Neo4j) they take when they are said again."""

    said: list[tuple[str, Any]] = field(default_factory=list)
    rows: int = 0

    @property
    def statements(self) -> int:
        """How many there were."""
        return len(self.said)


@asynccontextmanager
async def counted(store: str, house: ProvenanceHouse, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Work]:
    """Count what is asked of the store meanwhile."""
    work = Work()
    with _listening(work) if store == "postgresql" else _overheard(work, monkeypatch):
        yield work
    work.rows = await (_examined(work, house) if store == "postgresql" else _hits(work))


@contextmanager
def _listening(work: Work) -> Iterator[None]:
    def heard(_connection: Any, _cursor: Any, statement: str, told: Any, *_more: Any) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            work.said.append((statement, told))

    event.listen(Engine, "before_cursor_execute", heard)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", heard)


async def _examined(work: Work, house: ProvenanceHouse) -> int:
    found = 0
    async with house.engine.connect() as connection:
        for statement, told in work.said:
            answer = await connection.exec_driver_sql(f"explain (analyze, format json) {statement}", told)
            [plan] = answer.scalar_one()
            found += _of_plan(plan["Plan"])
    return found


def _of_plan(plan: dict[str, Any]) -> int:
    removed = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
    here = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    return int(here) + sum(_of_plan(part) for part in plan.get("Plans", ()))


@contextmanager
def _overheard(work: Work, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    say = neo4j.AsyncManagedTransaction.run

    async def heard(self: Any, statement: Any, told: Any = None, **more: Any) -> Any:
        work.said.append((str(statement), {**(told or {}), **more}))
        return await say(self, statement, told, **more)

    with monkeypatch.context() as patch:
        patch.setattr(neo4j.AsyncManagedTransaction, "run", heard)
        yield


async def _hits(work: Work) -> int:
    address, who = _door()
    found = 0
    async with neo4j.AsyncGraphDatabase.driver(address, auth=who) as driver, driver.session() as session:
        for statement, told in work.said:
            found += _of_profile((await (await session.run(f"PROFILE {statement}", told)).consume()).profile)
    return found


def _door() -> tuple[str, tuple[str, str]]:
    scheme, _, rest = server("neo4j_url").partition("://")
    who, _, where = rest.rpartition("@")
    name, _, word = who.partition(":")
    return f"{scheme}://{where}", (name, word)


def _of_profile(profile: Any) -> int:
    return int(profile["args"].get("DbHits", 0)) + sum(_of_profile(part) for part in profile.get("children", ()))
