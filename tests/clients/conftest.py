"""Where published clients live: an environment of their own, with nothing of ours in it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.servers import missing

HERE = Path(__file__).parent / "provenaclient"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter that has the client as its lock says, and nothing of ours."""
    uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
    folder = ROOT / "var/clients/provenaclient"
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = [uv, "sync", "--frozen", "--quiet", "--project", str(HERE)]
    try:
        done = subprocess.run(
            command, env=environment | {"UV_PROJECT_ENVIRONMENT": str(folder)}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        missing("the published client", "uv is needed to install it; `make install` brings it")
    if done.returncode:
        missing("the published client", f"it comes from PyPI, once; uv says:\n{done.stderr[-2000:]}")
    return folder / "bin/python"
