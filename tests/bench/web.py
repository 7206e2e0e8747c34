"""How many requests the platform accepts over HTTP, every answer awaited, on embedded parts."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from time import perf_counter

import httpx
from tests.bench.runs import ONE_STEP, a_platform
from tests.bench.sizes import Size
from tests.bench.table import Figure, percentile
from tests.running import register

AT_ONCE = 16


async def served(count: int, ask: Callable[[int], Awaitable[httpx.Response]], expected: int) -> tuple[float, list[float]]:
    """Requests a second from so many clients at once, and the milliseconds of each."""
    took: list[float] = []
    todo = iter(range(count))

    async def client() -> None:
        for number in todo:
            began = perf_counter()
            answer = await ask(number)
            took.append(1000 * (perf_counter() - began))
            if answer.status_code != expected:
                msg = f"{answer.status_code}: {answer.text[:300]}"
                raise RuntimeError(msg)

    began = perf_counter()
    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return count / (perf_counter() - began), took


async def measure(size: Size, _left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Accepting runs (which are queued behind one that lasts), and registrations (which are checked afterwards)."""
    with tempfile.TemporaryDirectory(prefix="reprovena-bench-") as folder:
        platform = await asyncio.to_thread(a_platform, Path(folder), RUNS_AT_ONCE="1")
        try:
            async for figure in asked(platform, size):
                yield figure
        finally:
            await asyncio.to_thread(platform.stop)


async def asked(platform, size: Size) -> AsyncIterator[Figure]:
    """The figures of a platform."""
    with platform.client() as client:
        workflow = await asyncio.to_thread(register, client, "one-step", {"one.cwl": ONE_STEP})
        headers = client.headers
    spec = ONE_STEP.encode()
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=120) as http:
        live, _ = await served(size.requests, lambda _n: http.get("/livez"), 200)
        listed, _ = await served(size.requests, lambda _n: http.get("/v1/workflows"), 200)
        yield Figure("http", "GET /v1/workflows", listed, "/s", "GET /livez, which does nothing", live)
        for what, ask in {
            "POST /v1/workflows (accepted, 202)": lambda n: http.post(
                "/v1/workflows",
                params={"wait": 0},
                data={"name": f"bench-{n}", "version": "1"},
                files={"spec": ("one.cwl", spec)},
            ),
            "POST /v1/runs (queued, with its number, 202)": lambda _n: http.post("/v1/runs", json={"workflow": workflow["id"]}),
        }.items():
            rate, took = await served(size.requests, ask, 202)
            yield Figure("http", what, rate, "/s", "GET /livez, which does nothing", live)
            yield Figure("http", f"{what}, p95 of {AT_ONCE} clients at once", percentile(took, 95), "ms")
