"""ReProv's answers as its documentation tells them, to be compared field by field."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """A text of some form."""

    form: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.form, other, re.DOTALL) is not None

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Maybe:
    """Something, or nothing."""

    shape: Any


@dataclass(frozen=True)
class Each:
    """A list of things of one shape, of which there is one at least."""

    shape: Any


MOMENT = Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
"""Naive: UTC that does not say so."""
UUID = Text(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SOME = Text(r".+")


def differences(expected: Any, told: Any, place: str = "") -> list[str]:
    """Where an answer is not of a shape: fields that are missing, unknown, or not what they should be."""
    match expected:
        case Maybe(shape):
            return [] if told is None else differences(shape, told, place)
        case Each(shape):
            if not isinstance(told, list) or not told:
                return [f"{place}: no list of anything: {told!r}"]
            return [one for i, value in enumerate(told) for one in differences(shape, value, f"{place}[{i}]")]
        case dict():
            if not isinstance(told, dict):
                return [f"{place}: no object: {told!r}"]
            missing = [f"{place}.{name} is missing" for name in expected if name not in told]
            unknown = [f"{place}.{name} is unknown: {told[name]!r}" for name in told if name not in expected]
            both = [name for name in expected if name in told]
            return (
                missing + unknown + [one for name in both for one in differences(expected[name], told[name], f"{place}.{name}")]
            )
        case type():
            fits = isinstance(told, expected) and (expected is bool or not isinstance(told, bool))
            return [] if fits else [f"{place}: {told!r} is no {expected.__name__}"]
        case _:
            return [] if expected == told else [f"{place}: {told!r} is not {expected!r}"]


def well(message: Any, data: Any) -> dict[str, Any]:
    """The envelope of what went well."""
    return {"success": True, "message": message, "data": data, "error_code": None}


def badly(code: int, message: Any) -> dict[str, Any]:
    """The envelope of what did not."""
    return {"success": False, "message": message, "data": {}, "error_code": code}


REGISTERED = {"username": str, "group": str, "registry_id": int, "name": str, "version": str}
WORKFLOW = REGISTERED | {"spec_file_content": dict, "input_file_content": Maybe(str)}
STEP = {
    "step_id": int,
    "name": SOME,
    "status": Text("running|finished|failed|stopped"),
    "start_time": Maybe(MOMENT),
    "end_time": Maybe(MOMENT),
    "exit_code": Maybe(int),
    "command": Maybe(SOME),
    "error_message": Maybe(SOME),
}
USAGE = {
    "cpu_time_seconds": Maybe(float),
    "memory_peak_mb": Maybe(float),
    "disk_read_bytes": None,
    "disk_write_bytes": None,
    "backend_job_id": None,
}
EXECUTION = {
    "group": str,
    "username": str,
    "execution_id": int,
    "start_time": MOMENT,
    "end_time": Maybe(MOMENT),
    "status": SOME,
    "reana_name": SOME,
    "reana_run_number": Text(r"\d+(\.\d+)?"),
    "registry_id": int,
    "steps": Each(STEP),
}
ENVIRONMENT = {
    "reana_server_url": None,
    "reana_workflow_url": None,
    "compute_backend": "local",
    "kubernetes_memory_limit": None,
    "docker_image": Maybe(SOME),
}
EXECUTION_IN_FULL = EXECUTION | {
    "steps": Each(STEP | {"duration_seconds": Maybe(float), "resource_usage": Maybe(USAGE)}),
    "environment": ENVIRONMENT,
}
STARTED = {
    "username": str,
    "group": str,
    "execution_id": int,
    "name": str,
    "version": str,
    "reana_name": str,
    "reana_id": UUID,
    "run_number": Text(r"\d+(\.\d+)?"),
}
LOG = {
    "backend_job_id": None,
    "status": SOME,
    "logs": str,
    "compute_backend": "local",
    "docker_img": Maybe(SOME),
    "started_at": Maybe(MOMENT),
    "finished_at": Maybe(MOMENT),
    "exit_code": Maybe(int),
    "error_message": Maybe(SOME),
    "command": Maybe(SOME),
}
