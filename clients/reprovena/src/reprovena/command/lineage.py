"""`reprovena lineage …`: where things come from and what became of them."""

from typing import Annotated, Literal

import typer

from reprovena.command import complete
from reprovena.command.desk import AsJson, desk
from reprovena.command.differing import drawn
from reprovena.command.nodes import RUN, Thing, node_of
from reprovena.command.tree import chain, tree
from reprovena.command.words import plain

app = typer.Typer(no_args_is_help=True, help="Ask where things come from and what became of them.")
Depth = Annotated[int | None, typer.Option(help="How many links to follow.", min=1)]
Everything = Annotated[bool, typer.Option("--all", "-a", help="People, software, plans and parameters too.")]


@app.command()
def up(ctx: typer.Context, thing: Thing, depth: Depth = None, everything: Everything = False, _json: AsJson = False) -> None:
    """Show what something was made from."""
    _show(ctx, thing, "up", depth, everything=everything)


@app.command()
def down(ctx: typer.Context, thing: Thing, depth: Depth = None, everything: Everything = False, _json: AsJson = False) -> None:
    """Show what was made from something."""
    _show(ctx, thing, "down", depth, everything=everything)


@app.command()
def path(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="Where to begin; named as for `up`.", metavar="FROM")],
    target: Annotated[str, typer.Argument(help="Where to end.", metavar="TO")],
    _json: AsJson = False,
) -> None:
    """Show the shortest way from one thing to another."""
    here = desk(ctx)
    client = here.client()
    start, end = node_of(client, source), node_of(client, target)
    found = client.path(start, end)
    here.say(found.document, *chain(found, start, end))


@app.command()
def difference(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help=RUN, metavar="RUN", autocompletion=complete.runs)],
    other: Annotated[str, typer.Argument(help="The run to compare with.", metavar="OTHER", autocompletion=complete.runs)],
    of_any: Annotated[bool, typer.Option("--any", help="Also runs of different workflows.")] = False,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also what is the same.")] = False,
    _json: AsJson = False,
) -> None:
    """Show how another run differs: values, files by content, steps, software."""
    here = desk(ctx)
    client = here.client()
    found = client.difference(client.find_run(run).id, client.find_run(other).id, of_any=of_any)
    said = [plain("Nothing differs but times.", "green")] if found.identical else []
    here.say(found.document, drawn(found, everything=everything), *said)
    if found.truncated:
        here.note("There is more than one answer may hold; those that differ come first.")


def _show(ctx: typer.Context, thing: str, direction: Literal["up", "down"], depth: int | None, *, everything: bool) -> None:
    here = desk(ctx)
    client = here.client()
    found = client.lineage(node_of(client, thing), direction, depth)
    here.say(found.document, tree(found, direction, everything=everything))
    if found.truncated:
        here.note("There is more; ask with a greater --depth.")
    elif not everything and not here.json:
        here.err.print(plain("People, software, plans and parameters are left out; --all shows them.", "dim"))
