"""A registered record as PROV-JSON in the shape that Provena's readers know. Equal graphs are equal bytes."""

import io
from collections.abc import Mapping
from types import MappingProxyType

from prov.constants import (
    PROV_ACTIVITY,
    PROV_AGENT,
    PROV_ASSOCIATION,
    PROV_ATTRIBUTION,
    PROV_COMMUNICATION,
    PROV_ENTITY,
    PROV_GENERATION,
    PROV_INFLUENCE,
    PROV_MEMBERSHIP,
    PROV_USAGE,
)
from prov.identifier import Namespace, QualifiedName
from prov.model import PROV_REC_CLS, ProvDocument

from contracts.vocabulary import Category, Relation
from provenance.graph.model import Graph
from provenance.records.names import local_name

HANDLES = "http://hdl.handle.net/"
"""What comes before a handle makes it a name."""
MEDIA_TYPE = "application/json"
_ELEMENTS = {Category.ENTITY: PROV_ENTITY, Category.ACTIVITY: PROV_ACTIVITY, Category.AGENT: PROV_AGENT}
_RELATIONS: Mapping[Relation, QualifiedName] = MappingProxyType(
    {
        Relation.USED: PROV_USAGE,
        Relation.WAS_GENERATED_BY: PROV_GENERATION,
        Relation.WAS_ASSOCIATED_WITH: PROV_ASSOCIATION,
        Relation.WAS_ATTRIBUTED_TO: PROV_ATTRIBUTION,
        Relation.WAS_INFORMED_BY: PROV_COMMUNICATION,
        Relation.WAS_INFLUENCED_BY: PROV_INFLUENCE,
        Relation.HAD_MEMBER: PROV_MEMBERSHIP,
    }
)
"""What registered records say; nothing else is in them."""


def document(graph: Graph) -> ProvDocument:
    """A record as a PROV document, in the order of its ids."""
    stated = ProvDocument()
    stated.set_default_namespace(HANDLES)
    names = Namespace("", HANDLES)
    for node in sorted(graph.nodes, key=lambda node: node.id):
        said = {"id": node.id, "item_category": node.category.value, "item_subtype": str(node.subtype)}
        told = [(names[name], value) for name, value in said.items()]
        stated.new_record(_ELEMENTS[node.category], names[local_name(node.id)], None, told)
    for link in sorted(graph.links, key=lambda link: (link.relation, link.source, link.target)):
        kind = _RELATIONS[link.relation]
        effect, cause, *_ = PROV_REC_CLS[kind].FORMAL_ATTRIBUTES
        stated.new_record(kind, None, {effect: names[local_name(link.source)], cause: names[local_name(link.target)]})
    return stated


def render(graph: Graph) -> bytes:
    """A record as bytes."""
    out = io.BytesIO()
    document(graph).serialize(out, format="json", sort_keys=True, ensure_ascii=False)
    return out.getvalue()
