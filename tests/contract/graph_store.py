"""What every graph store must do. A store's test module subclasses `GraphStoreContract` and gives it an empty store."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.vocabulary import Category, Relation
from provenance.graph.answer import Answer, Direction, Dump
from provenance.graph.batch import AnotherLedger, Batch, Position, StalePosition, Touched
from provenance.graph.model import Attributes, Link, Node
from provenance.graph.store import GraphStore

LEDGER = UUID("01890000-0000-7000-8000-000000000001")
UP, DOWN = Direction.UP, Direction.DOWN
USED = Relation.USED


def node(item: str, subtype: str = "FILE", category: Category = Category.ENTITY) -> Node:
    """A node."""
    return Node(item, category, subtype)


def link(source: str, target: str, relation: Relation = USED) -> Link:
    """A link."""
    return Link(source, relation, target)


def held(element: Node | Link, *tenants: str, said: Attributes | None = None, lost: Iterable[str] = ()) -> Touched:
    """That tenants hold an element from now on."""
    return Touched(element, dict.fromkeys(tenants, said), frozenset(lost))


def lost(element: Node | Link, *tenants: str) -> Touched:
    """That tenants hold an element no more."""
    return Touched(element, {}, frozenset(tenants))


def batch(start: int, end: int, nodes: Iterable[Touched] = (), links: Iterable[Touched] = ()) -> Batch:
    """A batch of the one ledger."""
    return Batch(LEDGER, start, end, tuple(nodes), tuple(links))


def chain(*items: str) -> tuple[list[Node], list[Link]]:
    """Nodes that each point at the next."""
    return [node(item) for item in items], [link(*ends) for ends in pairwise(items)]


async def put(store: GraphStore, nodes: Iterable[Node], links: Iterable[Link], *tenants: str) -> None:
    """Apply nodes and links that the tenants hold."""
    position = await store.position()
    start = position.seq if position else 0
    who = tenants or ("t",)
    await store.apply(batch(start, start + 1, (held(n, *who) for n in nodes), (held(e, *who) for e in links)))


def ids(answer: Answer | None) -> list[str]:
    """Ids of what is shown whole, sorted."""
    assert answer is not None
    return sorted(shown.id for shown in answer.nodes if not shown.restricted)


def ends(answer: Answer | None) -> set[tuple[str, str]]:
    """Ends of the links between what is shown whole."""
    assert answer is not None
    return {(seen.source, seen.target) for seen in answer.links if "restricted/" not in seen.source + seen.target}


def stubs(answer: Answer | None) -> list[Any]:
    """What is only hinted at."""
    assert answer is not None
    return [shown for shown in answer.nodes if shown.restricted]


class GraphStoreContract:
    """The suite. Nothing in it knows which store it tests."""

    @pytest.fixture
    async def store(self) -> GraphStore:
        """An empty store, started."""
        raise NotImplementedError

    # --- what is written

    async def test_an_empty_store_has_no_position(self, store: GraphStore) -> None:
        """A store that nothing was brought to knows of no ledger."""
        assert await store.position() is None
        assert await store.dump() == Dump({}, {})
        await store.ping()

    async def test_a_batch_moves_the_position_and_is_all_there(self, store: GraphStore) -> None:
        """Nodes, links, tenants and what they say are kept as they were given."""
        said = {"prov:label": "Ünïcode ' \" \\ $1", "reprovena:n": 1.5, "l": [1, "a"], "d": {"x": None, "y": True}}

        await store.apply(
            batch(
                0,
                7,
                [held(node("a b'c"), "t", "u", said=said), held(node("b"), "t")],
                [held(link("a b'c", "b"), "t", said=said)],
            )
        )

        assert await store.position() == Position(LEDGER, 7)
        assert await store.dump() == Dump(
            {"a b'c": ("ENTITY", "FILE", {"t": said, "u": said}), "b": ("ENTITY", "FILE", {"t": None})},
            {("a b'c", "used", "b"): {"t": said}},
        )

    async def test_an_element_lives_while_a_tenant_holds_it(self, store: GraphStore) -> None:
        """Losing one of two tenants keeps it, losing the last removes it, with its links."""
        await put(store, *chain("a", "b"), "t", "u")
        await store.apply(batch(1, 2, [lost(node("a"), "t"), lost(node("b"), "t")], [lost(link("a", "b"), "t")]))
        assert await store.dump() == Dump(
            {"a": ("ENTITY", "FILE", {"u": None}), "b": ("ENTITY", "FILE", {"u": None})}, {("a", "used", "b"): {"u": None}}
        )

        await store.apply(batch(2, 3, [lost(node("a"), "u"), lost(node("b"), "u")], [lost(link("a", "b"), "u")]))

        assert await store.dump() == Dump({}, {})

    async def test_losing_what_was_never_held_does_nothing(self, store: GraphStore) -> None:
        """What came and went within one batch leaves nothing."""
        await store.apply(batch(0, 3, [lost(node("a"), "t"), lost(node("b"), "t")], [lost(link("a", "b"), "t")]))

        assert await store.dump() == Dump({}, {})

    async def test_a_node_may_change_hands_and_kind(self, store: GraphStore) -> None:
        """In one batch one tenant loses a node and another holds it as another kind of thing."""
        await put(store, [node("a")], [], "t")

        await store.apply(batch(1, 2, [held(node("a", "ACCOUNT", Category.AGENT), "u", said={"x": 1}, lost={"t"})]))

        assert (await store.dump()).nodes == {"a": ("AGENT", "ACCOUNT", {"u": {"x": 1}})}

    async def test_words_are_replaced(self, store: GraphStore) -> None:
        """A tenant's new description takes the place of its old one, whole."""
        await store.apply(batch(0, 1, [held(node("a"), "t", said={"x": 1, "y": 2}), held(node("b"), "t", said={"x": 1})]))
        await store.apply(batch(1, 2, [held(node("a"), "t", said={"z": 3}), held(node("b"), "t")]))

        nodes = (await store.dump()).nodes
        assert (nodes["a"][2], nodes["b"][2]) == ({"t": {"z": 3}}, {"t": None})

    async def test_relations_between_two_nodes_are_apart(self, store: GraphStore) -> None:
        """Two relations between the same nodes are two links, in both directions and on one node."""
        links = [
            link("a", "b"),
            link("a", "b", Relation.WAS_DERIVED_FROM),
            link("b", "a"),
            link("a", "a", Relation.ALTERNATE_OF),
        ]
        await put(store, [node("a"), node("b")], links)

        await store.apply(batch(1, 2, [], [lost(link("a", "b"), "t")]))

        assert set((await store.dump()).links) == {("a", "wasDerivedFrom", "b"), ("b", "used", "a"), ("a", "alternateOf", "a")}

    async def test_very_long_ids_are_fine(self, store: GraphStore) -> None:
        """Ids may be as long as paths are."""
        far = "run/1/out/" + "ä/" * 4000
        await put(store, *chain("a", far))

        assert ids(await store.lineage(far, DOWN, 1, ["t"], 10)) == ["a", far]

    # --- positions

    async def test_a_repeated_batch_does_nothing(self, store: GraphStore) -> None:
        """The same batch again, as after a crash, changes nothing."""
        first = batch(0, 5, [held(node("a"), "t")])
        await store.apply(first)
        before = await store.dump()

        await store.apply(first)

        assert (await store.dump(), await store.position()) == (before, Position(LEDGER, 5))

    async def test_a_batch_from_elsewhere_aborts_whole(self, store: GraphStore) -> None:
        """A projector that slept while another worked is told so, and nothing of its batch is kept."""
        await store.apply(batch(0, 5, [held(node("a"), "t")]))

        for stale in (
            batch(0, 3, [held(node("b"), "t")]),
            batch(3, 6, [held(node("b"), "t")]),
            batch(6, 8, [held(node("b"), "t")]),
        ):
            with pytest.raises(StalePosition):
                await store.apply(stale)

        assert (set((await store.dump()).nodes), await store.position()) == ({"a"}, Position(LEDGER, 5))

    async def test_a_batch_on_an_empty_store_starts_at_nothing(self, store: GraphStore) -> None:
        """After a clear, a projector in the middle of the ledger aborts."""
        with pytest.raises(StalePosition):
            await store.apply(batch(4, 5, [held(node("b"), "t")]))

    async def test_another_ledger_is_refused(self, store: GraphStore) -> None:
        """Two ledgers never mix in one graph."""
        await store.apply(batch(0, 5, [held(node("a"), "t")]))

        for start in (0, 5):
            with pytest.raises(AnotherLedger):
                await store.apply(Batch(uuid4(), start, 9, (held(node("b"), "t"),)))

        assert set((await store.dump()).nodes) == {"a"}

    async def test_of_projectors_at_once_one_wins(self, store: GraphStore) -> None:
        """Several projectors with different batches from one position: one batch is in, the others abort."""
        await store.apply(batch(0, 1))
        batches = [batch(1, 2 + n, [held(node(f"n{n}"), "t")]) for n in range(5)]

        outcomes = await asyncio.gather(*(store.apply(one) for one in batches), return_exceptions=True)

        assert sorted(str(type(outcome).__name__) for outcome in outcomes) == ["NoneType"] + ["StalePosition"] * 4
        assert set((await store.dump()).nodes) == {f"n{[o is None for o in outcomes].index(True)}"}

    async def test_clear_forgets_everything(self, store: GraphStore) -> None:
        """A cleared store is an empty one and starts anew."""
        await put(store, *chain("a", "b"))

        await store.clear()

        assert (await store.dump(), await store.position()) == (Dump({}, {}), None)
        await put(store, *chain("a", "b"))
        assert len((await store.dump()).nodes) == 2

    async def test_start_may_be_repeated(self, store: GraphStore) -> None:
        """Every process starts the store; what is there stays."""
        await put(store, *chain("a", "b"))
        await store.start()
        assert len((await store.dump()).nodes) == 2

    # --- walks

    async def test_a_walk_reaches_so_many_links(self, store: GraphStore) -> None:
        """A link is in the answer if its near end is at most `depth - 1` links away, up or down."""
        await put(store, *chain("a", "b", "c", "d"))

        assert ids(await store.lineage("a", UP, 2, ["t"], 10)) == ["a", "b", "c"]
        assert ends(await store.lineage("a", UP, 2, ["t"], 10)) == {("a", "b"), ("b", "c")}
        assert ids(await store.lineage("d", DOWN, 1, ["t"], 10)) == ["c", "d"]
        assert ends(await store.lineage("d", DOWN, 9, ["t"], 10)) == {("a", "b"), ("b", "c"), ("c", "d")}
        assert ids(await store.lineage("d", UP, 9, ["t"], 10)) == ["d"]

    async def test_links_between_the_farthest_are_not_within_reach(self, store: GraphStore) -> None:
        """Two nodes at the very end of the walk are shown without the link between them."""
        await put(store, [node("a"), node("b"), node("c")], [link("a", "b"), link("a", "c"), link("b", "c")])

        assert ends(await store.lineage("a", UP, 1, ["t"], 10)) == {("a", "b"), ("a", "c")}
        assert ends(await store.lineage("a", UP, 2, ["t"], 10)) == {("a", "b"), ("a", "c"), ("b", "c")}

    async def test_nodes_come_from_near_to_far(self, store: GraphStore) -> None:
        """The root is first; what is nearer comes before what is farther, by id where it is the same."""
        nodes = [node(item) for item in ("r", "z", "y", "a", "b")]
        await put(store, nodes, [link("r", "z"), link("r", "y"), link("z", "b"), link("y", "a"), link("r", "a", Relation.USED)])

        answer = await store.lineage("r", UP, 5, ["t"], 10)

        assert [shown.id for shown in answer.nodes] == ["r", "a", "y", "z", "b"]

    async def test_circles_end(self, store: GraphStore) -> None:
        """A walk in a circle visits each node once."""
        await put(store, [node("a"), node("b"), node("c")], [link("a", "b"), link("b", "c"), link("c", "a"), link("a", "a")])

        answer = await store.lineage("a", UP, 50, ["t"], 10)

        assert (ids(answer), len(answer.links)) == (["a", "b", "c"], 4)

    async def test_many_paths_cost_no_more_than_the_nodes(self, store: GraphStore) -> None:
        """A diamond of 12 layers with 8 nodes each has 8^11 paths; whoever walked them all would need days."""
        layers = [[f"{layer}-{place}" for place in range(8)] for layer in range(12)]
        links = [link(s, t) for near, far in pairwise(layers) for s in near for t in far]
        await put(store, [node(item) for layer in layers for item in layer], links)

        async with asyncio.timeout(60):
            up = await store.lineage("0-0", UP, 11, ["t"], 1000)
            down = await store.lineage("11-7", DOWN, 11, ["t"], 1000)

        assert (len(up.nodes), len(up.links)) == (1 + 11 * 8, 8 + 10 * 64)
        assert (len(down.nodes), len(down.links)) == (1 + 11 * 8, 8 + 10 * 64)

    async def test_a_limit_keeps_what_is_near(self, store: GraphStore) -> None:
        """A cut answer says so, is the same every time, and has the nearest nodes with the links between them."""
        near, far = [f"n{i}" for i in range(5)], [f"f{i}" for i in range(50)]
        links = [*(link("r", item) for item in near), *(link(item, other) for item in near for other in far)]
        await put(store, [node(item) for item in ("r", *near, *far)], links)

        answer = await store.lineage("r", UP, 5, ["t"], 10)

        assert answer.truncated
        assert len(answer.nodes) == 10
        assert {"r", *near} <= set(ids(answer))
        assert all(seen.source in ids(answer) and seen.target in ids(answer) for seen in answer.links)
        assert await store.lineage("r", UP, 5, ["t"], 10) == answer
        assert not (await store.lineage("r", UP, 5, ["t"], 56)).truncated

    async def test_ids_are_data(self, store: GraphStore) -> None:
        """Quotes, braces and wildcards in ids mean themselves."""
        names = ["'; drop table x; --", '"}) detach delete n //', "%_\\", "a{b}", "$1 :x"]
        await put(store, *chain(*names))

        assert ids(await store.lineage(names[0], UP, 9, ["t"], 10)) == sorted(names)
        assert await store.lineage("%", UP, 9, ["t"], 10) is None

    async def test_agents_are_one_link_away(self, store: GraphStore) -> None:
        """Of many nodes at once, the links that lead to agents: not those to other things, not those back, by their ends."""
        agent = Category.AGENT
        nodes = [node("a"), node("b"), node("p", "PERSON", agent), node("o", "ORGANISATION", agent), node("x", "PERSON", agent)]
        by, to = Relation.WAS_ASSOCIATED_WITH, Relation.WAS_ATTRIBUTED_TO
        await put(
            store, nodes, [link("a", "p", to), link("a", "p", by), link("b", "o", by), link("a", "b"), link("p", "o", by)]
        )
        await put(store, [nodes[0], nodes[4]], [link("a", "x", by)], "u")

        found = await store.agents(["b", "a", "o", "nobody"], ["t"])

        assert [(seen.source, seen.relation, seen.target) for seen, _ in found] == [
            ("a", by, "p"),
            ("a", to, "p"),
            ("b", by, "o"),
        ]
        assert [(shown.id, shown.category, shown.subtype) for _, shown in found][-1] == ("o", agent, "ORGANISATION")
        assert [shown.id for _, shown in await store.agents(["a"], ["t", "u"])] == ["p", "p", "x"]
        assert list(await store.agents([], ["t"])) == []

    # --- who may see what

    async def test_what_no_tenant_of_the_caller_asserts_is_not_there(self, store: GraphStore) -> None:
        """A foreign root, an unknown root and no tenant at all look the same."""
        await put(store, *chain("a", "b"), "t")

        assert await store.lineage("a", UP, 1, ["u"], 10) is None
        assert await store.lineage("x", UP, 1, ["t"], 10) is None
        assert await store.lineage("a", UP, 1, [], 10) is None
        assert await store.node("a", ["u"]) is None
        assert (await store.node("a", ["u", "t"])).id == "a"

    async def test_a_foreign_link_ends_the_walk_in_a_stub(self, store: GraphStore) -> None:
        """Beyond what the caller's tenants assert there is one stub for each relation and category, without any detail."""
        mine, theirs = node("mine"), [node("secret-1"), node("secret-2"), node("hidden", "WORKFLOW_RUN", Category.ACTIVITY)]
        await put(store, [mine, node("also")], [link("mine", "also")], "t", "u")
        await put(store, [mine, *theirs, node("deep")], [], "u")
        links = [link("mine", "secret-1"), link("mine", "secret-2"), link("mine", "hidden", Relation.WAS_GENERATED_BY)]
        await put(store, [], [*links, link("secret-1", "deep")], "u")

        answer = await store.lineage("mine", UP, 9, ["t"], 10)

        assert ids(answer) == ["also", "mine"]
        assert [(stub.category, stub.subtype, stub.attributes) for stub in stubs(answer)] == [
            (Category.ENTITY, None, {}),
            (Category.ACTIVITY, None, {}),
        ]
        assert sorted((seen.source, seen.relation) for seen in answer.links if seen.target.startswith("restricted/")) == [
            ("mine", Relation.USED),
            ("mine", Relation.WAS_GENERATED_BY),
        ]
        assert "secret" not in repr(answer)
        assert "hidden" not in repr(answer)
        assert len(ids(await store.lineage("mine", UP, 9, ["t", "u"], 10))) == 6

    async def test_a_stub_tells_nothing_about_how_many(self, store: GraphStore) -> None:
        """Ten others or one look the same."""
        await put(store, [node("s")], [], "t", "u")
        await put(store, [node("r1")], [link("r1", "s")], "u")
        one = await store.lineage("s", DOWN, 3, ["t"], 10)

        await put(store, [node(f"q{n}") for n in range(10)], [link(f"q{n}", "s") for n in range(10)], "u")

        assert await store.lineage("s", DOWN, 3, ["t"], 10) == one
        assert len(stubs(one)) == 1

    @pytest.mark.parametrize("subtype", ["CONTENT", "WEB_RESOURCE"])
    async def test_beyond_a_content_there_is_nothing(self, store: GraphStore, subtype: str) -> None:
        """Who holds some bytes, or took them from the web, does not learn whether others did."""
        content = node("sha256:ff", subtype)
        await put(store, [content, node("my-file")], [link("my-file", "sha256:ff", Relation.ALTERNATE_OF)], "t")
        await put(
            store,
            [content, node("their-out"), node("their-file")],
            [link("sha256:ff", "their-out", Relation.ALTERNATE_OF), link("their-file", "sha256:ff", Relation.ALTERNATE_OF)],
            "u",
        )

        up, down = await store.lineage("my-file", UP, 9, ["t"], 10), await store.lineage("sha256:ff", DOWN, 9, ["t"], 10)

        assert ids(up) == ids(down) == ["my-file", "sha256:ff"]
        assert stubs(up) == stubs(down) == []

    async def test_a_tenant_sees_its_own_words_only(self, store: GraphStore) -> None:
        """What one tenant says of a shared node is not shown to another."""
        await store.apply(
            batch(
                0,
                1,
                [
                    Touched(node("a"), {"t": {"x": "ours"}, "u": {"x": "theirs"}, "v": None}, frozenset()),
                    held(node("b"), "t", "u"),
                ],
                [Touched(link("a", "b"), {"t": {"r": 1}, "u": None}, frozenset())],
            )
        )

        assert (await store.node("a", ["t"])).attributes == {"x": "ours"}
        assert (await store.node("a", ["v"])).attributes == {}
        assert (await store.node("a", ["v", "u"])).attributes == {"x": "theirs"}
        assert [seen.attributes for seen in (await store.lineage("a", UP, 1, ["u"], 9)).links] == [{}]
        assert [seen.attributes for seen in (await store.lineage("a", UP, 1, ["t"], 9)).links] == [{"r": 1}]

    async def test_limits_do_not_count_what_cannot_be_seen(self, store: GraphStore) -> None:
        """Others' nodes do not use up the caller's answer."""
        await put(store, *chain("a", "b"), "t", "u")
        await put(store, [node(f"x{n}") for n in range(30)], [link("a", f"x{n}") for n in range(30)], "u")

        answer = await store.lineage("a", UP, 3, ["t"], 2)

        assert (ids(answer), answer.truncated) == (["a", "b"], False)

    # --- paths

    async def test_the_shortest_path_up(self, store: GraphStore) -> None:
        """Of several ways the one with the fewest links is found, in order, with the links on it."""
        nodes, links = chain("a", "b", "c", "d", "e")
        await put(store, nodes, [*links, link("b", "d"), link("e", "a")])

        answer = await store.path("a", "e", 9, ["t"], 100)

        assert [shown.id for shown in answer.nodes] == ["a", "b", "d", "e"]
        assert ends(answer) == {("a", "b"), ("b", "d"), ("d", "e")}

    async def test_every_relation_between_two_steps_is_shown(self, store: GraphStore) -> None:
        """Where several relations lie between two nodes of a path, all are in the answer."""
        await put(store, [node("a"), node("b")], [link("a", "b"), link("a", "b", Relation.WAS_DERIVED_FROM)])

        assert {seen.relation for seen in (await store.path("a", "b", 1, ["t"], 9)).links} == {USED, Relation.WAS_DERIVED_FROM}

    async def test_a_path_may_go_along_some_relations_only(self, store: GraphStore) -> None:
        """What leads on by another relation is passed by, however short, and not shown between the steps."""
        started = [
            link("step", "run", Relation.WAS_STARTED_BY),
            link("run", "raw"),
            link("step", "made", Relation.WAS_INFORMED_BY),
        ]
        data = [link("step", "made"), link("made", "other", Relation.WAS_GENERATED_BY), link("other", "raw")]
        await put(store, [node(item) for item in ("step", "run", "made", "other", "raw")], [*started, *data])
        along = (USED, Relation.WAS_GENERATED_BY)

        short = await store.path("step", "raw", 9, ["t"], 100)
        long = await store.path("step", "raw", 9, ["t"], 100, along)

        assert [shown.id for shown in short.nodes] == ["step", "run", "raw"]
        assert [shown.id for shown in long.nodes] == ["step", "made", "other", "raw"]
        assert {seen.relation for seen in long.links} == set(along)
        assert await store.path("step", "raw", 9, ["t"], 100, (Relation.WAS_STARTED_BY,)) is None

    async def test_a_cut_path_along_some_relations_is_not_called_missing(self, store: GraphStore) -> None:
        """The limit counts what is met along these relations alone."""
        far = [f"f{n}" for n in range(20)]
        others = [link("a", f, Relation.WAS_INFLUENCED_BY) for f in far]
        await put(
            store, [node("a"), *(node(item) for item in far), node("b"), node("z")], [*others, link("a", "b"), link("b", "z")]
        )

        assert [shown.id for shown in (await store.path("a", "z", 9, ["t"], 10, (USED,))).nodes] == ["a", "b", "z"]
        assert (await store.path("a", "z", 9, ["t"], 1, (USED,))).truncated

    async def test_there_may_be_no_path(self, store: GraphStore) -> None:
        """The other direction, too great a depth and foreign links are no path; a node leads to itself."""
        await put(store, *chain("a", "b", "c"), "t", "u")
        await put(store, [node("x")], [], "t")
        await put(store, [], [link("c", "x")], "u")

        assert await store.path("c", "a", 9, ["t"], 9) is None
        assert await store.path("a", "c", 1, ["t"], 9) is None
        assert await store.path("a", "x", 9, ["t"], 9) is None
        assert [shown.id for shown in (await store.path("a", "a", 9, ["t"], 9)).nodes] == ["a"]

    async def test_a_path_beyond_the_limit_is_not_called_missing(self, store: GraphStore) -> None:
        """Where the limit ends the search, the answer is empty and says that it was cut."""
        far = [f"f{n}" for n in range(40)]
        await put(store, [node("a"), *(node(item) for item in far), node("z")], [*(link("a", f) for f in far), link("f7", "z")])

        answer = await store.path("a", "z", 9, ["t"], 10)

        assert (answer.nodes, answer.truncated) == ((), True)
