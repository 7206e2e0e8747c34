"""Draws lineage as a tree: every thing once, and where it comes again a word that it stands above."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rich.text import Text
from rich.tree import Tree

from reprovena.command.words import MARKS, STYLES, between, plain, seconds, size
from reprovena.graph import Lineage, Link, Node
from reprovena.models import moment

_RUN = re.compile(r"run/([^/]+)")
_QUIET_KINDS = {"PLAN", "WORKFLOW", "PARAMETER", "ACCOUNT", "TENANT", "SOFTWARE", "STOP_REQUEST"}
_QUIET_LINKS = {"wasStartedBy", "wasEndedBy", "hadMember"}
"""These tie every step to its run; in a tree they would be the trunk of each branch. The root's own are shown."""
_ORDER = ("wasGeneratedBy", "used", "wasDerivedFrom", "alternateOf", "wasInformedBy")


def tree(lineage: Lineage, direction: Literal["up", "down"], *, everything: bool = False) -> Tree:
    """Draw what leads up to the root, or down from it."""
    return _Drawing(lineage, direction, everything=everything).draw()


def chain(lineage: Lineage, start: str, end: str) -> list[Text]:
    """Draw a path as lines, each with the relation to the one before."""
    lines = [_label(_node(lineage, start))]
    here, left = start, list(lineage.links)
    while here != end:
        step = next((link for link in left if here in {link.source, link.target}), None)
        if step is None:
            break
        left.remove(step)
        forth = step.source == here
        here = step.target if forth else step.source
        arrow = f"  │ {step.relation} {'→' if forth else '←'}"
        lines += [plain(arrow, "dim"), _label(_node(lineage, here))]
    return lines


@dataclass
class _Drawing:
    lineage: Lineage
    direction: Literal["up", "down"]
    everything: bool
    seen: set[str] = field(default_factory=set)

    def __init__(self, lineage: Lineage, direction: Literal["up", "down"], *, everything: bool) -> None:
        self.lineage, self.direction, self.everything, self.seen = lineage, direction, everything, set()
        self.runs = _runs(lineage)
        self.next: dict[str, list[tuple[str, str]]] = {}
        for link in sorted(self._links(), key=_rank):
            here, there = (link.source, link.target) if direction == "up" else (link.target, link.source)
            self.next.setdefault(here, []).append((link.relation, there))

    def draw(self) -> Tree:
        """Go depth first without recursion: a lineage may be deeper than Python's stack."""
        trunk = Tree(_label(_node(self.lineage, self.lineage.root)), guide_style="dim")
        open_: list[tuple[str, Tree]] = [(self.lineage.root, trunk)]
        while open_:
            here, branch = open_.pop()
            if here in self.seen:  # it came up on another branch while it waited
                _append(branch, plain(" (above)", "dim"))
                continue
            self.seen.add(here)
            targets = self._follow(here, branch)
            known = [there for _, _, there in targets if there in self.seen]
            fresh = [(there, branch.add(self._line(*link))) for link in targets if (there := link[2]) not in self.seen]
            if known:
                names = dict.fromkeys(_short(_node(self.lineage, there)) for there in known)
                branch.add(plain(f"{', '.join(names)} (above)", "dim"))
            open_ += reversed(fresh)
        return trunk

    def _follow(self, here: str, branch: Tree) -> list[tuple[str, str, str]]:
        """Put a file and the step that made it on one line, and give what comes after them."""
        arrow = " ← " if self.direction == "up" else " → "
        while True:
            targets = self._targets(here)
            if len(targets) != 1 or targets[0][1] != "wasGeneratedBy":
                return targets
            here = targets[0][2]
            if here in self.seen:
                _append(branch, plain(f"{arrow}{_short(_node(self.lineage, here))} (above)", "dim"))
                return []
            self.seen.add(here)
            _append(branch, plain(arrow, "dim").append_text(_label(_node(self.lineage, here))))

    def _targets(self, here: str) -> list[tuple[str, str, str]]:
        found: dict[str, str] = {}
        for relation, there in self.next.get(here, ()):
            found.setdefault(there, relation)
        return [(here, relation, there) for there, relation in found.items()]

    def _line(self, here: str, relation: str, there: str) -> Text:
        node = _node(self.lineage, there)
        label = _label(node)
        run, before = _run_of(there), _run_of(here)
        if run and run != before and node.subtype != "WORKFLOW_RUN":
            label.append_text(plain(f"  of {self.runs.get(run, 'run ' + run[:8])}", "magenta"))
        if relation not in {"used", "wasGeneratedBy"}:
            label.append_text(plain(f"  [{relation}]", "dim"))
        return label

    def _links(self) -> Iterable[Link]:
        nodes, root = self.lineage.nodes, self.lineage.root
        if self.everything:
            return self.lineage.links
        made = {(link.source, link.target) for link in self.lineage.links if link.relation == "wasGeneratedBy"}
        used: dict[str, set[str]] = {}
        used_by_steps = {
            link.target
            for link in self.lineage.links
            if link.relation == "used" and _kind(nodes, link.source) == "WORKFLOW_STEP"
        }
        for link in self.lineage.links:
            if link.relation == "used":
                used.setdefault(link.source, set()).add(link.target)

        def shown(link: Link) -> bool:
            at_root = root in {link.source, link.target}
            ends = [nodes.get(end) for end in (link.source, link.target) if end != root]
            if any(end is not None and (end.category == "AGENT" or end.subtype in _QUIET_KINDS) for end in ends):
                return False
            if link.relation in _QUIET_LINKS:
                return at_root
            # A run used what its steps used; the step says more.
            if link.relation == "used" and link.source != root and _kind(nodes, link.source) == "WORKFLOW_RUN":
                return link.target not in used_by_steps
            # One step followed another: the file between them says it better.
            told = any((file, link.target) in made for file in used.get(link.source, ()))
            return not (link.relation == "wasInformedBy" and told)

        return self._without_dead_ends([link for link in self.lineage.links if shown(link)])

    def _without_dead_ends(self, links: list[Link]) -> list[Link]:
        """Leave out contents that lead nowhere: that a file has bytes is no news."""
        near, far = ("source", "target") if self.direction == "up" else ("target", "source")
        ways: dict[str, int] = {}
        for link in links:
            ways[getattr(link, near)] = ways.get(getattr(link, near), 0) + 1
        nodes, root = self.lineage.nodes, self.lineage.root

        def dead(node: str) -> bool:
            return node != root and not ways.get(node) and node in nodes and nodes[node].subtype == "CONTENT"

        return [link for link in links if not dead(getattr(link, far))]


