"""The runner's id of a run on REANA: the workflow there, whose token opens it, and how long it may run."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode


@dataclass(frozen=True, slots=True)
class Ticket:
    """All that a later process needs to find a run again; written as `<workflow id>?account=…&…`."""

    workflow: str
    account: str | None = None
    """Whose stored token it was submitted with; nothing for the platform's own."""
    timeout: int | None = None
    user: str | None = None
    """Which user of REANA that token opened it as, by a digest: tokens change, users do not."""

    def __str__(self) -> str:
        told = {"account": self.account, "timeout": self.timeout, "user": self.user}
        query = urlencode({name: value for name, value in told.items() if value is not None})
        return f"{self.workflow}?{query}" if query else self.workflow

    @classmethod
    def read(cls, text: str) -> "Ticket":
        """What was written."""
        workflow, _, query = text.partition("?")
        told = {name: values[0] for name, values in parse_qs(query).items()}
        timeout = told.get("timeout")
        return cls(workflow, told.get("account"), int(timeout) if timeout else None, told.get("user"))


def name_of(run: object) -> str:
    """What a run's workflow is called in REANA."""
    return f"rp-{run}"
