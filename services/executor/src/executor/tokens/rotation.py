"""Sealing all tokens anew after a key was put before the others in `REANA_TOKEN_KEYS`; the old keys may go then."""

import argparse
import sys

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import open_database
from chassis.running import Order
from executor.runner import RunnerSettings
from executor.tokens.store import Sealed
from executor.tokens.vault import Vault


async def rotate(settings: RunnerSettings) -> int:
    """Seal every stored token with the newest key; says how many there are."""
    password = settings.key("database")
    async with (
        open_database(settings.database_url, pool=settings.database_pool, password_file=password) as database,
        AsyncSession(database.engine) as session,
        session.begin(),
    ):
        return await Sealed(session).renew(Vault.of(settings))


async def _rotate(settings: RunnerSettings, _told: argparse.Namespace) -> None:
    sys.stdout.write(f"{await rotate(settings)} tokens sealed with the newest key\n")


ROTATE = Order("rotate-reana-tokens", "seal the stored REANA tokens with the newest of REANA_TOKEN_KEYS", _rotate)
