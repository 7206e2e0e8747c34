"""Everything this package raises on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class ReprovenaError(Exception):
    """Something that a user can do something about."""


class WrongUse(ReprovenaError):
    """What was asked for cannot be asked for like that; no server was needed to know it."""


class NotLoggedIn(WrongUse):
    """There is no token to show."""


class Unreachable(ReprovenaError):
    """The server does not answer."""


class Damaged(ReprovenaError):
    """What arrived is not what the server said it would send."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong where: a field's path, or a line of a file."""

    detail: str
    field: str | None = None
    file: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "FieldError":
        """Read one of a problem's `errors`."""
        line = document.get("line")
        return cls(
            detail=str(document.get("detail", "")),
            field=document.get("field"),
            file=document.get("file"),
            line=line if isinstance(line, int) else None,
        )


@dataclass
class ProblemError(ReprovenaError):
    """The server says no (RFC 9457)."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    instance: str | None = None
    errors: tuple[FieldError, ...] = ()
    job: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Give the exception its text."""
        super().__init__(self.detail or self.title)

    @property
    def kind(self) -> str:
        """The type without its prefix, such as `registry:duplicate-workflow`."""
        return self.type.removeprefix("urn:problem:")

    @classmethod
    def of(cls, document: Mapping[str, Any], status: int = 0) -> "ProblemError":
        """Read a problem document."""
        said = document.get("status", status)
        errors = document.get("errors") or ()
        return cls(
            status=said if isinstance(said, int) else status,
            title=str(document.get("title") or "The server says no"),
            detail=str(document.get("detail") or ""),
            type=str(document.get("type") or "about:blank"),
            instance=document.get("instance"),
            errors=tuple(FieldError.of(error) for error in errors if isinstance(error, Mapping)),
            job=document.get("job"),
            document=dict(document),
        )


def raise_failed(job: str, status: str, problem: Mapping[str, Any] | None) -> None:
    """Raise the problem of a job that has failed."""
    if status == "FAILED":
        raise ProblemError.of(problem or {"detail": f"Job {job} has failed."})
