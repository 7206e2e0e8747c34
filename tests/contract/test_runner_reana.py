"""REANA runs: the runner suite through reana-client over HTTP. It is a stand-in, unless REANA_SERVER_URL names a real one."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")
from tests.contract.runner import Bench, RunnerSuite
from tests.reana.process import StandIn

from chassis.files import Folder
from chassis.forks import Forks
from executor.runner import RunnerSettings, open_runner

REAL = os.environ.get("REANA_SERVER_URL") if os.environ.get("REANA_ACCESS_TOKEN") else None
QUICK = {"reana_rate": 1000, "reana_every": 0, "reana_settle": 0.05}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forks() -> AsyncIterator[Forks]:
    """A warm fork server."""
    server = Forks(["executor.runner.warm"], {})
    yield server
    await server.close()


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory, session_folder: Path) -> Iterator[StandIn | None]:
    """The stand-in; nothing where there is a real REANA."""
    if REAL:
        yield None
        return
    server = StandIn(session_folder / "reana").start()
    yield server
    server.stop()


@pytest.mark.asyncio(loop_scope="module")
class TestReanaRunner(RunnerSuite):
    """REANA does what every runner does, as far as it tells."""

    @pytest_asyncio.fixture(loop_scope="module")
    async def bench(self, tmp_path: Path, forks: Forks, standin: StandIn | None) -> AsyncIterator[Bench]:
        """The runner, as a user of its own."""
        told: dict[str, Any] = {"reana_access_token": os.environ.get("REANA_ACCESS_TOKEN"), "runner_url": REAL}
        if standin is not None:
            told = {"reana_access_token": f"user-{uuid4()}", "runner_url": standin.url, **QUICK}
        files = Folder(tmp_path / "files")
        runner = open_runner(RunnerSettings(**told), files, forks)
        yield Bench(runner, files, 60 if standin else 600)
        await runner.close()
