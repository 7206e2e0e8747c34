"""What watching live runs on REANA costs, counted by the stand-in."""

import tempfile
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import httpx
from tests.bench.sizes import Size
from tests.bench.table import Figure
from tests.reana.process import StandIn

from chassis.files import Folder
from chassis.forks import Forks
from executor.runner import Known, Runner, RunnerSettings, open_runner
from executor.runner.reanalook import item_of

SPEC = {"workflow": {"type": "serial", "specification": {"steps": [{"environment": "x", "commands": ["true"]}]}}}


async def measure(size: Size, left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """One look at so many runs of one account of which none has moved."""
    if find_spec("reana_client") is None:
        left_out("reana: `make install PRODUCTION=1` brings its client")
        return
    with tempfile.TemporaryDirectory(prefix="reprovena-bench-") as name:
        folder, forks = Path(name), Forks(["executor.runner.warm"], {})
        server = StandIn(folder / "reana").start()
        try:
            for count in size.live:
                token = f"user-{uuid4()}"
                settings = RunnerSettings(reana_access_token=token, runner_url=server.url, reana_rate=1000, reana_every=0)
                runner = open_runner(settings, Folder(folder / "files"), forks)
                calls, seconds = await swept(server, runner, token, count)
                most = 10.0 if count == 1000 else None
                than = ("a call for each run", float(count))
                yield Figure("reana", f"calls a sweep, {count:,} live runs of one account", calls, "calls", *than, most=most)
                yield Figure("reana", f"seconds a sweep, {count:,} live runs", seconds, "s")
                await runner.close()
        finally:
            server.stop()
            await forks.close()


async def swept(server: StandIn, runner: Runner, token: str, count: int) -> tuple[int, float]:
    """Calls of one look at runs that were seen as they are, and its seconds."""
    server.mood(reset=True, live=[{"token": token, "name": f"rp-{token}-{{}}", "count": count, "spec": SPEC}])
    told = httpx.get(
        f"{server.url}/api/workflows",
        params={"access_token": token, "type": "batch", "include_progress": "true"},
        timeout=60,
    )
    known = {uuid4(): Known(one["id"], f"seen:{item_of(one).mark}") for one in told.raise_for_status().json()["items"]}
    server.mood(reset=True)
    began = perf_counter()
    news = await runner.look(known)
    seconds = perf_counter() - began
    if news or len(known) != count:
        msg = f"{len(news)} of {len(known)} runs moved"
        raise RuntimeError(msg)
    return sum(server.told()["asked"].values()), seconds
