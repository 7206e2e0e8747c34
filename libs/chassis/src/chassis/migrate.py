"""Schemas and their histories: one a service, and `bus`. Run at start when the database is ours, otherwise by a command."""

import importlib.util
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

HISTORIES = Path(__file__).parent
TURN = 7_263_541
"""Advisory lock: of several processes that start together, one migrates."""


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        msg = f"no package {package}"
        raise ModuleNotFoundError(msg)
    return Path(spec.origin).parent / "migrations"


def _config(schema: str, package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HISTORIES / "migrations"))
    config.set_main_option("version_locations", str(_folder(package)))
    config.set_main_option("path_separator", "newline")
    config.attributes["schema"] = schema
    return config


def _upgrade(connection: Connection, schema: str, package: str) -> None:
    connection.execute(text("select pg_advisory_xact_lock(:turn)"), {"turn": TURN})
    connection.execute(text(f'create schema if not exists "{schema}"'))  # a service's name, from code
    config = _config(schema, package)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(engine: AsyncEngine, schema: str, package: str) -> None:
    """Bring a schema to its newest revision."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, schema, package)


async def behind(engine: AsyncEngine, schema: str, package: str) -> str | None:
    """Which revision a schema should have and has not; None when it is up to date."""
    head = ScriptDirectory.from_config(_config(schema, package)).get_current_head()
    async with engine.connect() as connection:
        there = await connection.scalar(text("select to_regclass(:table)"), {"table": f"{schema}.schema_version"})
        now = None
        if there is not None:
            now = await connection.scalar(text(f'select version_num from "{schema}".schema_version'))  # noqa: S608 - from code
    return head if now != head else None
