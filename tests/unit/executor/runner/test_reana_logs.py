"""What REANA's logs and times say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")

from contracts.vocabulary import StepStatus
from executor.runner.reanalogs import Folder, Result, complaints, final_output, jobs_of, verdicts
from executor.runner.reanalook import Ending, Facts, item_of, steps_of
from executor.runner.reanaplan import plan_cwl
from executor.runner.reanatickets import Ticket, name_of
from executor.runner.reanatimes import Clock

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
LOG = """
[step bad] start
ERROR | [step bad] Output is missing expected field file:///workflow.json#main/bad/out
[step bad] completed permanentFail
[job many] completed success
[job many_2] completed permanentFail
[step many] completed permanentFail
[step good] completed success
"""


def job(text: str = "", **more: Any) -> dict[str, Any]:
    """One job's row."""
    row = {"job_name": "work", "status": "finished", "logs": text, "cmd": "true", "docker_img": "x"}
    return row | {"started_at": "2026-05-01T11:00:00", "finished_at": "2026-05-01T11:00:05"} | more


def test_a_jobs_log_is_what_its_command_wrote() -> None:
    """What REANA writes around it is taken away, and how the container ended is kept."""
    texts = {
        "a": job("job: :\n one\n\ntwo\n\n\nCompleted\n"),
        "b": job("job: :\n oh\n\n\nOOMKilled\n"),
        "c": job("job: :\n \n\nDeadlineExceeded\nThe job was killed due to exceeding timeout\n"),
        "d": job("something else"),
        "e": job(None),  # type: ignore[arg-type]
    }

    jobs = {one.id: (one.said, one.word) for one in jobs_of({"job_logs": texts})}

    assert jobs["a"] == ("one\n\ntwo\n", None)
    assert jobs["b"] == ("oh\n", "OOMKilled")
    assert jobs["c"] == ("", "DeadlineExceeded: The job was killed due to exceeding timeout")
    assert jobs["d"] == ("something else", None)
    assert jobs["e"] == ("", None)


def test_the_engine_judges_steps_and_jobs() -> None:
    """A job that is judged by name is judged so; a step's judgement is its only job's."""
    assert verdicts(LOG) == {"bad": False, "many": False, "many_2": False, "good": True}
    assert "missing expected field" in complaints(LOG, "bad")
    assert complaints("all is well") == ""


def told(*jobs: dict[str, Any], log: str = LOG, ending: Ending | None = None) -> dict[str, StepStatus]:
    """How steps ended."""
    document = {"class": "Workflow", "id": "#main", "inputs": [], "outputs": [], "steps": []}
    tool = {"class": "CommandLineTool"}
    for name in ("bad", "good"):
        document["steps"].append({"id": f"#main/{name}", "run": tool, "in": []})  # type: ignore[attr-defined]
    document["steps"].append({"id": "#main/many", "run": tool, "in": [], "scatter": "n"})  # type: ignore[attr-defined]
    facts = Facts(plan_cwl(document, "x").engine, plan_cwl(document, "x"), (), (), ())
    rows = jobs_of({"job_logs": {str(number): one for number, one in enumerate(jobs)}})
    return {step.place: step.status for step in steps_of(rows, facts, Clock("UTC"), verdicts(log), log, ending)}


def test_a_finished_job_that_the_engine_calls_failed_has_failed() -> None:
    """The job's result is that of the copying after the command."""
    statuses = told(*(job(job_name=name) for name in ("bad", "good", "many", "many_2")))

    assert statuses["bad"] is StepStatus.FAILED
    assert statuses["good"] is StepStatus.FINISHED
    assert statuses["many[1]"] is StepStatus.FAILED


