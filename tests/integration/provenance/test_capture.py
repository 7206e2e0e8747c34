"""What the executor and the registry say becomes records, and what is asked over HTTP comes from them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.unit.provenance.records import samples

from chassis.files import once
from chassis.testing import somebody
from contracts.executor import RunFinished, RunQueued, RunStarted, Step, StepEnded, StepStarted
from contracts.ids import run_id, step_id
from contracts.registry import WorkflowDeleted, WorkflowRegistered
from contracts.vocabulary import RunStatus
from provenance.graph import projector
from provenance.records import mapping
from provenance.records.handlers import capture_run, capture_step, note_workflow
from provenance.unit import ProvenanceHouse

ADA = somebody("ada", "ocean")
EVE = somebody("eve", "forest")
ME = run_id(samples.RUN)


async def hear(house: ProvenanceHouse, handler: Any, *events: Any) -> None:
    """Deliver, one transaction each, and let the projector work."""
    for event in events:
        async with house.work() as unit:
            await handler(event, unit)
    while await projector.project(house):
        pass


@pytest.fixture
async def ran(house: ProvenanceHouse) -> ProvenanceHouse:
    """A house that heard a whole run."""
    steps = samples.steps()
    await hear(house, note_workflow, WorkflowRegistered(workflow=samples.registered(), tenant="ocean"))
    queued = samples.asked(RunStatus.QUEUED, None, revision=1, started=None)
    await hear(house, capture_run, RunQueued(run=queued), RunStarted(run=samples.asked(RunStatus.RUNNING, None, revision=2)))
    for step in steps:
        begun = step.model_copy(update={"revision": 1, "ended": None, "generated": (), "exit_code": None})
        await hear(house, capture_step, StepStarted(step=begun, tenant="ocean"), StepEnded(step=step, tenant="ocean"))
    total = sum(step.revision for step in steps)
    await hear(house, capture_run, RunFinished(run=samples.asked(), steps=len(steps), step_revisions=total))
    return house


@pytest.fixture
async def client(ran: ProvenanceHouse) -> AsyncIterator[httpx.AsyncClient]:
    """Ada, at the door of the service."""
    transport = httpx.ASGITransport(app=ran.app)
    headers = {"authorization": f"Bearer {ran.callers.token(ADA)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://provenance", headers=headers) as client:
        yield client


def as_eve(house: ProvenanceHouse) -> dict[str, str]:
    """Headers of somebody of another tenant."""
    return {"authorization": f"Bearer {house.callers.token(EVE)}"}


async def test_a_run_and_its_steps_are_records(ran: ProvenanceHouse) -> None:
    """The run's record, its steps' and the workflow's say what the mapping says of the last facts."""
    async with ran.work() as unit:
        assert await unit.ledger.record(ME) == mapping.run(samples.asked(), terminal=True)
        assert await unit.ledger.children(ME) == sorted(step_id(samples.RUN, step.place) for step in samples.steps())
        assert await unit.ledger.record(f"workflow/{samples.HANDLE}") == mapping.workflow(samples.registered())


async def test_a_deleted_workflow_stays_for_its_runs(ran: ProvenanceHouse) -> None:
    """Deleting a workflow marks its record; what its runs used is still there."""
    gone = samples.registered().model_copy(update={"revision": 9})

    await hear(ran, note_workflow, WorkflowDeleted(workflow=gone, tenant="ocean"))

    async with ran.work() as unit:
        assert await unit.ledger.record(f"workflow/{samples.HANDLE}") == mapping.workflow(gone, deleted=True)
        assert (await unit.ledger.record(ME)).nodes


async def test_a_step_that_belongs_to_nobody_is_a_fault(house: ProvenanceHouse) -> None:
    """A fact without a tenant is not guessed at."""
    with pytest.raises(ValueError, match="whose the step is"):
        await hear(house, capture_step, StepStarted(step=samples.steps()[0]))


