"""What is seen while a run runs: one line a step, from its events; nothing here asks a server."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from reprovena.command.words import MARKS, STYLES, between, plain, state
from reprovena.runs import ENDED, Run, RunEvent


@dataclass
class Line:
    """A step as its events tell it."""

    status: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    reason: str | None = None

    def take(self, event: RunEvent) -> None:
        """Take the next event."""
        self.status, self.reason = event.status, event.reason or self.reason
        if event.status in ENDED:
            self.ended = event.at
        else:
            self.started = self.started or event.at


@dataclass
class Board:
    """A run and its steps."""

    title: str
    run: Line = field(default_factory=lambda: Line("queued"))
    steps: dict[str, Line] = field(default_factory=dict)
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def take(self, event: RunEvent) -> None:
        """Take the next event."""
        if event.kind == "run" and event.status:
            # The time in the queue is not the run's own.
            if event.status in {"running", *ENDED}:
                self.run.take(event)
            else:
                self.run.status = event.status
        elif event.kind == "step" and event.place:
            self.steps.setdefault(event.place, Line()).take(event)

    def __rich__(self) -> RenderableType:
        """Draw it as it stands now."""
        now = datetime.now(UTC)
        table = Table.grid(padding=(0, 1))
        for place, line in list(self.steps.items()):
            table.add_row(
                "  ", self._mark(line), plain(place), state(line.status), between(line.started, line.ended, now), _why(line)
            )
        head = Table.grid(padding=(0, 1))
        took = between(self.run.started, self.run.ended, now)
        row: list[RenderableType] = [self._mark(self.run), plain(self.title, "bold"), state(self.run.status), took]
        if self.steps and self.run.status not in ENDED:
            done = sum(line.status in ENDED for line in self.steps.values())
            # What a run will still begin is not known before it begins.
            row += [ProgressBar(total=len(self.steps), completed=done, width=20), f"{done} of {len(self.steps)} begun steps"]
        head.add_row(*row)
        return Group(head, table) if self.steps else head

    def told(self, event: RunEvent) -> Text | None:
        """Tell an event in a line, where nothing can be drawn over."""
        if event.kind == "end" or not event.status:
            return None
        line = self.steps.get(event.place or "", self.run) if event.kind == "step" else self.run
        took = between(line.started, line.ended) if event.status in ENDED else ""
        who = event.place if event.kind == "step" and event.place else self.title
        said = plain(f"{MARKS.get(event.status, '·')} ", STYLES.get(event.status, "")).append_text(
            plain(f"{who} {event.status}")
        )
        # How the run ended is told whole when it has.
        why = plain("") if event.kind == "run" else _why(line)
        for more in (plain(took, "dim"), why):
            said.append_text(Text(f" {more.plain}", style=more.style) if more else more)
        return said

    def _mark(self, line: Line) -> RenderableType:
        if line.status == "running":
            return self._spinner
        return plain(MARKS.get(line.status, "·"), STYLES.get(line.status, "dim"))


def _why(line: Line) -> Text:
    if line.status != "failed" or not line.reason:
        return plain("")
    return plain(line.reason.strip().splitlines()[0], "red")


def board_of(run: Run) -> Board:
    """Draw a run as it stands, without its events."""
    board = Board(run.reference, Line(run.status, run.started, run.ended, run.reason))
    for step in run.steps:
        board.steps[step.place] = Line(step.status, step.started, step.ended, step.reason)
    return board
