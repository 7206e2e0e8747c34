"""`Idempotency-Key`: what is sent again is not done again, and gets the same answer, also after a crash."""

import asyncio
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from tests.integration.gateway.conftest import CWL, Person, World
from tests.integration.gateway.test_api import refused

from gateway.api import once
from gateway.api.once import forget_requests
from gateway.unit import GatewayHouse


async def register(person: Person, key: str | bytes | None, name: str = "echo", spec: bytes = CWL, **more) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    form = {"data": {"name": name, "version": "1.0"}, "files": {"spec": ("echo.cwl", spec)}}
    return await person.http.post("/v1/workflows", headers=headers, **form, **more)


async def counted(house: GatewayHouse, table: str) -> int:
    async with house.work() as unit:
        return int(await unit.session.scalar(text(f"select count(*) from gateway.{table}")))


async def test_a_repeated_request_gets_the_same_answer(ada: Person, house: GatewayHouse) -> None:
    """Form, JSON and raw body: one job, one upload; status, body and the headers that belong to it are the same."""
    first, again = await register(ada, "one"), await register(ada, "one")
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert (again.headers["location"], again.headers["etag"]) == (first.headers["location"], first.headers["etag"])
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"

    send = {"params": {"name": "d"}, "content": b"data", "headers": {"Idempotency-Key": "two"}}
    first_upload, second_upload = [await ada.http.post("/v1/uploads", **send) for _ in range(2)]
    assert first_upload.json() == second_upload.json()
    assert await counted(house, "uploads") == 1

    order = {
        "workflow": first.json()["id"],
        "inputs": {"data": {"class": "File", "path": "d"}},
        "files": {"d": {"upload": first_upload.json()["id"]}},
    }
    headers = {"Idempotency-Key": "three"}
    starts = [await ada.http.post("/v1/runs", json=order, headers=headers, params={"wait": wait}) for wait in (20, 5)]
    assert starts[0].json()["run"]["number"] == "1"
    assert starts[0].content == starts[1].content
    assert await counted(house, "jobs") == 2
    stored = [path for path in (house.settings.state / "files").rglob("*") if path.is_file()]
    assert len(stored) == 2, "what was sent again is not kept twice"


async def test_a_key_belongs_to_one_request_of_one_person(ada: Person, eve: Person, house: GatewayHouse) -> None:
    """With other content it is refused and names the header; another person's same key is another key."""
    await register(ada, "mine")

    refused(await register(ada, "mine", name="other"), 422, "gateway:key-reused", "Idempotency-Key")
    refused(await register(ada, "mine", spec=CWL + b"#"), 422, "gateway:key-reused", "Idempotency-Key")
    upload = await ada.http.post("/v1/uploads", params={"name": "d"}, content=b"x", headers={"Idempotency-Key": "mine"})
    refused(upload, 422, "gateway:key-reused")
    hers = await eve.http.post(
        "/v1/workflows",
        data={"name": "hers", "version": "1", "tenant": "chemistry"},
        files={"spec": ("echo.cwl", CWL)},
        headers={"Idempotency-Key": "mine"},
    )
    assert hers.status_code == 201
    for crooked in ("x" * 256, "ä".encode(), " "):
        answer = await register(ada, crooked)
        assert answer.status_code == 422, crooked


async def test_a_problem_is_an_answer_too(ada: Person) -> None:
    """What the registry refused stays refused under its key; what never became a job leaves the key free."""
    await register(ada, None)

    first, again = await register(ada, "taken"), await register(ada, "taken")
    assert refused(again, 409, "registry:duplicate-workflow") == first.json()
    assert first.json()["job"] is not None

    assert (await register(ada, "free", name="a/b")).status_code == 422
    assert (await register(ada, "free", name="ab")).status_code == 201


