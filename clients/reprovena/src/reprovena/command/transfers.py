"""Bars for files that take their time on the way."""

from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from reprovena.command.words import clean
from reprovena.progress import Progress as Told

PATIENCE = 1.0
"""Seconds after which somebody who waits is shown why."""


def transfers(console: Console) -> Told:
    """Draw a bar for each transfer that takes longer than a moment, and take it away at its end."""
    begun: dict[str, float] = {}
    bars: dict[str, tuple[Progress, TaskID]] = {}

    def told(name: str, done: int, size: int | None) -> None:
        over = size is not None and done >= size
        if name in bars:
            bar, task = bars[name]
            bar.update(task, completed=done)
            if over:
                bar.stop()
                del bars[name]
        elif not over and not bars and monotonic() - begun.setdefault(name, monotonic()) > PATIENCE:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
            )
            bar = Progress(*columns, console=console, transient=True)
            bar.start()
            bars[name] = bar, bar.add_task(clean(name).replace("[", "\\["), total=size, completed=done)
        if over:
            begun.pop(name, None)

    return told