async def test_files_that_a_message_cannot_hold_are_fetched(house: ProvenanceHouse) -> None:
    """The rest of a statement, kept as a file, counts like the part in the message."""
    run, step = samples.asked(), samples.steps()[0]
    seen = [seen.model_dump(mode="json") for seen in (*run.inputs, *run.outputs)]
    lists = {"inputs": seen[: len(run.inputs)], "outputs": seen[len(run.inputs) :]}
    more = await house.files.put(once(json.dumps(lists).encode()))
    lists = {name: [seen.model_dump(mode="json") for seen in getattr(step, name)] for name in ("used", "generated")}
    rest = await house.files.put(once(json.dumps(lists).encode()))

    short = run.model_copy(update={"inputs": (), "outputs": (), "more": more})
    await hear(house, capture_run, RunFinished(run=short, steps=1, step_revisions=step.revision))
    part: Step = step.model_copy(update={"used": (), "generated": (), "more": rest})
    await hear(house, capture_step, StepEnded(step=part, tenant="ocean"))

    async with house.work() as unit:
        assert await unit.ledger.record(ME) == mapping.run(run, terminal=True)
        assert await unit.ledger.record(step_id(samples.RUN, step.place)) == mapping.step(step)


async def test_lineage_leads_from_a_result_to_the_raw_data(client: httpx.AsyncClient) -> None:
    """Upstream of the chart lie the steps and the file from outside; downstream of that file lies the chart."""
    chart, raw = f"{ME}/out/plot/chart.png", f"{ME}/in/sea-level.csv"

    up = (await client.get("/lineage", params={"id": chart})).json()
    down = (await client.get("/lineage", params={"id": raw, "direction": "down"})).json()

    assert up["root"] == up["nodes"][0]["id"] == chart
    assert {raw, f"{ME}/step/prepare"} <= {node["id"] for node in up["nodes"]}
    assert chart in {node["id"] for node in down["nodes"]}
    assert set(up) == {"root", "nodes", "links", "truncated", "seq"}
    assert set(up["nodes"][0]) == {"id", "category", "subtype", "label", "attributes", "restricted", "registered"}
    assert set(up["links"][0]) == {"source", "target", "relation", "attributes"}
    assert up["nodes"][0]["label"] == "chart.png"
    assert not up["truncated"]


async def test_a_path_is_found_from_either_end(client: httpx.AsyncClient) -> None:
    """The same path is found whichever end is named first; where none leads, that is said."""
    chart, raw = f"{ME}/out/plot/chart.png", f"{ME}/in/sea-level.csv"

    one = await client.get("/path", params={"source": chart, "target": raw})
    other = await client.get("/path", params={"source": raw, "target": chart})
    none = await client.get("/path", params={"source": f"{ME}/in/empty.csv", "target": f"{ME}/parameter/rate"})
    short = await client.get("/path", params={"source": chart, "target": raw, "depth": 1})

    assert one.json() == other.json()
    assert (one.json()["nodes"][0]["id"], one.json()["nodes"][-1]["id"]) == (chart, raw)
    assert [answer.json()["type"] for answer in (none, short)] == ["urn:problem:provenance:no-path"] * 2


async def test_a_path_goes_through_files(client: httpx.AsyncClient) -> None:
    """From a late step to the raw data the way leads over what was written and read, not over the run that started both."""
    answer = await client.get("/path", params={"source": f"{ME}/step/plot", "target": f"{ME}/in/sea-level.csv"})

    kinds = [node["subtype"] for node in answer.json()["nodes"]]
    assert kinds[::2] == ["WORKFLOW_STEP"] * len(kinds[::2])
    assert kinds[1::2] == ["FILE"] * len(kinds[1::2])
    assert len(kinds) >= 4
    assert {link["relation"] for link in answer.json()["links"]} == {"used", "wasGeneratedBy"}


