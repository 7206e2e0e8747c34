"""Walks in Neo4j: one statement for an answer that is not too large, a statement for each distance otherwise."""

import itertools
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from neo4j import AsyncManagedTransaction

from contracts.vocabulary import Relation
from provenance.graph import neo4j_words as words
from provenance.graph.answer import ANY, Answer, Direction, Relations, Seen, Shown
from provenance.graph.keys import id_digest
from provenance.graph.pieces import Ends, Found, Hint, answer, shown, to_agents, way_back


class Disturbed(Exception):
    """Something was taken away while an answer was made; it is made again."""


class Neo4jWalker:
    """Walks within one read transaction."""

    def __init__(self, tx: AsyncManagedTransaction, tenants: Sequence[str]) -> None:
        self._tx = tx
        self._told = {"words": [words.SAID + tenant for tenant in sorted(tenants)]}

    async def _ask(self, statement: str, **told: Any) -> Mapping[str, Any]:
        """The one record of a statement; nothing if the store was never started."""
        record = await (await self._tx.run(statement, self._told | told)).single()
        found: dict[str, Any] = record.data() if record else {}
        if found.get("steady") is False:
            raise Disturbed
        return found

    async def lineage(self, root: str, direction: Direction, depth: int, limit: int) -> Answer | None:
        """What lies within `depth` links of a node, the nearest `limit` nodes of it."""
        told = {"root": id_digest(root), "depth": depth, "cap": limit + 1}
        found = await self._ask(words.walk(direction, depth), **told)
        if truncated := found.get("size", 0) > limit:
            rows = await self._nearest(root, direction, depth, limit)
        else:
            rows = found.get("found", [])
        return _answer(root, rows, direction, truncated=truncated) if rows and _held(rows, root) else None

    async def path(self, source: str, target: str, depth: int, limit: int, relations: Relations = ANY) -> Answer | None:
        """The shortest way up from one node to another along these relations; of several, the same one every time."""
        goal = id_digest(target)
        met = await self._reached(source, Direction.UP, depth, limit, relations)
        at = {key.rpartition("/")[2]: item for item, (key, _distance) in met.items()}
        if goal not in at:
            return Answer(source, (), truncated=True) if len(met) > limit else None
        last = at[goal]
        near = [item for item, (_key, distance) in met.items() if distance < met[last][1]]
        rows = {row[0]: row for row in await self._details(Direction.UP, met, [*near, last])}
        along = {relation.value for relation in relations or Relation}
        steps = [(item, far) for item in near for far, relation, _said in rows[item][7] if far in rows and relation in along]
        way = way_back(last, steps, {item: distance for item, (_key, distance) in met.items()}, lambda item: met[item][0])
        on_it = set(itertools.pairwise(way))
        names = {item: rows[item][2] for item in way}
        links = [
            (names[item], names[far], relation, said)
            for item in way
            for far, relation, said in rows[item][7]
            if (item, far) in on_it and relation in along
        ]
        return answer(source, Direction.UP, [_found(rows[item]) for item in way], links)

    async def node(self, item: str) -> Shown | None:
        """A node that one of the tenants asserts."""
        rows = (await self._ask(words.node(), root=id_digest(item), depth=0)).get("found", [])
        return shown([_found(rows[0])])[0] if rows and rows[0][5] else None

    async def agents(self, items: Sequence[str]) -> Sequence[tuple[Seen, Shown]]:
        """The links that lead from these nodes to agents, with the agents."""
        rows = (await self._ask(words.agents(), keys=[id_digest(item) for item in items])).get("found", [])
        return to_agents(rows)

    async def _nearest(self, root: str, direction: Direction, depth: int, limit: int) -> list[list[Any]]:
        met = await self._levels(root, direction, depth, limit + 1)
        rows = await self._details(direction, met, list(met), depth)
        rows = sorted((row for row in rows if row[5]), key=itemgetter(1, 2))[:limit]
        kept = {row[0] for row in rows}
        return [[*row[:7], [link for link in row[7] if link[0] is None or link[0] in kept]] for row in rows]

    async def _reached(
        self, root: str, direction: Direction, depth: int, limit: int, along: Relations
    ) -> dict[int, tuple[str, int]]:
        told = {"root": id_digest(root), "cap": limit + 1}
        met = (await self._ask(words.reach(direction, depth, along), **told)).get("met", [])
        if len(met) > limit:
            return await self._levels(root, direction, depth, limit + 1, along)
        return {item: (key, distance) for item, key, distance in met}

    async def _levels(
        self, root: str, direction: Direction, depth: int, cap: int, along: Relations = ANY
    ) -> dict[int, tuple[str, int]]:
        """The nearest `cap` nodes, by key where the distance is the same: key and distance of each."""
        start = (await self._ask(words.reach(direction, 0), root=id_digest(root), cap=1)).get("met", [])
        met = fresh = {item: (key, 0) for item, key, _distance in start}
        for distance in range(1, depth + 1):
            if len(met) >= cap or not fresh:
                break
            told = {"near": list(fresh), "seen": list(met), "cap": cap - len(met)}
            fresh = {item: (key, distance) for item, key in (await self._ask(words.level(direction, along), **told))["met"]}
            met |= fresh
        return met

    async def _details(
        self, direction: Direction, met: Mapping[int, tuple[str, int]], chosen: Sequence[int], depth: int | None = None
    ) -> list[list[Any]]:
        told = {"chosen": [[item, met[item][1]] for item in chosen], "ids": list(chosen)}
        rows: list[list[Any]] = (await self._ask(words.details(direction), depth=depth or len(met), **told))["found"]
        return rows


def _held(rows: Sequence[Sequence[Any]], root: str) -> bool:
    return any(row[1] == 0 and row[2] == root and row[5] for row in rows)


def _answer(root: str, rows: Sequence[Sequence[Any]], direction: Direction, *, truncated: bool) -> Answer:
    rows = sorted((row for row in rows if row[5]), key=itemgetter(1, 2))
    names = {row[0]: row[2] for row in rows}
    links: list[Ends] = []
    hints: list[Hint] = []
    up = direction is Direction.UP
    for row in rows:
        near = row[2]
        for far, relation, said in row[7]:
            if far is None:
                hints.append((near, relation, said))
            elif far in names:
                links.append((near, names[far], relation, said) if up else (names[far], near, relation, said))
    return answer(root, direction, [_found(row) for row in rows], links, hints, truncated=truncated)


def _found(row: Sequence[Any]) -> Found:
    _item, _distance, name, category, subtype, _held, said, _links = row
    return name, category, subtype, said
