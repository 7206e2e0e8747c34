"""What is written on a shape: short words for people. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.vocabulary import Subtype
from provenance.graph.model import Node
from provenance.records.builder import text_of
from provenance.records.names import last_part
from provenance.records.registered import HANDLES

WIDTH = 44
"""Characters of a line of text before it is cut."""


def lines(node: Node, called: Mapping[str, str]) -> tuple[str, ...]:
    """The lines on a node's shape; `called` has the names that runs know accounts by."""
    return tuple(cut(line) for line in _lines(node, node.attributes or {}, called) if line)


def cut(line: str) -> str:
    """A line without line breaks, and not too long."""
    line = " ".join(line.split())
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def value(told: Mapping[str, Any]) -> str:
    """A parameter's value."""
    said = told.get("prov:value", "?")
    return said if isinstance(said, str) else text_of(said)


def tail(item: str) -> str:
    """The end of a run's number: the beginning is the time, much the same for all of a day."""
    return f"…{item.split('/')[1][-6:]}" if item.count("/") else item


def _lines(node: Node, told: Mapping[str, Any], called: Mapping[str, str]) -> list[str]:
    label = str(told.get("prov:label") or last_part(node.id))
    status = str(told.get("reprovena:status", ""))
    match node.subtype:
        case Subtype.STEP:
            code = told.get("reprovena:exitCode")
            place = str(told.get("prov:label") or node.id.partition("/step/")[2])
            reason = _reason(told) or (f"exit code {code}" if code else "")
            return [place, _duration(told), *([status, reason] if status != "finished" else [])]
        case Subtype.RUN if not told:
            return [f"run {tail(node.id)}"]
        case Subtype.RUN:
            started = str(told.get("prov:startTime", told.get("reprovena:created", "")))[:16].replace("T", " ")
            return [label, f"{started} UTC" if started else "", " ".join((status, _duration(told))).strip(), _reason(told)]
        case Subtype.FILE:
            return [label, _size(told.get("reprovena:size")) if told else f"of run {tail(node.id)}"]
        case Subtype.PLAN:
            return ["plan", *label.removesuffix(")").split(" (")]
        case Subtype.SOFTWARE:
            return [label, str(told.get("reprovena:runner", ""))]
        case Subtype.CONTENT:
            return ["content", node.id.removeprefix("sha256:")[:12]]
        case Subtype.PARAMETER:
            return [f"{label} = {value(told)}"]
        case Subtype.ACCOUNT:
            return [called.get(node.id, label)]
        case "RESTRICTED":
            return ["restricted"]
    if node.subtype in HANDLES:
        return [str(told.get("prov:label", "")), node.subtype.lower().replace("_", " "), node.id]
    return [label]


def _reason(told: Mapping[str, Any]) -> str:
    return next((line.strip() for line in str(told.get("reprovena:reason", "")).splitlines() if line.strip()), "")


def _duration(told: Mapping[str, Any]) -> str:
    if "prov:startTime" not in told or "prov:endTime" not in told:
        return ""
    seconds = (datetime.fromisoformat(told["prov:endTime"]) - datetime.fromisoformat(told["prov:startTime"])).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _size(size: Any) -> str:
    if not isinstance(size, int):
        return ""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