async def test_what_is_foreign_and_what_is_not_there_look_the_same(client: httpx.AsyncClient, ran: ProvenanceHouse) -> None:
    """Another tenant's nodes and records are answered like unknown ones, on every route."""
    asked = [
        ("/lineage", {"id": ME}),
        ("/path", {"source": ME, "target": f"{ME}/in/empty.csv"}),
        ("/document", {"record": ME}),
        ("/drawing", {"record": ME}),
        ("/records", {"record": ME}),
    ]
    for route, params in asked:
        foreign = await client.get(route, params=params, headers=as_eve(ran))
        unknown = await client.get(route, params={name: value.replace(ME, "run/nobody") for name, value in params.items()})
        mine = await client.get(route, params=params)

        assert (foreign.status_code, unknown.status_code, mine.status_code) == (404, 404, 200), route
        assert foreign.json()["type"] == unknown.json()["type"]


@pytest.mark.parametrize("depth", ["0", "-1", "101"])
async def test_a_depth_out_of_bounds_names_its_field(client: httpx.AsyncClient, depth: str) -> None:
    """A depth below one or above the limit is refused."""
    answer = await client.get("/lineage", params={"id": ME, "depth": depth})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "depth")


async def test_the_past_can_be_asked(client: httpx.AsyncClient, ran: ProvenanceHouse) -> None:
    """As of now the ledger answers as the graph does; as of then, as it was; before the beginning there is nothing."""
    now, long_ago = datetime.now(UTC) + timedelta(seconds=1), datetime(2020, 1, 1, tzinfo=UTC)
    for direction, item in (("up", f"{ME}/out/plot/chart.png"), ("down", f"{ME}/in/sea-level.csv")):
        params = {"id": item, "direction": direction}
        present = await client.get("/lineage", params=params)
        past = (await client.get("/lineage", params={**params, "as_of": now.isoformat()})).json()
        assert past.pop("seq") > 0
        assert {**past, "seq": None} == present.json()
        assert (await client.get("/lineage", params={**params, "as_of": long_ago.isoformat()})).status_code == 404
    ends = {"source": f"{ME}/out/plot/chart.png", "target": f"{ME}/in/sea-level.csv"}
    past = await client.get("/path", params={**ends, "as_of": now.isoformat()})
    assert {**past.json(), "seq": None} == (await client.get("/path", params=ends)).json()

    async with ran.work() as unit:
        await unit.ledger.withdraw(ME, 99, tenant="ocean")
    await hear(ran, capture_run)

    assert (await client.get("/lineage", params={"id": ME})).status_code == 404
    assert (await client.get("/document", params={"record": ME})).status_code == 404


@pytest.mark.parametrize("form", ["json", "provn", "xml", "turtle", "jsonld"])
async def test_documents_have_their_media_types(client: httpx.AsyncClient, form: str) -> None:
    """A record and an answer come as a document of each format, the same bytes every time."""
    answer = (await client.get("/lineage", params={"id": ME})).json()
    for method, route, more in (
        ("GET", "/document", {"params": {"record": ME, "format": form}}),
        ("POST", "/lineage/document", {"params": {"format": form}, "json": answer}),
    ):
        one = await client.request(method, route, **more)
        assert one.status_code == 200
        assert one.content == (await client.request(method, route, **more)).content
        assert samples.asked().name in one.text or form == "turtle"


async def test_records_say_how_far_they_are(client: httpx.AsyncClient, ran: ProvenanceHouse) -> None:
    """A record is lodged when the graph has it, and captured when all of the run is there."""
    assert (await client.get("/records", params={"record": ME})).json() == {
        "record": ME,
        "revision": 3,
        "lodged": True,
        "captured": True,
    }
    async with ran.work() as unit:
        await unit.ledger.lodge(ME, 4, mapping.run(samples.asked(), terminal=True), tenant="ocean")

    assert (await client.get("/records", params={"record": ME})).json()["lodged"] is False


async def test_whoever_has_no_token_gets_nothing(client: httpx.AsyncClient) -> None:
    """Every route wants a caller."""
    for route in ("/lineage", "/path", "/document", "/drawing", "/records"):
        assert (await client.get(route, headers={"authorization": ""})).status_code == 401


async def test_the_service_is_ready(client: httpx.AsyncClient) -> None:
    """Readiness asks the graph, too."""
    assert (await client.get("/readyz")).json()["graph"] == "ok"
