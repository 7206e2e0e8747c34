"""Many clients at once: nothing is lost, nothing is there twice, memory stays flat.

`LOAD_REGISTRATIONS`, `LOAD_RUNS` and `LOAD_CLIENTS` set the size; `make load` takes the full one (1000, 200, 20).
`-s` shows the figures.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from tests.running import Platform

REGISTRATIONS = int(os.environ.get("LOAD_REGISTRATIONS", "100"))
RUNS = int(os.environ.get("LOAD_RUNS", "20"))
CLIENTS = int(os.environ.get("LOAD_CLIENTS", "20"))
GROWTH = 64 << 20
"""Bytes that the process may grow beyond what it has after a tenth of the work: a leak of 64 KiB a registration shows."""
TOOL = (
    "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: [echo]\ninputs: {n: {type: int, inputBinding: {}}}\noutputs: []\n"
)


async def everybody(work: Callable[[int], Awaitable[Any]], many: int) -> list[Any]:
    """Work that so many clients share, in any order."""
    left = iter(range(many))

    async def one() -> list[Any]:
        return [await work(number) for number in left]

    return [done for some in await asyncio.gather(*(one() for _ in range(CLIENTS))) for done in some]


async def everything(http: httpx.AsyncClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    """A whole list, page after page."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = (await http.get(path, params={**asked, "limit": 200, **({"after": after} if after else {})})).json()
        found += page["items"]
        if (after := page["next"]) is None:
            return found


class Figures:
    """How long answers took."""

    def __init__(self, what: str, platform: Platform) -> None:
        assert platform.process is not None
        self.what, self.seconds, self.process = what, [], psutil.Process(platform.process.pid)
        self.began, self.before = time.perf_counter(), self.process.memory_info().rss

    async def ask(self, http: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
        """Ask under a key; a lost connection is asked again, as a careful client does."""
        headers, began = {"Idempotency-Key": str(uuid4())}, time.perf_counter()
        while True:
            try:
                answer = await http.post(path, headers=headers, **body)
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                self.seconds.append(time.perf_counter() - began)
                return answer

    def tell(self) -> None:
        """Print them."""
        took, sorted_seconds = time.perf_counter() - self.began, sorted(self.seconds)
        half, most = (sorted_seconds[int(len(sorted_seconds) * part)] for part in (0.5, 0.95))
        rss = self.process.memory_info().rss
        print(
            f"\n{self.what}: {len(self.seconds)} by {CLIENTS} clients in {took:.1f} s, {len(self.seconds) / took:.1f}/s,"
            f" p50 {half * 1000:.0f} ms, p95 {most * 1000:.0f} ms, memory {self.before >> 20} -> {rss >> 20} MiB"
        )


@pytest.mark.timeout(3600)
def test_many_clients_at_once(folder: Path) -> None:
    """Every registration and every run is there exactly once and comes to its end, and the process does not grow."""
    platform = Platform(folder / "platform", {"REFRESH_LIFETIME": "86400", "TOKEN_LIFETIME": "86400"}).start()
    try:
        asyncio.run(_load(platform))
        assert platform.stop() == 0
    finally:
        if platform.process is not None and platform.process.poll() is None:
            platform.kill()


async def _load(platform: Platform) -> None:
    headers = {"Authorization": f"Bearer {platform.token('ada')}"}
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=120, limits=limits) as http:

        async def register(number: int) -> str:
            form = {"data": {"name": f"load-{number:05}", "version": "1"}, "files": {"spec": ("tool.cwl", TOOL)}}
            answer = await figures.ask(http, "/v1/workflows", params={"wait": 60}, **form)
            assert answer.status_code in {201, 202}, answer.text
            return str(answer.json()["id"] if answer.status_code == 201 else answer.json()["job"]["id"])

        figures = Figures("warming up", platform)
        warm = max(REGISTRATIONS // 10, 10)
        await everybody(register, warm)
        settled, more = figures.process.memory_info().rss, REGISTRATIONS

        figures = Figures("registrations", platform)
        offset = warm

        async def register_more(number: int) -> str:
            return await register(offset + number)

        await everybody(register_more, more)
        figures.tell()
        jobs = await everything(http, "/v1/jobs", kind="registry.register-workflow")
        for job in jobs:
            if job["status"] != "SUCCEEDED":
                job |= (await http.get(f"/v1/jobs/{job['id']}", params={"wait": 60})).json()
        assert Counter(job["status"] for job in jobs) == {"SUCCEEDED": warm + more}
        there = await everything(http, "/v1/workflows", sort="name")
        assert [one["name"] for one in there] == [f"load-{number:05}" for number in range(warm + more)]
        assert len({one["handle"] for one in there}) == warm + more

        chosen = there[: max(1, len(there) // 10)]
        figures = Figures("runs", platform)

        async def start(number: int) -> str:
            body = {"workflow": chosen[number % len(chosen)]["id"], "inputs": {"n": number}}
            answer = await figures.ask(http, "/v1/runs", json=body)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["run"]["id"])

        asked = await everybody(start, RUNS)
        figures.tell()
        runs = await everything(http, "/v1/runs")
        while {one["status"] for one in runs} - {"finished", "failed"}:
            await asyncio.sleep(0.5)
            runs = await everything(http, "/v1/runs")
        assert sorted(one["id"] for one in runs) == sorted(asked)
        assert Counter(one["status"] for one in runs) == {"finished": RUNS}
        assert sorted(one["parameters"]["n"] for one in runs) == list(range(RUNS))
        assert len({(one["name"], one["number"]) for one in runs}) == RUNS
        for job in await everything(http, "/v1/jobs", kind="executor.start-run"):
            told = (await http.get(f"/v1/jobs/{job['id']}", params={"wait": 60})).json()
            assert told["status"] == "SUCCEEDED"
        rss = figures.process.memory_info().rss
        print(f"runs ended after {time.perf_counter() - figures.began:.1f} s; memory {settled >> 20} -> {rss >> 20} MiB")
        assert rss - settled < GROWTH
