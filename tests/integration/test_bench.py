"""What measures must work, too: every part runs, in small."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.bench.table import Figure, markdown, plain
from tests.servers import FOLDER, offered

ROOT = Path(__file__).parents[2]
PARTS = {"ledger": 8, "models": 9, "http": 2, "runs": 2, "reana": 4}
"""Figures that each of them has at least, without any server."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", PARTS)
def test_a_part_measures(part: str, tmp_path: Path) -> None:
    """It ends well, nothing is lost, other figures are above nought, and it compares where there is something to compare."""
    told = bench(part, tmp_path)
    if part == "reana" and find_spec("reana_client") is None:
        assert any(note.startswith("LEFT OUT: reana") for note in told["notes"])
        return

    figures = [figure for figure in told["figures"] if figure["part"] == part]
    assert len(figures) >= PARTS[part]
    assert all(figure["value"] == 0 if figure["most"] == 0 else figure["value"] > 0 for figure in figures)
    assert any(figure["ratio"] for figure in figures)


@pytest.mark.timeout(600)
def test_what_needs_a_server_is_measured_on_it_or_left_out_loudly(tmp_path: Path) -> None:
    """Bus and graph have figures of both editions, or a note of what is missing."""
    told = bench("bus graph", tmp_path)

    named = " ".join(figure["what"] for figure in told["figures"])
    for word, address in {"RabbitMQ": "amqp_url", "Neo4j": "neo4j_url"}.items():
        there = bool(offered(address)[0])
        assert (word in named) == there
        assert any(note.startswith("LEFT OUT") and word in note for note in told["notes"]) != there


def bench(only: str, folder: Path) -> dict[str, list]:
    """`make bench ONLY=… SIZE=small`, in a folder of its own."""
    asked = {
        "ONLY": only,
        "SIZE": "small",
        "PYTHONPATH": str(ROOT),
        "SERVICES_FOLDER": str(FOLDER.absolute()),
    }
    ours = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}  # it is no worker of pytest's
    command = [sys.executable, "-m", "tests.bench"]
    done = subprocess.run(command, cwd=folder, env=ours | asked, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "| part |" in (folder / "var/bench/bench.md").read_text()
    assert done.stdout.startswith("part ")
    return json.loads((folder / "var/bench/bench.json").read_text())


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    """With the names of those there are."""
    environment = os.environ | {"ONLY": "buses", "SIZE": "small", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.bench"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    assert done.returncode == 2
    assert "buses: ONLY takes bus, ledger, graph" in done.stderr


def test_a_line_says_what_it_is_compared_with_and_whether_the_aim_is_reached() -> None:
    """In both tables."""
    fast = Figure("bus", "deliveries", 2400, "/s", "one by one", 300, least=2000, peers="others 80/s")
    slow = Figure("graph", "lineage", 12.5, "ms", most=10)

    table = plain([fast, slow])

    assert "x8.00 of one by one" in table
    assert "≥ 2,000 ✓" in table
    assert "≤ 10.0 ✗" in table
    assert "| graph | lineage | 12.5 ms | - | ≤ 10.0 ✗ | - |" in markdown([fast, slow], ["two cores"])
