"""`reprovena jobs`."""

from typing import Annotated

import typer

from reprovena.command.desk import AsJson, cell, desk, listing
from reprovena.command.words import plain, state, when


def jobs(
    ctx: typer.Context,
    job: Annotated[str | None, typer.Argument(help="One job's id; else all are listed.")] = None,
    status: Annotated[str | None, typer.Option(help="PENDING, IN_PROGRESS, SUCCEEDED or FAILED.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    _json: AsJson = False,
) -> None:
    """List the pieces of work that the server has taken on, or show one."""
    here = desk(ctx)
    client = here.client()
    if job is not None:
        one = client.job(job)
        detail = (one.problem or {}).get("detail", "")
        here.say(one.document, plain(f"{one.kind} {one.status} {when(one.updated)} {detail}".rstrip()))
        return
    found = list(client.jobs(status=status.upper() if status else None, limit=limit))
    table = listing("JOB", "KIND", "STATUS", "CREATED", "WHY")
    for item in found:
        why = (item.problem or {}).get("detail", "")
        table.add_row(cell(item.id), cell(item.kind), state(item.status), when(item.created), cell(why))
    here.say({"items": [item.document for item in found]}, table if found else plain("There are none.", "dim"))
