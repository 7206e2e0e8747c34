"""`reprovena login`, `logout` and `whoami`."""

import sys
from typing import Annotated

import typer

from reprovena.address import address, loopback
from reprovena.command.desk import AsJson, Desk, desk
from reprovena.command.words import plain
from reprovena.credentials import Account
from reprovena.errors import ReprovenaError, WrongUse
from reprovena.issuer import DeviceCode


def login(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Option(help="The server.", metavar="URL")] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Your name there; asked for if not given.")] = None,
    device: Annotated[
        bool, typer.Option("--device", help="Approve it in a browser, here or on another device; no password is typed here.")
    ] = False,
    issuer: Annotated[
        str | None, typer.Option(help="Who gives tokens, if not the server itself: https://…/realms/NAME.", metavar="URL")
    ] = None,
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
    client = here.client(anonymous=True, issuer=issuer)
    if device:
        tokens = client.login_device(lambda code: _invite(here, code))
        name = str(client.me().get("name") or "")
    else:
        name = user or _ask("User", hidden=False)
        secret = password or _ask("Password", hidden=True)
        tokens = client.login(name, secret)
    known = here.credentials()  # a login may take its time
    known.current = server
    known.keep(server, Account(name, tokens, issuer))
    here.say({"url": server, "user": name}, plain(f"Logged in at {server} as {name}."))


def logout(ctx: typer.Context, _json: AsJson = False) -> None:
    """Forget the token of a server, there and here."""
    here = desk(ctx)
    known = here.credentials()
    server = here.server(known)
    if server in known.servers:
        try:
            here.client().logout()
        except ReprovenaError as error:
            here.note(f"The server could not be told, the token ends by itself there: {error}")
        known = here.credentials()
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


def _invite(here: Desk, code: DeviceCode) -> None:
    """Say where a login is approved: beside the answer, for a program reads that."""
    where = code.verification_uri_complete or code.verification_uri
    here.err.print(plain(f"Open {where}"), plain(f"and approve the code {code.user_code}", "bold"), sep="\n")


def _ask(what: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty() and hidden:
        line = sys.stdin.readline().rstrip("\r\n")
        if line:
            return line
        msg = "There is no password: set REPROVENA_PASSWORD, or type it at a terminal."
        raise WrongUse(msg)
    answer: str = typer.prompt(what, hide_input=hidden, err=True)
    return answer
