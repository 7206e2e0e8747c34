"""`reprovena record …`: what model runs and other entries say in the graph, and taking a change back."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from reprovena.command.desk import AsJson, desk
from reprovena.command.words import plain, state, when
from reprovena.errors import WrongUse
from reprovena.records import Action

app = typer.Typer(no_args_is_help=True, help="See what a change does to the graph, and take one back.")
Which = Annotated[str, typer.Argument(help="The handle of a registered entry, such as 10378.1/1000012.", metavar="HANDLE")]
SIGNS = {
    "ADD_NEW_NODE": "+",
    "ADD_NEW_LINK": "+",
    "REMOVE_NODE": "-",
    "REMOVE_LINK": "-",
    "ADD_RECORD_ID_TO_NODE": "»",
    "ADD_RECORD_ID_TO_LINK": "»",
    "REMOVE_RECORD_ID_FROM_NODE": "«",
    "REMOVE_RECORD_ID_FROM_LINK": "«",
}
STYLES = {"+": "green", "-": "red", "»": "cyan", "«": "yellow"}
LEGEND = "+ comes, - goes; » is also said by this record now, « by others only."


@app.command()
def diff(
    ctx: typer.Context,
    records: Annotated[
        list[str] | None, typer.Argument(help="Handles of registered entries.", metavar="HANDLE...", show_default=False)
    ] = None,
    to: Annotated[int | None, typer.Option(help="As if it went back to this revision.", min=1)] = None,
    record: Annotated[
        Path | None, typer.Option(help="As if the model run, or a new one, said what is in this JSON file.", exists=True)
    ] = None,
    _json: AsJson = False,
) -> None:
    """Show what withdrawing records would do to the graph, or going back, or saying something else; nothing is done."""
    here = desk(ctx)
    named = records or []
    if record is not None:
        if len(named) > 1 or to is not None:
            msg = "--record takes one HANDLE, or none for a run that would be new; and no --to."
            raise WrongUse(msg)
        found = here.client().preview_record(_read(record), named[0] if named else None)
    elif not named:
        msg = "Name a HANDLE, or a file with --record."
        raise WrongUse(msg)
    else:
        found = here.client().preview(*named, to=to)
    lines = [*_lines(found.actions)]
    here.say(found.document, *(lines or [plain("Nothing would change.", "dim")]))
    if lines:
        here.note(LEGEND)


@app.command()
def changes(
    ctx: typer.Context,
    record: Which,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    _json: AsJson = False,
) -> None:
    """List the revisions of a record with what each did to the graph, the newest first."""
    here = desk(ctx)
    found = list(here.client().changes(record, limit=limit))
    lines: list[Text] = []
    for one in found:
        silent = ", says nothing any more" if one.withdrawn else ""
        lines += [plain(f"revision {one.revision} {when(one.at)}{silent}", "bold"), *_lines(one.actions)]
    here.say({"items": [one.document for one in found]}, *lines)
    here.note(LEGEND)


@app.command()
def undo(
    ctx: typer.Context,
    record: Which,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the history.")],
    to: Annotated[
        int | None, typer.Option(help="The revision that said it; else what was said before the last change.", min=1)
    ] = None,
    within: Annotated[float, typer.Option(help="Seconds to wait until the graph says it.", min=0)] = 120.0,
    _json: AsJson = False,
) -> None:
    """Let a model run say again what it said: as a new revision, so this can be taken back, too."""
    here = desk(ctx)
    job = here.client().undo(record, reason, to, within)
    here.say(job.document, plain(f"{record} is at revision {job.result.get('revision')} ").append_text(state(job.status)))


def _lines(actions: Iterable[Action]) -> list[Text]:
    found = []
    for one in actions:
        sign = SIGNS.get(one.kind, "?")
        told = one.node if one.node is not None else f"{one.source} {one.relation} {one.target}"
        found.append(plain(f"  {sign} {told}", STYLES.get(sign, "")))
    return found


def _read(path: Path) -> dict[str, object]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path} is not JSON: {error}"
        raise WrongUse(msg) from None
    if not isinstance(told, dict):
        msg = f"{path} holds no record: a JSON object is needed."
        raise WrongUse(msg)
    return told
