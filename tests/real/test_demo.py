"""The demo's workflows with four processes on RabbitMQ, PostgreSQL, Neo4j, S3, Keycloak's tokens and the REANA stand-in."""

import importlib.util
import sys
from pathlib import Path

import pytest
from tests.servers import server
from tests.stack import Stack

from reprovena import Reprovena

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.timeout(1200)


def the_demo():
    """`examples/demo.py` as a module."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        spec = importlib.util.spec_from_file_location("demo", EXAMPLES / "demo.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["demo"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module


def test_the_demo_runs_on_real_servers(stack: Stack, tmp_path: Path):
    """Registered, executed by REANA, captured, and asked where the report comes from: back to the raw data of another run."""
    demo = the_demo()
    demo.TARGET = tmp_path / "demo"

    # a login, not a token: the demonstration may take longer than a token lives
    who = {"login": ("user1", "password1"), "issuer_url": server("keycloak_url")}
    with Reprovena(stack.url, **who) as client:
        report = demo.show(client)

    assert report.status == "finished"
    written = {path.suffix for path in demo.TARGET.iterdir()}
    assert written >= {".png", ".svg", ".pdf", ".json", ".provn", ".ttl", ".xml", ".jsonld"}
