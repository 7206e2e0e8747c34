"""Integers for clients of ReProv: what is older than them gets them too, and they are found by their owners alone."""

import json
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Connection, text
from tests.integration.executor.conftest import World
from tests.integration.executor.conftest import world as world  # noqa: PLC0414 - a fixture
from tests.integration.registry.conftest import Desk
from tests.integration.registry.conftest import desk as desk  # noqa: PLC0414 - a fixture

from chassis import migrate
from chassis.database import driver_url, make_engine
from chassis.testing import somebody
from contracts.executor import RunFinished

IDS = [UUID(int=n << 64) for n in (1, 2, 3)]
WORKFLOW = text(
    """insert into registry.workflows (id, handle, owner, tenant, name, version, state, revision, content, input_values,
        parameters, tries)
    values (:id, :handle, 'user/x/y', 'physics', 'w', :handle, 'ready', 1, '{}', '{}', '[]', 0)"""
)
EXECUTION = text(
    """insert into executor.runs (id, tenant, name, major, minor, status, workflow, created, state, files, failures, cursor,
        stop_asked, stop_told, delete_asked, priority)
    values (:id, 'physics', 'w:1', :major, 0, 'finished', :id, now() - make_interval(days => :major), cast(:state as jsonb),
        '[]', 0, '', false, false, false, 0)"""
)


def move(connection: Connection, schema: str, revision: str) -> None:
    """Bring a schema to a revision, as the migrate command does."""
    config = migrate._config(schema, schema)
    config.attributes["connection"] = connection
    (command.upgrade if revision == "head" else command.downgrade)(config, revision)


@pytest.mark.parametrize(("schema", "before"), [("registry", "0001"), ("executor", "0002")])
async def test_what_was_there_before_gets_its_integers(database_url: str, schema: str, before: str):
    """In the order in which it was made; and the next one is none of theirs."""
    engine = make_engine(driver_url(database_url), 1)
    async with engine.begin() as connection:
        await connection.run_sync(move, schema, before)
        for number, id_ in enumerate(IDS, 1):
            if schema == "registry":
                await connection.execute(WORKFLOW, {"id": id_, "handle": str(number)})
            else:
                await connection.execute(EXECUTION, {"id": id_, "major": number, "state": json.dumps({"id": str(id_)})})
        await connection.run_sync(move, schema, "head")

        table = "workflows" if schema == "registry" else "runs"
        rows = (await connection.execute(text(f"select id, legacy_id from {schema}.{table}"))).all()
        following = await connection.scalar(text(f"select nextval('{schema}.legacy_ids')"))
        states = (await connection.execute(text("select state, legacy_id from executor.runs"))).all()
    await engine.dispose()

    # the third run is the oldest
    expected = IDS if schema == "registry" else IDS[::-1]
    assert {row.id: row.legacy_id for row in rows} == {id_: n for n, id_ in enumerate(expected, 1)}
    assert following == 4
    assert all(row.state["legacy_id"] == row.legacy_id for row in states)


async def test_an_empty_registry_begins_with_one(desk: Desk):
    """Each workflow gets the next integer; lists go in their order, and leave others' out."""
    other = desk.other("bob", "chemistry")
    first, foreign, second = (
        (await desk.register("a")).workflow,
        (await other.register("a")).workflow,
        (await desk.register("b")).workflow,
    )

    begin = await desk.get("/legacy/workflows", limit=1)
    rest = await desk.get("/legacy/workflows", limit=1, after=begin["next"])

    assert [one.legacy_id for one in (first, foreign, second)] == [1, 2, 3]
    assert ([one["legacy_id"] for one in begin["items"]], begin["next"]) == ([1], 1)
    assert ([one["legacy_id"] for one in rest["items"]], rest["next"]) == ([3], None)
    assert (await desk.get("/legacy/workflows/2"))["status"] == 404
    assert (await desk.get(f"/legacy/workflows/{2**70}"))["status"] == 404
    assert (await other.get("/legacy/workflows/2"))["id"] == str(foreign.id)


async def test_a_deleted_workflow_is_found_only_if_asked_for(desk: Desk):
    """So that its executions can still be deleted by its integer."""
    there = (await desk.register("a")).workflow
    await desk.delete(there.id)

    assert (await desk.get("/legacy/workflows/1"))["status"] == 404
    assert (await desk.get("/legacy/workflows/1", deleted=True))["id"] == str(there.id)


async def test_runs_are_found_by_integer_and_by_number(world: World):
    """With their steps, which have integers too; others' are not there."""
    run = await world.start()
    await world.heard(RunFinished)
    house = world.house

    async def ask(path: str, tenant: str = "physics") -> dict:
        headers = {"Authorization": f"Bearer {house.callers.token(somebody('ada', tenant))}"}
        return (await house.backends["executor"].get(path, headers=headers)).json()

    listed = await ask("/legacy/runs")
    one = await ask(f"/legacy/runs/{listed['items'][0]['run']['legacy_id']}")
    name = one["run"]["name"]
    numbered = await ask(f"/legacy/runs/numbered?name={name}&number=1")

    assert [execution["run"]["id"] for execution in listed["items"]] == [str(run)]
    assert one == numbered
    assert [(step["id"] > 0, step["step"]["run"]) for step in one["steps"]] == [(True, str(run))]
    missing = [
        f"/legacy/runs/{2**70}",
        "/legacy/runs/99",
        *(f"/legacy/runs/numbered?name={name}&number={n}" for n in ("2", "1.1", "x")),
    ]
    assert [(await ask(path))["status"] for path in missing] == [404] * 5
    assert (await ask("/legacy/runs", "chemistry"))["items"] == []
    assert (await ask(f"/legacy/runs/{one['run']['legacy_id']}", "chemistry"))["status"] == 404
