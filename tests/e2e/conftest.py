"""One platform for all tests over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.running import Platform


@pytest.fixture(scope="session")
def platform(session_folder: Path) -> Iterator[Platform]:
    """`python -m onebox` in a folder of its own."""
    # a busy machine may take long for all the tests that share a login, and for what a request waits for
    told = {"UPLOAD_LIMIT": "2000000", "TOKEN_LIFETIME": "86400", "WAIT_DEFAULT": "60"}
    running = Platform(session_folder / "platform", told).start()
    try:
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


@pytest.fixture(scope="session")
def ada(platform: Platform) -> Iterator[httpx.Client]:
    """Ada, of the group physics."""
    with platform.client("ada") as client:
        yield client


@pytest.fixture(scope="session")
def bob(platform: Platform) -> Iterator[httpx.Client]:
    """Bob, of the group biology."""
    with platform.client("bob") as client:
        yield client
