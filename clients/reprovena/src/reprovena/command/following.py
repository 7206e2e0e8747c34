"""Watches a run to its end on the screen, and says how it ended and why."""

from contextlib import suppress

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from reprovena.command.board import Board
from reprovena.command.desk import RUN_FAILED, Desk, cell, listing
from reprovena.command.words import between, plain, size, state
from reprovena.errors import ProblemError
from reprovena.runs import File, Run, RunEvent
from reprovena.sync.client import Reprovena

CAPTURED_WITHIN = 30.0
TAIL = 12
"""Lines of a failed step's log that are shown."""


def follow(here: Desk, client: Reprovena, run: Run, job: str | None = None) -> None:
    """Watch a run to its end, and its job to where its provenance is captured; the exit code is the run's."""
    try:
        if here.json:
            for event in client.watch(run.id):
                if event.kind != "end":
                    here.line(_document(event))
        else:
            progress(here.out, client, run)
    except KeyboardInterrupt:
        here.note(f"The run goes on. Watch it again: reprovena run watch {run.id}; end it: reprovena run stop {run.id}")
        raise
    ended = client.run(run.id)
    if job:
        with suppress(ProblemError):  # whoever asks for the provenance too early is told so there
            client.settle(job, CAPTURED_WITHIN)
    if here.json:
        here.line({"event": "end", "run": dict(ended.document)})
    else:
        verdict(here.out, client, ended)
    if ended.status != "finished":
        raise typer.Exit(RUN_FAILED)


def progress(console: Console, client: Reprovena, run: Run) -> None:
    """Show a run's changes as they happen: drawn over each other on a terminal, line by line elsewhere."""
    board = Board(run.reference)
    if console.is_terminal:
        with Live(board, console=console, refresh_per_second=8):
            for event in client.watch(run.id):
                board.take(event)
        return
    for event in client.watch(run.id):
        board.take(event)
        if told := board.told(event):
            console.print(told)


def verdict(console: Console, client: Reprovena, run: Run) -> None:
    """Say how a run ended: what it made, or why it failed."""
    took = between(run.started, run.ended)
    console.print(plain(f"{run.reference} ").append_text(state(run.status)).append_text(plain(f" in {took}" if took else "")))
    if run.status == "finished":
        console.print(produced(client.outputs(run.id)))
        return
    if run.reason and run.reason.strip():
        # The steps' logs say the rest.
        console.print(plain(run.reason.strip().splitlines()[0] if run.steps else run.reason.strip(), "red"))
    failed = [step for step in run.steps if step.status == "failed"]
    for step in failed:
        code = f" (exit code {step.exit_code})" if step.exit_code is not None else ""
        console.print(plain(f"{step.place} failed{code}", "bold red"))
        for line in tail(client, run.id, step.place):
            console.print(plain(f"  {line}", "dim"))
    whole = f" --step '{failed[0].place}'" if failed else ""
    console.print(plain(f"→ reprovena run logs {run.id}{whole} shows the whole log", "cyan"))


def tail(client: Reprovena, run: str, place: str) -> list[str]:
    """Fetch the end of a step's log; a step without a log has none."""
    try:
        text = client.logs(run, place).decode(errors="replace")
    except ProblemError:
        return []
    return text.rstrip().splitlines()[-TAIL:]


def produced(files: tuple[File, ...]) -> Table:
    """List what a run made."""
    table = listing("OUTPUT", "ROLE", "SIZE", "SHA-256")
    for file in files:
        table.add_row(cell(file.path), cell(file.role or ""), size(file.size), (file.sha256 or "")[:12])
    return table


def _document(event: RunEvent) -> dict[str, object]:
    return {"event": event.kind} | dict(event.document)
