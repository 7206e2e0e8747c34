"""The REANA runner: workflows run on a REANA, known there as `rp-<run>`, watched by asking."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from reana_client.api import client

from chassis.files import CHUNK, Files
from chassis.refusal import Refusal, Trouble, refuse
from contracts.vocabulary import Engine
from executor.runner.reanacalls import Away, Calls, Denied
from executor.runner.reanalook import LOG
from executor.runner.reanaspec import Children, prepare, room_for
from executor.runner.reanasweep import Sweep, vanished
from executor.runner.reanatickets import Ticket, name_of
from executor.runner.reanatimes import Clock
from executor.runner.reanatokens import NoWallet, Tokens, Wallet
from executor.runner.seen import Known, Look, Order, Tells
from executor.runner.settings import RunnerSettings

AT_ONCE = 4
"""Runs that are being submitted at the same time, and files of one that are being uploaded."""
UNSTOPPABLE = frozenset({"created", "queued", "pending"})
"""REANA does not stop what does not run."""
STOP_WAIT = 60.0
"""Seconds that a run which should stop may be about to begin, before it is deleted instead: that leaves its pod behind."""


class ReanaRunner:
    """Runs CWL, serial, Snakemake and Yadage workflows on a REANA."""

    engines = frozenset(Engine)
    tells = frozenset({Tells.INPUTS, Tells.STEP_LOGS})
    at_once = 1000

    def __init__(
        self, url: str, settings: RunnerSettings, files: Files, children: Children, wallet: Wallet | None = None
    ) -> None:
        self.calls = Calls(url, settings)
        self.name = self.calls.url
        self.clock = Clock(settings.reana_zone)
        self._settings, self._files, self._children = settings, files, children
        self._tokens = Tokens(settings, wallet or NoWallet())
        self._sweep = Sweep(self.calls, settings, self._tokens, self.clock)
        self._doors: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._stopping: dict[UUID, tuple[float, float]] = {}
        """Runs that are to be stopped before they can be: since when, and when REANA was last asked."""

    async def submit(self, order: Order, named: Callable[[str], Awaitable[None]] | None = None) -> str:
        """Find the run's workflow or create it, say its id, upload, start. Every part can be done again."""
        async with self._doors.setdefault(order.run, asyncio.Lock()), self._room:
            account = await self._tokens.choose(order.owner)
            if account is None and self._tokens.any() is None:
                raise refuse("executor:no-reana-token", "store your REANA token first: PUT /v1/reana-token")
            token = await self._tokens.of(account)
            timeout = order.timeout or self._settings.runner_timeout
            try:
                found = await self._find(order.run, token)
                if found is not None and found["status"] != "created":
                    return str(Ticket(str(found["id"]), account, timeout))
                return await self._submit(order, token, account, timeout, found, named)
            except Denied as no:
                raise _refusal(no, account) from None

    async def _submit(
        self,
        order: Order,
        token: str,
        account: str | None,
        timeout: int,  # noqa: ASYNC109 - the run's, not ours
        found: Mapping[str, Any] | None,
        named: Callable[[str], Awaitable[None]] | None,
    ) -> str:
        async with room_for(order.run) as folder:
            prepared = await prepare(order, folder, self._settings, self._files, self._children)
            if found is None:
                ticket = Ticket(await self._create(order.run, token, prepared.specification), account, timeout)
            else:
                ticket = Ticket(str(found["id"]), account, timeout)
            if named is not None:
                await named(str(ticket))
            try:
                await self._upload(token, ticket, prepared.uploads)
                await self._start(token, ticket)
            except Denied as no:
                if vanished(no):
                    raise Trouble("REANA lost the workflow while it was being submitted") from None
                await self._remove(token, ticket)
                raise
        return str(ticket)

    async def _create(self, run: UUID, token: str, specification: dict[str, Any]) -> str:
        """A workflow of the run's name. Where an earlier one came to light meanwhile, its creation was slow: it counts."""
        told = await self.calls.once(client.create_workflow, token, specification, name_of(run))
        if str(told["workflow_name"]) != f"{name_of(run)}.1":
            first = await self._find(run, token)
            if first is not None and first["id"] != told["workflow_id"]:
                await self._remove(token, Ticket(str(told["workflow_id"])))
                return str(first["id"])
        return str(told["workflow_id"])

    async def _find(self, run: UUID, token: str) -> Mapping[str, Any] | None:
        """The run's workflow: the first of its name. Later ones are restarts that somebody made in REANA."""
        try:
            told = await self.calls.read(client.get_workflows, token, type="batch", workflow=name_of(run), page=1, size=100)
        except Denied as no:
            if no.status == 404 or vanished(no):
                return None
            raise
        alive = [one for one in told if one["status"] != "deleted" and str(one["name"]).startswith(f"{name_of(run)}.")]
        return min(alive, key=lambda one: [int(part) for part in str(one["name"]).split(".")[1:]], default=None)

    async def _upload(self, token: str, ticket: Ticket, uploads: tuple[tuple[str, Path], ...]) -> None:
        left = iter(uploads)

        async def some() -> None:
            for name, path in left:
                await self.calls.upload(token, ticket.workflow, name, path)

        ends = await asyncio.gather(*(some() for _ in range(AT_ONCE)), return_exceptions=True)
        for error in ends:
            if error is not None:
                raise error

    async def _start(self, token: str, ticket: Ticket) -> None:
        try:
            await self.calls.once(client.start_workflow, token, ticket.workflow, parameters={})
        except Denied as no:
            if no.status not in {403, 409} or "already" not in str(no):
                raise

    async def look(self, known: Mapping[UUID, Known]) -> dict[UUID, Look]:
        """Ask for all live runs of an account with one list, and for details of those that changed."""
        return await self._sweep.look(known)

    async def stop(self, run: UUID, runner_id: str) -> None:
        """Stop a run. One that waits in REANA's queue can only be deleted; one about to begin is stopped when it has."""
        ticket = Ticket.read(runner_id)
        first, last = self._stopping.get(run, (None, 0.0))
        if first is not None and time.monotonic() - last < self._settings.reana_every:
            raise Trouble("REANA was asked a moment ago")
        token = await self._tokens.of(ticket.account)
        try:
            await self.calls.read(client.stop_workflow, token, ticket.workflow, False)  # noqa: FBT003 - its own signature
        except Denied as no:
            if vanished(no):
                return
            if no.status != 409:
                raise Trouble(f"REANA does not stop it: {no}") from None
            await self._stop_waiting(run, token, ticket)
        self._stopping.pop(run, None)

    async def _stop_waiting(self, run: UUID, token: str, ticket: Ticket) -> None:
        status = (await self.calls.read(client.get_workflow_status, token, ticket.workflow))["status"]
        if status not in UNSTOPPABLE:
            return
        now = time.monotonic()
        since = self._stopping.get(run, (now, now))[0]
        self._stopping[run] = since, now
        if status == "pending" and now - since < STOP_WAIT:
            raise Trouble("the run is about to begin; REANA stops it once it runs")
        await self._remove(token, ticket)

    async def delete(self, run: UUID, runner_id: str) -> None:
        """Stop the run if need be and delete its workflow with its workspace."""
        ticket = Ticket.read(runner_id)
        token = await self._tokens.of(ticket.account)
        self._sweep.forget(run)
        try:
            told = await self.calls.read(client.get_workflow_status, token, ticket.workflow)
            if told["status"] == "deleted":
                return
            if told["status"] == "running":
                await self.stop(run, runner_id)
            await self._remove(token, ticket)
        except Denied as no:
            if not vanished(no):
                raise Trouble(f"REANA does not delete it: {no}") from None

    async def _remove(self, token: str, ticket: Ticket) -> None:
        try:
            await self.calls.once(client.delete_workflow, token, ticket.workflow, all_runs=False, workspace=True)
        except Denied as no:
            if not vanished(no):
                raise Trouble(f"REANA does not delete it: {no}") from None

    async def files(self, run: UUID, runner_id: str, path: str) -> AsyncIterator[bytes]:
        """Stream a file of the workspace, or a log."""
        ticket = Ticket.read(runner_id)
        token = await self._tokens.of(ticket.account)
        if not path.startswith(LOG):
            async for block in self.calls.download(token, ticket.workflow, path):
                yield block
            return
        texts = self._sweep.memo(run).texts
        if path not in texts:
            try:
                _jobs, _engine, texts = await self._sweep.reading.logs(token, ticket)
            except Denied:
                texts = {}
        if path not in texts:
            raise FileNotFoundError(path)
        content = texts[path].encode(errors="replace")
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def usage(self, run: UUID, runner_id: str) -> int:  # noqa: ARG002 - the ticket says all
        """Bytes of the workspace, as REANA counts them."""
        ticket = Ticket.read(runner_id)
        token = await self._tokens.of(ticket.account)
        try:
            told = await self.calls.read(client.get_workflow_disk_usage, token, ticket.workflow, {"summarize": True})
        except Denied:
            return 0
        except Away as away:
            if away.status == 500:  # the workspace is gone
                return 0
            raise
        return sum(int((one.get("size") or {}).get("raw") or 0) for one in told.get("disk_usage_info") or [])

    async def ping(self) -> None:
        """Raise if REANA does not answer, or does not know the platform's token."""
        await self.calls.stands()
        if (token := self._tokens.any()) is not None:
            told = await self.calls.once(client.ping, token)
            if told.get("error"):
                raise Trouble(f"REANA: {told.get('status')}")

    async def close(self) -> None:
        """Hang up."""
        await self.calls.close()


def _refusal(no: Denied, account: str | None) -> Refusal | Trouble:
    """What REANA's no means for the run."""
    text = str(no)
    if no.status in {401, 403} and "token" in text.lower():
        if account is None:
            return Trouble(f"REANA does not take the platform's token: {text}")
        return refuse("executor:no-reana-token", f"REANA does not take your token: {text}")
    if "quota" in text.lower():
        return refuse("executor:quota-exceeded", text)
    return refuse("executor:not-taken", f"REANA does not take the workflow: {text}"[:4000])
