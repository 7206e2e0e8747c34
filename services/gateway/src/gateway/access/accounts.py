"""Accounts of our own issuer: one YAML file that people can edit; it is read again when it changes."""

import getpass
import io
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chassis import keys
from gateway.access.clients import KNOWN, SERVICE, Client
from gateway.access.passwords import PLAIN, hashed
from gateway.access.roles import EVERY, USUAL

HEAD = """\
# Who may log in with Reprovena's own issuer. Edit it; it is read again when it changes.
# A new account needs `password: <something>`; it is replaced by its hash when the file is read.
# `groups` are tenants that an account works for; one of its own (`~<name>`) it has anyway.
# Without `roles` it has the usual ones of somebody who works here.
"""
REALM = "reprovena"
ISSUER = f"http://127.0.0.1:8000/auth/realms/{REALM}"
"""Where the issuer is by default, and its name wherever it is: identities do not change with the port."""


class Account(BaseModel):
    """Somebody who may log in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    """The `sub` of tokens; nothing means one that follows from the name."""
    name: str | None = None
    """As people call them."""
    email: str | None = None
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] | None = None
    """Nothing means the usual ones."""
    password: str | None = None
    password_hash: str | None = None
    enabled: bool = True

    @property
    def secret(self) -> str | None:
        """What a password is compared with."""
        return self.password_hash if self.password is None else PLAIN + self.password


class Accounts(BaseModel):
    """The file, as it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = ISSUER
    """The name of this issuer in tokens. It is part of every account's identity: changing it makes everybody somebody else."""
    clients: dict[str, Client] = {}
    """Programs besides the known ones, or other rules for these."""
    users: dict[str, Account] = {}

    @field_validator("users")
    @classmethod
    def _people(cls, users: dict[str, Account]) -> dict[str, Account]:
        if services := [name for name in users if name.startswith(SERVICE) or not name.isprintable() or not name]:
            msg = f"{services[0]!r} cannot be an account's name"
            raise ValueError(msg)
        return users

    def client(self, name: str) -> Client | None:
        """A program that may ask for tokens."""
        client = self.clients.get(name, KNOWN.get(name))
        return client if client is not None and client.enabled else None

    def subject(self, name: str) -> str:
        """The issuer's own name for an account, which stays when the account is renamed in the file with its `id`."""
        return self.users[name].id or str(uuid5(NAMESPACE_URL, f"{self.issuer}/{name}"))


DEMO = {
    f"user{n}": Account(
        name=f"User {n}",
        email=f"user{n}@example.org",
        groups=("group1",) if n <= 3 else ("group2",),
        roles=EVERY if n in {1, 4} else USUAL,
        password=f"password{n}",
    )
    for n in range(1, 6)
}
"""Well-known to everybody, so they exist only by a setting."""


@dataclass
class AccountsFile:
    """The file of accounts; a faulty edit is said once and leaves what was read before."""

    path: Path
    ours: bool = True
    """Whether we may write hashes into it."""
    demo: bool = False
    _stamp: tuple[int, int, int] | None = None
    _known: Accounts | None = field(default=None)

    def read(self) -> Accounts:
        """The accounts as the file has them now."""
        stamp = _stamp(self.path)
        if stamp != self._stamp or self._known is None:
            try:
                found = self._load()
            except (ValidationError, YAMLError, OSError, UnicodeDecodeError) as error:
                if self._known is None:
                    msg = f"{self.path} cannot be read: {error}"
                    raise ValueError(msg) from None
                _say(f"{self.path} was not taken over, because it cannot be read: {error}")
                found = self._known
            # the stamp of before reading: a change meanwhile is seen next time
            self._stamp, self._known = stamp, found
        return self._known

    def _load(self) -> Accounts:
        tree = YAML(typ="rt").load(self.path.read_text("utf-8"))
        tree = {} if tree is None else tree
        if self.ours and _hash_plain(tree):
            _write(self.path, tree)
        accounts = Accounts.model_validate(_plain(tree))
        return accounts.model_copy(update={"users": DEMO | accounts.users}) if self.demo else accounts


def begin(path: Path) -> None:
    """Make the file with one account and a random password, shown once, if there is none."""
    if path.exists():
        return
    name, password = login_name(), secrets.token_urlsafe(12)
    # whoever starts the platform keeps it
    mine = _empty({name: {"id": str(uuid4()), "groups": [], "roles": list(EVERY), "password_hash": hashed(password)}})
    if _make(path, mine) == mine:  # another process may have been first
        _say(f"A first account was made.\n    name:     {name}\n    password: {password}\nIt is not shown again; see {path}.")


def put(
    path: Path, name: str, password: str, *, groups: Sequence[str] = (), roles: Sequence[str] = (), email: str | None = None
) -> None:
    """Make or change an account in the file; comments and other accounts stay."""
    _make(path, _empty({}))
    tree = YAML(typ="rt").load(path.read_text("utf-8"))
    users = tree.setdefault("users", {})
    account = users.setdefault(name, {"id": str(uuid4())})
    account.pop("password", None)
    more = {key: value for key, value in (("roles", list(roles)), ("email", email)) if value}
    account.update({"groups": list(groups), "password_hash": hashed(password)} | more)
    Accounts.model_validate(_plain(tree))
    _write(path, tree)


def put_service(path: Path, name: str, *, groups: Sequence[str] = (), roles: Sequence[str] = ()) -> str:
    """Make a service that logs in itself, or give it another secret; the secret, which nobody can read afterwards."""
    _make(path, _empty({}))
    tree, secret = YAML(typ="rt").load(path.read_text("utf-8")), secrets.token_urlsafe(32)
    client = tree.setdefault("clients", {}).setdefault(name, {})
    client.pop("secret", None)
    told = {"grants": ["client_credentials"], "groups": list(groups), "roles": list(roles), "secret_hash": hashed(secret)}
    client.update(told)
    Accounts.model_validate(_plain(tree))
    _write(path, tree)
    return secret


def _empty(users: dict[str, Any]) -> bytes:
    return (HEAD + _dump({"issuer": ISSUER, "users": users})).encode()


def _make(path: Path, content: bytes) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    return keys.once(path, content)


def login_name() -> str:
    """The name of whoever starts the platform, or `me`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "me"


def _hash_plain(tree: Any) -> bool:
    """Replace what people wrote by its hash; say whether there was any."""
    found = False
    for part, word in (("users", "password"), ("clients", "secret")):
        entries = tree.get(part) if isinstance(tree, dict) else None
        for entry in entries.values() if isinstance(entries, dict) else ():
            if isinstance(entry, dict) and word in entry:
                entry[f"{word}_hash"] = hashed(str(entry.pop(word)))
                found = True
    return found


def _plain(tree: Any) -> Any:
    """YAML's own kinds of mapping as JSON-like values; an empty account or client is one without particulars."""
    text = YAML(typ="safe", pure=True).load(_dump(tree))
    for part in ("users", "clients"):
        if isinstance(text, dict) and isinstance(text.get(part), dict):
            text[part] = {str(name): {} if one is None else one for name, one in text[part].items()}
    return text


def _dump(tree: Any) -> str:
    target = io.StringIO()
    YAML(typ="rt").dump(tree, target)
    return target.getvalue()


def _write(path: Path, tree: Any) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(_dump(tree))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, int, int]:
    told = path.stat()
    return told.st_mtime_ns, told.st_size, told.st_ino


def _say(text: str) -> None:
    """To the console and nowhere else: a log may be kept."""
    sys.stderr.write(f"\n{text}\n\n")
