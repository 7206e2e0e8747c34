"""How fast model runs are registered, from the request to their provenance in the graph, and asked about.

Beside the rates stands what one job at a time reaches in the same run; beside the writing of their graphs, what a query and a
session for each node and each link reaches.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
from tests.bench.base import a_ledger
from tests.bench.graph import Filling, a_neo4j, milliseconds, touched
from tests.bench.runs import a_platform
from tests.bench.sizes import Size
from tests.bench.slowly import Slowly
from tests.bench.table import Figure, percentile
from tests.integration.provenance.registered import record
from tests.integration.registry.counter import collection

from provenance.graph.model import Graph
from provenance.graph.store import GraphStore, open_graph
from provenance.lineage.provena import Present, Query, find
from provenance.records import registered

ONE_BY_ONE = "one job at a time, each waited for"
EACH = "a query and a session for each node and link, no index"
REGISTERED = "registry.register-model-run"
AT_ONCE = 8
TOGETHER = 200
LIMIT = 50_000
NEAR = 3
"""Links that the published client goes by default."""


async def measure(size: Size, left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Registering on a platform, then writing and asking in both stores."""
    with tempfile.TemporaryDirectory(prefix="reprovena-bench-") as name:
        platform = await asyncio.to_thread(a_platform, Path(name) / "platform")
        try:
            with platform.client() as client:
                told = {"base_url": platform.url, "headers": client.headers, "timeout": 120}
            async with httpx.AsyncClient(**told) as http:
                async for figure in registering(http, size.model_runs):
                    yield figure
        finally:
            await asyncio.to_thread(platform.stop)
    async with a_ledger() as (engine, _folder):
        async for figure in asking("PostgreSQL", open_graph("postgresql:", engine), size, None):
            yield figure
    async with a_neo4j(left_out) as store:
        if store is not None:
            slowly = Slowly(store, size.slow)
            slow = await slowly.rate(0, (a_run(number) for number in range(2000)))
            await slowly.wipe()
            async for figure in asking("Neo4j", store, size, slow):
                yield figure


