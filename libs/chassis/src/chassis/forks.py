"""Child processes that start warm: forked from a small server with a clean environment (`chassis.forkserver`)."""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.refusal import Trouble
from contracts.ids import uuid7

log = logging.getLogger(__name__)


class ChildError(Exception):
    """A child raised; this is what it said."""


@dataclass(frozen=True, slots=True)
class Forked:
    """A child: its pid with the moment it began (seconds since 1970, as psutil tells it), and its exit code to come."""

    pid: int
    started: float
    ended: "asyncio.Future[int]"

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the whole group that the child leads."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


class Forks:
    """The client of one fork server, which is started when first needed and again if it dies."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self._modules, self._environment = tuple(dict.fromkeys(modules)), dict(environment)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._begun: dict[str, asyncio.Future[tuple[int, float]]] = {}
        self._ending: dict[str, asyncio.Future[int]] = {}
        self._turn = asyncio.Lock()

    async def start(self, target: str, argument: str, log: Path | None = None, answer: Path | None = None) -> Forked:
        """Fork a child that calls `module:function` with one string; what it prints goes to the log."""
        loop = asyncio.get_running_loop()
        name, begun, ended = str(uuid7()), loop.create_future(), loop.create_future()
        async with self._turn:
            process = await self._server()
            self._begun[name], self._ending[name] = begun, ended
            order = {"id": name, "target": target, "argument": argument}
            order |= {"log": str(log)} if log else {}
            order |= {"answer": str(answer)} if answer else {}
            try:
                if process.stdin is None:
                    msg = "the fork server has no ear"
                    raise Trouble(msg)
                process.stdin.write((json.dumps(order) + "\n").encode())
                await process.stdin.drain()
            except ConnectionError as error:
                self._begun.pop(name, None), self._ending.pop(name, None)
                msg = "the fork server is gone"
                raise Trouble(msg) from error
        pid, started = await asyncio.wait_for(begun, 60)
        return Forked(pid, started, ended)

    async def call(self, target: str, argument: str, timeout: float = 30.0) -> str:  # noqa: ASYNC109 - a deadline for the child
        """What `module:function` answers to one string, in a child. `TimeoutError` ends it; `ChildError` is its own error."""
        with tempfile.TemporaryDirectory(prefix="call-") as folder:
            answer = Path(folder) / "answer"
            child = await self.start(target, argument, Path(folder) / "log", answer)
            try:
                code = await asyncio.wait_for(asyncio.shield(child.ended), timeout)
            except TimeoutError:
                raise TimeoutError(f"{target} took longer than {timeout} s") from None
            finally:
                child.kill()
            text = answer.read_text() if answer.exists() else ""
            if code != 0 or not answer.exists():
                raise ChildError(text or f"{target} ended with {code} and no answer")
            return text

    async def _server(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chassis.forkserver",
            *self._modules,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
            limit=1 << 20,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="forks")
        return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        async for line in process.stdout:
            told = json.loads(line)
            if "pid" in told and (begun := self._begun.pop(told["id"], None)) and not begun.done():
                begun.set_result((told["pid"], told["started"]))
            if "code" in told and (ended := self._ending.pop(told["id"], None)) and not ended.done():
                ended.set_result(told["code"])
        code = await process.wait()
        if self._begun or self._ending:
            log.warning("the fork server is gone", extra={"code": code})
        open_ends: list[asyncio.Future[Any]] = [*self._begun.values(), *self._ending.values()]
        for future in open_ends:
            if not future.done():
                future.set_exception(Trouble("the fork server is gone"))
                future.exception()  # somebody may never ask
        self._begun.clear()
        self._ending.clear()

    async def close(self) -> None:
        """End the server; children go on."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 5)
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)
