"""Runs as the server answers them: with their steps, files and changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reprovena.models import Document, Job, documents, moment, number, text, words

ENDED = frozenset({"finished", "failed", "stopped", "deleted"})


@dataclass(frozen=True)
class File:
    """A file as a run saw it."""

    id: str
    path: str
    size: int | None
    sha256: str | None
    media_type: str | None
    role: str | None
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "File":
        """Read a file."""
        return cls(
            id=text(document, "id"),
            path=text(document, "path"),
            size=number(document.get("size")),
            sha256=words(document.get("sha256")),
            media_type=words(document.get("media_type")),
            role=words(document.get("role")),
            document=document,
        )


@dataclass(frozen=True)
class Step:
    """A step of a run as it stands."""

    place: str
    name: str
    status: str
    reason: str | None
    exit_code: int | None
    started: datetime | None
    ended: datetime | None
    cpu_seconds: float | None
    peak_memory: int | None
    command: tuple[str, ...]
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Step":
        """Read a step."""
        cpu = document.get("cpu_seconds")
        return cls(
            place=text(document, "place"),
            name=text(document, "name"),
            status=text(document, "status"),
            reason=words(document.get("reason")),
            exit_code=number(document.get("exit_code")),
            started=moment(document.get("started")),
            ended=moment(document.get("ended")),
            cpu_seconds=float(cpu) if isinstance(cpu, int | float) else None,
            peak_memory=number(document.get("peak_memory")),
            command=tuple(str(word) for word in document.get("command") or ()),
            document=document,
        )


@dataclass(frozen=True)
class Run:
    """A run as it stands; a run that has only been asked for has nothing but its id."""

    id: str
    name: str
    number: str
    status: str
    reason: str | None
    created: datetime | None
    started: datetime | None
    ended: datetime | None
    owner_name: str
    restart_of: str | None
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]
    steps: tuple[Step, ...]
    document: Document = field(repr=False)

    @property
    def reference(self) -> str:
        """How people name it: `<workflow>:<version>#<number>`, or its id before it has a number."""
        return f"{self.name}#{self.number}" if self.name and self.number else self.id

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in ENDED

    @classmethod
    def of(cls, document: Document) -> "Run":
        """Read a run."""
        return cls(
            id=text(document, "id"),
            name=text(document, "name"),
            number=text(document, "number"),
            status=text(document, "status"),
            reason=words(document.get("reason")),
            created=moment(document.get("created")),
            started=moment(document.get("started")),
            ended=moment(document.get("ended")),
            owner_name=text(document, "owner_name"),
            restart_of=words(document.get("restart_of")),
            inputs=tuple(File.of(item) for item in documents(document.get("inputs"))),
            outputs=tuple(File.of(item) for item in documents(document.get("outputs"))),
            steps=tuple(Step.of(item) for item in documents(document.get("steps"))),
            document=document,
        )


@dataclass(frozen=True)
class RunEvent:
    """A change of a run or of one of its steps."""

    kind: str
    """`run`, `step` or `end`."""
    seq: str
    status: str
    at: datetime | None = None
    place: str | None = None
    reason: str | None = None
    document: Document = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, kind: str, seq: str, document: Document) -> "RunEvent":
        """Read an event."""
        return cls(
            kind=kind,
            seq=seq,
            status=text(document, "status"),
            at=moment(document.get("at")),
            place=words(document.get("place")),
            reason=words(document.get("reason")),
            document=document,
        )


@dataclass(frozen=True)
class Started:
    """A run that was asked for, and the job that follows it to its end."""

    run: Run
    job: Job
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Started":
        """Read the answer to a start, a restart or a stop."""
        run, job = document.get("run"), document.get("job")
        return cls(
            run=Run.of(run if isinstance(run, Mapping) else {"id": run}),
            job=Job.of(job if isinstance(job, Mapping) else {"id": job}),
            document=document,
        )
