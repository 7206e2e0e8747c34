"""`make demo`: real workflows from registration to the question where their results come from.

It starts the platform on embedded parts in ./var, runs the examples, asks for the lineage of the final report, writes
provenance and pictures into ./var/demo, and stops what it started.
"""

import io
import secrets
import signal
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from keeping import Broken, Platform
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from reprovena import ProblemError, Reprovena, ReprovenaError, Run, RunOutput, Workflow, read_values, with_local_files
from reprovena.bundle import bundle
from reprovena.command.following import progress, verdict
from reprovena.command.tree import tree
from reprovena.inputs import file_names

HERE = Path(__file__).resolve().parent
STATE = HERE.parent / "var"
TARGET = STATE / "demo"
USER = "demo"
DOCUMENTS = {"prov.json": "json", "provn": "provn", "ttl": "turtle", "xml": "xml", "jsonld": "jsonld"}
PICTURES = ("png", "svg", "pdf")
DEPTH = 60
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


@dataclass(frozen=True)
class Example:
    """A workflow of this folder."""

    name: str
    folder: str
    ends: str = "finished"
    version: str = "1.0"

    @property
    def inputs(self) -> Path:
        """Its input file."""
        return HERE / self.name / "inputs.yaml"


DIGITS = Example("digits", "digits/workflow")
REPORT = Example("digits-report", "digits-report/workflow")
SERIAL = Example("serial", "serial")
FAILING = Example("failing", "failing/workflow", ends="failed")


def main() -> int:
    """Show it all; 0 if all of it went as it should."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _terminated)
    kept = Platform(STATE)
    try:
        with kept:
            password = begin(kept)
            with Reprovena(kept.url, login=(USER, password)) as client:
                report = show(client)
        end(kept, report, password, time.monotonic() - began)
    except (Broken, ReprovenaError) as error:
        fail(error, kept)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    return 0


def begin(kept: Platform) -> str:
    """Start the platform and make an account on it."""
    chapter("The platform")
    password = secrets.token_urlsafe(12)
    kept.account(USER, password, USER)
    kept.start()
    console.print(f"{kept.url} {'is up' if kept.ours else 'was up already, and is used'}; its state is in {_short(STATE)}.")
    return password


def show(client: Reprovena) -> Run:
    """Register and run the examples, and ask where the report comes from."""
    chapter("The workflows")
    for example in (DIGITS, REPORT, SERIAL, FAILING):
        console.print(registered(client, example))
    digits = run(client, DIGITS)
    report = run(client, REPORT, takes=digits)
    run(client, SERIAL)
    run(client, FAILING)
    chapter("Where the report comes from")
    page = next((file for file in client.outputs(report.id) if file.role == "report"), None)
    if page is None:
        raise Broken("The run made no report.")
    lineage = client.lineage(page.id, "up", DEPTH)
    console.print(tree(lineage, "up"))
    raw = f"run/{digits.id}/in/digits.csv"
    if raw not in lineage.nodes:
        raise Broken(f"The report's lineage does not lead back to {raw}.")
    chapter("What was written")
    for path in sorted(written(client, digits, report, page.id)):
        console.print(f"{_short(path)}  [dim]{path.stat().st_size:,} bytes[/dim]")
    return report


def registered(client: Reprovena, example: Example) -> str:
    """Register an example, or what has changed of it."""
    reference = f"{example.name}:{example.version}"
    known = next(client.workflows(name=example.name, version=example.version), None)
    if known is None:
        made = client.register_workflow(HERE / example.folder, name=example.name, version=example.version)
        return f"{reference} is registered as {made.handle}."
    if same(client, known, HERE / example.folder):
        return f"{reference} is registered as before ({known.handle})."
    client.update_workflow(known.id, path=HERE / example.folder)
    return f"{reference} has changed and is registered anew ({known.handle})."


def same(client: Reprovena, known: Workflow, folder: Path) -> bool:
    """Compare a registered specification with a folder, file by file."""
    return _contents(client.specification(known.id)) == _contents(bundle(folder).content)


def run(client: Reprovena, example: Example, takes: Run | None = None) -> Run:
    """Run an example to its end; files that are not beside its inputs are outputs of the run that it takes."""
    chapter(f"{example.name}" + (", with results of " + takes.reference if takes else ""))
    values = read_values(example.inputs)
    outputs = {Path(file.path).name: file.path for file in client.outputs(takes.id)} if takes else {}
    earlier = {name: RunOutput(takes.id, outputs[name]) for name in file_names(values) if takes and name in outputs}
    inputs = with_local_files(values, example.inputs.parent, list(earlier))
    started = client.start_run(f"{example.name}:{example.version}", inputs.values, {**inputs.files, **earlier})
    progress(console, client, started.run)
    client.settle(started.job.id)  # its provenance is captured
    ended = client.run(started.run.id)
    verdict(console, client, ended)
    if ended.status != example.ends:
        raise Broken(f"{ended.reference} should have {example.ends}, and has {ended.status}.")
    if ended.status == "failed":
        console.print("[dim]It was meant to fail: what it did until then is in the graph all the same.[/dim]")
    return ended


def written(client: Reprovena, digits: Run, report: Run, page: str) -> list[Path]:
    """Write provenance in all its forms, and what the runs made."""
    TARGET.mkdir(parents=True, exist_ok=True)
    contents = {f"digits.{form}": client.drawing(digits.id, form) for form in PICTURES}
    contents |= {f"digits.{suffix}": client.provenance(digits.id, form) for suffix, form in DOCUMENTS.items()}
    contents |= {f"lineage.{form}": client.lineage_drawing(page, form, "up", DEPTH) for form in PICTURES[:2]}
    paths = []
    for name, content in contents.items():
        (TARGET / name).write_bytes(content)
        paths.append(TARGET / name)
    for of, stem in ((digits, "plot"), (report, "report")):
        wanted = [file for file in client.outputs(of.id) if file.role in {"picture", "report"}]
        paths += [client.download(of.id, file.path, TARGET / f"{stem}{Path(file.path).suffix}") for file in wanted]
    return paths


def end(kept: Platform, report: Run, password: str, took: float) -> None:
    """Say what it cost and how to go on."""
    chapter("How to go on")
    reprovena = _short(Path(sys.executable).parent / "reprovena")
    table = Table.grid(padding=(0, 3))
    table.add_row("make up", "[dim]keeps the platform running[/dim]")
    table.add_row(f"{reprovena} login --user {USER}", f"[dim]password: {password}[/dim]")
    table.add_row(f"{reprovena} run list", "[dim]what ran[/dim]")
    table.add_row(f"{reprovena} lineage up '{report.reference}/report.html'", "[dim]the tree above[/dim]")
    table.add_row(f"{reprovena} --help", "[dim]everything else[/dim]")
    console.print(table)
    memory = f", and the platform took at most {kept.peak / 2**20:.0f} MiB of memory" if kept.peak else ""
    console.print(Text(f"\nIt took {took:.1f} s{memory}.", style="bold green"))


def fail(error: Exception, kept: Platform) -> None:
    """Say what went wrong, with the platform's last words."""
    console.print(Text(f"\n{error}", style="bold red"))
    if isinstance(error, ProblemError):
        for one in error.errors:
            console.print(Text(f"  {one.file or one.field or ''} {one.line or ''} {one.detail}"))
    if kept.ours and (tail := kept.tail()):
        console.print(Text(f"The end of {_short(kept.log)}:\n{tail}", style="dim"))


def chapter(title: str) -> None:
    """Begin a part."""
    console.print()
    console.print(Rule(title, align="left", style="cyan"))


def _contents(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _terminated(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
