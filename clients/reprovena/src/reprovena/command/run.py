"""`reprovena run …`: starting and ending runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reprovena.command import following
from reprovena.command.board import board_of
from reprovena.command.desk import AsJson, cell, desk, listing
from reprovena.command.nodes import Run, Workflow
from reprovena.command.outcome import dataset, lodge, told
from reprovena.command.results import download, logs
from reprovena.command.words import between, plain, state, when
from reprovena.errors import WrongUse
from reprovena.inputs import Dataset, RunOutput, Source, UploadId, parse_pair, parse_value, read_values, with_local_files

app = typer.Typer(no_args_is_help=True, help="Start runs, watch them, and fetch what they made.")
Given = Annotated[
    list[str] | None, typer.Option("--input", "-i", help="A value, read as YAML: C='[0.1, 1]'.", metavar="NAME=VALUE")
]


@app.command()
def start(
    ctx: typer.Context,
    workflow: Workflow,
    given: Given = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            help="A file of values (YAML or JSON); local files that it names are sent along.", dir_okay=False, exists=True
        ),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            help="A file: NAME=./path, NAME=run:RUN/output, NAME=upload:ID or NAME=dataset:HANDLE#file.",
            metavar="NAME=SOURCE",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Watch it to its end.")] = False,
    priority: Annotated[int | None, typer.Option(help="Higher goes first.", min=-100, max=100)] = None,
    timeout: Annotated[int | None, typer.Option(help="Seconds it may run.", min=1)] = None,
    tenant: Annotated[str | None, typer.Option(help="For whom, if you belong to several.")] = None,
    _json: AsJson = False,
) -> None:
    """Start a run."""
    here = desk(ctx)
    sources = dict(_source(text) for text in files or ())
    values, local = _values(inputs, given, list(sources))
    client = here.client()
    started = client.start_run(workflow, values, {**local, **sources}, priority=priority, timeout=timeout, tenant=tenant)
    run = started.run
    if here.json:
        here.line(started.document if not watch else {"event": "started", **started.document})
    else:
        here.out.print(plain(f"Started {run.reference} ({run.id})."))
    if watch:
        following.follow(here, client, run, started.job.id)
    else:
        here.note(f"Watch it: reprovena run watch {run.id}")


@app.command()
def watch(ctx: typer.Context, run: Run, _json: AsJson = False) -> None:
    """Watch a run to its end; a lost connection is taken up again."""
    here = desk(ctx)
    client = here.client()
    following.follow(here, client, client.find_run(run))


@app.command("list")
def list_(
    ctx: typer.Context,
    workflow: Annotated[str | None, typer.Option(help="Only runs of this one: NAME:VERSION, or an id.")] = None,
    status: Annotated[str | None, typer.Option(help="Only these: running, finished, failed, …")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    _json: AsJson = False,
) -> None:
    """List runs."""
    here = desk(ctx)
    client = here.client()
    of = client.workflow(workflow).id if workflow else None
    found = list(client.runs(workflow=of, status=status, limit=limit))
    table = listing("RUN", "STATUS", "STARTED", "TOOK", "BY", "ID")
    for item in found:
        table.add_row(
            cell(item.reference),
            state(item.status),
            when(item.started),
            between(item.started, item.ended),
            cell(item.owner_name),
            cell(item.id),
        )
    here.say({"items": [item.document for item in found]}, table if found else plain("There are none.", "dim"))


@app.command()
def show(ctx: typer.Context, run: Run, _json: AsJson = False) -> None:
    """Show a run with its steps and what it made."""
    here = desk(ctx)
    client = here.client()
    found = client.find_run(run)
    if here.json:
        here.say(found.document)
        return
    here.say(found.document, board_of(found), plain(f"Id {found.id}, by {found.owner_name}, {when(found.created)}", "dim"))
    if (outcome := found.document.get("outcome")) and (line := told(outcome)):
        here.out.print(plain(line))
    if found.over:
        following.verdict(here.out, client, found)


app.command()(dataset)
app.command()(lodge)
app.command()(logs)
app.command()(download)


@app.command()
def stop(ctx: typer.Context, run: Run, _json: AsJson = False) -> None:
    """Stop a run."""
    here = desk(ctx)
    client = here.client()
    found = client.find_run(run)
    here.say(client.stop(found.id), plain(f"{found.reference} is told to stop."))


@app.command()
def restart(
    ctx: typer.Context,
    run: Run,
    given: Given = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Watch it to its end.")] = False,
    _json: AsJson = False,
) -> None:
    """Run again what ended, with the same files, and new values where given."""
    here = desk(ctx)
    values = _pairs(given)
    client = here.client()
    started = client.restart(client.find_run(run).id, values)
    if here.json:
        here.line(started.document if not watch else {"event": "started", **started.document})
    else:
        here.out.print(plain(f"Started {started.run.reference} ({started.run.id})."))
    if watch:
        following.follow(here, client, started.run, started.job.id)


@app.command()
def delete(ctx: typer.Context, run: Run, _json: AsJson = False) -> None:
    """Remove a run's files; its provenance stays."""
    here = desk(ctx)
    client = here.client()
    found = client.find_run(run)
    client.delete(found.id)
    here.say({"deleted": found.id}, plain(f"Removed the files of {found.reference}. Its provenance stays."))


def _pairs(given: list[str] | None) -> dict[str, Any]:
    return {name: parse_value(text) for name, text in map(parse_pair, given or ())}


def _values(inputs: Path | None, given: list[str] | None, named: list[str]) -> tuple[dict[str, Any], dict[str, Path]]:
    values = read_values(inputs) if inputs else {}
    from_file = with_local_files(values, inputs.resolve().parent if inputs else Path.cwd(), named)
    by_hand = with_local_files(_pairs(given), Path.cwd(), [*named, *from_file.files])
    return from_file.values | by_hand.values, from_file.files | by_hand.files


def _source(text: str) -> tuple[str, Source]:
    name, source = parse_pair(text)
    kind, colon, rest = source.partition(":")
    if colon and kind == "run":
        run, slash, output = rest.partition("/")
        if not slash or not output:
            msg = f"{source!r} names no output: write run:RUN/OUTPUT"
            raise WrongUse(msg)
        return name, RunOutput(run, output)
    if colon and kind == "upload":
        return name, UploadId(rest)
    if colon and kind == "dataset":
        handle, _, file = rest.partition("#")
        return name, Dataset(handle, file or None)
    if not Path(source).is_file():
        msg = f"{source} is not there (for {name})"
        raise WrongUse(msg)
    return name, Path(source)
