"""Lineage as a tree."""

from io import StringIO
from itertools import pairwise
from typing import Any

import httpx
from rich.console import Console, RenderableType

from reprovena import Lineage
from reprovena.command.tree import chain, tree

A, B = "01890b3c-0000-7000-8000-00000000000a", "01890b3c-0000-7000-8000-00000000000b"


def shown(thing: RenderableType) -> str:
    """Draw on paper."""
    paper = Console(file=StringIO(), width=1000, color_system=None)
    paper.print(thing)
    return str(paper.file.getvalue())  # type: ignore[attr-defined]


def node(name: str, kind: str, label: str = "", **attributes: Any) -> dict[str, Any]:
    """A node as the server answers it."""
    category = {"WORKFLOW_STEP": "ACTIVITY", "WORKFLOW_RUN": "ACTIVITY", "ACCOUNT": "AGENT"}.get(kind, "ENTITY")
    return {"id": name, "category": category, "subtype": kind, "label": label, "attributes": attributes, "restricted": False}


def link(source: str, relation: str, target: str) -> dict[str, Any]:
    """A link as the server answers it."""
    return {"source": source, "relation": relation, "target": target, "attributes": {}}


def two_runs() -> dict[str, Any]:
    """A report of run B, made with the model of run A, which two trainings made of the same raw data."""
    raw, report = f"run/{A}/in/digits.csv", f"run/{B}/out/write/report.html"
    model, copy = f"run/{A}/out/evaluate/model.json", f"run/{B}/in/model.json"
    parts = [f"run/{A}/out/train[{n}]/part.json" for n in (0, 1)]
    trains = [f"run/{A}/step/train[{n}]" for n in (0, 1)]
    evaluate, write = f"run/{A}/step/evaluate", f"run/{B}/step/write"
    times = {"prov:startTime": "2026-01-01T00:00:00Z", "prov:endTime": "2026-01-01T00:00:02Z", "reprovena:status": "finished"}
    return {
        "root": report,
        "nodes": [
            node(report, "FILE", "report.html", **{"reprovena:size": 2048}),
            node(write, "WORKFLOW_STEP", "write", **(times | {"reprovena:status": "failed"})),
            node(copy, "FILE", "model.json"),
            node(model, "FILE", "model.json"),
            node(evaluate, "WORKFLOW_STEP", "evaluate", **times),
            *(node(part, "FILE", "") for part in parts),
            *(node(train, "WORKFLOW_STEP", "") for train in trains),
            node(raw, "FILE", "digits.csv"),
            node("sha256:" + "a" * 64, "CONTENT"),
            node("user/x/me", "ACCOUNT", "me"),
            node(f"run/{A}", "WORKFLOW_RUN", "digits:1.0 #3"),
        ],
        "links": [
            link(report, "wasGeneratedBy", write),
            link(report, "wasAttributedTo", "user/x/me"),
            link(write, "used", copy),
            link(copy, "wasDerivedFrom", model),
            link(model, "wasGeneratedBy", evaluate),
            link(evaluate, "wasStartedBy", f"run/{A}"),
            link(f"run/{A}", "used", raw),
            *(link(evaluate, "used", part) for part in parts),
            *(link(evaluate, "wasInformedBy", train) for train in trains),
            *(link(part, "wasGeneratedBy", train) for part, train in zip(parts, trains, strict=True)),
            *(link(train, "used", raw) for train in trains),
            link(raw, "alternateOf", "sha256:" + "a" * 64),
        ],
        "truncated": False,
    }


EXPECTED = """\
report.html  2.0 KiB ← ✗ step write  failed, 2.0 s
└── model.json
    └── model.json  of digits:1.0 #3  [wasDerivedFrom] ← ✓ step evaluate  2.0 s
        ├── part.json ← ▸ step train[0]
        │   └── digits.csv
        └── part.json ← ▸ step train[1]
            └── digits.csv (above)
"""


def test_the_tree_reads_from_the_result_to_the_raw_data() -> None:
    """What something was made of is a tree of files and steps, over runs, and each thing stands in it once."""
    assert "\n".join(line.rstrip() for line in shown(tree(Lineage.of(two_runs()), "up")).splitlines()) + "\n" == EXPECTED


def test_everything_is_shown_on_demand() -> None:
    """With --all people, contents and the links between steps and runs are there too."""
    text = shown(tree(Lineage.of(two_runs()), "up", everything=True))

    for words in ("me  account", "sha256:aaaaaaaaaaaa", "run digits:1.0 #3", "[wasStartedBy]"):
        assert words in text


def test_downstream_is_the_same_the_other_way_round() -> None:
    """What became of something is found by the same links."""
    document = two_runs() | {"root": f"run/{A}/in/digits.csv"}

    text = shown(tree(Lineage.of(document), "down"))

    assert text.splitlines()[0].startswith("digits.csv")
    assert text.count("report.html") == 1
    assert "evaluate (above)" in text
    assert "run digits" not in text


def test_circles_end() -> None:
    """People can make circles; a tree still ends."""
    ring = {
        "root": "a",
        "nodes": [node(name, "FILE", name) for name in "abc"],
        "links": [link(s, "wasDerivedFrom", t) for s, t in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "a"))],
    }

    text = shown(tree(Lineage.of(ring), "up"))

    assert text.count("(above)") == 2


def test_deep_lineage_does_not_exhaust_the_stack() -> None:
    """Depth costs lines, not recursion."""
    names = [f"f{n}" for n in range(150)]
    deep = {
        "root": "f0",
        "nodes": [node(name, "FILE", name) for name in names],
        "links": [link(a, "wasDerivedFrom", b) for a, b in pairwise(names)],
    }

    assert "f149" in shown(tree(Lineage.of(deep), "up"))


def test_what_is_not_ours_is_a_stub() -> None:
    """A restricted thing is named as nothing more than that."""
    document = {
        "root": "a",
        "nodes": [node("a", "FILE", "a"), {"id": "x", "restricted": True}],
        "links": [link("a", "wasDerivedFrom", "x")],
    }

    assert "something that is not yours to see" in shown(tree(Lineage.of(document), "up"))


def test_a_path_is_a_chain_of_relations() -> None:
    """A path is told from one end to the other."""
    document = two_runs()
    start, end = document["root"], f"run/{A}/step/evaluate"
    wanted = [one for one in document["links"] if one["relation"] in {"wasGeneratedBy", "used", "wasDerivedFrom"}][:4]

    lines = [line.plain for line in chain(Lineage.of(document | {"links": wanted}), start, end)]

    assert [line.strip(" │→") for line in lines][1::2] == ["wasGeneratedBy", "used", "wasDerivedFrom", "wasGeneratedBy"]
    assert "evaluate" in lines[-1]


def test_the_command_draws_an_output_by_its_path(invoke: Any, server: Any) -> None:
    """`lineage up RUN/OUTPUT` finds the occurrence and draws its tree."""
    run = "01890b3c-0000-7000-8000-0000000000aa"
    server.on("GET", "/v1/lineage", lambda _: httpx.Response(200, json=two_runs()))

    result = invoke("lineage", "up", f"{run}/report.png", "--depth", "9")

    assert result.exit_code == 0, result.output
    assert "step evaluate" in result.stdout
    assert dict(server.asked[-1].url.params) == {"id": f"run/{run}/out/plot/report.png", "direction": "up", "depth": "9"}
