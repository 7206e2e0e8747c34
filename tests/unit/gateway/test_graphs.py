"""What of an answer is shown to somebody who may not read all of it."""

from gateway.api.graphs import Direction, Lineage, Link, Node, masked


def walk(*links: tuple[str, str]) -> Lineage:
    """An answer, its nodes in the order of their ids, the first one its root."""
    names = sorted({end for link in links for end in link})
    nodes = [Node(id=name, category="ENTITY", subtype="DATASET", label=name, registered=True) for name in names]
    told = [Link(source=a, target=b, relation="used", attributes={"prov:role": "r"}) for a, b in links]
    return Lineage(root=names[0], nodes=nodes, links=told)


def test_what_lies_behind_a_stub_is_shown_only_if_another_way_leads_there() -> None:
    """A walk ends at a stub; it goes on in its own direction only."""
    found = walk(("a", "b"), ("b", "c"), ("c", "e"), ("a", "d"), ("d", "e"), ("c", "d"))

    seen = masked(found, {"b"}, ["a"], Direction.UP)

    assert [node.id for node in seen.nodes if not node.restricted] == ["a", "d", "e"]
    assert len([node for node in seen.nodes if node.restricted]) == 1
    assert ("d", "e") in {(link.source, link.target) for link in seen.links}
    assert "c" not in {end for link in seen.links for end in (link.source, link.target)}


def test_stubs_tell_nothing_of_what_they_hide() -> None:
    """Another thing in the same place has the same stub; in another answer the same thing has another one."""
    one = masked(walk(("a", "b"), ("a", "c")), {"b"}, ["a"], Direction.UP)
    two = masked(walk(("a", "bb"), ("a", "c")), {"bb"}, ["a"], Direction.UP)
    down = masked(walk(("b", "a"), ("c", "a")), {"b"}, ["a"], Direction.DOWN)

    stubs = [next(node for node in seen.nodes if node.restricted) for seen in (one, two, down)]
    assert stubs[0] == stubs[1]
    assert stubs[0].id != stubs[2].id
    assert (stubs[0].subtype, stubs[0].label, stubs[0].attributes) == (None, "restricted", {})
    assert next(link for link in one.links if link.target == stubs[0].id).attributes == {}


def test_two_stubs_beside_each_other_do_not_tell_that_they_are_linked() -> None:
    """What lies between them is behind both."""
    seen = masked(walk(("a", "b"), ("a", "c"), ("b", "c")), {"b", "c"}, ["a"], Direction.UP)

    assert {link.source for link in seen.links} == {"a"}
    assert len(seen.links) == 2


def test_a_way_is_shown_to_its_end() -> None:
    """From one readable thing to another over stubs."""
    seen = masked(walk(("a", "b"), ("b", "c")), {"b"}, ["a", "c"], None)

    assert [node.restricted for node in seen.nodes] == [False, True, False]
    assert len(seen.links) == 2
