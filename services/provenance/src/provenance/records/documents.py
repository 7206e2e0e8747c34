"""A graph as a W3C PROV document, in five formats. Equal graphs are equal bytes."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args
from urllib.parse import quote

from prov.constants import (
    PROV,
    PROV_ACTIVITY,
    PROV_AGENT,
    PROV_ALTERNATE,
    PROV_ASSOCIATION,
    PROV_ATTR_STARTER,
    PROV_ATTRIBUTE_LITERALS,
    PROV_ATTRIBUTE_QNAMES,
    PROV_ATTRIBUTION,
    PROV_COMMUNICATION,
    PROV_DELEGATION,
    PROV_DERIVATION,
    PROV_END,
    PROV_ENTITY,
    PROV_GENERATION,
    PROV_INFLUENCE,
    PROV_INVALIDATION,
    PROV_MEMBERSHIP,
    PROV_SPECIALIZATION,
    PROV_START,
    PROV_TYPE,
    PROV_USAGE,
)
from prov.identifier import Namespace, QualifiedName
from prov.model import PROV_REC_CLS, ProvDocument
from prov.serializers.provrdf import ProvRDFSerializer

from contracts.vocabulary import Category, Relation, Subtype
from provenance.graph.model import Graph, Link, Node
from provenance.records.names import ITEMS, TERMS, local_name

Format = Literal["json", "provn", "xml", "turtle", "jsonld"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {
        "json": "application/json",
        "provn": "text/provenance-notation; charset=utf-8",
        "xml": "application/provenance+xml",
        "turtle": "text/turtle; charset=utf-8",
        "jsonld": "application/ld+json",
    }
)
"""What each format is called over HTTP."""

ITEM = Namespace("item", ITEMS)
TERM = Namespace("reprovena", TERMS)
_NAMESPACES: Mapping[str, Namespace] = MappingProxyType({"prov": PROV, "reprovena": TERM})
_SERIALISED: Mapping[Format, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "json": ("json", {"indent": 1, "sort_keys": True, "ensure_ascii": False}),
        "provn": ("provn", {}),
        "xml": ("xml", {}),
        "jsonld": ("jsonld", {"context": "embed"}),
    }
)
_ELEMENTS = {Category.ENTITY: PROV_ENTITY, Category.ACTIVITY: PROV_ACTIVITY, Category.AGENT: PROV_AGENT}
_TYPES: Mapping[str, QualifiedName] = MappingProxyType(
    {
        Subtype.ACCOUNT: PROV["Person"],
        Subtype.TENANT: PROV["Organization"],
        Subtype.SOFTWARE: PROV["SoftwareAgent"],
        Subtype.PLAN: PROV["Plan"],
        Subtype.RESULTS: PROV["Collection"],
    }
)
_RELATIONS: Mapping[Relation, tuple[QualifiedName, QualifiedName | None]] = MappingProxyType(
    {
        Relation.USED: (PROV_USAGE, None),
        Relation.WAS_GENERATED_BY: (PROV_GENERATION, None),
        Relation.WAS_INVALIDATED_BY: (PROV_INVALIDATION, None),
        Relation.WAS_STARTED_BY: (PROV_START, None),
        Relation.WAS_ENDED_BY: (PROV_END, None),
        Relation.WAS_INFORMED_BY: (PROV_COMMUNICATION, None),
        Relation.WAS_DERIVED_FROM: (PROV_DERIVATION, None),
        Relation.WAS_REVISION_OF: (PROV_DERIVATION, PROV["Revision"]),
        Relation.WAS_QUOTED_FROM: (PROV_DERIVATION, PROV["Quotation"]),
        Relation.HAD_PRIMARY_SOURCE: (PROV_DERIVATION, PROV["PrimarySource"]),
        Relation.WAS_ATTRIBUTED_TO: (PROV_ATTRIBUTION, None),
        Relation.WAS_ASSOCIATED_WITH: (PROV_ASSOCIATION, None),
        Relation.ACTED_ON_BEHALF_OF: (PROV_DELEGATION, None),
        Relation.WAS_INFLUENCED_BY: (PROV_INFLUENCE, None),
        Relation.ALTERNATE_OF: (PROV_ALTERNATE, None),
        Relation.SPECIALIZATION_OF: (PROV_SPECIALIZATION, None),
        Relation.HAD_MEMBER: (PROV_MEMBERSHIP, None),
    }
)
"""The kind of record each relation is, and the type that tells it from others of that kind."""
_BARE = frozenset({PROV_ALTERNATE, PROV_SPECIALIZATION, PROV_MEMBERSHIP})
"""Kinds that have neither an id nor attributes (PROV-DM §5.5, §5.6)."""


def document(graph: Graph) -> ProvDocument:
    """A graph as a PROV document, its records in the order of their ids."""
    stated = ProvDocument()
    stated.add_namespace(ITEM)
    stated.add_namespace(TERM)
    nodes = {node.id: node for node in graph.nodes}
    for _, node in sorted(nodes.items()):
        kind = _ELEMENTS[node.category]
        formal, extra = _split(kind, node.attributes or {})
        stated.new_record(kind, _item(node.id), formal, [*_types(node), *extra])
    for link in sorted(graph.links, key=lambda link: (link.relation, link.source, link.target)):
        _relate(stated, link, nodes[link.target])
    return stated


def render(graph: Graph, format: Format) -> bytes:  # noqa: A002  # the word the interface uses
    """A graph as a document's bytes in one of the formats (`ValueError` for another); thousands of records take a second."""
    if format not in FORMATS:
        msg = f"{format!r} is none of {', '.join(FORMATS)}"
        raise ValueError(msg)
    stated = document(graph)
    if format == "turtle":
        # One plain graph: a data set, which prov makes for its bundles, is more than Turtle can say.
        triples: bytes = ProvRDFSerializer(stated).encode_container(stated).serialize(format="turtle", encoding="utf-8")
        return triples
    name, options = _SERIALISED[format]
    out = io.BytesIO()
    stated.serialize(out, format=name, **options)
    return out.getvalue()


