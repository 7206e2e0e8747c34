"""Where every command gets its connection and puts its answer; and how errors are told."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import sleep
from typing import Annotated, TextIO

import httpx
import typer
from rich.console import Console, RenderableType
from rich.table import Table

from reprovena.address import address
from reprovena.command.transfers import transfers
from reprovena.command.words import clean, plain
from reprovena.credentials import PLACE, Credentials
from reprovena.errors import NotLoggedIn
from reprovena.progress import Progress, quiet
from reprovena.sync.client import Reprovena
from reprovena.tokens import Tokens

URL = "http://127.0.0.1:8000"
RUN_FAILED = 1
NO_EDGE = 1000


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

    def client(self, *, anonymous: bool = False, issuer: str | None = None) -> Reprovena:
        """Open a connection with the token there is."""
        known = self.credentials()
        url = self.server(known)
        account = known.servers.get(url)
        token: Tokens | None = Tokens(self.token) if self.token else account.tokens if account else None
        if token is None and not anonymous:
            msg = f"You are not logged in at {url}."
            raise NotLoggedIn(msg)

        def keep(tokens: Tokens) -> None:
            # Read anew: another command may have logged in elsewhere meanwhile.
            now = self.credentials()
            if account is not None and not self.token and url in now.servers:
                now.keep(url, replace(account, tokens=tokens))

        def newer() -> Tokens | None:
            other = None if self.token else self.credentials().servers.get(url)
            return other.tokens if other else None

        client = Reprovena(
            url,
            token=None if anonymous else token,
            issuer_url=issuer or (account.issuer if account else None),
            keep=None if anonymous else keep,
            reload=newer,
            progress=self.bars(),
            transport=self.door,
            sleep=self.sleep,
        )
        self._open.append(client)
        return client

    def bars(self) -> Progress:
        """Bars for long transfers, where there is somebody to see them."""
        return transfers(self.err) if self.err.is_terminal and not self.json else quiet

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


def cell(text: object) -> str:
    """Make text harmless for a table's cell, which reads marks."""
    return clean(text).replace("[", "\\[")


def listing(*columns: str) -> Table:
    """Begin a list."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
