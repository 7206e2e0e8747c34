"""How people name workflows and runs: `digits:1.0`, `digits:1.0#3`."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from reprovena.errors import ProblemError, WrongUse
from reprovena.models import Workflow
from reprovena.runs import Run


def is_id(reference: str) -> bool:
    """Tell whether this is an id."""
    try:
        UUID(reference)
    except ValueError:
        return False
    return True


def workflow(reference: str) -> tuple[str, str | None]:
    """Cut `<name>:<version>` in two; the version may be left out."""
    name, _, version = reference.partition(":")
    if not name:
        msg = f"{reference!r} is neither an id nor NAME:VERSION"
        raise WrongUse(msg)
    return name, version or None


def run(reference: str) -> tuple[str, str]:
    """Cut `<workflow>:<version>#<number>` in two."""
    name, _, number = reference.rpartition("#")
    if not name or not number:
        msg = f"{reference!r} is neither a run's id nor WORKFLOW:VERSION#NUMBER"
        raise WrongUse(msg)
    return name, number


def the_one(reference: str, found: Sequence[Workflow]) -> Workflow:
    """Take the only workflow that was found."""
    if not found:
        detail = f"There is no workflow {reference}, or it is not yours."
        raise ProblemError(status=404, title="No such workflow", detail=detail, type="urn:problem:registry:no-such-workflow")
    if len(found) > 1:
        names = ", ".join(f"{item.reference} ({item.tenant} {item.id})" for item in found)
        msg = f"{reference} may be any of: {names}. Name one by its version or its id."
        raise WrongUse(msg)
    return found[0]


def numbered(reference: str, number: str, found: Iterable[Run]) -> Run:
    """Take the run with this number."""
    matching = [item for item in found if item.number == number]
    if not matching:
        detail = f"There is no run {reference}, or it is not yours."
        raise ProblemError(status=404, title="No such run", detail=detail, type="urn:problem:executor:no-such-run")
    if len(matching) > 1:
        msg = f"{reference} may be any of: {', '.join(item.id for item in matching)}. Name one by its id."
        raise WrongUse(msg)
    return matching[0]
