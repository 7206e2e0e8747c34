"""A job: somebody's wish, and what came of it. It only ever moves forwards, whatever order facts arrive in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.message import Part
from contracts.problem import Problem
from contracts.vocabulary import JobStatus

RANK = {JobStatus.PENDING: 0, JobStatus.IN_PROGRESS: 1, JobStatus.FAILED: 2, JobStatus.SUCCEEDED: 3}
"""A job that failed because a delivery was set aside succeeds when an operator replays it; never the other way."""
SETTLED = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED})


class News(Part):
    """What a fact means for a job."""

    status: JobStatus
    at: datetime
    message: UUID
    result: dict[str, Any] = {}
    problem: Problem | None = None


class View(Part):
    """A job as clients of Provena see it; jobs that have none are not theirs to see."""

    username: str
    """Who asked, by the name to log in with."""
    job_type: str
    job_sub_type: str
    payload: dict[str, Any] = {}
    batch_id: UUID | None = None
    chained_to: UUID | None = None
    """The job whose work gives this one its own; it goes if that is refused."""


class Job(Part):
    """A job, whole, as it stands."""

    id: UUID
    tenant: str
    owner: str
    """Who asked: `user/<issuer>/<sub>`."""
    kind: str
    """Subject of the command without its version: `executor.start-run`."""
    about: UUID | None = None
    """The workflow or the run."""
    created: datetime
    updated: datetime
    view: View | None = None
    heard: dict[JobStatus, News] = {}
    """For each status the earliest fact that says it, so that any order of facts leads to the same job."""

    @property
    def status(self) -> JobStatus:
        """Where it stands: the furthest that was heard."""
        return max(self.heard, key=RANK.__getitem__, default=JobStatus.PENDING)

    @property
    def settled(self) -> bool:
        """Whether its last fact was heard."""
        return self.status in SETTLED

    @property
    def problem(self) -> Problem | None:
        """Why it failed, if it did."""
        news = self.heard.get(self.status)
        return news.problem if news and self.status is JobStatus.FAILED else None

    @property
    def result(self) -> dict[str, Any]:
        """What is known of its outcome; a later status speaks over an earlier one."""
        found: dict[str, Any] = {}
        for status in sorted(self.heard, key=RANK.__getitem__):
            found |= self.heard[status].result
        return found

    def hear(self, news: News) -> "Job":
        """The job with what a fact says. Late facts fill gaps, and never move it backwards."""
        known = self.heard.get(news.status)
        first = news if known is None or (news.at, news.message) < (known.at, known.message) else known
        heard = {**self.heard, news.status: first}
        return self.model_copy(update={"heard": heard, "updated": max(self.updated, news.at)})
