"""Whether a specification is valid, found out in a child process that can neither run anything nor reach anybody."""

import resource
import sys
from pathlib import Path
from typing import Any

from chassis.bundles import unpack
from chassis.refusal import Refusal, refuse
from contracts.problem import Problem
from contracts.vocabulary import Engine
from registry.workflows.findings import SPECIFICATION, Finding, Order
from registry.workflows.validation import cwl, reana
from registry.workflows.validation.values import values

MEMORY = 4 << 30
"""Bytes of address space for a child."""
FORBIDDEN = (
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
)


def warm() -> None:
    """Do once what every validation needs."""
    cwl.warm()
    reana.schema()


def check(argument: str) -> str:
    """Validate in this process, which must be a child made for it: what it gives up it never gets back."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.addaudithook(_fence)
    return validate(Order.model_validate_json(argument)).model_dump_json()


def validate(order: Order) -> Finding:
    """What a specification takes, or the problem with it."""
    try:
        return _validate(order)
    except Refusal as refusal:
        return Finding(problem=refusal.problem)
    except RecursionError:
        return Finding(problem=Problem.of(SPECIFICATION, "the specification is nested too deeply, or contains itself"))
    except MemoryError:
        return Finding(problem=Problem.of(SPECIFICATION, "the specification needs too much memory to be looked at"))


def _validate(order: Order) -> Finding:
    with Path(order.spec).open("rb") as source:
        files = unpack(source)
    if order.main not in files:
        raise refuse(SPECIFICATION, f"no file {order.main!r} in the bundle")
    specification: cwl.Cwl | reana.Reana
    specification = cwl.Cwl(files, order.main) if order.engine is Engine.CWL else reana.Reana(files, order.main, order.engine)
    said = values(Path(order.inputs).read_bytes(), specification) if order.inputs else {}
    return Finding(parameters=specification.parameters(), values=said)


def _fence(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in FORBIDDEN:
        msg = f"a validation may not do this: {event}"
        raise PermissionError(msg)
