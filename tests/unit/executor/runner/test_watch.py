"""Reading a run's folder, and the last words for a dead child."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.executor import Environment
from contracts.vocabulary import Engine, RunStatus, StepStatus
from executor.runner import watch
from executor.runner.events import Events
from executor.runner.seen import Look, StepSeen
from executor.runner.workspace import BRIEF, Brief, Workspace

STEP = StepSeen("a/b", "b", StepStatus.RUNNING)
HERE = Environment(engine="cwltool", version="1", runner="local")


@pytest.fixture
def room(tmp_path: Path) -> Workspace:
    """A folder with a brief and no child."""
    room = Workspace(tmp_path)
    brief = Brief(uuid4(), Engine.CWL, "a.cwl", {}, (), 60, 0, None, "none", "")
    room.order.write_bytes(BRIEF.dump_json(brief))
    return room


@contextmanager
def pen(room: Workspace) -> Iterator[Events]:
    """What a child writes with."""
    with room.events.open("ab") as target:
        yield Events(target.fileno())


def looked(room: Workspace, cursor: str = "") -> Look:
    """News that must be there."""
    found = watch.look(room, cursor)
    assert found is not None
    return found


def test_small_news_become_one(room: Workspace) -> None:
    """A step that began and ended since is there once, as it stands."""
    with pen(room) as events, room.alone():
        events.run_started(HERE)
        events.step_ended(replace(events.step_started(STEP), status=StepStatus.FINISHED, exit_code=0))

        seen = looked(room)

    assert (seen.status, seen.environment) == (RunStatus.RUNNING, HERE)
    assert [(step.place, step.status, step.exit_code) for step in seen.steps] == [("a/b", StepStatus.FINISHED, 0)]


def test_nothing_new_is_no_news(room: Workspace) -> None:
    """From the last cursor on there is nothing, as long as the child lives."""
    with pen(room) as events, room.alone():
        events.run_started(HERE)

        assert watch.look(room, looked(room).cursor) is None


def test_a_dead_child_is_spoken_for_once(room: Workspace) -> None:
    """Its open steps and the run fail; who looks again reads the same."""
    with pen(room) as events, room.alone():
        events.run_started(HERE)
        events.step_started(STEP)
        cursor = looked(room).cursor

    first = looked(room, cursor)
    second = looked(room, cursor)

    assert first == second
    assert (first.status, first.reason) == (RunStatus.FAILED, watch.UNEXPECTED)
    assert [(step.status, step.reason) for step in first.steps] == [(StepStatus.FAILED, watch.UNEXPECTED)]


def test_a_folder_has_one_owner(room: Workspace) -> None:
    """Whoever comes second waits a moment at most."""
    with room.alone() as first, room.alone(0.05) as second:
        assert (first, second) == (True, False)
    with room.alone() as third:
        assert third


def test_half_a_line_of_the_dead_is_taken_away(room: Workspace) -> None:
    """It was never said."""
    with pen(room) as events:
        events.run_started(HERE)
    with room.events.open("ab") as target:
        target.write(b'{"event": "step-st')

    assert looked(room).status is RunStatus.FAILED
    assert all(line.endswith(b"}") for line in room.events.read_bytes().splitlines())


def test_a_child_that_finished_is_believed(room: Workspace) -> None:
    """Dead or not, what it said last holds."""
    with pen(room) as events:
        events.run_started(HERE)
        events.run_ended(RunStatus.FINISHED)

    assert looked(room).status is RunStatus.FINISHED
    assert watch.look(room, looked(room).cursor) is None


def test_a_stopped_run_says_so(room: Workspace) -> None:
    """Whoever asked it to stop left a mark first."""
    with pen(room) as events:
        events.run_started(HERE)
        events.step_started(STEP)
    room.stop.touch()

    seen = looked(room)

    assert (seen.status, seen.steps[0].status) == (RunStatus.STOPPED, StepStatus.STOPPED)


def test_a_child_whose_time_was_up_said_why(room: Workspace) -> None:
    """It ends itself after that word, and hears no other."""
    with pen(room) as events:
        events.run_started(HERE)
        events.tell(watch.TIMED_OUT, reason=watch.late(60))
        events.silent = True
        events.run_ended(RunStatus.FINISHED)

    assert (looked(room).status, looked(room).reason) == (RunStatus.FAILED, "timed out after 60 s")


def test_an_empty_folder_is_gone(tmp_path: Path) -> None:
    """A run whose workspace somebody removed has failed."""
    seen = watch.look(Workspace(tmp_path / "none"), "17")

    assert seen is not None
    assert (seen.gone, seen.status, seen.cursor) == (True, RunStatus.FAILED, "17")
