"""The graph in Neo4j 5.26: written in one transaction for many records, read in sessions that the server holds to reading.

`clear` begins a new generation, which is one small transaction: readers find the old graph before it and an empty, growing
one after it. What the old one leaves behind is swept up in pieces.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

from neo4j import READ_ACCESS, WRITE_ACCESS, AsyncGraphDatabase, AsyncManagedTransaction, AsyncSession, unit_of_work
from neo4j.exceptions import AuthError, ClientError, ConnectionPoolError, ServiceUnavailable
from pydantic_core import to_json

from chassis.refusal import Trouble
from provenance.graph import neo4j_words as words
from provenance.graph.answer import ANY, Answer, Direction, Dump, Relations, Seen, Shown
from provenance.graph.batch import Batch, Position, Touched, judge
from provenance.graph.keys import id_digest
from provenance.graph.model import Link, Node
from provenance.graph.neo4j_walk import Disturbed, Neo4jWalker
from provenance.graph.options import Neo4jOptions

SWEEP = 10_000
"""Elements that one transaction takes away."""
TRIES = 10
"""Times that an answer is made before removals beneath it count as trouble."""
TIMED_OUT = "Neo.ClientError.Transaction.TransactionTimedOut"
T = TypeVar("T")


class Neo4jGraph:
    """A graph store in a Neo4j of its own."""

    def __init__(self, url: str, options: Neo4jOptions) -> None:
        address = urlsplit(url)
        self._options = options
        self._database = address.path.strip("/") or options.database
        self._driver = AsyncGraphDatabase.driver(
            address._replace(netloc=address.netloc.rpartition("@")[2], path="").geturl(),
            auth=(unquote(address.username or options.user), unquote(address.password or options.password)),
            max_connection_pool_size=options.pool,
            max_transaction_retry_time=options.patience,
            connection_timeout=options.patience,
            connection_acquisition_timeout=2 * options.patience,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
        )

    async def start(self) -> None:
        """Make what is missing, and sweep up what a clear left behind when its process ended."""
        try:
            for statement in words.SCHEMA:
                await self._write(_said(statement))
        except AuthError as error:
            raise ValueError(f"GRAPH_URL: Neo4j says no to the user or the password: {error.message}") from error
        await self._write(_said(words.BEGIN))
        found = await self._read(_said(words.POSITION))
        await self._sweep(found[0]["generation"])

    async def ping(self) -> None:
        """Raise if the server does not answer."""
        await self.position()

    async def position(self) -> Position | None:
        """How far the projection is."""
        return await self._read(_position)

    async def apply(self, batch: Batch) -> None:
        """Move the position first; whoever comes second waits for it, and finds it moved."""

        async def work(tx: AsyncManagedTransaction) -> bool:
            return await _apply(tx, batch)

        if await self._write(work):
            return
        await self.start()  # a server that was wiped meanwhile has neither constraints nor a position to move
        if not await self._write(work):
            judge(None, batch)

    async def lineage(self, root: str, direction: Direction, depth: int, tenants: Sequence[str], limit: int) -> Answer | None:
        """What lies within `depth` links of a node, at most `limit` nodes."""
        return await self._walk(tenants, lambda walker: walker.lineage(root, direction, depth, limit))

    async def path(
        self, source: str, target: str, depth: int, tenants: Sequence[str], limit: int, relations: Relations = ANY
    ) -> Answer | None:
        """The shortest way from an effect up to a cause, along these relations."""
        return await self._walk(tenants, lambda walker: walker.path(source, target, depth, limit, relations))

    async def node(self, item: str, tenants: Sequence[str]) -> Shown | None:
        """A node, if one of the tenants asserts it."""
        return await self._walk(tenants, lambda walker: walker.node(item))

    async def agents(self, items: Sequence[str], tenants: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links that lead from these nodes to agents, with the agents."""
        return await self._walk(tenants, lambda walker: walker.agents(items))

    async def dump(self) -> Dump:
        """Everything, for proofs and tests."""
        return await self._steady(_dump)

    async def clear(self) -> None:
        """Forget everything, the position too."""
        [begun] = await self._write(_said(words.CLEAR))
        await self._sweep(begun["generation"])

    async def close(self) -> None:
        """Let go of the connections."""
        await self._driver.close()

    async def _sweep(self, generation: str) -> None:
        for statement in words.SWEEP:
            while (await self._write(_said(statement, generation=generation, some=SWEEP)))[0]["gone"]:
                pass

    async def _walk(self, tenants: Sequence[str], ask: Callable[[Neo4jWalker], Awaitable[T]]) -> T:
        async def work(tx: AsyncManagedTransaction) -> T:
            return await ask(Neo4jWalker(tx, tenants))

        return await self._steady(work)

    async def _steady(self, work: Callable[[AsyncManagedTransaction], Awaitable[T]]) -> T:
        """An answer beneath which nothing was taken away."""
        for _ in range(TRIES):
            try:
                return await self._read(work)
            except Disturbed:
                continue
        msg = "the graph lost elements each time that it was read"
        raise Trouble(msg)

    async def _read(self, work: Callable[[AsyncManagedTransaction], Awaitable[T]]) -> T:
        async with self._session(READ_ACCESS) as session:
            return await session.execute_read(unit_of_work(timeout=self._options.reading)(work))

    async def _write(self, work: Callable[[AsyncManagedTransaction], Awaitable[T]]) -> T:
        async with self._session(WRITE_ACCESS) as session:
            return await session.execute_write(unit_of_work(timeout=self._options.writing)(work))

    @asynccontextmanager
    async def _session(self, access: str) -> AsyncIterator[AsyncSession]:
        """A session; what passes by itself is trouble."""
        try:
            async with self._driver.session(database=self._database, default_access_mode=access) as session:
                yield session
        except (ServiceUnavailable, ConnectionPoolError) as error:
            raise Trouble(f"the graph is away: {error}") from error
        except ClientError as error:
            if (error.code or "").startswith(TIMED_OUT):
                raise Trouble(f"the graph took too long: {error.message}") from error
            raise


