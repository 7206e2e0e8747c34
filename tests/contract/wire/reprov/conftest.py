"""A platform as ReProv's users meet it: two groups, roles, and workflows like ReProv's own examples."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.wire.reprov.client import ReProvClient
from tests.contract.wire.reprov.curl import Curl
from tests.running import Platform
from tests.servers import server
from tests.stack import Stack

HERE = Path(__file__).parent
WORKFLOWS = HERE / "workflows"
ACCOUNTS = """
users:
  user1: {password: user1-secret, name: User One, groups: [group1], roles: [reprov_admin]}
  user2: {password: user2-secret, groups: [group1], roles: [reprov_user]}
  user4: {password: user4-secret, groups: [group2], roles: [reprov_user, reprov_admin]}
  both: {password: both-secret, groups: [group1, group2], roles: [reprov_user]}
  alone: {password: alone-secret, roles: [reprov_user]}
  nobody: {password: nobody-secret, groups: [group1], roles: []}
"""
ENDED = {"finished", "failed", "stopped"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these want the whole platform."""
    for item in items:
        if Path(item.path).is_relative_to(HERE):
            item.add_marker("e2e")


def a_platform(folder: Path, **settings: str) -> Platform:
    """A platform with ReProv's users, not yet started."""
    folder.mkdir()
    (folder / "accounts.test.yaml").write_text(ACCOUNTS)
    return Platform(folder, {"RUNNER_CONTAINER": "ignore", "SPEC_LIMIT": "1000000", **settings})


@pytest.fixture(scope="session")
def platform(session_folder: Path) -> Iterator[Platform]:
    """The platform with the proper statuses."""
    running = a_platform(session_folder / "reprov").start()
    try:
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


@pytest.fixture(scope="session")
def curl(platform: Platform) -> Callable[[str | None], Curl]:
    """Somebody's terminal; nobody's without a name."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: ReProv's addresses are not tried with it")
    tokens: dict[str, str] = {}

    def of(name: str | None = "user1") -> Curl:
        if name is not None and name not in tokens:
            tokens[name] = platform.token(name)
        return Curl(platform.url, tokens[name] if name else None)

    return of


@pytest.fixture(scope="session")
def client(platform: Platform) -> Callable[[str], ReProvClient]:
    """Somebody's script."""

    def of(name: str = "user1") -> ReProvClient:
        url = f"{platform.url}/auth/realms/reprovena/protocol/openid-connect/token"
        return ReProvClient.from_keycloak(platform.url, url, "reprovena", name, f"{name}-secret")

    return of


@pytest.fixture(scope="module")
def production(session_folder: Path) -> Iterator[Stack]:
    """The four services on RabbitMQ, PostgreSQL, Neo4j, S3 and Keycloak, with the stand-in for REANA."""
    hurry = {"REANA_EVERY": "0.3", "REANA_SETTLE": "0.2", "REANA_RATE": "100"}
    stack = Stack(session_folder / "reprov-real", hurry)
    try:
        yield stack.start()
    finally:
        codes = stack.stop()
    assert set(codes.values()) <= {0, -15}, codes


@pytest.fixture(params=["embedded", "real"])
def anywhere(request: pytest.FixtureRequest) -> Callable[[str], ReProvClient]:
    """Somebody's script, on the platform of these tests and on real servers."""
    if request.param == "embedded":
        of: Callable[[str], ReProvClient] = request.getfixturevalue("client")
        return of
    pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")
    issuer = server("keycloak_url")
    stack: Stack = request.getfixturevalue("production")

    def login(name: str) -> ReProvClient:
        url, password = f"{issuer}/protocol/openid-connect/token", name.replace("user", "password")
        return ReProvClient.from_keycloak(stack.url, url, "reprovena", name, password)

    return login


@dataclass(frozen=True)
class Execution:
    """An execution by both forms of its address."""

    id: int
    name: str
    number: str
    registry_id: int

    @property
    def forms(self) -> tuple[str, ...]:
        """What follows `/workflow_execution/inputs` and the like."""
        named = f"reana_name={self.name}"
        return (
            f"/{self.id}",
            f"/{self.id}/",
            f"/?{named}&reana_run_number={self.number}",
            f"?{named}&reana_run_number={self.number}",
            f"/?{named}&run_number={self.number}",
        )


def executed(someone: ReProvClient, registry_id: int, until: set[str] = ENDED) -> Execution:
    """Execute a workflow and wait until it is so far."""
    begun = someone.execute_workflow(registry_id)["data"]
    found = Execution(begun["execution_id"], begun["reana_name"], begun["run_number"], registry_id)
    waited(lambda: someone.get_execution(found.id)["data"]["status"] in until)
    return found


def waited(enough: Callable[[], Any], within: float = 120) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not enough():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def finished(client: Callable[[str], ReProvClient]) -> Execution:
    """User 1's finished execution with an input file."""
    someone = client("user1")
    told = someone.register_workflow("mnist", 1, WORKFLOWS / "mnist.cwl", WORKFLOWS / "mnist.yaml")
    return executed(someone, told["data"]["registry_id"])


@pytest.fixture(scope="session")
def failed(client: Callable[[str], ReProvClient]) -> Execution:
    """User 1's failed execution without one."""
    someone = client("user1")
    told = someone.register_workflow("mnist-fail", "1.0", WORKFLOWS / "mnist-fail.cwl")
    return executed(someone, told["data"]["registry_id"])
