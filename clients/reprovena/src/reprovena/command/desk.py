"""Where every command gets its connection and puts its answer; and how errors are told."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Annotated, Any, NoReturn, TextIO

import httpx
import typer
from rich.console import Console, RenderableType
from rich.table import Table
from typer.core import TyperGroup

from reprovena.client import Reprovena
from reprovena.command.words import clean, plain
from reprovena.credentials import PLACE, Account, Credentials
from reprovena.errors import NotLoggedIn, ProblemError, ReprovenaError, Unreachable, WrongUse
from reprovena.tokens import Tokens
from reprovena.transport import address

URL = "http://127.0.0.1:8000"
RUN_FAILED, WRONG_USE, REFUSED, AWAY, INTERRUPTED = 1, 2, 3, 4, 130
UNAUTHENTICATED = 401
NO_EDGE = 1000

ADVICE = {
    "gateway:unauthenticated": "Log in again: reprovena login",
    "gateway:not-found": "See what there is: reprovena workflow list, reprovena run list",
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
    "provenance:no-such-node": "Ids are shown by: reprovena run show RUN --json",
    "provenance:answer-too-large": "Ask for less with --depth",
    "gateway:unavailable": "Try again in a moment",
    "gateway:bug": "Tell an operator, with the instance named above",
}


@dataclass
class Desk:
    """What a command works with; tests hand in another door to the server and another clock."""

    door: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = sleep
    url: str | None = None
    token: str | None = None
    config: Path = PLACE
    json: bool = False
    _open: list[Reprovena] = field(default_factory=list)

    @property
    def out(self) -> Console:
        """The screen for answers."""
        return _console(sys.stdout)

    @property
    def err(self) -> Console:
        """The screen for everything else."""
        return _console(sys.stderr)

    def credentials(self) -> Credentials:
        """Read what is remembered."""
        return Credentials.read(self.config.expanduser())

    def server(self, credentials: Credentials) -> str:
        """Say which server is meant: the one named, else the one logged in to last, else this machine's."""
        return str(address(self.url or credentials.current or URL)).rstrip("/")

    def client(self, *, anonymous: bool = False) -> Reprovena:
        """Open a connection with the token there is."""
        known = self.credentials()
        url = self.server(known)
        account = known.servers.get(url)
        token: Tokens | None = Tokens(self.token) if self.token else account.tokens if account else None
        if token is None and not anonymous:
            msg = f"You are not logged in at {url}."
            raise NotLoggedIn(msg)

        def keep(tokens: Tokens) -> None:
            if account is not None:
                known.keep(url, Account(account.user, tokens))

        client = Reprovena(url, token=None if anonymous else token, keep=keep, transport=self.door, sleep=self.sleep)
        self._open.append(client)
        return client

    def close(self) -> None:
        """Close what was opened."""
        while self._open:
            self._open.pop().close()

    def say(self, document: object, *shown: RenderableType) -> None:
        """Answer: the document for machines, the rest for people."""
        if self.json:
            self.line(document, indent=2)
        else:
            self.out.print(*shown, sep="\n")

    def line(self, document: object, indent: int | None = None) -> None:
        """Write one JSON document; without indent it is one line."""
        sys.stdout.write(json.dumps(document, indent=indent, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something beside the answer, to people only."""
        if not self.json:
            self.err.print(plain(text, "dim"))


def _console(file: TextIO) -> Console:
    """Open a screen; what is no terminal has no edge at which lines would break."""
    return Console(file=file, highlight=False, width=None if file.isatty() else NO_EDGE)


def desk(ctx: typer.Context) -> Desk:
    """Find the desk of this command."""
    found = ctx.find_object(Desk)
    if found is None:
        msg = "the command was not started by its group"
        raise TypeError(msg)
    return found


def _remember_json(ctx: typer.Context, value: bool) -> bool:
    if value:
        desk(ctx).json = True
    return value


AsJson = Annotated[
    bool, typer.Option("--json", help="Answer in JSON, for programs.", callback=_remember_json, rich_help_panel="Output")
]


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
        except KeyboardInterrupt:
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


def cell(text: object) -> str:
    """Make text harmless for a table's cell, which reads marks."""
    return clean(text).replace("[", "\\[")


def listing(*columns: str) -> Table:
    """Begin a list."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
