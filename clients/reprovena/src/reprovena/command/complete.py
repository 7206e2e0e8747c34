"""What a shell offers after TAB: the names there are, if the server says them at once."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import typer

from reprovena.credentials import PLACE, Credentials
from reprovena.errors import ReprovenaError
from reprovena.sync.client import Reprovena
from reprovena.tokens import Tokens

SECONDS = 2.0
"""Who presses TAB does not wait longer."""
MANY = 50


def workflows(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer workflows."""
    return _offered(ctx, incomplete, lambda client: ((item.reference, item.engine) for item in client.workflows(limit=MANY)))


def runs(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer runs, the newest first."""
    return _offered(ctx, incomplete, lambda client: ((item.reference, item.status) for item in client.runs(limit=MANY)))


def _offered(
    ctx: typer.Context, incomplete: str, ask: Callable[[Reprovena], Iterable[tuple[str, str]]]
) -> list[tuple[str, str]]:
    given = ctx.find_root().params
    with suppress(ReprovenaError, OSError):  # nothing to offer is better than an error in the middle of a line
        known = Credentials.read(Path(given.get("config") or PLACE).expanduser())
        url = given.get("url") or known.current
        account = known.servers.get(str(url).rstrip("/")) if url else None
        token = Tokens(given["token"]) if given.get("token") else account.tokens if account else None
        if url and token:
            with Reprovena(url, token=token, timeout=SECONDS) as client:
                return [(name, what) for name, what in islice(ask(client), MANY) if name.startswith(incomplete)]
    return []
