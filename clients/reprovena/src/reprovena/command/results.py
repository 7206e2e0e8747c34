"""`reprovena run logs` and `run download`: what a run wrote."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from reprovena.command.desk import AsJson, desk
from reprovena.command.nodes import Run
from reprovena.command.words import clean, plain, size
from reprovena.downloads import inside
from reprovena.errors import WrongUse


def logs(
    ctx: typer.Context,
    run: Run,
    step: Annotated[str | None, typer.Option("--step", "-s", help="A step's place; else the engine's own log.")] = None,
    _json: AsJson = False,
) -> None:
    """Show a log."""
    here = desk(ctx)
    client = here.client()
    found = client.find_run(run)
    content = client.logs(found.id, step)
    if here.json:
        here.say({"run": found.id, "step": step, "log": content.decode(errors="replace")})
    elif sys.stdout.isatty():
        here.out.print(plain("\n".join(clean(line) for line in content.decode(errors="replace").splitlines())))
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


def download(
    ctx: typer.Context,
    run: Run,
    outputs: Annotated[
        list[str] | None, typer.Argument(help="Paths or roles; all if none is named.", metavar="[OUTPUT]...")
    ] = None,
    to: Annotated[Path, typer.Option("--to", "-o", help="The folder to write into.", file_okay=False)] = Path(),
    archive: Annotated[bool, typer.Option("--zip", help="One zip of all outputs.")] = False,
    _json: AsJson = False,
) -> None:
    """Fetch what a run made."""
    here = desk(ctx)
    if archive and outputs:
        msg = "--zip takes all outputs; name none."
        raise WrongUse(msg)
    client = here.client()
    found = client.find_run(run)
    if archive:
        written = [client.archive(found.id, to / f"{found.id}.zip")]
    else:
        files = client.outputs(found.id)
        wanted = [file for file in files if not outputs or file.path in outputs or file.role in outputs]
        known = {file.path for file in wanted} | {file.role for file in wanted}
        if missing := [name for name in outputs or () if name not in known]:
            there = ", ".join(file.path for file in files) or "nothing"
            msg = f"{found.reference} has no output {', '.join(missing)}; it has {there}."
            raise WrongUse(msg)
        written = [client.download(found.id, file.path, inside(to, file.path)) for file in wanted]
    lines = [plain(f"{path} ({size(path.stat().st_size)})") for path in written]
    here.say({"written": [str(path) for path in written]}, *(lines or [plain("There is nothing to fetch.", "dim")]))
