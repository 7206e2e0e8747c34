"""What of a graph a picture shows: everything, or what tells a reader how a run went. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from contracts.vocabulary import Category, Relation, Subtype
from provenance.graph.model import Graph, Link, Node
from provenance.records.labels import cut, lines, tail, value
from provenance.records.names import last_part

Detail = Literal["normal", "full"]
PARAMETERS = 12
"""Parameters a note lists before it only counts them."""
FAILED = frozenset({"failed", "stopped"})
PART = re.compile(r"(run/[^/]+)/(?:step|out)/")
"""Begins the ids of what stands together in a run's part of the picture."""


@dataclass(frozen=True)
class Shape:
    """A node as it is drawn."""

    id: str
    category: Category
    lines: tuple[str, ...]
    cluster: str | None = None
    """The run that it is a part of."""
    failed: bool = False
    result: bool = False
    note: bool = False


@dataclass(frozen=True)
class Arrow:
    """A link as it is drawn, from the effect to its cause."""

    source: str
    target: str
    text: str
    relation: Relation


@dataclass(frozen=True)
class Scene:
    """Everything a picture shows, in a fixed order."""

    shapes: tuple[Shape, ...]
    arrows: tuple[Arrow, ...]
    clusters: Mapping[str, str]
    """What is written above each run's part."""


def scene(graph: Graph, detail: Detail = "normal") -> Scene:
    """A graph as shapes and arrows; normally files and steps are shown, and the rest where it says something more."""
    nodes = {node.id: node for node in graph.nodes}
    links = sorted(graph.links, key=lambda link: (link.source, link.relation, link.target))
    results = {
        link.target for link in links if nodes[link.source].subtype == Subtype.RESULTS and link.relation is Relation.HAD_MEMBER
    }
    arrows = [Arrow(link.source, link.target, link.relation.value, link.relation) for link in links]
    notes: list[Shape] = []
    if detail == "normal":
        shown = _kept(nodes, links)
        notes, told = _notes(nodes, links, shown)
        told += _copies(nodes, links, shown)
        less = [*_without(arrows, nodes, links, shown), *told]
        if lonely := shown - {end for arrow in less for end in (arrow.source, arrow.target)}:
            # Whoever stands alone gets back the neighbours that were left out.
            shown |= {end for arrow in arrows for end in (arrow.source, arrow.target) if {arrow.source, arrow.target} & lonely}
            less = [*_without(arrows, nodes, links, shown), *told]
        arrows = less
        nodes = {item: node for item, node in nodes.items() if item in shown}
    called = {
        link.target: str(link.attributes["reprovena:name"])
        for link in links
        if link.attributes and "reprovena:name" in link.attributes
    }
    running = {part[1] for item, node in nodes.items() if node.subtype == Subtype.STEP and (part := PART.match(item))}
    shapes = [_shape(node, results, called, running) for _, node in sorted(nodes.items())]
    clusters = {run: _title(run, graph) for run in running}
    return Scene((*shapes, *notes), tuple(dict.fromkeys(arrows)), dict(sorted(clusters.items())))


def _title(run: str, graph: Graph) -> str:
    told = next((node.attributes or {} for node in graph.nodes if node.id == run), {})
    return f"steps of {told['prov:label']}" if "prov:label" in told else f"steps of run {tail(run)}"


def _kept(nodes: Mapping[str, Node], links: list[Link]) -> set[str]:
    """The nodes a normal picture shows."""
    special = {link.target for link in links if link.relation is Relation.SPECIALIZATION_OF}

    def aside(node: Node) -> bool:
        match node.subtype:
            case Subtype.CONTENT | Subtype.PARAMETER | Subtype.RESULTS:
                return True
            case Subtype.WORKFLOW:
                return node.id in special and node.attributes is None
            case Subtype.SOFTWARE:
                return node.id in special
        return False

    # A picture of nothing but such things shows them after all.
    return {item for item, node in nodes.items() if not aside(node)} or set(nodes)