async def test_a_request_that_is_being_answered_is_not_begun_twice(ada: Person, world: World, house: GatewayHouse) -> None:
    """While the first one waits the second is told to come again; at the same moment only one of them makes a job."""
    world.deaf = True
    for wait in (3, 12, 48):  # seconds; a busy machine may take longer than a short one to ask a second time
        key, before = f"slow-{wait}", await counted(house, "jobs")
        first = asyncio.create_task(register(ada, key, params={"wait": wait}))
        while await counted(house, "jobs") == before:
            await asyncio.sleep(0.01)
        second = await register(ada, key, params={"wait": wait})
        if not first.done():
            break
    refused(second, 409, "gateway:in-flight")
    assert (await first).status_code == 202
    assert (await register(ada, key)).json() == (await first).json()

    world.deaf = False
    before = await counted(house, "jobs")
    many = await asyncio.gather(*(register(ada, "race", name="race") for _ in range(8)))
    assert sorted({answer.status_code for answer in many} - {409}) == [201]
    assert await counted(house, "jobs") == before + 1


async def test_a_crash_between_job_and_answer_changes_nothing(
    ada: Person, house: GatewayHouse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is there with the key; whoever asks again gets the answer of that job, and no second one begins."""
    monkeypatch.setattr(once, "GRACE", -60.0)  # the process that waited is gone, and so is its time

    async def dies(self: object, answer: object) -> None:
        raise RuntimeError("power cut")

    async def silent(self: object) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr(once.Once, "_keep", dies)
        patched.setattr(once.Once, "_leave", silent)
        assert (await register(ada, "crash")).status_code == 500

    again = await register(ada, "crash")
    assert again.status_code == 201, again.text
    assert UUID(again.json()["id"]) in world.workflows
    assert await counted(house, "jobs") == 1
    assert (await register(ada, "crash")).content == again.content


async def test_a_crash_before_the_commit_leaves_nothing(
    ada: Person, house: GatewayHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Job and key commit together, so neither is there, and the request can be sent again."""

    async def dies(self: object, unit: object, job: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(once.Once, "bind", dies)
        assert (await register(ada, "early")).status_code == 500
    assert (await counted(house, "jobs"), await counted(house, "requests")) == (0, 0)

    assert (await register(ada, "early")).status_code == 201


async def test_requests_are_forgotten_after_some_days(ada: Person, house: GatewayHouse) -> None:
    """Older ones than the setting says; then the key is as good as new."""
    await register(ada, "old")
    async with house.work() as unit:
        await unit.session.execute(text("update gateway.requests set made = made - make_interval(days => 8)"))

    await forget_requests(house)

    assert await counted(house, "requests") == 0
    refused(await register(ada, "old"), 409, "registry:duplicate-workflow")


async def test_stopping_and_batches_can_be_sent_again(ada: Person, world: World, house: GatewayHouse) -> None:
    """A second stop under the same key is no conflict, and a batch is one request."""
    made = (await register(ada, None)).json()["id"]
    data = await ada.upload("d", b"1")
    body = {
        "workflow": made,
        "inputs": {"data": {"class": "File", "path": "d"}},
        "files": {"d": {"upload": data}},
        "runs": [{"inputs": {"n": 1}}, {"inputs": {"m": 1}}, {"inputs": {"n": 3}}],
    }
    headers = {"Idempotency-Key": "many"}
    first = await ada.http.post("/v1/runs:batch", json=body, headers=headers)
    again = await ada.http.post("/v1/runs:batch", json=body, headers=headers)

    assert first.status_code == 202, first.text
    assert first.content == again.content
    items = first.json()["items"]
    assert [item["problem"] and item["problem"]["type"] for item in items] == [
        None,
        "urn:problem:executor:unknown-parameter",
        None,
    ]
    while len(world.orders) < 2:
        await asyncio.sleep(0.01)
    assert [order.parameters["n"] for order in world.orders] == [1, 3]

    ids = [item["run"] for item in items if item["run"]]
    for _ in range(2):
        stopped = await ada.http.post(f"/v1/runs/{ids[0]}/stop", headers={"Idempotency-Key": "stop"})
        assert (stopped.status_code, stopped.json()["run"]["status"]) == (202, "stopped")
    gone = await ada.http.post("/v1/runs:delete", json={"ids": [*ids, made]})
    assert [item["problem"] and item["problem"]["status"] for item in gone.json()["items"]] == [None, None, 404]
    for item in gone.json()["items"][:2]:
        job = (await ada.http.get(f"/v1/jobs/{item['job']['id']}", params={"wait": 20})).json()
        assert job["status"] == "SUCCEEDED"
