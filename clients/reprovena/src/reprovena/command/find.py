"""`reprovena find`: where a file took part."""

from pathlib import Path
from typing import Annotated

import typer

from reprovena.command.desk import AsJson, cell, desk, listing
from reprovena.command.words import plain, size, when
from reprovena.compared import FileUse
from reprovena.digests import digest_of


def find(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of this machine. It is not sent: only its SHA-256 is.", metavar="FILE")],
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    _json: AsJson = False,
) -> None:
    """Find every run and step that used or wrote a file with the same bytes, whatever it was called."""
    here = desk(ctx)
    client = here.client()
    digest = digest_of(file, here.bars())
    found = list(client.uses(digest, limit=limit + 1))
    shown, more = found[:limit], len(found) > limit
    table = listing("WHEN", "RUN", "STEP", "HOW", "AS", "BY")
    for item in shown:
        table.add_row(
            when(item.at), cell(item.reference), cell(item.step or ""), _how(item), cell(item.path), cell(item.by or "")
        )
    none = plain(f"Nothing here that you may see has taken or made a file with the bytes of {file}.")
    head = plain(f"{file} ({size(file.stat().st_size)}, sha256:{digest[:12]})", "bold")
    document = {"sha256": digest, "items": [item.document for item in shown], "more": more}
    here.say(document, *((head, table) if shown else (none,)))
    if more:
        here.note("There is more; ask with a greater --limit.")


def _how(item: FileUse) -> str:
    role = f" ({item.role})" if item.role else ""
    return f"{item.relation or 'known'}{role}"