def _without(arrows: list[Arrow], nodes: Mapping[str, Node], links: list[Link], shown: set[str]) -> list[Arrow]:
    """The arrows between shown nodes, less those that others already tell; but no node loses its last one."""
    taken = {(link.source, link.target) for link in links if link.relation is Relation.USED}
    used_by_steps = {target for source, target in taken if nodes[source].subtype == Subtype.STEP}
    made = {link.source: link.target for link in links if link.relation is Relation.WAS_GENERATED_BY}
    informed = {(source, made[target]) for source, target in taken if target in made}
    # The first steps show where the run began; for the others it goes without saying.
    later = {source for source, _ in informed} | {link.source for link in links if link.relation is Relation.WAS_INFORMED_BY}
    delegated = {(link.source, link.target) for link in links if link.relation is Relation.ACTED_ON_BEHALF_OF}

    def told_otherwise(arrow: Arrow) -> bool:
        match arrow.relation, nodes[arrow.source].subtype, nodes[arrow.target].subtype:
            case Relation.WAS_STARTED_BY, Subtype.STEP, _:
                return arrow.source in later
            case Relation.WAS_ASSOCIATED_WITH, Subtype.STEP, _:
                return True
            case Relation.WAS_ASSOCIATED_WITH, _, Subtype.ACCOUNT:
                return (f"{arrow.source}/engine", arrow.target) in delegated
            case Relation.USED, Subtype.RUN, _:
                return arrow.target in used_by_steps
            case Relation.WAS_INFORMED_BY, _, _:
                return (arrow.source, arrow.target) in informed
            case Relation.WAS_ATTRIBUTED_TO, Subtype.FILE, _:
                return True
        return False

    inside = [arrow for arrow in arrows if arrow.source in shown and arrow.target in shown]
    kept = [arrow for arrow in inside if not told_otherwise(arrow)]
    held = {end for arrow in kept for end in (arrow.source, arrow.target)}
    return [arrow for arrow in inside if not told_otherwise(arrow) or _lost(arrow, nodes, held)]


def _lost(arrow: Arrow, nodes: Mapping[str, Node], held: set[str]) -> bool:
    ends = (arrow.source, arrow.target)
    # A step without files stands in its run's cluster; it needs no arrow to be understood.
    return any(end not in held and nodes[end].subtype != Subtype.STEP for end in ends)


def _notes(nodes: Mapping[str, Node], links: Iterable[Link], shown: set[str]) -> tuple[list[Shape], list[Arrow]]:
    """One note with a run's parameters, instead of a node for each."""
    values: dict[str, list[str]] = {}
    for link in links:
        if link.relation is Relation.USED and nodes[link.target].subtype == Subtype.PARAMETER and link.target not in shown:
            told = nodes[link.target].attributes or {}
            name = last_part(link.target).removeprefix("parameter/")
            values.setdefault(link.source, []).append(f"{told.get('prov:label', name)} = {value(told)}")
    notes, arrows = [], []
    for run, said in values.items():
        more = (f"… and {len(said) - PARAMETERS} more",) if len(said) > PARAMETERS else ()
        texts = ("parameters", *(cut(line) for line in sorted(said)[:PARAMETERS]), *more)
        notes.append(Shape(f"{run}/parameter", Category.ENTITY, texts, note=True))
        arrows.append(Arrow(run, f"{run}/parameter", Relation.USED.value, Relation.USED))
    return notes, arrows


def _copies(nodes: Mapping[str, Node], links: Iterable[Link], shown: set[str]) -> list[Arrow]:
    """An arrow from a file to the one that had its bytes before, instead of the content between them."""
    same = [link for link in links if link.relation is Relation.ALTERNATE_OF]
    before: dict[str, list[str]] = {}
    for link in same:
        before.setdefault(link.source, []).append(link.target)
    return [
        Arrow(link.source, earlier, "same bytes", Relation.ALTERNATE_OF)
        for link in same
        if nodes[link.target].subtype == Subtype.CONTENT and link.source in shown
        for earlier in before.get(link.target, ())
        if earlier in shown
    ]


def _shape(node: Node, results: set[str], called: Mapping[str, str], running: set[str]) -> Shape:
    told = node.attributes or {}
    part = PART.match(node.id)
    return Shape(
        node.id,
        node.category,
        lines(node, called),
        cluster=part[1] if part and part[1] in running else None,
        failed=told.get("reprovena:status") in FAILED,
        result=node.id in results,
    )
