"""What only a moment between two facts shows of ReProv's addresses."""

import asyncio
import json
from uuid import UUID

from tests.integration.gateway.conftest import Person, World, ended, names_in
from tests.integration.gateway.test_api import a_run

from contracts.vocabulary import RunStatus
from gateway.unit import GatewayHouse


async def test_a_run_that_is_coming_to_its_end_is_deleted_after_it(house: GatewayHouse, world: World, ada: Person) -> None:
    """It cannot be stopped any more, so its end is waited for."""
    run = UUID((await a_run(ada))["run"]["id"])
    world.runs[run] = world.runs[run].model_copy(update={"status": RunStatus.RUNNING})

    deleting = asyncio.create_task(ada.http.delete("/workflow_execution/delete/", params={"reana_name": "echo:1.0"}))
    await asyncio.sleep(0.5)
    assert not deleting.done()
    await ended(house, world, run)
    answer = await deleting

    assert (answer.status_code, answer.json()["data"]) == (200, [str(run)]), answer.text
    assert run not in world.runs


async def test_a_run_that_does_not_stop_is_not_deleted(house: GatewayHouse, world: World, ada: Person) -> None:
    """After as long as a request may wait, whoever asked is told, and everything is as it was."""
    run = UUID((await a_run(ada))["run"]["id"])
    object.__setattr__(house.settings, "wait_limit", 0.3)
    world.runs[run] = world.runs[run].model_copy(update={"status": RunStatus.RUNNING})

    answer = await ada.http.delete("/workflow_execution/delete/", params={"reana_name": "echo:1.0"})

    assert (answer.status_code, answer.json()["error_code"]) == (503, 503), answer.text
    assert "has not stopped yet" in answer.json()["message"]
    assert run in world.runs


async def test_outputs_with_odd_names_are_in_the_zip(house: GatewayHouse, world: World, ada: Person) -> None:
    """Under names that a folder may have; a file at the top says what they were."""
    run = UUID((await a_run(ada))["run"]["id"])
    await ended(house, world, run)
    (one,) = world.outputs[run]
    world.outputs[run].append(one.model_copy(update={"id": f"{one.id}.2", "path": "a\\b.csv"}))

    answer = await ada.http.get("/workflow_execution/outputs/", params={"reana_name": "echo:1.0", "reana_run_number": 1})

    found = names_in(answer.content)
    assert set(found) == {"outputs/sub/out.txt", "outputs/a%5Cb.csv", "renamed.json"}
    assert json.loads(found["renamed.json"]) == {"outputs/a%5Cb.csv": "outputs/a\\b.csv"}
