"""A workflow from its registration to its deletion: what it is, what it is to become, and who asked. Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.ids import user_id
from contracts.message import Caller, Command, FileRef, Part
from contracts.outcomes import ModelRunPlan
from contracts.registry import Parameter, RegisterWorkflow, UpdateWorkflow, Workflow
from contracts.vocabulary import Engine


class State(StrEnum):
    """Where a workflow stands."""

    CHECKING = "checking"
    """Its first check is due or under way; nobody sees it, its name is taken."""
    READY = "ready"
    UPDATING = "updating"
    """It is there as it was, and what it is to become is being checked."""
    DELETED = "deleted"


THERE = frozenset({State.READY, State.UPDATING})
"""Seen by its owners."""
DUE = frozenset({State.CHECKING, State.UPDATING})
"""Waits for a check."""
NEXT: dict[State, frozenset[State]] = {
    State.CHECKING: frozenset({State.READY}),
    State.READY: frozenset({State.UPDATING, State.READY, State.DELETED}),
    State.UPDATING: frozenset({State.READY}),
    State.DELETED: frozenset(),
}


class Title(Part):
    """What a tenant calls a workflow; no two of theirs are called the same."""

    tenant: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


class Content(Part):
    """What is checked together."""

    engine: Engine
    spec: FileRef
    main: str
    inputs: FileRef | None = None

    def same(self, other: "Content") -> bool:
        """Whether a check of the one holds for the other: equal bytes, wherever they lie."""

        def known(content: Content) -> tuple[object, ...]:
            return content.engine, content.main, content.spec.sha256, content.inputs and content.inputs.sha256

        return known(self) == known(other)


class Asked(Part):
    """The command that a check will answer."""

    subject: str
    message: UUID
    job: UUID | None
    tenant: str | None
    caller: Caller | None

    @classmethod
    def by(cls, command: Command) -> "Asked":
        """What has to be known to answer a command later."""
        return cls(subject=command.subject, message=command.id, job=command.job, tenant=command.tenant, caller=command.caller)


class Change(Part):
    """What a workflow is to become, once it is found valid."""

    title: Title
    content: Content
    plan: ModelRunPlan | None = None
    asked: Asked


class Entry(Part):
    """A workflow as the registry keeps it."""

    id: UUID
    handle: str
    owner: str
    username: str | None = None
    legacy_id: int
    state: State
    created: datetime
    revision: int = 0
    title: Title
    content: Content
    values: dict[str, Any] = {}
    parameters: tuple[Parameter, ...] = ()
    change: Change | None = None
    plan: ModelRunPlan | None = None
    """As what model runs its finished runs are lodged."""

    @classmethod
    def register(cls, command: RegisterWorkflow, caller: Caller, tenant: str, handle: str, legacy_id: int) -> "Entry":
        """A workflow that waits for its first check."""
        title = Title(tenant=tenant, name=command.name, version=command.version)
        content = Content(engine=command.engine, spec=command.spec, main=command.main, inputs=command.inputs)
        return cls(
            id=command.workflow,
            handle=handle,
            owner=user_id(caller.issuer, caller.subject),
            username=caller.username,
            legacy_id=legacy_id,
            state=State.CHECKING,
            created=command.at,
            title=title,
            content=content,
            change=Change(title=title, content=content, plan=command.model_run, asked=Asked.by(command)),
        )

    def update(self, command: UpdateWorkflow) -> "Entry":
        """What comes of a command: unchanged, changed at once, or waiting for a check."""
        title = Title(
            tenant=self.title.tenant, name=command.name or self.title.name, version=command.version or self.title.version
        )
        content = Content(
            engine=command.engine or self.content.engine,
            spec=command.spec or self.content.spec,
            main=command.main or self.content.main,
            inputs=None if command.clear_inputs else command.inputs or self.content.inputs,
        )
        plan = None if command.clear_model_run else command.model_run or self.plan
        # without its input file a specification is as valid as with it
        cleared = content.inputs is None and self.content.inputs is not None
        if content.same(self.content.model_copy(update={"inputs": None}) if cleared else self.content):
            same = (title, plan) == (self.title, self.plan)
            return self if same and not cleared else self._changed(title, plan, cleared=cleared)
        return self._in(State.UPDATING, change=Change(title=title, content=content, plan=plan, asked=Asked.by(command)))

    def accept(self, parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> "Entry":
        """It is what it was to become."""
        if self.change is None:
            msg = f"{self.id} waits for no check"
            raise ValueError(msg)
        return self._in(
            State.READY,
            title=self.change.title,
            content=self.change.content,
            plan=self.change.plan,
            parameters=parameters,
            values=dict(values),
            change=None,
            revision=self.revision + 1,
        )

    def reject(self) -> "Entry | None":
        """It stays what it was; nothing, if it never was."""
        return None if self.state is State.CHECKING else self._in(State.READY, change=None)

    def delete(self) -> "Entry":
        """It is gone, and its handle is never given again."""
        return self._in(State.DELETED, revision=self.revision + 1)

    @property
    def titles(self) -> frozenset[Title]:
        """Names that it holds: its own, and the one it is to have."""
        if self.state is State.DELETED:
            return frozenset()
        return frozenset({self.title, *([self.change.title] if self.change else [])})

    @property
    def workflow(self) -> Workflow:
        """What others are told of it."""
        return Workflow(
            id=self.id,
            handle=self.handle,
            owner=self.owner,
            username=self.username,
            legacy_id=self.legacy_id,
            revision=self.revision,
            created=self.created,
            values=self.values,
            parameters=self.parameters,
            model_run=self.plan,
            **self.title.model_dump(),
            **self.content.model_dump(),
        )

    def _changed(self, title: Title, plan: ModelRunPlan | None, *, cleared: bool) -> "Entry":
        gone = {"content": self.content.model_copy(update={"inputs": None}), "values": {}} if cleared else {}
        return self._in(State.READY, title=title, plan=plan, revision=self.revision + 1, **gone)

    def _in(self, state: State, **changes: Any) -> "Entry":
        if state not in NEXT[self.state]:
            msg = f"a workflow that is {self.state} cannot become {state}"
            raise ValueError(msg)
        return self.model_copy(update={"state": state, **changes})
