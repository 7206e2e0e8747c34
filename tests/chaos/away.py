"""Servers that are away for a while: stopped and started again, where `make services` started them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from deploy.services.__main__ import SERVERS, where
from tests import servers
from tests.stack import Stack

STOPPED = {"rabbitmq": "amqp_url", "postgres": "postgres_url", "neo4j": "neo4j_url", "s3": "s3_endpoint"}
"""What can be stopped, and the address that everybody knows it by."""
EVER = 10**9


def ours() -> None:
    """Leave the test out, loudly, where the servers are not ours to stop."""
    for name, address in STOPPED.items():
        source, _told = servers.found(address)
        if not source:
            servers.missing(f"an outage of {name}", "start it by `make services`")
        if source != "make services":
            pytest.skip(f"no outage of {name}: {source} offers it, and only what `make services` started may be stopped")


@contextmanager
def stopped(name: str) -> Iterator[None]:
    """A server that is down, and comes back where it was, with what it had."""
    place, known = where(servers.FOLDER), servers.offered(STOPPED[name])[1]
    SERVERS[name].down(place)
    try:
        yield
    finally:
        told = SERVERS[name].up(place)
    assert {key: known[key] for key in told} == told


@contextmanager
def silent(stack: Stack) -> Iterator[None]:
    """A REANA that takes connections and answers nobody."""
    process = stack.processes["reana"]
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextmanager
def hanging_up(stack: Stack) -> Iterator[None]:
    """A REANA that ends each connection without an answer."""
    control = f"{stack.urls['reana']}/control"
    httpx.put(control, json={"drop": EVER}, timeout=30).raise_for_status()
    try:
        yield
    finally:
        httpx.put(control, json={"drop": 0}, timeout=30).raise_for_status()
