"""Pictures: real ones, safe ones, readable ones."""

import re
import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.refusal import Refusal
from contracts.ids import content_id, input_id, output_id
from contracts.vocabulary import Category, Relation, RunStatus, Subtype
from provenance.graph.model import Graph, Link, Node
from provenance.records import drawing, mapping, names
from provenance.records.scene import scene

from .samples import ADA, EARLIER, HANDLE, RUN, asked, digest, failing, ran, registered, steps, union, whole

STATED = whole(asked(), steps())
FAILED = "#FF9999"


def shapes(graph: Graph, detail: str = "normal") -> dict[str, tuple[str, ...]]:
    """What is written on each shape."""
    return {shape.id: shape.lines for shape in scene(graph, detail).shapes}  # type: ignore[arg-type]


def texts(svg: bytes) -> list[str]:
    """The texts of a picture, as a reader sees them."""
    return ["".join(part.itertext()) for part in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_pictures_come_in_three_formats() -> None:
    """PNG, SVG and PDF, each beginning as it should."""
    assert drawing.draw(STATED, "png").startswith(b"\x89PNG\r\n\x1a\n")
    assert b"<svg" in drawing.draw(STATED, "svg")
    assert drawing.draw(STATED, "pdf").startswith(b"%PDF-")
    assert set(drawing.MEDIA_TYPES) == set(drawing.FORMATS)


async def test_drawing_does_not_block() -> None:
    """The same picture, awaited."""
    assert await drawing.render_drawing(STATED, "svg", title="t") == drawing.draw(STATED, "svg", title="t")


def test_a_picture_shows_names_sizes_and_durations() -> None:
    """Short labels: places, file names, how long, how much."""
    told = shapes(STATED)

    assert told[f"run/{RUN}"] == ("forecast:1.2 #3", "2026-11-21 09:30 UTC", "finished 1 min 34 s")
    assert told[f"run/{RUN}/step/train[2]"] == ("train[2]", "49.3 s")
    assert told[input_id(RUN, "sea-level.csv")] == ("sea-level.csv", "2.0 kB")
    assert told[f"run/{EARLIER}/out/collect/stations.csv"] == ("stations.csv", "of run …0000ee")
    assert told[ADA] == ("Ada Lovelace",)
    assert shapes(mapping.run(asked(restart_of=EARLIER)))[f"run/{EARLIER}"] == ("run …0000ee",)


def test_what_is_registered_is_shown_by_kind_and_handle() -> None:
    """Its name is the registry's to say; a model run's is in the graph, too."""
    data, run = (
        Node("10378.1/3", Category.ENTITY, Subtype.DATASET),
        Node("10378.1/7", Category.ACTIVITY, Subtype.MODEL_RUN, {"prov:label": "Monday's forecast"}),
    )
    told = shapes(Graph.of([data, run], [Link(run.id, Relation.USED, data.id, None)]))

    assert told == {data.id: ("dataset", data.id), run.id: ("Monday's forecast", "model run", run.id)}


def test_parameters_are_one_note() -> None:
    """However many there are; beyond a dozen they are counted."""
    few = shapes(STATED)[f"run/{RUN}/parameter"]
    many = shapes(mapping.run(asked(parameters={f"p{n:02}": n for n in range(20)})))[f"run/{RUN}/parameter"]

    assert few == ("parameters", "epochs = 20", "folds = [1,2,3]", "label = a «first» try", "rate = 0.1", "verbose = true")
    assert len(many) == 14
    assert many[-1] == "… and 8 more"


def test_contents_are_left_out_unless_asked_for() -> None:
    """A file that has the bytes of an earlier output points to it; in full, the content stands between them."""
    copy = Node(f"run/{EARLIER}/in/copy.csv", Category.ENTITY, Subtype.FILE, {"prov:label": "copy.csv"})
    content = Node(content_id(digest("prepareclean.csv")), Category.ENTITY, Subtype.CONTENT)
    graph = union(STATED, Graph.of([copy, content], [Link(copy.id, Relation.ALTERNATE_OF, content.id)]))
    normal, full = scene(graph), scene(graph, "full")

    assert content.id not in {shape.id for shape in normal.shapes}
    assert (copy.id, output_id(RUN, "prepare", "clean.csv")) in {(arrow.source, arrow.target) for arrow in normal.arrows}
    assert len(full.shapes) == len(graph.nodes)
    assert len(full.arrows) == len(graph.links)


def test_every_arrow_has_both_ends_and_every_shape_is_reached() -> None:
    """Leaving things out leaves nothing behind."""
    for graph in (STATED, whole(*failing()), mapping.run(asked(environment=None, outputs=())), mapping.step(steps()[0])):
        shown = scene(graph)
        known = {shape.id for shape in shown.shapes}
        ends = {end for arrow in shown.arrows for end in (arrow.source, arrow.target)}

        assert ends <= known
        assert known - ends == set()


@settings(max_examples=60)
@given(st.data(), st.sampled_from(["normal", "full"]))
def test_any_part_of_a_lineage_can_be_drawn(data: st.DataObject, detail: str) -> None:
    """Whatever is left out, arrows have both ends, and what had a neighbour keeps one."""
    whole_graph = union(STATED, mapping.workflow(registered()))
    every = sorted(whole_graph.links, key=lambda link: (link.source, link.relation, link.target))
    links = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=12, unique=True))
    ends = {end for link in links for end in (link.source, link.target)}
    shown = scene(Graph.of([one for one in whole_graph.nodes if one.id in ends], links), detail)  # type: ignore[arg-type]

    known = {shape.id for shape in shown.shapes}
    reached = {end for arrow in shown.arrows for end in (arrow.source, arrow.target)}
    assert reached <= known
    assert {item for item in known - reached if "/step/" not in item} == set()
    assert shown.shapes


