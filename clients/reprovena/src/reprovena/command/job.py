"""`reprovena jobs …`: what the server has taken on."""

from typing import Annotated

import typer

from reprovena.command.desk import AsJson, cell, desk, listing
from reprovena.command.words import plain, state, when
from reprovena.models import Job

app = typer.Typer(help="Look at the pieces of work that the server has taken on, and wait for them.")
Status = Annotated[str | None, typer.Option(help="PENDING, IN_PROGRESS, SUCCEEDED or FAILED.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1)]
Which = Annotated[str, typer.Argument(help="Its id.", metavar="JOB")]


@app.callback(invoke_without_command=True)
def jobs(ctx: typer.Context, _json: AsJson = False) -> None:
    """Look at the pieces of work that the server has taken on, and wait for them."""
    if ctx.invoked_subcommand is None:
        _list(ctx, None, 20)


@app.command("list")
def list_(ctx: typer.Context, status: Status = None, limit: Limit = 20, _json: AsJson = False) -> None:
    """List jobs, the newest first; so does `jobs` alone."""
    _list(ctx, status, limit)


@app.command()
def show(ctx: typer.Context, job: Which, _json: AsJson = False) -> None:
    """Show a job."""
    here = desk(ctx)
    _say(ctx, here.client().job(job))


@app.command()
def wait(
    ctx: typer.Context,
    job: Which,
    within: Annotated[float, typer.Option(help="Seconds to wait.", min=0)] = 600.0,
    _json: AsJson = False,
) -> None:
    """Wait for a job's end; one that fails is told as the problem that ended it."""
    here = desk(ctx)
    _say(ctx, here.client().settle(job, within))


def _say(ctx: typer.Context, job: Job) -> None:
    detail = (job.problem or {}).get("detail", "")
    line = plain(f"{job.kind} ").append_text(state(job.status)).append_text(plain(f" {when(job.updated)} {detail}".rstrip()))
    desk(ctx).say(job.document, line)


def _list(ctx: typer.Context, status: str | None, limit: int) -> None:
    here = desk(ctx)
    found = list(here.client().jobs(status=status.upper() if status else None, limit=limit))
    table = listing("JOB", "KIND", "STATUS", "CREATED", "WHY")
    for item in found:
        why = (item.problem or {}).get("detail", "")
        table.add_row(cell(item.id), cell(item.kind), state(item.status), when(item.created), cell(why))
    here.say({"items": [item.document for item in found]}, table if found else plain("There are none.", "dim"))
