"""The ledger: what every record says and said. What is lodged here is true; the graph follows.

Writers take turns from their first write to their commit. A record keeps its tenant, and it is the tenant's view that is
worked out here: whether one of the tenant's records holds an element, and how it is described.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.refusal import refuse
from contracts.executor import RunEnded
from contracts.ids import run_id
from contracts.message import Caller, FileRef
from provenance.graph.diff import Change, Others, diff, dump, in_order
from provenance.graph.keys import element_digest
from provenance.graph.model import Attributes, Element, Graph
from provenance.records import queries, store
from provenance.records.columns import closing, columns, named, plain

BELL = "provenance.projector"


@dataclass(frozen=True, slots=True)
class Head:
    """The last revision of a record."""

    seq: int
    revision: int
    withdrawn: bool
    tenant: str
    document: Mapping[str, Any] | None = None
    """The file that tells it, if it has one."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows before a lodge."""

    head: Head | None
    parent: Head | None
    manifests: Mapping[str, Graph]
    others: Mapping[Element, Others]
    elements: frozenset[str]
    clash: str | None


class Ledger:
    """The ledger, in the caller's transaction. `ring` wakes the projector after the commit."""

    def __init__(self, session: AsyncSession, ring: Callable[[str], None]) -> None:
        self._session = session
        self._ring = ring
        self._has_turn = False

    async def lodge(
        self,
        record: str,
        revision: int,
        wanted: Graph,
        *,
        tenant: str,
        parent: str | None = None,
        job: UUID | None = None,
        caller: Caller | None = None,
        document: FileRef | None = None,
    ) -> list[Change]:
        """Let a record say `wanted` from now on. A known or older revision changes nothing; an answer is owed in any case."""
        wanted = plain(wanted)
        told: dict[str, Any] = {"record": record, "parent": parent, "tenant": tenant, "job": job, "caller": _json(caller)}
        known = await self._look(record, [record], wanted, tenant, parent)
        if known.parent and known.parent.withdrawn:
            return await self._answer(known.parent, told)
        if known.head and revision <= known.head.revision:
            return await self._answer(known.head, told)
        _check(known, record, wanted, tenant)
        manifest = known.manifests[record]
        changes = diff(record, tenant, manifest, wanted, known.others)
        told |= {"revision": revision, "withdrawn": False, "changes": json.dumps(dump(changes, record))}
        told["document"] = document.model_dump_json() if document else None
        await self._session.execute(store.WRITE, told | columns(record, manifest, wanted, known.elements))
        return changes

    async def withdraw(
        self, record: str, revision: int, *, tenant: str, job: UUID | None = None, caller: Caller | None = None
    ) -> list[Change]:
        """Let a record, and every record whose parent it is, say nothing any more; late statements of theirs change nothing."""
        await self._turn()
        members = [*await queries.children(self._session, record), record]
        told: dict[str, Any] = {"record": record, "parent": None, "tenant": tenant, "job": job, "caller": _json(caller)}
        known = await self._look(record, members, Graph(), tenant, None)
        if known.head and revision <= known.head.revision:
            return await self._answer(known.head, told)
        _check(known, record, Graph(), tenant)
        changes = _withdrawal(members, tenant, known)
        told |= {"revision": revision, "withdrawn": True, "changes": json.dumps(dump(changes, record)), "document": None}
        told |= columns(record, Graph(), Graph(), frozenset())
        told["closed"] = closing((of, element) for of in members for element in known.manifests[of].said)
        await self._session.execute(store.WRITE, told)
        return changes

    async def preview(self, record: str, wanted: Graph | None, *, tenant: str) -> list[Change]:
        """What lodging `wanted` (nothing: withdrawing) would change if it came now. Nothing is written."""
        if wanted is None:
            return await self.trial([record], tenant=tenant)
        wanted = plain(wanted)
        known = await self._read(record, [record], wanted, tenant, None)
        _check(known, record, wanted, tenant)
        return diff(record, tenant, known.manifests[record], wanted, known.others)

    async def trial(self, records: Sequence[str], *, tenant: str) -> list[Change]:
        """What withdrawing these records of one tenant, one after the other, would change if it came now."""
        members = [one for record in records for one in (*await queries.children(self._session, record), record)]
        known = await self._read(members[-1], members, Graph(), tenant, None)
        _check(known, members[-1], Graph(), tenant)
        return _withdrawal(members, tenant, known)

    async def expect(self, event: RunEnded) -> None:
        """Note what a run's last fact promises; once it is all in the graph, the projector says `RunCaptured`."""
        await self._session.execute(
            store.EXPECT,
            {
                "record": run_id(event.run.id),
                "run": event.run.id,
                "revision": event.run.revision,
                "status": event.run.status.value,
                "steps": event.steps,
                "step_revisions": event.step_revisions,
                "tenant": event.run.tenant,
                "job": event.run.job or event.job,
                "caller": _json(event.caller),
            },
        )

    async def record(self, record: str, at: int | None = None) -> Graph | None:
        """What a record says, or said at `at`; None if there is no such record or it was withdrawn."""
        return await queries.record(self._session, record, at)

    async def children(self, record: str) -> list[str]:
        """The records whose parent it is."""
        return await queries.children(self._session, record)

    async def as_of(self, at: datetime) -> int:
        """The last `seq` up to a moment; 0 before the first."""
        return await queries.as_of(self._session, at)

    async def point(self, at: int | datetime) -> int:
        """The `seq` that somebody means: that one, if it is there already, or the last up to a moment."""
        return min(at, await queries.last(self._session)) if isinstance(at, int) else await self.as_of(at)

    async def _turn(self) -> None:
        if not self._has_turn:
            await self._session.execute(store.TURN)
            self._has_turn = True

    async def _look(self, record: str, members: Sequence[str], wanted: Graph, tenant: str, parent: str | None) -> Known:
        await self._turn()  # a statement of its own: only the next one sees what the one before us committed
        self._ring(BELL)
        return await self._read(record, members, wanted, tenant, parent)

    async def _read(self, record: str, members: Sequence[str], wanted: Graph, tenant: str, parent: str | None) -> Known:
        elements = {element_digest(element): element for element in wanted.said}
        told = {
            "record": record,
            "records": members,
            "parent": parent,
            "tenant": tenant,
            "named": named(elements.values()),
        }
        row = (await self._session.execute(store.READ, told)).one()
        return _known(row, members, elements)

    async def _answer(self, head: Head, told: Mapping[str, Any]) -> list[Change]:
        document = json.dumps(head.document) if head.document else None
        head_told = {"seq": head.seq, "revision": head.revision, "withdrawn": head.withdrawn, "document": document}
        await self._session.execute(store.OWE, {**told, **head_told})
        return []