def test_the_only_thing_shown_is_never_left_out() -> None:
    """A workflow's own record shows the workflow; a collection stands between its members."""
    workflow = shapes(mapping.workflow(registered()))
    results = Graph.of(
        [one for one in STATED.nodes if one.subtype in {Subtype.RESULTS, Subtype.FILE}],
        [link for link in STATED.links if link.relation is Relation.HAD_MEMBER],
    )

    assert workflow[HANDLE] == ("forecast:1.2",)
    assert names.results_id(RUN) in shapes(results)


def test_what_is_not_yours_to_see_says_so() -> None:
    """Its opaque id means nothing to anybody."""
    assert shapes(Graph.of([Node("k3j2h4", Category.ENTITY, "RESTRICTED")], [])) == {"k3j2h4": ("restricted",)}


def test_what_failed_is_red() -> None:
    """The step and its run, with the reason; and nothing where nothing failed."""
    graph = whole(*failing())
    text = drawing.dot(graph)

    assert text.count(FAILED) == 2
    assert drawing.dot(STATED).count(FAILED) == 0
    assert "exit code 1: ValueError" in shapes(graph)[f"run/{RUN}/step/train[2]"][-1]
    assert FAILED.lower().encode() in drawing.draw(graph, "svg").lower()


def test_a_stopped_run_is_red_too() -> None:
    """It did not do what it was asked for."""
    assert FAILED in drawing.dot(mapping.run(asked(RunStatus.STOPPED, 4, stopped_by=ADA)))


def test_steps_stand_together() -> None:
    """A run's steps and what they wrote are framed, and its inputs are not."""
    shown = scene(STATED)
    framed = {shape.id for shape in shown.shapes if shape.cluster == f"run/{RUN}"}

    assert shown.clusters == {f"run/{RUN}": "steps of forecast:1.2 #3"}
    assert framed == {one.id for one in STATED.nodes if re.match(rf"run/{RUN}/(step|out)/", one.id)}


@pytest.mark.parametrize(
    "name",
    [
        r"\N \G \L",
        "<b>bold</b>",
        "a & b &lt;",
        'a "quoted" one',
        r"back\slash\\",
        "<<table>>",
        "]; n0 [label=x",
        "naïve 漢字 ✓",
        "ends\\",
    ],
)
def test_what_people_write_is_shown_as_it_is(name: str) -> None:
    """No escape of Graphviz, no entity, no markup and no DOT gets in by a name."""
    graph = Graph.of([Node("x", Category.ENTITY, Subtype.FILE, {"prov:label": name})], [])

    assert name in texts(drawing.draw(graph, "svg", title=name))
    assert texts(drawing.draw(graph, "svg", title=name)).count(name) == 2


def test_control_characters_do_no_harm() -> None:
    """They are replaced, in ids as well."""
    graph = Graph.of([Node("x\x01y\x00", Category.ENTITY, Subtype.FILE, {"prov:label": "a\x00\x1bb"})], [])

    assert "a\ufffd\ufffdb" in texts(drawing.draw(graph, "svg"))


def test_the_same_graph_is_the_same_picture() -> None:
    """Also when its parts come in another order."""
    again = union(*reversed([mapping.run(asked()), *map(mapping.step, steps())]))

    assert drawing.dot(again) == drawing.dot(STATED)
    assert drawing.draw(again, "svg") == drawing.draw(STATED, "svg")


def test_nothing_is_a_picture_too() -> None:
    """An empty page."""
    assert drawing.draw(Graph(), "png").startswith(b"\x89PNG")


def test_circles_are_drawn() -> None:
    """People can make them."""
    nodes = [Node(f"run/{n}/in/x", Category.ENTITY, Subtype.FILE, {}) for n in range(3)]
    links = [Link(f"run/{n}/in/x", Relation.WAS_DERIVED_FROM, f"run/{(n + 1) % 3}/in/x") for n in range(3)]

    assert drawing.draw(Graph.of(nodes, links), "png").startswith(b"\x89PNG")


def test_too_large_a_picture_is_refused() -> None:
    """With a problem that says what to do, before anything is laid out."""
    graph = Graph.of([Node(f"run/1/in/{n}", Category.ENTITY, Subtype.FILE, {}) for n in range(drawing.LIMIT + 1)], [])

    with pytest.raises(Refusal, match="401 shapes, 400 are the most") as refused:
        drawing.draw(graph, "png")
    assert refused.value.problem.type == "urn:problem:provenance:answer-too-large"


def test_a_wide_run_turns_the_page() -> None:
    """Forty steps at once stand above each other."""
    wide = [ran(f"train[{n}]", 1, 2) for n in range(40)]

    assert 'rankdir="RL"' in drawing.dot(whole(asked(), wide))
    assert 'rankdir="BT"' in drawing.dot(STATED)


def test_a_layout_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is ended, and the reader is told."""
    monkeypatch.setattr(drawing, "DEADLINE", 0.01)
    begun = time.monotonic()

    with pytest.raises(Refusal):
        drawing.draw(STATED, "png")
    assert time.monotonic() - begun < 30


def test_a_layout_that_crashes_is_a_bug_and_not_our_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child dies alone."""
    monkeypatch.setattr(drawing, "dot", lambda *_, **__: "this is no DOT {")

    with pytest.raises(RuntimeError, match="the layout ended with"):
        drawing.draw(STATED, "png")


def test_another_format_is_refused() -> None:
    """Only three words are ever passed on."""
    with pytest.raises(ValueError, match="png, svg, pdf"):
        drawing.draw(STATED, "jpg; rm")  # type: ignore[arg-type]
