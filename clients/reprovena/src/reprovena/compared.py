"""How two runs differ, and where a file was seen, as the server answers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reprovena.models import Document, documents, moment, number, text, words

SECTIONS = ("workflow", "parameters", "inputs", "steps", "outputs", "environment")


@dataclass(frozen=True)
class Compared:
    """A thing of one run or of both: `same`, `changed`, `added` (the other alone has it), `removed` or `unknown`."""

    name: str
    state: str
    run: Any
    other: Any
    role: str | None
    differs: tuple[str, ...]

    @classmethod
    def of(cls, document: Document) -> "Compared":
        """Read a thing of any section."""
        return cls(
            name=text(document, "name") or text(document, "place"),
            state=text(document, "state"),
            run=document.get("run"),
            other=document.get("other"),
            role=words(document.get("role")),
            differs=tuple(str(word) for word in document.get("differs") or ()),
        )


@dataclass(frozen=True)
class Section:
    """What was compared: how many there are of each state, and the things themselves, those that differ first."""

    counts: Mapping[str, int]
    items: tuple[Compared, ...]

    @classmethod
    def of(cls, document: Document) -> "Section":
        """Read a section."""
        counts = document.get("counts")
        return cls(
            counts={str(state): int(count) for state, count in counts.items()} if isinstance(counts, Mapping) else {},
            items=tuple(Compared.of(item) for item in documents(document.get("items"))),
        )


@dataclass(frozen=True)
class RunSide:
    """One of the two runs."""

    id: str
    name: str
    number: str
    status: str
    duration: float | None

    @property
    def reference(self) -> str:
        """How people name it."""
        return f"{self.name}#{self.number}" if self.name and self.number else self.id

    @classmethod
    def of(cls, document: Document) -> "RunSide":
        """Read a side."""
        took = document.get("duration")
        return cls(
            id=text(document, "id"),
            name=text(document, "name"),
            number=text(document, "number"),
            status=text(document, "status"),
            duration=float(took) if isinstance(took, int | float) else None,
        )


@dataclass(frozen=True)
class Difference:
    """How `other` differs from `run`."""

    run: RunSide
    other: RunSide
    sections: Mapping[str, Section]
    identical: bool
    truncated: bool
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Difference":
        """Read a difference."""
        return cls(
            run=RunSide.of(document.get("run") or {}),
            other=RunSide.of(document.get("other") or {}),
            sections={name: Section.of(document.get(name) or {}) for name in SECTIONS},
            identical=bool(document.get("identical")),
            truncated=bool(document.get("truncated")),
            document=document,
        )


@dataclass(frozen=True)
class FileUse:
    """That a run or one of its steps used or generated a file."""

    file: str
    path: str
    size: int | None
    relation: str | None
    role: str | None
    run: str | None
    run_name: str
    run_number: str
    step: str | None
    at: datetime | None
    by: str | None
    tenant: str
    document: Document = field(repr=False)

    @property
    def reference(self) -> str:
        """How people name the run."""
        return f"{self.run_name}#{self.run_number}" if self.run_name and self.run_number else self.run or self.file

    @classmethod
    def of(cls, document: Document) -> "FileUse":
        """Read a use."""
        return cls(
            file=text(document, "file"),
            path=text(document, "path"),
            size=number(document.get("size")),
            relation=words(document.get("relation")),
            role=words(document.get("role")),
            run=words(document.get("run")),
            run_name=text(document, "run_name"),
            run_number=text(document, "run_number"),
            step=words(document.get("step")),
            at=moment(document.get("at")),
            by=words(document.get("by")),
            tenant=text(document, "tenant"),
            document=document,
        )
