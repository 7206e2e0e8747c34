"""What the server answers, read into small frozen values; `document` keeps the whole answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Document = Mapping[str, Any]
SETTLED = frozenset({"SUCCEEDED", "FAILED"})


def moment(value: object) -> datetime | None:
    """Read a time; nothing where there is none."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def text(document: Document, name: str) -> str:
    """Read a text; empty where there is none."""
    value = document.get(name)
    return "" if value is None else str(value)


def words(value: object) -> str | None:
    """Read a text that may be missing."""
    return None if value is None else str(value)


def number(value: object) -> int | None:
    """Read a whole number that may be missing."""
    return int(value) if isinstance(value, int | float) else None


def documents(value: object) -> list[Document]:
    """Read a list of objects."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


@dataclass(frozen=True)
class Upload:
    """Bytes on the server that a run may name."""

    id: str
    name: str
    size: int | None
    sha256: str
    document: Document = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> "Upload":
        """Read an upload."""
        return cls(
            id=text(document, "id"),
            name=text(document, "name"),
            size=number(document.get("size")),
            sha256=text(document, "sha256"),
            document=document,
        )


@dataclass(frozen=True)
class Parameter:
    """An input that a workflow takes."""

    name: str
    type: str
    required: bool
    label: str | None = None

    @classmethod
    def of(cls, document: Document) -> "Parameter":
        """Read a parameter."""
        return cls(
            name=text(document, "name"),
            type=text(document, "type"),
            required=bool(document.get("required", True)),
            label=words(document.get("label")),
        )


@dataclass(frozen=True)
class Workflow:
    """A registered workflow."""

    id: str
    handle: str
    name: str
    version: str
    engine: str
    main: str
    tenant: str
    revision: int | None
    parameters: tuple[Parameter, ...]
    document: Document = field(repr=False)

    @property
    def reference(self) -> str:
        """How people name it: `<name>:<version>`."""
        return f"{self.name}:{self.version}"

    @classmethod
    def of(cls, document: Document) -> "Workflow":
        """Read a workflow."""
        return cls(
            id=text(document, "id"),
            handle=text(document, "handle"),
            name=text(document, "name"),
            version=text(document, "version"),
            engine=text(document, "engine"),
            main=text(document, "main"),
            tenant=text(document, "tenant"),
            revision=number(document.get("revision")),
            parameters=tuple(Parameter.of(item) for item in documents(document.get("parameters"))),
            document=document,
        )


@dataclass(frozen=True)
class Job:
    """A piece of work that the server has taken on."""

    id: str
    kind: str
    status: str
    created: datetime | None
    updated: datetime | None
    result: Document
    problem: Document | None
    document: Document = field(repr=False)

    @property
    def settled(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in SETTLED

    @classmethod
    def of(cls, document: Document) -> "Job":
        """Read a job."""
        result, problem = document.get("result"), document.get("problem")
        return cls(
            id=text(document, "id"),
            kind=text(document, "kind"),
            status=text(document, "status"),
            created=moment(document.get("created")),
            updated=moment(document.get("updated")),
            result=result if isinstance(result, Mapping) else {},
            problem=problem if isinstance(problem, Mapping) else None,
            document=document,
        )
