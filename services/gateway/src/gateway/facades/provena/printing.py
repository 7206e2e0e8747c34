"""What of ours becomes which of Provena's answers. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.access import AccessRequest
from contracts.bundles import LOCKED, flat
from contracts.kinds import KINDS, Kind, Role
from contracts.views import EntrySeen, Locks
from contracts.vocabulary import JobStatus
from gateway.facades.provena.errors import said
from gateway.jobs.model import Job

Body = dict[str, Any]
UNSTARTED = {JobStatus.PENDING: None, JobStatus.IN_PROGRESS: "The job is being worked on."}
_ALL = {
    Role.METADATA_READ: ("Metadata Read", "See the item and what is said of it.", ()),
    Role.METADATA_WRITE: ("Metadata Write", "Change what is said of the item.", (Role.METADATA_READ,)),
    Role.DATA_READ: ("Dataset Data Read", "Read the dataset's files.", (Role.METADATA_READ,)),
    Role.DATA_WRITE: (
        "Dataset Data Write",
        "Write the dataset's files.",
        (Role.METADATA_READ, Role.METADATA_WRITE, Role.DATA_READ),
    ),
}


def status(details: str, *, success: bool = True) -> Body:
    """The part of an answer that says whether it went well."""
    return {"success": success, "details": details}


def well(details: str, **more: Any) -> Body:
    """An answer to what went well."""
    return {"status": status(details), **more}


def badly(details: str, **more: Any) -> Body:
    """An answer to what did not, told with 200."""
    return {"status": status(details, success=False), **more}


def both(details: str, *, success: bool = True) -> Body:
    """A bare status that holds itself as a field besides, since clients look for either."""
    return {**status(details, success=success), "status": status(details, success=success)}


def listed(entries: Iterable[EntrySeen], following: Mapping[str, Any] | None) -> Body:
    """A page of one kind."""
    entries = list(entries)
    complete = [flat(one) for one in entries if not one.seed]
    seeds = [flat(one) for one in entries if one.seed]
    return well(
        f"Found {len(entries)} items.",
        items=complete,
        seed_items=seeds,
        unparsable_items=[],
        total_item_count=len(entries),
        complete_item_count=len(complete),
        seed_item_count=len(seeds),
        unparsable_item_count=0,
        not_authorised_count=0,
        pagination_key=following,
    )


def described_roles(kind: Kind) -> list[Body]:
    """The roles that a kind's items may grant."""
    roles = KINDS[kind].roles
    table = {**_ALL, Role.ADMIN: ("Admin", "Do everything with the item.", tuple(one for one in roles if one != Role.ADMIN))}
    return [
        {
            "role_display_name": table[one][0],
            "role_name": one.value,
            "description": table[one][1],
            "also_grants": [other.value for other in table[one][2] if other in roles],
        }
        for one in roles
    ]


def ui_schema(schema: Mapping[str, Any]) -> Body:
    """How a form for a kind looks: its fields in their order, long texts in a box."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    shown: Body = {"ui:order": [*properties]}
    return shown | {name: {"ui:widget": "textarea"} for name in properties if name in {"description", "reason"}}


def lock_history(locks: Locks) -> Body:
    """How an item was locked and unlocked; with whether it is, for clients that ask here."""
    events = [
        {
            "action_type": LOCKED[one.locked],
            "username": one.username,
            "email": one.email,
            "reason": one.reason,
            "timestamp": one.at,
        }
        for one in locks.history
    ]
    return well(f"The item was locked or unlocked {len(events)} times.", history=events, locked=locks.locked)


def job_row(job: Job, result: Mapping[str, Any]) -> Body:
    """A job; whoever has no view has none here."""
    if job.view is None:
        msg = f"job {job.id} is not for clients of Provena"
        raise ValueError(msg)
    problem = job.problem
    return {
        "session_id": str(job.id),
        "created_timestamp": int(job.created.timestamp()),
        "username": job.view.username,
        "batch_id": str(job.view.batch_id) if job.view.batch_id else None,
        "payload": job.view.payload,
        "job_type": job.view.job_type,
        "job_sub_type": job.view.job_sub_type,
        "gsi_status": "ok",
        "status": job.status.value,
        "info": f"Job failed, err: {said(problem)}" if problem else UNSTARTED.get(job.status),
        "result": dict(result),
    }


def request_row(request: AccessRequest) -> Body:
    """A request for roles."""
    return {
        "username": request.username,
        "request_id": request.request_id,
        "expiry": request.expiry,
        "email": request.email,
        "created_timestamp": request.created,
        "updated_timestamp": request.updated,
        "status": request.state.value,
        "ui_friendly_status": request.state.value.replace("_", " ").capitalize(),
        "request_diff_contents": request.difference,
        "complete_contents": request.complete,
        "notes": request.notes,
    }


def statistics(told: Mapping[str, Any], *, registry: bool) -> Body:
    """What an import did or would do, in numbers."""
    old, new = ("old_registry_size", "new_registry_size") if registry else ("old_size", "new_size")
    return {
        old: told["old_size"],
        new: told["new_size"],
        "deleted_entries": told["deleted"],
        "overwritten_entries": told["overwritten"],
        "new_entries": told["added"],
    }


def imported(told: Mapping[str, Any], given: list[Any], *, registry: bool) -> Body:
    """What came of an import."""
    by_id = {one["id"]: one for one in given if isinstance(one, dict) and isinstance(one.get("id"), str)}
    failures = [[why, by_id.get(which, {"id": which})] for why, which in told["failures"]]
    details = f"{len(failures)} items could not be read; nothing was written." if failures else "All items could be read."
    if told["trial_mode"]:
        details += " This was a trial."
    return {
        "status": status(details, success=not failures),
        "trial_mode": told["trial_mode"],
        "statistics": statistics(told, registry=registry),
        "failure_list": failures or None,
    }


def lineage(found: Mapping[str, Any], what: str) -> Body:
    """A lineage as networkx writes graphs; its links under both names that the original gave them."""
    links = [{"type": one["type"], "source": one["source"], "target": one["target"]} for one in found["links"]]
    nodes = [
        {"item_category": one["item_category"], "item_subtype": one["item_subtype"], "id": one["id"]} for one in found["nodes"]
    ]
    graph = {"directed": True, "multigraph": False, "graph": {}, "nodes": nodes, "links": links, "edges": links}
    details = f"Made {what} query (with depth {found['depth']}) to the graph."
    return well(details, record_count=len(nodes), graph=graph)
