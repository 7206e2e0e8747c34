"""`reprovena draw` and `export`: provenance as pictures and as documents."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from reprovena import formats
from reprovena.command.desk import AsJson, desk
from reprovena.command.nodes import Thing, node_of, run_of
from reprovena.command.words import plain, size

Way = Annotated[str, typer.Option(help="For anything but a run: up or down.", metavar="up|down")]
Depth = Annotated[int | None, typer.Option(help="For anything but a run: how many links to follow.", min=1)]


def draw(
    ctx: typer.Context,
    thing: Thing,
    to: Annotated[Path | None, typer.Option("--to", "-o", help="The file to write; its ending says the format.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="png, svg or pdf.")] = None,
    direction: Way = "up",
    depth: Depth = None,
    _json: AsJson = False,
) -> None:
    """Draw a run's provenance, or the lineage of anything else."""
    here = desk(ctx)
    kind = form or formats.of_file(to, formats.DRAWINGS, "svg")
    formats.media_type(kind, formats.DRAWINGS)
    client = here.client()
    run = run_of(client, thing)
    if run is not None:
        content = client.drawing(run, kind)
    else:
        content = client.lineage_drawing(node_of(client, thing), kind, direction, depth)
    target = to or Path(f"{run or 'lineage'}.{kind}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    here.say({"written": [str(target)]}, plain(f"{target} ({size(len(content))})"))


def export(
    ctx: typer.Context,
    thing: Thing,
    to: Annotated[Path | None, typer.Option("--to", "-o", help="The file to write; else it goes to the screen.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="json, provn, xml, turtle or jsonld.")] = None,
    direction: Way = "up",
    depth: Depth = None,
    _json: AsJson = False,
) -> None:
    """Write a run's PROV document, or that of the lineage of anything else."""
    here = desk(ctx)
    kind = form or formats.of_file(to, formats.DOCUMENTS, "json")
    formats.media_type(kind, formats.DOCUMENTS)
    client = here.client()
    run = run_of(client, thing)
    if run is not None:
        content = client.provenance(run, kind)
    else:
        content = client.lineage_document(node_of(client, thing), kind, direction, depth)
    if to is None:
        sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
        sys.stdout.flush()
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
    here.say({"written": [str(to)]}, plain(f"{to} ({size(len(content))})"))
