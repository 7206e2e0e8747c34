"""What the keeper of a platform does besides serving."""

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.assembly import bring_up_to_date
from chassis.bus.topology import queues
from chassis.database import open_database
from contracts.catalog import CATALOG
from contracts.problem import PREFIX, TYPES
from executor.tokens.rotation import rotate
from gateway.access import accounts
from gateway.access.rotation import ROTATE_KEY
from onebox.serving import SERVICES
from onebox.settings import OneboxSettings

TOPOLOGY = '''"""Who hears what: every queue and the subject it is bound to. Written by `make topology`; a test compares."""

QUEUES: dict[str, str] = {
%s}
'''
PROBLEMS = """# Problem types

Every error of `/v1` is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, and where it applies
`instance`, `job` and `errors`, each of these with `detail` and `field`, or `file` and `line`. A job that failed has the
same in its `problem`. `GET /v1/problems/<type>` tells what a type means, `GET /v1/problems` tells of all; no token is needed.

The first word of a type is the service that says no. Written by `make problems`; a test compares.

| type | status | title |
| --- | --- | --- |
%s"""


async def migrate(settings: OneboxSettings) -> None:
    """Bring the bus and every service's schema up to date."""
    password = settings.key("database")
    async with open_database(settings.database_url, pool=settings.database_pool, password_file=password) as database:
        await bring_up_to_date(SERVICES, database.engine)


async def rotate_tokens(settings: OneboxSettings) -> None:
    """Seal the stored REANA tokens with the newest key."""
    sys.stdout.write(f"{await rotate(settings)} tokens sealed with the newest key\n")


async def rotate_key(settings: OneboxSettings, told: argparse.Namespace) -> None:
    """Sign tokens of the embedded issuer with a new key."""
    await ROTATE_KEY.run(settings, told)


def topology() -> str:
    """The text of `contracts/topology.py`."""
    return TOPOLOGY % "".join(f'    "{queue}": "{subject}",\n' for queue, subject in sorted(queues(SERVICES).items()))


def schemas() -> str:
    """The JSON Schemas of all messages by subject."""
    found = {subject: kind.model_json_schema() for subject, kind in CATALOG.items()}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def problems() -> str:
    """The text of `docs/problems.md`."""
    rows = ((PREFIX + kind, status, title) for kind, (status, title) in TYPES.items())
    return PROBLEMS % "".join(f"| `{kind}` | {status} | {title} |\n" for kind, status, title in rows)


def account(
    settings: OneboxSettings,
    name: str,
    groups: Sequence[str],
    roles: Sequence[str],
    *,
    email: str | None = None,
    from_stdin: bool,
) -> None:
    """Make or change an account of the embedded issuer."""
    password = sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass(f"Password for {name}: ")
    if not password:
        msg = "an account needs a password"
        raise ValueError(msg)
    accounts.put(_accounts(settings), name, password, groups=groups, roles=roles, email=email)


def client(settings: OneboxSettings, name: str, groups: Sequence[str], roles: Sequence[str]) -> None:
    """Make a service that logs in by itself, and show its secret once."""
    secret = accounts.put_service(_accounts(settings), name, groups=groups, roles=roles)
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write(f"This is the secret of {name}. It is not shown again.\n")


def _accounts(settings: OneboxSettings) -> Path:
    path = settings.accounts_file or settings.state / "accounts.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
