"""What a validation must not be able to do, tried after the fence is up."""

import socket
import subprocess

from registry.workflows.findings import Order
from registry.workflows.validation import check


def probe_connect(_: str) -> str:
    """Try to reach somebody."""
    _fence()
    try:
        socket.create_connection(("127.0.0.1", 9), 1)
    except PermissionError as error:
        return str(error)
    return "connected"


def probe_start(_: str) -> str:
    """Try to start something."""
    _fence()
    try:
        subprocess.run(["true"], check=True)
    except PermissionError as error:
        return str(error)
    return "started"


def _fence() -> None:
    try:
        check(Order(spec="/dev/null", main="x", engine="cwl").model_dump_json())
    except OSError:
        return
