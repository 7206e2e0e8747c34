"""The published client of Provena, in an environment of its own, against a platform of ours."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.running import Platform

from gateway.access.roles import EVERY

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
ACCOUNTS = f"""
users:
  ada: {{password: ada-secret, groups: [physics], email: ada@example.org, name: Ada Lovelace, roles: [{", ".join(EVERY)}]}}
  bob: {{password: bob-secret, groups: [biology], email: bob@example.org, name: Bob}}
  zoe: {{password: zoe-secret, email: zoe@example.org, roles: []}}
"""
HOSTS = {"registry": "registry-api.example.org"}
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def python() -> Path:
    """An interpreter that has the client as its lock says, and nothing of ours."""
    uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
    folder = ROOT / "var/clients/provenaclient"
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = [uv, "sync", "--frozen", "--quiet", "--project", str(HERE)]
    subprocess.run(command, env=environment | {"UV_PROJECT_ENVIRONMENT": str(folder)}, check=True)
    return folder / "bin/python"


@pytest.fixture(scope="module")
def platform(session_folder: Path) -> Iterator[Platform]:
    """A platform with an administrator, somebody who works here, and somebody without roles."""
    folder = session_folder / "provenaclient"
    folder.mkdir()
    (folder / "accounts.test.yaml").write_text(ACCOUNTS)
    running = Platform(folder, {"PROVENA_HOSTS": json.dumps(HOSTS)}).start()
    try:
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


@pytest.mark.parametrize("suite", sorted(one.name for one in HERE.glob("suite_*.py")))
def test_the_published_client_works(platform: Platform, python: Path, suite: str) -> None:
    """Every test of the suite passes in the client's own environment."""
    command = [str(python), "-m", "pytest", "-c", "pyproject.toml", "--rootdir", ".", "-p", "no:cacheprovider", "-q", suite]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
    environment |= {"PLATFORM_URL": platform.url}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    assert " passed" in done.stdout
