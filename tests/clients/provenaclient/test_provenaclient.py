"""The published client of Provena, in an environment of its own, against our platform: in one process, and on real servers."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from tests.keycloak import people
from tests.running import Platform
from tests.servers import server
from tests.stack import Stack

from gateway.access.roles import EVERY, USUAL

HERE = Path(__file__).parent
ROLES = {"ada": EVERY, "bob": USUAL, "zoe": ()}
"""An administrator, somebody who works here, and somebody without roles."""
ACCOUNTS = f"""
users:
  ada: {{password: ada-secret, groups: [physics], email: ada@example.org, name: Ada Lovelace, roles: [{", ".join(EVERY)}]}}
  bob: {{password: bob-secret, groups: [biology], email: bob@example.org, name: Bob}}
  zoe: {{password: zoe-secret, email: zoe@example.org, roles: []}}
"""
HOSTS = {"PROVENA_HOSTS": json.dumps({"registry": "registry-api.example.org"})}
SUITES = sorted(one.name for one in HERE.glob("suite_*.py"))
EDITIONS = ("embedded", "real")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


@dataclass
class Edition:
    """A platform that runs, and what was seen of the client on it."""

    url: str
    issuer: str
    python: Path
    folder: Path
    seen: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def run(self, suite: str) -> subprocess.CompletedProcess[str]:
        """Run a suite in the client's own environment, once."""
        if suite not in self.seen:
            options = ("-c", "pyproject.toml", "--rootdir", ".", "-p", "no:cacheprovider", "-q", "--durations=3")
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
            environment |= {"PLATFORM_URL": self.url, "PLATFORM_ISSUER": self.issuer}
            environment |= {"PLATFORM_CALLED": str(self.folder / f"{suite}.json")}
            command = [str(self.python), "-m", "pytest", *options, suite]
            self.seen[suite] = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
        return self.seen[suite]

    def called(self, suite: str) -> set[str]:
        """The methods that a suite calls."""
        self.run(suite)
        return set(json.loads((self.folder / f"{suite}.json").read_text()))


@pytest.fixture(scope="module", params=EDITIONS)
def edition(request: pytest.FixtureRequest, session_folder: Path, python: Path) -> Iterator[Edition]:
    """The platform on embedded parts; and four processes on RabbitMQ, PostgreSQL, Neo4j, S3 and Keycloak."""
    folder = session_folder / f"provenaclient-{request.param}"
    folder.mkdir()
    if request.param == "embedded":
        (folder / "accounts.test.yaml").write_text(ACCOUNTS)
        platform = Platform(folder, HOSTS).start()
        try:
            yield Edition(platform.url, f"{platform.url}/auth/realms/reprovena", python, folder)
            assert platform.stop() == 0
        finally:
            if platform.process is not None and platform.process.poll() is None:
                platform.kill()
        return
    issuer, stack = server("keycloak_url"), Stack(folder, HOSTS)
    with people(issuer, ROLES):
        try:
            yield Edition(stack.start().url, issuer, python, folder)
        finally:
            codes = stack.stop()
    assert set(codes.values()) <= {0, -15}, codes


@pytest.mark.parametrize("suite", SUITES)
def test_the_published_client_works(edition: Edition, suite: str) -> None:
    """Every test of the suite passes in the client's own environment."""
    done = edition.run(suite)

    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout


def test_no_method_of_the_client_is_left_out(edition: Edition) -> None:
    """Whatever the installed package offers is called by some suite, and a method that a later release adds fails here."""
    told = subprocess.run([str(edition.python), "methods.py"], cwd=HERE, capture_output=True, text=True, check=True)
    offered = set(json.loads(told.stdout))

    called: set[str] = set().union(*(edition.called(suite) for suite in SUITES))

    print(f"\n{len(offered)} methods of the client, {len(called)} called")
    assert len(offered) > 250
    assert sorted(offered - called) == []


def test_it_is_the_client_that_is_published(edition: Edition) -> None:
    """And nothing of ours can be imported beside it."""
    ask = "import importlib.metadata as m, importlib.util as u; print(m.version('provenaclient'), u.find_spec('contracts'))"
    told = subprocess.run([str(edition.python), "-c", ask], capture_output=True, text=True, check=True)

    assert told.stdout.split()[0].startswith("0.29.")
    assert told.stdout.split()[1] == "None"
    assert httpx.get(f"{edition.url}/livez", timeout=30).status_code == 200