def _known(row: Any, members: Sequence[str], elements: dict[str, Element]) -> Known:
    touched = {_digest(t): t for t in json.loads(row.touched or "[]")}
    ids = {t["node"]: t["id"] for t in touched.values() if t["node"]}
    for digest, t in touched.items():
        if digest not in elements:
            elements[digest] = queries.element(t, ids)
    others = {
        elements[digest]: Others(t["same_tenant"], t["described_by"], t["attributes"])
        for digest, t in touched.items()
        if t["shared"]
    }
    manifests: dict[str, list[Element]] = {of: [] for of in members}
    for said in json.loads(row.own or "[]"):
        manifests[said["record"]].append(replace(elements[_digest(said)], attributes=said["attributes"]))
    return Known(
        _head(row.head),
        _head(row.parent),
        {of: queries.graph(said) for of, said in manifests.items()},
        others,
        frozenset(digest for digest, t in touched.items() if t["known"]),
        row.clash,
    )


def _digest(row: Mapping[str, Any]) -> str:
    return str(row["element"]).replace("-", "")


def _head(row: str | None) -> Head | None:
    return Head(**json.loads(row)) if row else None


def _check(known: Known, record: str, wanted: Graph, tenant: str) -> None:
    for head in (known.head, known.parent):
        if head and head.tenant != tenant:
            msg = f"{record} belongs to another tenant"
            raise ValueError(msg)
    Graph.of(wanted.nodes, wanted.links)
    kinds: dict[str, tuple[str, str]] = {}
    for node in wanted.nodes:
        if kinds.setdefault(node.id, (node.category, node.subtype)) != (node.category, node.subtype):
            raise refuse("provenance:different-subtype", f"{record} calls {node.id} two things")
    if known.clash:
        raise refuse("provenance:different-subtype", f"another record calls {known.clash} something else than {record} does")


def _withdrawal(members: Sequence[str], tenant: str, known: Known) -> list[Change]:
    """One record after the other falls silent; for each, those after it still are others."""
    others, changes = dict(known.others), []
    for of in reversed(members):
        manifest = known.manifests[of]
        step = diff(of, tenant, manifest, Graph(), others)
        changes.append(step)
        for element, attributes in manifest.said.items():
            others[element] = _with(others.get(element), of, attributes)
    return in_order(change for step in reversed(changes) for change in step)


def _with(other: Others | None, record: str, attributes: Attributes | None) -> Others:
    if attributes is not None and (other is None or other.described_by is None or record < other.described_by):
        return Others(same_tenant=True, described_by=record, attributes=attributes)
    return replace(other, same_tenant=True) if other else Others(same_tenant=True)


def _json(caller: Caller | None) -> str | None:
    return caller.model_dump_json() if caller else None