def test_jobs_without_an_end_end_with_their_run() -> None:
    """REANA leaves jobs of a stopped run running or stopped, without a time."""
    rows = [job(job_name="good", status=status, finished_at=None) for status in ("running", "stopped")]
    stop = Ending(StepStatus.STOPPED, None, "2026-05-01T11:00:09")
    late = Ending(StepStatus.FAILED, "timed out after 1 s", "2026-05-01T11:00:09", late=True)

    for row in rows:
        assert told(row, log="", ending=stop) == {"good": StepStatus.STOPPED}
        assert told(row, log="", ending=late) == {"good": StepStatus.FAILED}
    assert told(job(job_name="good", status="queued", started_at=None, finished_at=None), log="") == {}


def test_final_outputs_are_found_wherever_they_stand() -> None:
    """Files, lists, secondary files and folders, listed by the engine or not; said twice, told once."""
    top = "file:///var/reana/users/u/workflows/0f1b7e4a-1111-2222-3333-444455556666/outputs"
    output = {
        "one": {"class": "File", "location": f"{top}/a%20b.txt", "basename": "a b.txt", "size": 3, "checksum": "sha1$1"},
        "list": [{"class": "File", "location": f"{top}/outputs/x", "basename": "x"}],
        "deep": {
            "class": "Directory",
            "location": f"{top}/d",
            "listing": [{"class": "File", "location": f"{top}/d/y", "size": 1, "checksum": f"sha1${'0f' * 20}"}],
        },
        "bare": {"class": "Directory", "location": f"{top}/e", "basename": "e"},
        "none": None,
        "number": 5,
        "pair": {"class": "File", "path": f"{top}/p", "secondaryFiles": [{"class": "File", "path": f"{top}/p.idx"}]},
    }
    text = json.dumps(output, indent=2)
    log = f"x\nFinalOutput{text}FinalOutput\n2026 | INFO | FinalOutput{text}FinalOutput\n"

    assert list(final_output(log)) == [
        Result("one", "a b.txt", 3),
        Result("list", "outputs/x", None),
        Result("deep", "d/y", 1, "0f" * 20),
        Folder("bare", "e"),
        Result("pair", "p", None),
        Result("pair", "p.idx", None),
    ]
    assert list(final_output("FinalOutput{broken}FinalOutput")) == []
    assert list(final_output("")) == []


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("UTC", 2), ("UTC", -5), ("UTC", 5.75), ("Europe/Zurich", 2)])
def test_a_wrong_zone_is_worked_out_from_times_that_cannot_be(zone: str, hours: float) -> None:
    """A run cannot have started before it was made, nor in the future."""
    clock = Clock(zone)
    started = NOW - timedelta(seconds=20)
    naive = (started + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")

    clock.check(naive, "2026-05-01T11:59:30", NOW)

    assert clock.utc(naive) == started
    clock.check(naive, "2026-05-01T11:59:30", NOW + timedelta(days=2))  # seen again much later, it changes nothing
    assert clock.utc(naive) == started


def test_a_run_that_waited_long_is_no_wrong_zone() -> None:
    """Hours in a queue are hours in a queue."""
    clock = Clock("UTC")

    clock.check("2026-05-01T11:00:00", "2026-05-01T03:00:00", NOW)

    assert clock.error == timedelta(0)
    assert clock.utc(None) is None
    assert clock.utc("2026-05-01T11:00:00+02:00") == datetime(2026, 5, 1, 9, tzinfo=UTC)


def test_a_ticket_says_all_that_is_needed() -> None:
    """It is kept as one text."""
    for ticket in (Ticket("w"), Ticket("w", "user/https://i/sub&x=1", 60), Ticket("w", None, 5)):
        assert Ticket.read(str(ticket)) == ticket
    assert str(Ticket("w")) == "w"
    assert "." not in name_of("0f1b")


def test_a_workflow_is_marked_by_what_changes() -> None:
    """Counters, status and start; not by texts that come and go."""
    row = {"id": "w", "status": "running", "created": None, "progress": {"running": {"total": 1}}}

    same = item_of(row | {"progress": {"running": {"total": 1}, "current_command": "x"}})

    assert item_of(row).mark == same.mark
    assert item_of(row).mark != item_of(row | {"progress": {"running": {"total": 2}}}).mark
    assert item_of({"id": "w", "status": "created"}).counts == (0, 0, 0)