def _relate(stated: ProvDocument, link: Link, target: Node) -> None:
    kind, narrower = _RELATIONS[link.relation]
    source_role, target_role, *_ = PROV_REC_CLS[kind].FORMAL_ATTRIBUTES
    if kind == PROV_START and target.category is Category.ACTIVITY:
        target_role = PROV_ATTR_STARTER
    ends = {source_role: _item(link.source), target_role: _item(link.target)}
    if kind in _BARE:
        stated.new_record(kind, None, ends)
        return
    formal, extra = _split(kind, link.attributes or {})
    if narrower:
        extra.insert(0, (PROV_TYPE, narrower))
    # PROV-O says `prov:used` beside the qualified usage only where the usage has a name.
    name = _relation_name(link) if formal or extra or kind == PROV_START else None
    stated.new_record(kind, name, {**formal, **ends}, extra)


def _relation_name(link: Link) -> QualifiedName:
    told = f"{link.source}\0{link.relation}\0{link.target}".encode()
    return ITEM[f"link/{hashlib.sha256(told).hexdigest()[:20]}"]


def _split(
    kind: QualifiedName, attributes: Mapping[str, Any]
) -> tuple[dict[QualifiedName, Any], list[tuple[QualifiedName, Any]]]:
    """What PROV defines for such a record (one value each), and the rest."""
    formal: dict[QualifiedName, Any] = {}
    extra: list[tuple[QualifiedName, Any]] = []
    for name, said in sorted(attributes.items()):
        term = _term(name)
        values = list(_values(said))
        if term in PROV_REC_CLS[kind].FORMAL_ATTRIBUTES:
            formal[term] = _formal(term, values[0])
        elif term not in PROV_ATTRIBUTE_QNAMES | PROV_ATTRIBUTE_LITERALS:
            extra.extend((term, _told(term, value)) for value in values)
    return formal, extra


def _values(said: Any) -> Iterator[Any]:
    if isinstance(said, list | tuple):
        yield from sorted(said, key=lambda value: (type(value).__name__, value))
    else:
        yield said


def _formal(term: QualifiedName, value: Any) -> Any:
    return datetime.fromisoformat(value) if term in PROV_ATTRIBUTE_LITERALS else _item(value)


def _told(term: QualifiedName, value: Any) -> Any:
    if term in {TERM["created"], TERM["queued"]}:
        return datetime.fromisoformat(value)
    if term == PROV_TYPE and isinstance(value, str) and value.partition(":")[0] in _NAMESPACES:
        return _term(value)
    return value


def _types(node: Node) -> Iterator[tuple[QualifiedName, QualifiedName]]:
    if node.subtype in _TYPES:
        yield PROV_TYPE, _TYPES[node.subtype]
    if node.subtype:
        yield PROV_TYPE, TERM[quote(node.subtype, safe="")]


def _item(item: str) -> QualifiedName:
    return ITEM[local_name(item)]


def _term(name: str) -> QualifiedName:
    prefix, _, local = name.partition(":")
    return _NAMESPACES[prefix][local] if prefix in _NAMESPACES else TERM[quote(name, safe="")]
