"""Who may be served, and what the keeper's commands print."""

import io
import json
from pathlib import Path

import pytest

from gateway.access import accounts
from onebox import commands
from onebox.settings import OneboxSettings, check_door, is_loopback


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("example.org", False)]
)
def test_loopback_is_known(host, expected):
    """Only this machine, or others, too."""
    assert is_loopback(host) is expected


def test_the_local_engine_serves_this_machine_alone():
    """Opening the door to others takes a setting of its own, or another runner."""
    with pytest.raises(ValueError, match="LOCAL_RUNNER_REMOTE"):
        check_door(OneboxSettings(host="0.0.0.0"))
    check_door(OneboxSettings(host="0.0.0.0", local_runner_remote=True))
    check_door(OneboxSettings(host="0.0.0.0", runner_url="https://reana.example.org"))
    check_door(OneboxSettings())


def test_an_account_is_made_from_standard_input(tmp_path, monkeypatch):
    """The password comes from standard input and is kept as a hash; an empty one is refused."""
    settings = OneboxSettings(state=tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("a-long-secret\n"))
    commands.account(settings, "ada", ["physics"], ["admin"], email="ada@example.org", from_stdin=True)

    text = (tmp_path / "accounts.yaml").read_text()
    assert "a-long-secret" not in text
    found = accounts.AccountsFile(tmp_path / "accounts.yaml").read().users["ada"]
    assert (found.groups, found.roles, found.email) == (("physics",), ("admin",), "ada@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(ValueError, match="needs a password"):
        commands.account(settings, "ada", [], [], from_stdin=True)


def test_schemas_and_topology_are_printed_whole():
    """Both can be read back."""
    assert "executor.start-run.v1" in json.loads(commands.schemas())
    namespace: dict[str, object] = {}
    exec(commands.topology(), namespace)
    assert "executor.start-run" in namespace["QUEUES"]


def test_the_page_of_problem_types_is_up_to_date():
    """`docs/problems.md` is what the list of types makes; `make problems` writes it anew."""
    page = Path(__file__).parents[3] / "docs/problems.md"

    assert page.read_text() == commands.problems()
