"""How errors are told: in words, with what to do next, and by the exit code."""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from reprovena.command.desk import desk
from reprovena.command.words import plain
from reprovena.errors import NotLoggedIn, ProblemError, ReprovenaError, Unreachable, WrongUse

WRONG_USE, REFUSED, AWAY, INTERRUPTED = 2, 3, 4, 130
UNAUTHENTICATED = 401

ADVICE = {
    "gateway:unauthenticated": "Log in again: reprovena login",
    "gateway:forbidden": "Ask who runs the platform for the role; yours are shown by: reprovena whoami",
    "gateway:too-large": "Send less, or ask who runs the platform for a higher limit",
    "gateway:not-found": "See what there is: reprovena workflow list, reprovena run list, reprovena jobs",
    "registry:duplicate-workflow": "Give it another --version, or remove the old one: reprovena workflow delete NAME:VERSION",
    "registry:no-such-workflow": "See what there is: reprovena workflow list",
    "registry:unsupported-engine": "Say which language it is with --engine (cwl, serial, snakemake, yadage)",
    "registry:invalid-specification": "Mend the specification and register it again",
    "executor:no-such-run": "See what there is: reprovena run list",
    "executor:no-such-step": "See its steps: reprovena run show RUN",
    "executor:no-such-output": "See its outputs: reprovena run show RUN",
    "executor:unknown-parameter": "See what it takes: reprovena workflow show NAME:VERSION",
    "executor:missing-input": "Give it with --input NAME=VALUE or --file NAME=PATH",
    "executor:wrong-status": "See how it stands: reprovena run show RUN",
    "provenance:no-such-node": "Ids are shown by: reprovena run show RUN --json; a run that has just begun needs a moment",
    "provenance:no-such-record": "See what there is: reprovena run list; a run that has just begun needs a moment",
    "provenance:no-path": "See all that is around one of them: reprovena lineage up THING, reprovena lineage down THING",
    "provenance:not-comparable": "Compare them all the same with --any",
    "provenance:answer-too-large": "Ask for less with --depth",
    "gateway:unavailable": "Try again in a moment",
    "gateway:bug": "Tell an operator, with the instance named above",
}


class Polite(TyperGroup):
    """Runs a command and tells its errors in words and by its exit code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ReprovenaError as error:
            _tell(ctx, error)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            _tell(ctx, WrongUse(f"{error.filename or 'A file'}: {error.strerror or error}"))
        except (KeyboardInterrupt, typer.Abort):
            raise typer.Exit(INTERRUPTED) from None
        finally:
            with suppress(TypeError):
                desk(ctx).close()


def _tell(ctx: typer.Context, error: ReprovenaError) -> NoReturn:
    here = desk(ctx)
    code = AWAY if isinstance(error, Unreachable) else REFUSED if isinstance(error, ProblemError) else WRONG_USE
    if here.json:
        sys.stderr.write(json.dumps(_document(error), ensure_ascii=False) + "\n")
    else:
        _print(here.err, error)
    raise typer.Exit(code) from error


def _document(error: ReprovenaError) -> Mapping[str, Any]:
    if isinstance(error, ProblemError):
        return error.document or {"type": error.type, "title": error.title, "status": error.status, "detail": error.detail}
    return {"type": "about:blank", "title": type(error).__name__, "detail": str(error)}


def _print(console: Console, error: ReprovenaError) -> None:
    if isinstance(error, ProblemError):
        console.print(plain(error.title, "bold red"))
        if error.detail and error.detail != error.title:
            console.print(plain(error.detail))
        if error.errors:
            console.print(_errors(error))
        if error.status >= httpx.codes.INTERNAL_SERVER_ERROR and error.instance:
            console.print(plain(error.instance, "dim"))
    else:
        console.print(plain(error, "bold red"))
    if advice := _advice(error):
        console.print(plain(f"→ {advice}", "cyan"))


def _errors(error: ProblemError) -> Table:
    table = Table.grid(padding=(0, 2))
    for item in error.errors:
        where = item.file or ""
        if item.line is not None:
            where += f":{item.line}" if where else f"line {item.line}"
        place = " ".join(part for part in (where, item.field) if part)
        table.add_row(plain(f"  {place}", "yellow"), plain(item.detail))
    return table


def _advice(error: ReprovenaError) -> str:
    match error:
        case NotLoggedIn():
            return "Log in first: reprovena login"
        case Unreachable():
            return "Is the platform running? `make up` starts it; --url or REPROVENA_URL names another one"
        case ProblemError(kind=kind) if kind in ADVICE:
            return ADVICE[kind]
        case ProblemError(status=status) if status == UNAUTHENTICATED:
            return "Check the name and the password" if error.title == "No token" else ADVICE["gateway:unauthenticated"]
    return ""
