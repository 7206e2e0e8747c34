"""A graph as a picture: PROV's usual shapes and colours, arrows from effect to cause.

Time runs down the page; where a run did so much at once that the page would be too wide, it runs from left to right.
"""

import asyncio
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Literal, get_args

from chassis.refusal import refuse
from contracts.vocabulary import Category, Relation
from provenance.graph.model import Graph
from provenance.records.scene import Arrow, Detail, Scene, Shape, scene

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = MappingProxyType({"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"})
"""What each format is called over HTTP."""
LIMIT = 400
"""Shapes a picture may have: beyond it nobody reads it, and laying it out takes minutes."""
BREADTH = 16
"""Shapes that may stand beside each other before the page is turned."""
DEADLINE = 30.0
"""Seconds that Graphviz may take."""

# Two at a time: drawing is nothing but computing, and each is a process of its own.
_ARTISTS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="drawing")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FONT = "DejaVu Sans,Helvetica,Arial,sans-serif"
_LOOKS: Mapping[Category, dict[str, str]] = MappingProxyType(
    {
        Category.ENTITY: {"shape": "ellipse", "fillcolor": "#FFFC87", "color": "#808080"},
        Category.ACTIVITY: {"shape": "box", "fillcolor": "#9FB1FC", "color": "#0000FF"},
        Category.AGENT: {"shape": "house", "fillcolor": "#FED37F", "color": "#9A6A00"},
    }
)
_FAILED = {"fillcolor": "#FF9999", "color": "#B00000", "penwidth": "2"}
_RESULT = {"penwidth": "2", "color": "#404000", "peripheries": "2"}
_NOTE = {"shape": "note", "fillcolor": "#FFFEE0", "color": "#808080"}
_COLOURS: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.USED: "#A00000",
        Relation.WAS_GENERATED_BY: "#006400",
        Relation.ALTERNATE_OF: "#606060",
        Relation.SPECIALIZATION_OF: "#606060",
    }
)


def draw(graph: Graph, format: Format, *, title: str | None = None, detail: Detail = "normal") -> bytes:  # noqa: A002
    """A graph as a picture's bytes. Blocks while a child process lays it out; async callers take `render_drawing`."""
    if format not in FORMATS:
        msg = f"{format!r} is none of {', '.join(FORMATS)}"
        raise ValueError(msg)
    text = dot(graph, title=title, detail=detail)
    # Our own interpreter and module, with a word that is one of FORMATS.
    command = [sys.executable, "-I", "-m", "provenance.records.layout", format]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=DEADLINE, check=False, env={})  # noqa: S603
    except subprocess.TimeoutExpired as late:
        raise refuse("provenance:answer-too-large", f"drawing it took more than {DEADLINE:.0f} seconds") from late
    if done.returncode or not done.stdout:
        msg = f"the layout ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"
        raise RuntimeError(msg)
    return done.stdout


async def render_drawing(graph: Graph, format: Format, *, title: str | None = None, detail: Detail = "normal") -> bytes:  # noqa: A002
    """A graph as a picture's bytes, without blocking; two are drawn at a time, others wait."""
    return await asyncio.get_running_loop().run_in_executor(_ARTISTS, lambda: draw(graph, format, title=title, detail=detail))


def dot(graph: Graph, *, title: str | None = None, detail: Detail = "normal") -> str:
    """A graph in the DOT language; one with too many shapes is refused."""
    shown = scene(graph, detail)
    if len(shown.shapes) > LIMIT:
        text = f"the picture would have {len(shown.shapes)} shapes, {LIMIT} are the most; ask for less depth, or for a document"
        raise refuse("provenance:answer-too-large", text)
    return "\n".join(_written(shown, title)) + "\n"


def _written(shown: Scene, title: str | None) -> Iterator[str]:
    names = {shape.id: f"n{number}" for number, shape in enumerate(shown.shapes)}
    yield "digraph provenance {"
    # Arrows lead from effect to cause, so ranks grow towards the causes: upwards or leftwards.
    wide = _breadth(shown) > BREADTH
    page = {"rankdir": "RL" if wide else "BT", "nodesep": "0.22", "ranksep": "0.45", "pad": "0.2", "dpi": "110"}
    text = {"charset": "UTF-8", "fontname": _FONT, "fontsize": "13", "labelloc": "t", "label": title or ""}
    yield _statement("graph", page | text | {"bgcolor": "white"})
    yield _statement("node", {"fontname": _FONT, "fontsize": "11", "style": "filled", "margin": "0.09,0.05"})
    yield _statement("edge", {"fontname": _FONT, "fontsize": "8", "arrowsize": "0.6"})
    for number, (run, label) in enumerate(shown.clusters.items()):
        yield f"subgraph cluster_{number} {{"
        look = {
            "label": label,
            "style": "rounded,filled",
            "fillcolor": "#F6F8FF",
            "color": "#8090C0",
            "fontsize": "12",
            "labelloc": "t" if wide else "b",
        }
        yield _statement("graph", look)
        yield from (_statement(names[shape.id], _look(shape)) for shape in shown.shapes if shape.cluster == run)
        yield "}"
    yield from (_statement(names[shape.id], _look(shape)) for shape in shown.shapes if not shape.cluster)
    for arrow in shown.arrows:
        yield _statement(f"{names[arrow.source]} -> {names[arrow.target]}", _line(arrow))
    yield "}"


def _breadth(shown: Scene) -> int:
    """How many shapes stand beside each other, at most."""
    level = {shape.id: 0 for shape in shown.shapes}
    # As often as there are shapes at most: people can make circles.
    for _ in shown.shapes:
        before = dict(level)
        for arrow in shown.arrows:
            level[arrow.source] = min(max(level[arrow.source], level[arrow.target] + 1), len(level))
        if level == before:
            break
    return max(Counter(level.values()).values(), default=0)


def _look(shape: Shape) -> dict[str, str]:
    look = _NOTE if shape.note else _LOOKS[shape.category]
    marks = (_FAILED if shape.failed else {}) | (_RESULT if shape.result else {})
    return look | marks | {"label": "\n".join(shape.lines), "tooltip": shape.id}


def _line(arrow: Arrow) -> dict[str, str]:
    colour = _COLOURS.get(arrow.relation, "#404040")
    dashed = {"style": "dashed"} if arrow.relation in {Relation.ALTERNATE_OF, Relation.SPECIALIZATION_OF} else {}
    return {"label": arrow.text, "color": colour, "fontcolor": colour} | dashed


def _statement(subject: str, attributes: Mapping[str, str]) -> str:
    return f"{subject} [{', '.join(f'{name}={_quoted(value)}' for name, value in attributes.items())}];"


def _quoted(text: str) -> str:
    """Text as a quoted DOT string that Graphviz shows as it is: no escapes of its own, no entities, no HTML."""
    text = _UNPRINTABLE.sub("\ufffd", text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n") + '"'
