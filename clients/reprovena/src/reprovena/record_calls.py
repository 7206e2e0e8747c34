"""What can be asked of the records of entries, as data."""

from collections.abc import Mapping, Sequence
from typing import Any

from reprovena.answers import document_of
from reprovena.calls import Call, Page, page_of, params_of
from reprovena.models import Job
from reprovena.records import Applied, Diff


def diff(records: Sequence[str], to: int | None) -> Call[Diff]:
    """Ask what withdrawing records would do, or one going back to a revision."""
    params: dict[str, str | tuple[str, ...]] = {"id": tuple(records), **params_of(to=to)}
    return Call("GET", "/v1/records/diff", lambda answer: Diff.of(document_of(answer)), params=params)


def proposal(told: Mapping[str, Any], record: str | None) -> Call[Diff]:
    """Ask what it would do if a model run said this."""
    body = {"id": record, "record": told}
    return Call("POST", "/v1/records/diff", lambda answer: Diff.of(document_of(answer)), json=body)


def changes(record: str, *, limit: int | None, after: str | None) -> Call[Page[Applied]]:
    """List what the revisions of a record did."""
    params = params_of(id=record, limit=limit, after=after)
    return Call("GET", "/v1/records/changes", page_of(Applied.of), params=params)


def undo(record: str, to: int | None, reason: str, wait: float) -> Call[Job]:
    """Let a record say again what it said."""
    body = {"id": record, "to": to, "reason": reason}
    params = params_of(wait=int(wait))
    return Call(
        "POST", "/v1/records/undo", lambda answer: Job.of(document_of(answer)["job"]), json=body, params=params, wait=wait
    )
