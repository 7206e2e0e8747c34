"""The `reprovena` command."""

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from reprovena.command import account, bus, documents, job, lineage, run, workflow
from reprovena.command.desk import Desk, Polite
from reprovena.credentials import PLACE

app = typer.Typer(
    name="reprovena",
    cls=Polite,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 well, 1 the run failed or was stopped, 2 wrong use, 3 the server says no, 4 it cannot be reached.",
)
app.add_typer(workflow.app, name="workflow")
app.add_typer(run.app, name="run")
app.add_typer(lineage.app, name="lineage")
app.add_typer(bus.app, name="bus")
app.command("login")(account.login)
app.command("logout")(account.logout)
app.command("whoami")(account.whoami)
app.command("draw")(documents.draw)
app.command("export")(documents.export)
app.command("jobs")(job.jobs)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"reprovena {version_of('reprovena')}")
        raise typer.Exit


@app.callback()
def reprovena(
    ctx: typer.Context,
    url: Annotated[
        str | None, typer.Option(envvar="REPROVENA_URL", help="The server; else the one logged in to last.", metavar="URL")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="REPROVENA_TOKEN", help="A token to use instead of the one kept by login.")
    ] = None,
    config: Annotated[Path, typer.Option(envvar="REPROVENA_CONFIG", help="Where tokens are kept.")] = PLACE,
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")] = False,
) -> None:
    """Run workflows and ask where results come from."""
    given = ctx.find_object(Desk) or Desk()
    given.url, given.token, given.config = url, token, config
    ctx.obj = given
