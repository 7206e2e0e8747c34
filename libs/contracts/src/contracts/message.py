"""What travels: a subject, an identity, a moment, the job that caused it, who asked."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.ids import uuid7

SUBJECT = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*")
LIMIT = 256 * 1024
"""No message is larger (bytes of JSON); what is larger travels as a FileRef."""


class Part(BaseModel):
    """A value inside messages: frozen, and deaf to what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FileRef(Part):
    """Bytes in the file store: known by what they are."""

    key: str
    """Where they lie in the store."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    """Bytes."""
    media_type: str = "application/octet-stream"


class Caller(Part):
    """Who asked: an account as its issuer knows it, with what it may act for."""

    issuer: str
    subject: str
    name: str
    email: str | None = None
    tenants: tuple[str, ...]
    roles: tuple[str, ...] = ()
    username: str | None = None
    """The name to log in with, as the issuer tells it."""

    def by_username(self) -> "Caller":
        """The same as the registry of entries knows people: by the name to log in with, or else by the issuer's own.

        Never by what somebody is called: people choose that themselves, and two may be called the same.
        """
        return self.model_copy(update={"name": self.username or self.subject})


class Message(Part):
    """The envelope's fields are fields of the message, so dedup and audit do not depend on a transport."""

    subject: ClassVar[str]
    kind: ClassVar[Literal["command", "event"]]

    id: UUID = Field(default_factory=uuid7)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    job: UUID | None = None
    tenant: str | None = None
    """Whom the thing belongs to."""
    caller: Caller | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Hold subjects to the grammar `<service>.<words>.v<N>`."""
        super().__pydantic_init_subclass__(**kwargs)
        subject = cls.__dict__.get("subject")
        if subject is not None and not SUBJECT.fullmatch(subject):
            msg = f"{cls.__name__}: {subject!r} is not a subject"
            raise TypeError(msg)


class Command(Message):
    """An order to the service that its subject begins with."""

    kind: ClassVar[Literal["command", "event"]] = "command"

    proof: str | None = None
    """The gateway's signature (compact JWS) over id, subject, time and the digest of the rest; see `chassis.callers`."""

    def digest(self) -> str:
        """SHA-256 of everything the signature covers: the message as JSON without the signature itself."""
        return hashlib.sha256(self.model_dump_json(exclude={"proof"}).encode()).hexdigest()


class Event(Message):
    """A fact, said by the service that its subject begins with."""

    kind: ClassVar[Literal["command", "event"]] = "event"

    revision: int = Field(default=0, ge=0)
    """The aggregate's, so that a late fact can be recognised; 0 where there is none."""
