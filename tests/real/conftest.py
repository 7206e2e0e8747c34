"""The whole of production in small, for tests that need all of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stack import Stack


@pytest.fixture(scope="module")
def stack(session_folder: Path) -> Iterator[Stack]:
    """Four processes on real servers, and the REANA stand-in."""
    running = Stack(session_folder / "stack")
    try:
        yield running.start()
    finally:
        codes = running.stop()
        print("exit codes", codes)
    assert set(codes.values()) == {0}, codes
