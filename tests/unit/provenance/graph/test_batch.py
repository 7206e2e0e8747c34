"""Many changes as one batch: each element once, the last word counts."""

from uuid import UUID

from contracts.vocabulary import Category, Relation
from provenance.graph.batch import fold
from provenance.graph.diff import Change, Standing
from provenance.graph.keys import element_digest, id_digest
from provenance.graph.model import Link, Node

LEDGER = UUID(int=1)
A, A2, AB = Node("a", Category.ENTITY, "FILE"), Node("a", Category.AGENT, "ACCOUNT"), Link("a", Relation.USED, "b")


def folded(*changes: tuple[Node | Link, str, bool, dict | None]):
    """What remains of changes."""
    batch = fold(LEDGER, 3, 9, [Change(element, "r", None, Standing(*rest)) for element, *rest in changes])
    assert (batch.ledger, batch.start, batch.end) == (LEDGER, 3, 9)
    return {t.element: (dict(t.held), set(t.lost)) for t in (*batch.nodes, *batch.links)}


def test_later_words_win() -> None:
    """Of two descriptions the later one is carried."""
    assert folded((A, "t", True, {"x": 1}), (A, "t", True, None)) == {A: ({"t": None}, set())}


def test_what_comes_and_goes_is_only_lost() -> None:
    """An element that was held and lost within a batch is at most removed."""
    assert folded((AB, "t", True, None), (AB, "t", False, None)) == {AB: ({}, {"t"})}


def test_what_goes_and_comes_is_held() -> None:
    """An element that was lost and held again is described anew."""
    assert folded((AB, "t", False, None), (AB, "t", True, {"x": 1})) == {AB: ({"t": {"x": 1}}, set())}


def test_tenants_are_apart() -> None:
    """What one tenant loses another still holds."""
    assert folded((A, "t", True, None), (A, "u", True, {"x": 1}), (A, "t", False, None)) == {A: ({"u": {"x": 1}}, {"t"})}


def test_a_node_is_its_id() -> None:
    """A node that became another kind of thing is one node, of the last kind."""
    held = Standing("t", held=True)
    batch = fold(LEDGER, 0, 1, [Change(A, "r", None, held), Change(A2, "r", None, held)])
    assert [(t.element, dict(t.held)) for t in batch.nodes] == [(A2, {"t": None})]


def test_actions_without_a_new_view_are_not_carried() -> None:
    """What no tenant sees differently does not reach the graph."""
    batch = fold(LEDGER, 0, 1, [Change(A, "r")])
    assert (batch.nodes, batch.links) == ((), ())


def test_keys_tell_everything_apart() -> None:
    """Ids, kinds, ends and relations never share a key."""
    keys = [id_digest("a"), *map(element_digest, (A, A2, AB, Link("b", Relation.USED, "a")))]
    assert len(set(keys)) == len(keys)
