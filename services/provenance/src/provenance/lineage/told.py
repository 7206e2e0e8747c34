"""What a run's records say, by what is asked of it. Pure."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.ids import run_id, step_id
from contracts.lineage import FileOf, Side, StepOf
from contracts.vocabulary import Relation, Subtype
from provenance.graph.model import Attributes, Graph
from provenance.records import names

WORKFLOW = {"name": "workflowName", "version": "workflowVersion", "language": "language", "main": "main"}
ENVIRONMENT = {
    "engine": "name",
    "version": "version",
    "runner": "runner",
    "confinement": "confinement",
    "python": "python",
    "platform": "platform",
}


_UUID = "-".join(f"[0-9a-f]{{{count}}}" for count in (8, 4, 4, 4, 12))
_PART = r"[^\s'\"/:;,]"
_PLACES = re.compile(rf"/(?:{_PART}+/)*{_PART}*{_UUID}(?:/{_PART}+)*")
"""Paths through a folder that is made anew for each run or step, as engines name them: by a UUID."""


class Told:
    """A run, as its records tell of it."""

    def __init__(self, run: UUID, graph: Graph) -> None:
        self.run, self.me = run, run_id(run)
        self.nodes = {node.id: node for node in graph.nodes}
        self.links: dict[tuple[str, Relation], list[tuple[str, Attributes]]] = {}
        for link in graph.links:
            self.links.setdefault((link.source, link.relation), []).append((link.target, link.attributes or {}))

    def said(self, item: str) -> Attributes:
        """The attributes of a node."""
        node = self.nodes.get(item)
        return (node.attributes if node else None) or {}

    def side(self) -> Side:
        """The run itself."""
        said = self.said(self.me)
        return Side(
            id=self.run,
            name=str(said.get("reprovena:name", "")),
            number=str(said.get("reprovena:number", "")),
            status=str(said.get("reprovena:status", "")),
            started=said.get("prov:startTime"),
            ended=said.get("prov:endTime"),
            duration=_duration(said),
        )

    def workflow(self) -> dict[str, Any]:
        """What was run: the workflow by name, and its specification by content."""
        said = self.said(self.me)
        found = {name: said.get(f"reprovena:{word}") for name, word in WORKFLOW.items()}
        plans = [item for item, _ in self._used(Subtype.PLAN)]
        return found | {"specification": names.last_part(plans[0]) if plans else None}

    def parameters(self) -> dict[str, Any]:
        """The values it was given."""
        start = names.parameter_id(self.run, "")
        return {item.removeprefix(start): _value(self.said(item)) for item, _ in self._used(Subtype.PARAMETER)}

    def environment(self) -> dict[str, Any]:
        """What ran it."""
        said = self.said(names.engine_id(self.run))
        return {name: said.get(f"reprovena:{word}") for name, word in ENVIRONMENT.items()}

    def inputs(self) -> dict[str, tuple[str | None, FileOf]]:
        """The files it was given, by name; with their roles."""
        return {self._name(item): (_words(how.get("prov:role")), self._file(item)) for item, how in self._used(Subtype.FILE)}

    def outputs(self) -> dict[str, tuple[str | None, FileOf]]:
        """The files it declares as its results."""
        results = names.results_id(self.run)
        roles: dict[str, list[str]] = {}
        for role, items in json.loads(self.said(results).get("reprovena:outputs", "{}")).items():
            for item in items:
                roles.setdefault(item, []).append(role)
        members = self.links.get((results, Relation.HAD_MEMBER), ())
        return {
            self._name(item): (_words([role for role in roles.get(item, ()) if role]), self._file(item)) for item, _ in members
        }

    def steps(self) -> dict[str, StepOf]:
        """Its steps by their places."""
        start = step_id(self.run, "")
        found = {}
        for item, node in self.nodes.items():
            if node.subtype == Subtype.STEP and item.startswith(start) and node.attributes:
                said = node.attributes
                found[item.removeprefix(start)] = StepOf(
                    name=said.get("reprovena:name"),
                    status=said.get("reprovena:status"),
                    exit_code=said.get("reprovena:exitCode"),
                    command=_portable(said.get("reprovena:command")),
                    image=said.get("reprovena:image"),
                    parameters=json.loads(said.get("reprovena:parameters", "null")),
                    duration=_duration(said),
                    cpu_seconds=said.get("reprovena:cpuSeconds"),
                    peak_memory=said.get("reprovena:peakMemory"),
                )
        return found

    def _used(self, subtype: str) -> list[tuple[str, Attributes]]:
        used = self.links.get((self.me, Relation.USED), ())
        return [(item, how) for item, how in used if item in self.nodes and self.nodes[item].subtype == subtype]

    def _name(self, item: str) -> str:
        """An id without the run, so that it is the same in both."""
        return item.removeprefix(f"{self.me}/")

    def _file(self, item: str) -> FileOf:
        said = self.said(item)
        path = said.get("reprovena:path") or names.last_part(item)
        return FileOf(id=item, path=path, size=said.get("reprovena:size"), sha256=said.get("reprovena:sha256"))


def _value(said: Attributes) -> Any:
    value = said.get("prov:value")
    return json.loads(value) if said.get("reprovena:valueFormat") == "application/json" and isinstance(value, str) else value


def _words(role: object) -> str | None:
    roles: Iterable[object] = role if isinstance(role, list | tuple) else [role] if role else []
    return ", ".join(sorted(map(str, roles))) or None


def _duration(said: Attributes) -> float | None:
    begun, ended = said.get("prov:startTime"), said.get("prov:endTime")
    if not begun or not ended:
        return None
    return round((datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds(), 3)


def _portable(command: str | None) -> str | None:
    """A command with the bare names of files that lie where nothing else ever lay: two runs are not two commands."""
    return _PLACES.sub(lambda found: names.last_part(found[0]), command) if command else command
