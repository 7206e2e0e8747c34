"""Lineage of what is registered as it was, asked of the whole house, with the graph in either store."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from tests.integration.whole.conftest import PATIENCE, Whole

from contracts.model_runs import UpdateModelRun, WithdrawModelRun


async def seen(whole: Whole, item: str, as_of: datetime | int | None, direction: str = "up") -> set[str] | None:
    """The nodes of a lineage at a moment; None where there was none."""
    asked: dict[str, Any] = {"id": item, "direction": direction, "depth": 3}
    if as_of is not None:
        asked["as_of"] = as_of if isinstance(as_of, int) else as_of.isoformat()
    answer = await whole.ada.get("/v1/lineage", params=asked)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    assert (answer.json()["seq"] is None) == (as_of is None)
    return {node["id"] for node in answer.json()["nodes"]}


async def moment() -> datetime:
    """Now, between what was before and what comes."""
    await asyncio.sleep(0.01)
    now = datetime.now(UTC)
    await asyncio.sleep(0.01)
    return now


async def test_a_model_run_is_answered_as_it_was_at_each_moment(either: Whole) -> None:
    """Before it, registered, updated, withdrawn: each moment has its own answer, however often the graph changed since."""
    office = either.office
    moments = [await moment()]
    run = await office.run()
    await either.lodged(run)
    moments.append(await moment())
    changed = office.record(inputs=(office.given(office.waves, office.into, grid="/g.nc"),), study_id=office.study)
    await office.counter.do(UpdateModelRun(handle=run, reason="r", record=changed))
    await either.lodged(run, 2)
    moments.append(await moment())
    present = await seen(either, run, None)
    await office.counter.admin.do(WithdrawModelRun(handle=run))
    async with asyncio.timeout(PATIENCE):
        while await seen(either, run, None) is not None:
            await asyncio.sleep(0.05)
    moments.append(await moment())

    up = [await seen(either, run, at) for at in moments]
    down = [await seen(either, office.wind, at, "down") or set() for at in moments]

    assert (up[0], up[3]) == (None, None)
    assert up[1] is not None
    assert up[2] == present
    assert ({office.wind} <= up[1], {office.study} <= up[1]) == (True, False)
    assert present is not None
    assert ({office.wind} <= present, {office.study, office.waves} <= present) == (False, True)
    assert [run in one for one in down] == [False, True, False, False]


async def test_clients_of_provena_may_ask_for_a_moment_too(either: Whole) -> None:
    """In addition to what the original takes; by a moment or a point, as `/v1` does."""
    office = either.office
    before = await moment()
    run = await office.run()
    await either.lodged(run)

    asked = {"starting_id": office.waves, "depth": 1}
    now = await either.ada.get("/prov/explore/upstream", params=asked)
    then = await either.ada.get("/prov/explore/upstream", params=asked | {"as_of": before.isoformat()})
    crooked = await either.ada.get("/prov/explore/upstream", params=asked | {"as_of": "yesterday"})

    assert run in {node["id"] for node in now.json()["graph"]["nodes"]}
    assert run not in {node["id"] for node in then.json()["graph"]["nodes"]}
    assert crooked.status_code == 422
