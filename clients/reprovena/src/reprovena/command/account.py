"""`reprovena login`, `logout` and `whoami`."""

import sys
from typing import Annotated

import typer

from reprovena.command.desk import AsJson, desk
from reprovena.command.words import plain
from reprovena.credentials import Account
from reprovena.errors import WrongUse
from reprovena.transport import address, loopback


def login(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Option(help="The server.", metavar="URL")] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Your name there; asked for if not given.")] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="REPROVENA_PASSWORD", help="Better given by the variable, or asked for.", show_envvar=True),
    ] = None,
    _json: AsJson = False,
) -> None:
    """Log in; the token is kept for the other commands, and renewed by itself."""
    here = desk(ctx)
    here.url = url or here.url
    known = here.credentials()
    server = here.server(known)
    if not loopback(address(server)) and server.startswith("http:"):
        here.err.print(plain(f"{server} is not encrypted: others on the way can read your password.", "yellow"))
    name = user or _ask("User", hidden=False)
    secret = password or _ask("Password", hidden=True)
    client = here.client(anonymous=True)
    tokens = client.login(name, secret)
    known.current = server
    known.keep(server, Account(name, tokens))
    here.say({"url": server, "user": name}, plain(f"Logged in at {server} as {name}."))


def logout(ctx: typer.Context, _json: AsJson = False) -> None:
    """Forget the token of a server."""
    here = desk(ctx)
    known = here.credentials()
    server = here.server(known)
    was = known.forget(server)
    here.say(
        {"url": server, "known": was}, plain(f"Logged out of {server}." if was else f"You were not logged in at {server}.")
    )


def whoami(ctx: typer.Context, _json: AsJson = False) -> None:
    """Say who you are to the server, and for whom you may act."""
    here = desk(ctx)
    client = here.client()
    me = client.me()
    tenants = ", ".join(str(tenant) for tenant in me.get("tenants") or ())
    here.say(me, plain(f"{me.get('name')} at {client.url}, for {tenants or 'nobody else'}"))


def _ask(what: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty() and hidden:
        line = sys.stdin.readline().rstrip("\r\n")
        if line:
            return line
        msg = "There is no password: set REPROVENA_PASSWORD, or type it at a terminal."
        raise WrongUse(msg)
    answer: str = typer.prompt(what, hide_input=hidden, err=True)
    return answer
