"""The keeper's commands against a database, and the command line itself."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import text

from chassis import migrate
from chassis.database import driver_url, make_engine
from onebox import commands
from onebox.serving import SERVICES
from onebox.settings import OneboxSettings


async def test_migrating_brings_every_schema_up_to_date(database_url, folder):
    """An empty database has every schema afterwards; a second time changes nothing."""
    engine = make_engine(driver_url(database_url), 2)
    async with engine.begin() as connection:
        for schema in ("bus", *(service.name for service in SERVICES)):
            await connection.execute(text(f"drop schema {schema} cascade"))
    assert await migrate.behind(engine, "executor", "executor") is not None
    settings = OneboxSettings(state=folder, database_url=database_url)

    for _ in range(2):
        await commands.migrate(settings)

    for service in SERVICES:
        assert await migrate.behind(engine, service.name, service.package) is None
    await engine.dispose()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_migration_can_be_taken_back(database_url, service):
    """Every schema can be left again and entered anew."""
    from alembic import command

    engine = make_engine(driver_url(database_url), 2)

    def back(connection):
        config = migrate._config(service.name, service.package)
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with engine.begin() as connection:
        await connection.run_sync(back)
    await migrate.upgrade(engine, service.name, service.package)
    assert await migrate.behind(engine, service.name, service.package) is None
    await engine.dispose()


def run(*words: str, folder, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m onebox` with words."""
    environment = os.environ | {"STATE": str(folder)} | settings
    command = [sys.executable, "-m", "onebox", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)


def test_the_command_line_says_what_is_wrong(folder):
    """A refused setting ends it with code 2 and a sentence; help lists the orders; topology prints."""
    refused = run("serve", folder=folder, HOST="0.0.0.0")
    assert (refused.returncode, "LOCAL_RUNNER_REMOTE" in refused.stderr) == (2, True)
    foreign = run("serve", folder=folder, BUS_URL="smoke://signals")
    assert (foreign.returncode, "BUS_URL" in foreign.stderr) == (2, True)
    assert "migrate" in run("--help", folder=folder).stdout
    assert "QUEUES" in run("topology", folder=folder).stdout
