"""The diff: eight actions, in order, and what a tenant sees of them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Category, Relation
from provenance.graph.diff import Action, Change, Others, Standing, actions, diff, dump, load
from provenance.graph.model import Graph, Link, Node

R, T = "r", "t"
ALONE, FOREIGN, SHARED = None, Others(same_tenant=False), Others(same_tenant=True)


def node(item: str, said: dict | None = None, subtype: str = "FILE") -> Node:
    return Node(item, Category.ENTITY, subtype, said)


def graph(*elements: Node | Link) -> Graph:
    nodes = [element for element in elements if isinstance(element, Node)]
    return Graph.of(nodes, [element for element in elements if isinstance(element, Link)])


A, B, AB = node("a"), node("b"), Link("a", Relation.USED, "b")


def done(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.action, getattr(change.element, "id", "link")) for change in changes]


def test_what_is_new_to_everybody_is_added() -> None:
    """Nodes come before links."""
    assert done(diff(R, T, Graph(), graph(A, B, AB), {})) == [
        (Action.ADD_NEW_NODE, "a"),
        (Action.ADD_NEW_NODE, "b"),
        (Action.ADD_NEW_LINK, "link"),
    ]


def test_what_others_assert_gets_the_records_id() -> None:
    """An element that another record asserts, of whatever tenant, is not new; ids come before additions."""
    assert done(diff(R, T, Graph(), graph(A, B, AB), {B: FOREIGN, AB: SHARED})) == [
        (Action.ADD_RECORD_ID_TO_NODE, "b"),
        (Action.ADD_NEW_NODE, "a"),
        (Action.ADD_RECORD_ID_TO_LINK, "link"),
    ]


def test_what_nobody_else_asserts_is_removed() -> None:
    """Links go before nodes, ids before elements."""
    assert done(diff(R, T, graph(A, B, AB), Graph(), {B: SHARED})) == [
        (Action.REMOVE_LINK, "link"),
        (Action.REMOVE_RECORD_ID_FROM_NODE, "b"),
        (Action.REMOVE_NODE, "a"),
    ]


def test_what_stays_is_left_alone() -> None:
    """The same statement is no change."""
    assert diff(R, T, graph(A, B, AB), graph(A, B, AB), {B: SHARED}) == []


def test_a_tenant_gains_with_its_first_record_and_loses_with_its_last() -> None:
    """Between them, its view of the element does not change."""
    first, second = diff(R, T, Graph(), graph(A), {A: FOREIGN})[0], diff(R, T, Graph(), graph(A), {A: SHARED})[0]
    last, other = diff(R, T, graph(A), Graph(), {A: FOREIGN})[0], diff(R, T, graph(A), Graph(), {A: SHARED})[0]

    assert (first.standing, second.standing) == (Standing(T, held=True), None)
    assert (last.standing, other.standing) == (Standing(T, held=False), None)


def test_the_lowest_record_describes() -> None:
    """Of several descriptions within a tenant that of the lowest record id counts, whoever came first."""
    said, lower = {"x": 1}, Others(same_tenant=True, described_by="q", attributes={"x": 2})
    higher = Others(same_tenant=True, described_by="s", attributes={"x": 2})

    assert diff(R, T, Graph(), graph(node("a", said)), {A: lower})[0].standing is None
    assert diff(R, T, Graph(), graph(node("a", said)), {A: higher})[0].standing == Standing(T, held=True, attributes=said)
    assert diff(R, T, graph(node("a", said)), Graph(), {A: higher})[0].standing == Standing(T, held=True, attributes={"x": 2})


def test_new_words_are_a_change_without_an_action() -> None:
    """What is only described anew stays where it is."""
    (change,) = diff(R, T, graph(node("a", {"x": 1})), graph(node("a", {"x": 2})), {})

    assert (change.action, change.standing) == (None, Standing(T, held=True, attributes={"x": 2}))


def test_a_node_that_becomes_another_kind_is_not_lost() -> None:
    """Its old kind goes, its new one comes, and the tenant sees one node throughout."""
    changes = diff(R, T, graph(node("a")), graph(node("a", subtype="PLAN")), {})

    assert done(changes) == [(Action.ADD_NEW_NODE, "a"), (Action.REMOVE_NODE, "a")]
    assert [change.standing for change in changes] == [Standing(T, held=True), None]


def test_actions_are_written_as_provena_writes_them() -> None:
    """Payload keys and shapes of the original's list."""
    nodes = {"a": A, "b": B}
    made = actions(diff(R, T, Graph(), graph(A, B, AB), {B: SHARED}), nodes)
    undone = actions(diff(R, T, graph(A, B, AB), Graph(), {B: SHARED, AB: SHARED}), nodes)
    ours = {"id": "a", "props": {"record_ids": R}, "subtype": "FILE", "category": "ENTITY"}
    link = {"source": ours, "target": {**ours, "id": "b"}, "relation": "used", "props": {"record_ids": R}}

    assert made == [
        {"action_type": "ADD_RECORD_ID_TO_NODE", "node_id": "b", "record_id": R},
        {"action_type": "ADD_NEW_NODE", "node": ours},
        {"action_type": "ADD_NEW_LINK", "link": link},
    ]
    assert undone == [
        {"action_type": "REMOVE_RECORD_ID_FROM_LINK", "link": link, "record_id": R},
        {"action_type": "REMOVE_RECORD_ID_FROM_NODE", "node_id": "b", "record_id": R},
        {"action_type": "REMOVE_NODE", "node_id": "a"},
    ]


texts = st.text(max_size=3)
words = st.none() | st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts | st.lists(texts))
elements = st.builds(Node, texts, st.sampled_from(Category), texts) | st.builds(Link, texts, st.sampled_from(Relation), texts)
changes = st.builds(
    Change, elements, texts, st.none() | st.sampled_from(Action), st.none() | st.builds(Standing, texts, st.booleans(), words)
)


@given(st.lists(changes), texts)
def test_changes_survive_the_ledger(some: list[Change], record: str) -> None:
    """What is written as JSON is read as it was."""
    assert load(json.loads(json.dumps(dump(some, record))), record) == [
        Change(change.element, change.record or record, change.action, change.standing) for change in some
    ]
