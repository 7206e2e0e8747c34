"""What passes by itself, and what does not."""

import pytest
from neo4j.exceptions import AuthError, ClientError, Neo4jError, ServiceUnavailable, SessionExpired, TransientError
from sqlalchemy.exc import OperationalError

from chassis.refusal import Trouble
from chassis.trouble import is_trouble

DEADLOCK = Neo4jError._hydrate_neo4j(code="Neo.TransientError.Transaction.DeadlockDetected", message="a deadlock")


@pytest.mark.parametrize(
    "error",
    [
        Trouble("away"),
        ConnectionRefusedError(),
        TimeoutError(),
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
