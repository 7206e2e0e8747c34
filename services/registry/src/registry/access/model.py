"""A request for roles: what it asks for, how long it waits, what administrators note. Pure."""

from collections.abc import Collection

from contracts.access import AccessReport, AccessRequest, ComponentWanted, RequestState

DAY = 24 * 60 * 60
KEPT = 30 * DAY
"""Seconds that a request is kept for, at least."""
PATIENCE = 5 * DAY
"""Seconds that nobody may ask again while a request waits."""


def difference(report: AccessReport, roles: Collection[str]) -> AccessReport:
    """The roles of a report that somebody has and does not want, or wants and has not."""
    components = []
    for component in report.components:
        other = tuple(role for role in component.component_roles if role.access_granted != (role.role_name in roles))
        if other:
            components.append(ComponentWanted(component_name=component.component_name, component_roles=other))
    return AccessReport(components=tuple(components))


def waiting(request: AccessRequest, now: int) -> bool:
    """Whether a request stands in the way of another."""
    return request.state is RequestState.PENDING_APPROVAL and now - request.created < PATIENCE


def changed(request: AccessRequest, state: RequestState, now: int) -> AccessRequest:
    """The request in another state; it is kept anew."""
    return request.model_copy(update={"state": state, "updated": now, "expiry": now + KEPT})


def noted(request: AccessRequest, note: str, username: str, now: int) -> AccessRequest:
    """The request with a note more, and who wrote it."""
    told = f"{username}: {note}"
    notes = f"{request.notes}, {told}" if request.notes else told
    return request.model_copy(update={"notes": notes, "updated": now})
