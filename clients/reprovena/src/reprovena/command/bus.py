"""`reprovena bus …`: for operators."""

from datetime import datetime
from typing import Annotated

import typer

from reprovena.command.desk import AsJson, cell, desk, listing
from reprovena.command.words import plain, when
from reprovena.models import documents

app = typer.Typer(help="For operators: messages that were set aside, and who hears what.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(help="SERVICE/NUMBER, as `reprovena bus parked` shows them.", metavar="ID...")]
Service = Annotated[str | None, typer.Option(help="Of one service only.")]


@app.command()
def parked(
    ctx: typer.Context,
    service: Service = None,
    queue: Annotated[str | None, typer.Option(help="Of one queue only.")] = None,
    limit: Annotated[int, typer.Option(help="Of each service, at most.", min=1, max=1000)] = 100,
    _json: AsJson = False,
) -> None:
    """List messages that failed too often, could not be read or were forged."""
    here = desk(ctx)
    found = here.client().operators.parked(service=service, queue=queue, limit=limit)
    table = listing("ID", "QUEUE", "PARKED", "REASON", "ERROR")
    for item in documents(found.get("items")):
        error = str(item["error"]).partition("\n")[0]
        table.add_row(
            cell(item["id"]),
            cell(item["queue"]),
            when(datetime.fromisoformat(str(item["at"]))),
            cell(item["reason"]),
            cell(error),
        )
    for name in map(str, found.get("away") or ()):
        here.note(f"The {name} does not answer.")
    here.say(found, table if table.row_count else plain("There are none.", "dim"))


@app.command()
def replay(ctx: typer.Context, ids: Ids, _json: AsJson = False) -> None:
    """Put messages back on their queues, once what made them fail is mended."""
    here = desk(ctx)
    count = here.client().operators.replay(ids)
    here.say({"count": count}, plain(f"Put back {count}."))


@app.command()
def drop(
    ctx: typer.Context,
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    _json: AsJson = False,
) -> None:
    """Forget messages for good."""
    here = desk(ctx)
    if not yes:
        typer.confirm(f"Forget {len(ids)} for good?", abort=True)
    count = here.client().operators.drop(ids)
    here.say({"count": count}, plain(f"Forgot {count}."))


@app.command()
def topology(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also the queues that are as they should be.")] = False,
    _json: AsJson = False,
) -> None:
    """List queues that nobody hears, and those that should be there and are not."""
    here = desk(ctx)
    found = here.client().operators.topology()
    table = listing("QUEUE", "SUBJECT", "STATE", "WAITING")
    for item in documents(found.get("items")):
        if every or item["state"] != "heard":
            waiting = "" if item.get("waiting") is None else str(item["waiting"])
            table.add_row(cell(item["queue"]), cell(item["subject"]), cell(item["state"]), waiting)
    here.say(found, table if table.row_count else plain("Every queue is heard.", "dim"))
