"""How fast real runs are, from the request to their provenance in the graph, beside plain cwltool."""

import asyncio
import itertools
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx
from tests.bench.sizes import Size
from tests.bench.table import Figure
from tests.running import Platform, register

ONE_STEP = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [echo, hello]
inputs: {}
stdout: said.txt
outputs: {said: stdout}
"""
SCATTERED = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}}
inputs: {words: "string[]"}
outputs: {all: {type: "File[]", outputSource: say/out}}
steps:
  say:
    scatter: word
    in: {word: words}
    out: [out]
    run:
      class: CommandLineTool
      baseCommand: echo
      inputs: {word: {type: string, inputBinding: {position: 1}}}
      stdout: word.txt
      outputs: {out: stdout}
"""
AIIDA = "AiiDA 1.3/s (1 worker), 2.0/s (2)"
CWLTOOL = {
    20: "cwltool --provenance x1.21 of plain (1.01 → 1.22 s)",
    100: "cwltool --provenance x1.49 of plain (1.54 → 2.29 s)",
}
AT_ONCE = 8


def a_platform(folder: Path, **settings: str) -> Platform:
    """The embedded platform, saying little."""
    return Platform(folder, {"LOG_LEVEL": "WARNING", **settings}).start()


async def captured(http: httpx.AsyncClient, workflow: str, inputs: dict[str, Any]) -> None:
    """Start a run and wait until its provenance is in the graph."""
    answer = await http.post("/v1/runs", json={"workflow": workflow, "inputs": inputs})
    job = answer.raise_for_status().json()["job"]["id"]
    while True:
        told = (await http.get(f"/v1/jobs/{job}", params={"wait": 30})).raise_for_status().json()
        if told["status"] == "FAILED":
            raise RuntimeError(str(told["problem"]))
        if told["status"] == "SUCCEEDED":
            return


def plain(folder: Path, text: str, inputs: dict[str, Any]) -> float:
    """Seconds of plain cwltool for the same, with the same freedom to do steps at once."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "it.cwl").write_text(text)
    words = [f"--words={word}" for word in inputs.get("words", ())]
    command = [sys.executable, "-m", "cwltool", "--quiet", "--parallel", "--no-container", "--outdir", str(folder / "out")]
    began = perf_counter()
    subprocess.run([*command, str(folder / "it.cwl"), *words], check=True, capture_output=True, timeout=600)
    return perf_counter() - began


async def measure(size: Size, _left_out: Callable[[str], None]) -> AsyncIterator[Figure]:
    """One-step runs a second, then the wall time of scattered ones."""
    with tempfile.TemporaryDirectory(prefix="reprovena-bench-") as name:
        folder = Path(name)
        platform = await asyncio.to_thread(a_platform, folder / "platform")
        try:
            async for figure in of_platform(platform, folder, size):
                yield figure
        finally:
            await asyncio.to_thread(platform.stop)


async def of_platform(platform: Platform, folder: Path, size: Size) -> AsyncIterator[Figure]:
    """The figures of a platform."""
    with platform.client() as client:
        one = (await asyncio.to_thread(register, client, "one-step", {"one.cwl": ONE_STEP}))["id"]
        many = (await asyncio.to_thread(register, client, "scattered", {"many.cwl": SCATTERED}))["id"]
        headers = client.headers
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=120) as http:
        await captured(http, one, {})  # the engine is warm then
        todo = iter(range(size.runs))

        async def user() -> None:
            for _ in todo:
                await captured(http, one, {})

        began = perf_counter()
        await asyncio.gather(*(user() for _ in range(AT_ONCE)))
        rate = size.runs / (perf_counter() - began)
        alone = median([await asyncio.to_thread(plain, folder / f"plain-{n}", ONE_STEP, {}) for n in range(size.repeats)])
        than = "plain cwltool, a process each"
        yield Figure("runs", "one-step runs with full provenance", rate, "/s", than, 1 / alone, least=15, peers=AIIDA)
        numbers = itertools.count()
        for steps in size.scattered:
            inputs = {"words": [f"w{n}" for n in range(steps)]}
            ours, theirs = [], []
            for _ in range(size.repeats):  # by turns, so that a busy moment meets both
                began = perf_counter()
                await captured(http, many, inputs)
                ours.append(perf_counter() - began)
                theirs.append(await asyncio.to_thread(plain, folder / f"many-{next(numbers)}", SCATTERED, inputs))
            wall, base = median(ours), median(theirs)
            told = {"most": 1.1 * base, "peers": CWLTOOL.get(steps, "")}
            yield Figure("runs", f"{steps} scattered steps, request to captured", wall, "s", "plain cwltool", base, **told)