def _said(statement: str, **told: Any) -> Callable[[AsyncManagedTransaction], Awaitable[list[dict[str, Any]]]]:
    async def work(tx: AsyncManagedTransaction) -> list[dict[str, Any]]:
        return await (await tx.run(statement, told)).data()

    return work


async def _position(tx: AsyncManagedTransaction) -> Position | None:
    found = await _said(words.POSITION)(tx)
    if not found or found[0]["seq"] is None:
        return None
    return Position(UUID(found[0]["ledger"]), found[0]["seq"], found[0]["mark"])


async def _apply(tx: AsyncManagedTransaction, batch: Batch) -> bool:
    """Do it all; say whether there was a projection to move."""
    removals = int(any(touched.lost for touched in (*batch.nodes, *batch.links)))
    told = {"ledger": str(batch.ledger), "start": batch.start, "end": batch.end, "mark": batch.mark, "removals": removals}
    moved = await _said(words.MOVE, **told)(tx)
    if not moved:
        if (now := await _position(tx)) or batch.start or await _said(words.POSITION)(tx):
            judge(now, batch)
            return True
        return False
    generation = moved[0]["generation"]
    steps: tuple[tuple[str, list[Any] | dict[str, Any]], ...] = (
        (words.HOLD_NODES, [_node(t) for t in batch.nodes if t.held]),
        (words.HOLD_LINKS, _links(t for t in batch.links if t.held)),
        (words.LEAVE_LINKS, _links(t for t in batch.links if not t.held)),
        (words.LEAVE_NODES, [_node(t) for t in batch.nodes if not t.held]),
    )
    for statement, rows in steps:
        if rows:
            await _said(statement, generation=generation, rows=rows)(tx)
    return True


async def _dump(tx: AsyncManagedTransaction) -> Dump:
    before = await _said(words.POSITION)(tx)
    generation = before[0]["generation"] if before else ""
    nodes = await _said(words.ALL_NODES, generation=generation)(tx)
    links = await _said(words.ALL_LINKS, generation=generation)(tx)
    if before != await _said(words.POSITION)(tx):
        raise Disturbed
    return Dump(
        {row["id"]: (row["category"], row["subtype"], _views(row["said"])) for row in nodes},
        {(row["source"], row["relation"], row["target"]): _views(row["said"]) for row in links},
    )


def _views(properties: Mapping[str, Any]) -> dict[str, Any]:
    said = ((name.removeprefix(words.SAID), value) for name, value in properties.items() if name.startswith(words.SAID))
    return {tenant: json.loads(value) if value else None for tenant, value in said}


def _told(touched: Touched) -> dict[str, str | None]:
    held = {words.SAID + tenant: "" if said is None else to_json(said).decode() for tenant, said in touched.held.items()}
    return dict.fromkeys((words.SAID + tenant for tenant in touched.lost), None) | held


def _node(touched: Touched) -> dict[str, Any]:
    node = touched.element
    assert isinstance(node, Node)  # noqa: S101 - the batch keeps them apart
    kind = {"id": node.id, "category": node.category.value, "subtype": str(node.subtype)}
    return {"key": id_digest(node.id), "said": kind | _told(touched)}


def _links(of: Iterable[Touched]) -> dict[str, list[dict[str, Any]]]:
    """Links by relation, which is a type of Neo4j's and has its own place in the statement."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for touched in of:
        link = touched.element
        assert isinstance(link, Link)  # noqa: S101 - the batch keeps them apart
        ends = {"source": id_digest(link.source), "target": id_digest(link.target)}
        rows.setdefault(link.relation.value, []).append(ends | {"said": _told(touched)})
    return rows
