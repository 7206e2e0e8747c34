"""The `reprovena` command."""

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from reprovena.command import account, bus, documents, find, job, lineage, record, run, workflow
from reprovena.command.desk import Desk
from reprovena.command.polite import Polite
from reprovena.credentials import PLACE

EPILOG = """\
[bold]Exit codes[/bold]

 0  it went well

 1  the run failed or was stopped

 2  wrong use: an option, a file or a login is missing

 3  the server says no, and why

 4  the server cannot be reached

130 interrupted


First steps: reprovena login, reprovena workflow register FOLDER, reprovena run start NAME:VERSION --watch"""

app = typer.Typer(
    name="reprovena",
    cls=Polite,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    epilog=EPILOG,
)
WORK, PROVENANCE, ACCOUNT, OPERATORS = "Workflows and runs", "Provenance", "You", "Operators"
app.add_typer(workflow.app, name="workflow", rich_help_panel=WORK)
app.add_typer(run.app, name="run", rich_help_panel=WORK)
app.add_typer(job.app, name="jobs", rich_help_panel=WORK)
app.add_typer(lineage.app, name="lineage", rich_help_panel=PROVENANCE)
app.add_typer(record.app, name="record", rich_help_panel=PROVENANCE)
app.command("find", rich_help_panel=PROVENANCE)(find.find)
app.command("draw", rich_help_panel=PROVENANCE)(documents.draw)
app.command("export", rich_help_panel=PROVENANCE)(documents.export)
app.command("login", rich_help_panel=ACCOUNT)(account.login)
app.command("logout", rich_help_panel=ACCOUNT)(account.logout)
app.command("whoami", rich_help_panel=ACCOUNT)(account.whoami)
app.add_typer(bus.app, name="bus", rich_help_panel=OPERATORS)


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
