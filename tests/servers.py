"""Where the real servers are that some tests need: named by the environment, started by `make services`, or in containers.

`server("amqp_url")` answers an address, or skips the test and says how to get one. With REQUIRE_SERVERS=1 it fails instead.
Tests clear servers and stop them, so each worker of `make test WORKERS=2` has a set of its own.
"""

import json
import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from deploy.services.__main__ import sets

from tests import containers

ADDRESSES = ("amqp_url", "postgres_url", "neo4j_url", "s3_endpoint", "keycloak_url")
"""One address a server; the other keys say how to enter."""
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
FOLDER = sets(Path(os.environ.get("SERVICES_FOLDER") or Path(__file__).parent.parent / "var" / "services"), WORKER + 1)[-1]
GET = f"start `make services{f' WORKERS={WORKER + 1}' if WORKER else ''}`, or set {{variable}}"


def server(key: str) -> str:
    """An address or a word of a real server."""
    return str(_told(key))


def servers(key: str) -> dict[str, str]:
    """Several of them by name, such as `amqp_urls`."""
    told = _told(key)
    return dict(json.loads(told) if isinstance(told, str) else told)


def _told(key: str) -> Any:
    source, told = found(_address(key))
    if not source or key not in told:
        missing(key, GET.format(variable=f"TEST_{key.upper()}"))
    return told[key]


def missing(what: str, how: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be left out."""
    text = f"no real server for {what}: {how}"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def _address(key: str) -> str:
    """Which server a key belongs to."""
    return next(one for one in ADDRESSES if one.split("_")[0] == key.split("_", maxsplit=1)[0])


@cache
def offered(address: str) -> tuple[str, Mapping[str, Any]]:
    """Who offers a server that answers, and all that is known of it; no name where nobody does. Starts nothing."""
    kind = address.split("_", maxsplit=1)[0]
    for source, told in {"the environment": _environment(kind), "make services": _note(kind)}.items():
        if address in told and _listens(str(told[address])):
            return source, told
    return "", {}


@cache
def found(address: str) -> tuple[str, Mapping[str, Any]]:
    """The same, or a container that is started for it."""
    source, told = offered(address)
    if not source and (told := containers.start(address.split("_", maxsplit=1)[0])):
        source = "a container"
    return source, told


def _environment(kind: str) -> dict[str, Any]:
    begins = f"TEST_{kind.upper()}_"
    told: dict[str, Any] = {name[5:].lower(): value for name, value in os.environ.items() if name.startswith(begins)}
    if told.get("s3_url", "").startswith("{"):
        told |= {f"s3_{name.removeprefix('s3_')}": value for name, value in json.loads(told["s3_url"]).items()}
    return told


def _note(kind: str) -> dict[str, Any]:
    note = FOLDER / "services.json"
    told = json.loads(note.read_text()) if note.exists() else {}
    return {key: value for key, value in told.items() if key.startswith(f"{kind}_")}


def _listens(address: str) -> bool:
    where = urlsplit(address)
    port = where.port or {"https": 443, "http": 80, "amqp": 5672, "amqps": 5671, "postgresql": 5432}.get(where.scheme, 7687)
    try:
        with socket.create_connection((where.hostname or "127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def report() -> list[str]:
    """Which servers the tests take, and which they do without."""
    lines = []
    for address in ADDRESSES:
        source, told = offered(address)
        where = urlsplit(str(told.get(address, "")))
        if source:
            got = f"{where.hostname}:{where.port} ({source})"
        elif containers.engine():
            got = "a container, when a test asks for it"
        else:
            got = f"none: {GET.format(variable=f'TEST_{address.upper()}')}; its tests are left out"
        lines.append(f"server {address.split('_')[0]}: {got}")
    return lines
