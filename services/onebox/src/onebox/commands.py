"""What the keeper of a platform does besides serving."""

import getpass
import json
import sys
from collections.abc import Sequence

from chassis.assembly import bring_up_to_date
from chassis.bus.topology import queues
from chassis.database import open_database
from contracts.catalog import CATALOG
from executor.tokens.rotation import rotate
from gateway.access import accounts
from onebox.serving import SERVICES
from onebox.settings import OneboxSettings

TOPOLOGY = '''"""Who hears what: every queue and the subject it is bound to. Written by `make topology`; a test compares."""

QUEUES: dict[str, str] = {
%s}
'''


async def migrate(settings: OneboxSettings) -> None:
    """Bring the bus and every service's schema up to date."""
    password = settings.key("database")
    async with open_database(settings.database_url, pool=settings.database_pool, password_file=password) as database:
        await bring_up_to_date(SERVICES, database.engine)


async def rotate_tokens(settings: OneboxSettings) -> None:
    """Seal the stored REANA tokens with the newest key."""
    sys.stdout.write(f"{await rotate(settings)} tokens sealed with the newest key\n")


def topology() -> str:
    """The text of `contracts/topology.py`."""
    return TOPOLOGY % "".join(f'    "{queue}": "{subject}",\n' for queue, subject in sorted(queues(SERVICES).items()))


def schemas() -> str:
    """The JSON Schemas of all messages by subject."""
    found = {subject: kind.model_json_schema() for subject, kind in CATALOG.items()}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def account(settings: OneboxSettings, name: str, groups: Sequence[str], roles: Sequence[str], *, from_stdin: bool) -> None:
    """Make or change an account of the embedded issuer."""
    password = sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass(f"Password for {name}: ")
    if not password:
        msg = "an account needs a password"
        raise ValueError(msg)
    path = settings.accounts_file or settings.state / "accounts.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    accounts.put(path, name, password, groups=groups, roles=roles)