async def registering(http: httpx.AsyncClient, count: int) -> AsyncIterator[Figure]:
    """Model runs a second until all are in the graph: one after the other, some at once, all in one order."""
    office = await an_office(http)
    few, done = max(5, count // 20), 0
    await alone(http, office)  # what is planned and compiled once
    began = perf_counter()
    for _ in range(few):
        await alone(http, office)
    base = few / (perf_counter() - began)
    done += few + 1

    todo = iter(range(count))

    async def client() -> None:
        for _ in todo:
            (await http.post("/prov/model_run/register", json=office)).raise_for_status()

    began = perf_counter()
    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    await all_lodged(http)
    single = count / (perf_counter() - began)
    done += count
    yield Figure("models", f"model runs registered, {count:,} orders", single, "/s", ONE_BY_ONE, base, least=base)

    began = perf_counter()
    (await http.post("/prov/model_run/register_batch", json={"records": [office] * count})).raise_for_status()
    await all_lodged(http)
    batch = count / (perf_counter() - began)
    done += count
    yield Figure("models", f"model runs registered, one batch of {count:,}", batch, "/s", ONE_BY_ONE, base, least=2 * base)
    lost = abs(done - await lodged(http))
    yield Figure("models", f"of {done:,} model runs lost, doubled or not lodged", lost, "", most=0)


async def alone(http: httpx.AsyncClient, office: dict[str, Any]) -> None:
    """Register one and wait until it is in the graph."""
    answer = (await http.post("/prov/model_run/register", json=office)).raise_for_status()
    job = answer.json()["session_id"]
    while (told := (await http.get(f"/v1/jobs/{job}", params={"wait": 30})).json())["status"] not in {"SUCCEEDED", "FAILED"}:
        pass
    if told["status"] == "FAILED":
        raise RuntimeError(str(told["problem"]))


async def all_lodged(http: httpx.AsyncClient) -> None:
    """Wait until no order is open."""
    asked = {"kind": REGISTERED, "status": ["PENDING", "IN_PROGRESS"], "limit": 1}
    while items := (await http.get("/v1/jobs", params=asked)).raise_for_status().json()["items"]:
        await http.get(f"/v1/jobs/{items[0]['id']}", params={"wait": 5})


async def lodged(http: httpx.AsyncClient) -> int:
    """Model runs that the registry calls lodged."""
    found, key = 0, None
    while True:
        told = {"page_size": 100, "pagination_key": key} if key else {"page_size": 100}
        page = (await http.post("/registry/registry/activity/model_run/list", json=told)).raise_for_status().json()
        found += sum(one["record_status"] == "LODGED" for one in page["items"])
        key = page["pagination_key"]
        if key is None:
            return found


async def an_office(http: httpx.AsyncClient) -> dict[str, Any]:
    """Everything that a model run names; a record."""

    async def make(path: str, **info: Any) -> str:
        answer = await http.post(f"/registry/registry/{path}/create", json={"display_name": "bench", **info})
        told = answer.raise_for_status().json()
        if told["created_item"] is None:
            raise RuntimeError(str(told))
        return str(told["created_item"]["id"])

    async def mint(name: str) -> str:
        answer = await http.post("/datastore/register/mint-dataset", json=collection(body, name))
        return str(answer.raise_for_status().json()["handle"])

    body = await make("agent/organisation", name="Bench", ror="https://ror.org/05a28rw58")
    about = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org", "ethics_approved": True}
    person = await make("agent/person", **about)
    (await http.post("/auth/link/user/assign", json={"person_id": person})).raise_for_status()
    addresses = {"documentation_url": "https://example.org", "source_url": "https://example.org"}
    model = await make("entity/model", name="Tides", description="d", **addresses)
    into, out = await make("entity/dataset_template"), await make("entity/dataset_template")
    templates = {"input_templates": [{"template_id": into}], "output_templates": [{"template_id": out}]}
    workflow = await make("entity/model_run_workflow", software_id=model, **templates)
    given, made = await mint("Wind"), await mint("Waves")
    return {
        "workflow_template_id": workflow,
        "inputs": [{"dataset_template_id": into, "dataset_id": given, "dataset_type": "DATA_STORE"}],
        "outputs": [{"dataset_template_id": out, "dataset_id": made, "dataset_type": "DATA_STORE"}],
        "display_name": "bench",
        "description": "d",
        "associations": {"modeller_id": person},
        "start_time": 0,
        "end_time": 1,
    }


def a_run(number: int) -> Graph:
    """A model run of a chain: from what two earlier ones made, into something new."""
    inputs = [f"d/{number - 1}", f"d/{number // 2}"]
    return registered.model_run(f"m/{number}", record(inputs, [f"d/{number}"]), "1/model")


async def asking(name: str, store: GraphStore, size: Size, slow: float | None) -> AsyncIterator[Figure]:
    """Elements a second of model runs into a store, and lineage among them as the graph grows."""
    filling, took, elements = Filling(store), 0.0, 0
    before: dict[str, float] = {}
    written = 0
    for runs in size.chains:
        for first in range(written, runs, TOGETHER):
            graphs = [a_run(number) for number in range(first, min(first + TOGETHER, runs))]
            nodes, links = touched(graphs)
            began = perf_counter()
            await filling.put(nodes, links)
            took += perf_counter() - began
            elements += sum(len(graph.nodes) + len(graph.links) for graph in graphs)
        written = runs
        for query, start in ((Query.UPSTREAM, "d/{}"), (Query.CONTRIBUTING_DATASETS, "d/{}"), (Query.DOWNSTREAM, "d/{}")):
            roots = [start.format(runs // 3 + n) for n in range(size.questions)]
            asked = Present(store, ["t"])
            links_ = len((await find(asked, roots[0], query, NEAR, LIMIT)).links)
            times = [await milliseconds(partial(find, asked, root, query, NEAR, LIMIT)) for root in roots]
            for figure in two(f"{query} of a dataset ({links_} links) among {runs:,} model runs, {name}", times, before, query):
                yield figure
    than = EACH if slow else ""
    what = f"elements of model runs into {name}, {TOGETHER} runs in a batch"
    yield Figure("models", what, elements / took, "/s", than, slow or 0.0, least=10 * slow if slow else None)


def two(what: str, times: Sequence[float], before: dict[str, float], key: str) -> Sequence[Figure]:
    """The median and the slow ones, beside the same in the smallest graph."""
    found = []
    for which in (50, 95):
        value = percentile(times, which)
        base = before.setdefault(f"{key} {which}", value)
        found.append(Figure("models", f"{what}, p{which}", value, "ms", "the same among the fewest", base))
    return found
