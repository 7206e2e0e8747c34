"""What passes by itself, and what does not."""

import errno
import socket
from pathlib import Path

import pytest
from neo4j.exceptions import AuthError, ClientError, Neo4jError, ServiceUnavailable, SessionExpired, TransientError
from sqlalchemy.exc import OperationalError

from chassis.refusal import Trouble
from chassis.trouble import is_trouble, pause

DEADLOCK = Neo4jError._hydrate_neo4j(code="Neo.TransientError.Transaction.DeadlockDetected", message="a deadlock")


@pytest.mark.parametrize(
    "error",
    [
        Trouble("away"),
        ConnectionRefusedError(),
        TimeoutError(),
        OSError(errno.EHOSTUNREACH, "no way to it"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432), [Errno 111] …"),
        socket.gaierror(socket.EAI_AGAIN, "no name server answers"),
        OperationalError("select", {}, Exception()),
        ServiceUnavailable("gone"),
        SessionExpired("gone"),
        DEADLOCK,
    ],
)
def test_what_passes_is_trouble(error: Exception) -> None:
    """Also where it is the cause of something else."""
    assert is_trouble(error)
    outer = LookupError()
    outer.__cause__ = error
    assert is_trouble(outer)


@pytest.mark.parametrize("error", [ValueError(), AuthError("no"), ClientError("no such thing"), None])
def test_what_stays_is_none(error: Exception | None) -> None:
    """A fault of ours, and a door that stays shut."""
    assert isinstance(DEADLOCK, TransientError)
    assert not is_trouble(error)


def test_what_is_away_for_days_is_still_asked() -> None:
    """However often it was tried, the next pause is there, and none is longer than the longest."""
    assert 0.16 <= pause(0.2, 0, 30) <= 0.24
    assert 24 <= pause(0.2, 100_000, 30) <= 36


def test_pauses_are_made_in_one_place() -> None:
    """No loop has a chance of its own: all of them grow and scatter alike."""
    root = Path(__file__).parents[3]
    found = {path.name for part in ("libs", "services") for path in (root / part).rglob("src/**/*.py") if _chance(path)}

    assert found == {"trouble.py"}


def _chance(path: Path) -> bool:
    return "random.uniform" in path.read_text()
