"""A workflow's life, without a database."""

import pytest

from chassis.testing import FakeUnit, said, somebody
from contracts.ids import uuid7
from contracts.message import FileRef
from contracts.registry import Parameter, RegisterWorkflow, UpdateWorkflow
from contracts.vocabulary import Engine
from registry.workflows.handlers import update_workflow
from registry.workflows.model import Entry, State

ADA = somebody("ada", "physics")


def file(mark: str = "0") -> FileRef:
    """A stored file; the mark makes its bytes."""
    return FileRef(key=str(uuid7()), sha256=mark * 64, size=1)


def registered(**more) -> Entry:
    """A workflow that was found valid."""
    told = {"name": "w", "version": "1", "engine": Engine.CWL, "spec": file(), "main": "m.cwl", "tenant": "physics", **more}
    command = RegisterWorkflow(workflow=uuid7(), caller=ADA, **told)
    return Entry.register(command, ADA, "physics", "10378.1/1", 1).accept((Parameter(name="x", type="int"),), {"x": 1})


def test_nobody_sees_a_workflow_before_it_is_found_valid():
    """Its first revision is the valid one."""
    entry = registered()

    assert (entry.state, entry.revision, entry.workflow.revision) == (State.READY, 1, 1)
    assert entry.workflow.owner == f"user/{ADA.issuer}/{ADA.subject}"


@pytest.mark.parametrize(
    ("change", "state", "revision"),
    [
        ({}, State.READY, 1),
        ({"name": "w"}, State.READY, 1),
        ({"name": "other"}, State.READY, 2),
        ({"version": "2"}, State.READY, 2),
        ({"spec": file()}, State.READY, 1),
        ({"spec": file("1")}, State.UPDATING, 1),
        ({"main": "n.cwl", "name": "other"}, State.UPDATING, 1),
        ({"inputs": file("2")}, State.UPDATING, 1),
        ({"clear_inputs": True}, State.READY, 1),
    ],
)
def test_only_what_changes_the_content_needs_a_check(change, state, revision):
    """Names change at once; the same bytes are no change."""
    entry = registered()

    after = entry.update(UpdateWorkflow(workflow=entry.id, **change))

    assert (after.state, after.revision) == (state, revision)


def test_an_input_file_is_taken_away_without_a_check():
    """A specification is as valid without it."""
    entry = registered(inputs=file("3"))

    after = entry.update(UpdateWorkflow(workflow=entry.id, clear_inputs=True))

    assert (after.state, after.revision, after.workflow.inputs, after.values) == (State.READY, 2, None, {})


def test_a_change_holds_both_names_until_it_is_decided():
    """Nobody else can take the old name or the new one meanwhile."""
    entry = registered()
    changing = entry.update(UpdateWorkflow(workflow=entry.id, version="2", spec=file("1")))

    assert {t.version for t in changing.titles} == {"1", "2"}
    assert {t.version for t in changing.accept((), {}).titles} == {"2"}
    assert {t.version for t in changing.reject().titles} == {"1"}
    assert changing.workflow == entry.workflow


def test_a_rejected_registration_leaves_nothing():
    """It never was."""
    command = RegisterWorkflow(
        workflow=uuid7(), caller=ADA, name="w", version="1", engine="cwl", spec=file(), main="m.cwl", tenant="physics"
    )

    assert Entry.register(command, ADA, "physics", "10378.1/1", 1).reject() is None


def test_a_deleted_workflow_changes_no_more():
    """And holds no names."""
    gone = registered().delete()

    assert (gone.state, gone.revision, gone.titles) == (State.DELETED, 2, frozenset())
    with pytest.raises(ValueError, match="cannot become"):
        gone.delete()


async def test_an_update_without_a_change_is_still_answered():
    """Whoever asked hears of the workflow as it is, at the revision it had."""
    entry = registered()

    class Rooms:
        async def hold(self, *_):
            return entry

    unit = FakeUnit.of(workflows=Rooms())
    await update_workflow(UpdateWorkflow(workflow=entry.id, name="w", caller=ADA), unit)

    assert [(fact.subject, fact.revision) for fact in said(unit)] == [("registry.workflow-updated.v1", 1)]
