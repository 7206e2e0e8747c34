"""Keeps tokens between commands in one file that only its owner can read."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprovena.errors import WrongUse
from reprovena.tokens import Tokens

PLACE = Path("~/.config/reprovena/credentials.json")


@dataclass(frozen=True)
class Account:
    """Who is logged in at a server."""

    user: str
    tokens: Tokens
    issuer: str | None = None
    """Who gave the token, if not the server itself."""


@dataclass
class Credentials:
    """Accounts by server, and the server that is meant if none is named."""

    path: Path
    current: str | None = None
    servers: dict[str, Account] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """Read the file; none is as good as an empty one."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError) as error:
            msg = f"{path} cannot be read ({error}); `reprovena login` after removing it mends that."
            raise WrongUse(msg) from error
        if not isinstance(document, Mapping):
            return cls(path)
        servers = document.get("servers")
        known = servers.items() if isinstance(servers, Mapping) else ()
        return cls(path, document.get("current"), {url: _account(item) for url, item in known if isinstance(item, Mapping)})

    def keep(self, url: str, account: Account) -> None:
        """Remember an account, and write the file."""
        self.servers[url] = account
        self.current = self.current or url
        self.write()

    def forget(self, url: str) -> bool:
        """Forget an account, and write the file; tells whether there was one."""
        known = self.servers.pop(url, None) is not None
        if self.current == url:
            self.current = next(iter(self.servers), None)
        if known:
            self.write()
        return known

    def write(self) -> None:
        """Write the file whole or not at all, readable by its owner only."""
        document = {"current": self.current, "servers": {url: _document(account) for url, account in self.servers.items()}}
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".credentials.", dir=self.path.parent)  # made with 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=2)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _account(document: Mapping[str, Any]) -> Account:
    expires = document.get("expires_at")
    tokens = Tokens(
        token=str(document.get("token", "")),
        refresh_token=document.get("refresh_token"),
        expires_at=float(expires) if isinstance(expires, int | float) else None,
    )
    return Account(str(document.get("user", "")), tokens, document.get("issuer"))


def _document(account: Account) -> dict[str, Any]:
    tokens = account.tokens
    return {
        "user": account.user,
        "issuer": account.issuer,
        "token": tokens.token,
        "refresh_token": tokens.refresh_token,
        "expires_at": tokens.expires_at,
    }
