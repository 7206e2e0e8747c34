"""What model runs, Create and Version activities, and links of accounts say, as graphs. Pure.

These records belong to the registry: their nodes are what people register, known by their handles. Except for a run's own
node nothing is described: what a dataset or a person is called is the registry's to say, and to whom.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from contracts.entries import ActivityRegistered
from contracts.kinds import KINDS, Kind
from contracts.model_runs import ModelRunRecord, TemplatedDataset
from contracts.vocabulary import Category, Relation, Subtype
from provenance.graph.model import Graph, Link, Node
from provenance.records.builder import Builder, clean
from provenance.records.commons import account

REGISTRY = "~"
"""The tenant of all that is registered: nobody can act for it, and the registry says who may read what."""


def subtype_of(kind: Kind) -> Subtype:
    """What a registered thing is called in the graph: one word for each kind, whoever names it."""
    return Subtype.WORKFLOW_TEMPLATE if kind is Kind.MODEL_RUN_WORKFLOW_TEMPLATE else Subtype(kind.value)


HANDLES = frozenset(subtype_of(kind) for kind in KINDS)
"""Subtypes of nodes that are registered, so that their id is a handle."""


def model_run(handle: str, record: ModelRunRecord, model: str) -> Graph:
    """What a model run says: from which datasets into which, with which model and template, by whom, for what."""
    run = Node(handle, Category.ACTIVITY, Subtype.MODEL_RUN, _description(record))
    template = _entity(record.workflow_template_id, Subtype.WORKFLOW_TEMPLATE)
    software = _entity(model, Subtype.MODEL)
    modeller = Node(record.associations.modeller_id, Category.AGENT, Subtype.PERSON)
    nodes = {run, template, software, modeller}
    links = {
        _link(run, Relation.USED, software),
        _link(run, Relation.USED, template),
        _link(run, Relation.WAS_ASSOCIATED_WITH, modeller),
        _link(template, Relation.HAD_MEMBER, software),
    }
    if record.study_id is not None:
        study = Node(record.study_id, Category.ACTIVITY, Subtype.STUDY)
        nodes.add(study)
        links.add(_link(run, Relation.WAS_INFORMED_BY, study))
    if record.associations.requesting_organisation_id is not None:
        body = Node(record.associations.requesting_organisation_id, Category.AGENT, Subtype.ORGANISATION)
        nodes.add(body)
        links.add(_link(run, Relation.WAS_ASSOCIATED_WITH, body))
    for dataset, described in _datasets(record.inputs):
        nodes |= {dataset, described}
        links |= {_link(run, Relation.USED, dataset), *_templated(template, dataset, described)}
    for dataset, described in _datasets(record.outputs):
        nodes |= {dataset, described}
        links |= {_link(dataset, Relation.WAS_GENERATED_BY, run), _link(dataset, Relation.WAS_ATTRIBUTED_TO, modeller)}
        links |= {*_templated(template, dataset, described)}
    return Graph.of(nodes, links)


def activity(event: ActivityRegistered) -> Graph:
    """That somebody registered a thing, or a new version of one."""
    subtype = Subtype(event.entry_kind.value)
    me = Node(event.activity, Category.ACTIVITY, subtype)
    made = Node(event.item, KINDS[event.item_kind].category, subtype_of(event.item_kind))
    nodes, links = {me, made}, {_link(made, Relation.WAS_GENERATED_BY, me)}
    if event.person is not None:
        person = Node(event.person, Category.AGENT, Subtype.PERSON)
        nodes.add(person)
        links |= {_link(me, Relation.WAS_ASSOCIATED_WITH, person), _link(made, Relation.WAS_ATTRIBUTED_TO, person)}
    if event.before is not None:
        before = Node(event.before, made.category, made.subtype)
        nodes.add(before)
        links.add(_link(me, Relation.USED, before))
    return Graph.of(nodes, links)


def filled(dataset: str, members: Iterable[str]) -> Graph:
    """That a dataset holds outputs of a run."""
    held = _entity(dataset, Subtype.DATASET)
    files = {_entity(member, Subtype.FILE) for member in members}
    return Graph.of({held, *files}, {_link(held, Relation.HAD_MEMBER, file) for file in files})


def person_link(user: str, person: str) -> Graph:
    """That an account is a registered person's: who meets the one meets the other."""
    graph = Builder()
    account(graph, user)
    said = graph.graph()
    who = Node(person, Category.AGENT, Subtype.PERSON)
    return Graph.of({*said.nodes, who}, {*said.links, Link(user, Relation.ALTERNATE_OF, person)})


def _description(record: ModelRunRecord) -> dict[str, str]:
    said = {
        "prov:endTime": _moment(record.end_time),
        "prov:label": clean(record.display_name),
        "prov:startTime": _moment(record.start_time),
        "reprovena:modelVersion": clean(record.model_version),
    }
    return {name: value for name, value in said.items() if value is not None}


def _moment(seconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return None  # a number that no calendar has


def _datasets(listed: tuple[TemplatedDataset, ...]) -> Iterator[tuple[Node, Node]]:
    for one in listed:
        yield _entity(one.dataset_id, Subtype.DATASET), _entity(one.dataset_template_id, Subtype.DATASET_TEMPLATE)


def _templated(template: Node, dataset: Node, described: Node) -> Iterator[Link]:
    yield _link(template, Relation.HAD_MEMBER, described)
    yield _link(dataset, Relation.WAS_INFLUENCED_BY, described)


def _entity(item: str, subtype: Subtype) -> Node:
    return Node(item, Category.ENTITY, subtype)


def _link(source: Node, relation: Relation, target: Node) -> Link:
    return Link(source.id, relation, target.id)
