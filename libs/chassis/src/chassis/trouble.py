"""Telling trouble (something is away, the work comes back) from bugs (a fault of ours, counted and parked)."""

import errno
import random
import socket
from collections.abc import Iterator

import asyncpg
import httpx
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.refusal import Trouble

BACK_LATER = frozenset({429, 502, 503, 504})
STATES = ("08", "40", "53", "55P03", "57")
"""SQLSTATE classes and codes that pass: connection, rollback (deadlock, serialization), resources, lock time-out, operator."""


AWAY = frozenset(
    {errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE}
)
"""What the system says of a network, or of itself, that will pass."""
SEVERAL = "Multiple exceptions"
"""How asyncio begins when a name has several addresses, and none of them answers."""


def pause(first: float, tries: int, longest: float) -> float:
    """Seconds before the next try: twice as many each time, at most so many, and not the same for everybody.

    What is away may be so for days: the number of tries knows no limit.
    """
    return float(min(first * 2.0 ** min(tries, 64), longest) * random.uniform(0.8, 1.2))


def is_trouble(error: BaseException | None) -> bool:
    """Whether this, or what caused it, will pass by itself."""
    for one in causes(error):
        match one:
            case (
                Trouble()
                | ConnectionError()
                | TimeoutError()
                | socket.gaierror()
                | PoolTimeout()
                | httpx.TransportError()
                | asyncpg.InterfaceError()
            ):
                return True
            case OSError() if one.errno in AWAY or (type(one) is OSError and str(one).startswith(SEVERAL)):
                return True
            case httpx.HTTPStatusError(response=response) if response.status_code in BACK_LATER:
                return True
            case asyncpg.PostgresError(sqlstate=str(state)) if state.startswith(STATES):
                return True
            case DBAPIError() if one.connection_invalidated or isinstance(one, OperationalError | InterfaceError):
                return True
        if getattr(one, "is_retryable", bool)():  # drivers' own word for it (Neo4j's)
            return True
    return False


def is_lost(error: BaseException | None) -> bool:
    """Whether this, or what caused it, is that no connection could be had or kept."""
    for one in causes(error):
        match one:
            case OSError() | asyncpg.PostgresConnectionError() | asyncpg.CannotConnectNowError() | asyncpg.AdminShutdownError():
                return True
            case DBAPIError(connection_invalidated=True):
                return True
    return False


def is_locked(error: BaseException | None) -> bool:
    """Whether this, or what caused it, is that somebody else holds a row."""
    return any(isinstance(one, asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError) for one in causes(error))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """This, what caused it, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__ or error.__context__