def _append(branch: Tree, more: Text) -> None:
    if isinstance(branch.label, Text):
        branch.label.append_text(more)


def _rank(link: Link) -> tuple[int, str, str]:
    return (_ORDER.index(link.relation) if link.relation in _ORDER else len(_ORDER), link.target, link.source)


def _node(lineage: Lineage, name: str) -> Node:
    return lineage.nodes.get(name) or Node(name, "", "", "", {})


def _kind(nodes: Mapping[str, Node], name: str) -> str:
    return nodes[name].subtype if name in nodes else ""


def _run_of(name: str) -> str | None:
    found = _RUN.match(name)
    return found[1] if found else None


def _runs(lineage: Lineage) -> dict[str, str]:
    """Say what runs are called, as far as the answer holds them."""
    nodes = lineage.nodes.values()
    return {run: _short(node) for node in nodes if node.subtype == "WORKFLOW_RUN" and (run := _run_of(node.id))}


def _short(node: Node) -> str:
    if node.subtype == "CONTENT" or node.id.startswith("sha256:"):
        return f"sha256:{node.id.removeprefix('sha256:')[:12]}"
    label = node.label or str(_attribute(node.attributes, "label") or "")
    if label and label != node.id:
        return label
    if node.subtype == "WORKFLOW_STEP":
        return node.id.partition("/step/")[2] or node.id
    return node.id.rsplit("/", 1)[-1] or node.id


def _label(node: Node) -> Text:
    if node.restricted:
        return plain("something that is not yours to see", "dim italic")
    name = _short(node)
    match node.subtype:
        case "WORKFLOW_STEP" | "WORKFLOW_RUN":
            status = str(_attribute(node.attributes, "status") or "")
            kind = "step" if node.subtype == "WORKFLOW_STEP" else "run"
            label = plain(f"{MARKS.get(status, '▸')} ", STYLES.get(status, "blue")).append_text(plain(f"{kind} {name}", "bold"))
            took = _took(node)
            more = [word for word in (status if status != "finished" else "", took) if word]
            return label.append_text(
                plain(f"  {', '.join(more)}" if more else "", STYLES.get(status, "") if status == "failed" else "dim")
            )
        case "CONTENT":
            return plain(name, "dim").append_text(plain(" (the same bytes)", "dim"))
        case "FILE":
            length = _attribute(node.attributes, "size")
            label = plain(name, "yellow")
            return label.append_text(plain(f"  {size(length)}", "dim")) if isinstance(length, int) else label
        case _:
            kind = (node.subtype or node.category).lower().replace("_", " ")
            return plain(name).append_text(plain(f"  {kind}" if kind else "", "dim"))


def _took(node: Node) -> str:
    start, end = (moment(_attribute(node.attributes, name)) for name in ("startTime", "endTime"))
    if start and end:
        return between(start, end)
    length = _attribute(node.attributes, "duration")
    return seconds(length) if isinstance(length, int | float) else ""


def _attribute(attributes: Mapping[str, object], name: str) -> object:
    """Find an attribute by its name without the prefix; PROV-JSON's typed values give their value."""
    for key, value in attributes.items():
        if key.rpartition(":")[2] == name:
            return value.get("$") if isinstance(value, Mapping) else value
    return None
