"""Telling trouble (something is away, the work comes back) from bugs (a fault of ours, counted and parked)."""

import errno
import random
import socket

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
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        match error:
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
            case OSError() if error.errno in AWAY or (type(error) is OSError and str(error).startswith(SEVERAL)):
                return True
            case httpx.HTTPStatusError(response=response) if response.status_code in BACK_LATER:
                return True
            case asyncpg.PostgresError(sqlstate=str(state)) if state.startswith(STATES):
                return True
            case DBAPIError() if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
                return True
        if getattr(error, "is_retryable", bool)():  # drivers' own word for it (Neo4j's)
            return True
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__ or error.__context__
    return False


def is_lost(error: BaseException | None) -> bool:
    """Whether this, or what caused it, is that no connection could be had or kept."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        match error:
            case OSError() | asyncpg.PostgresConnectionError() | asyncpg.CannotConnectNowError() | asyncpg.AdminShutdownError():
                return True
            case DBAPIError(connection_invalidated=True):
                return True
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__ or error.__context__
    return False
