"""The REANA runner: workflows run on a REANA, known there as `rp-<run>`, watched by asking."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from reana_client.api import client

from chassis.files import CHUNK, Files
from chassis.refusal import Refusal, Trouble, refuse
from contracts.vocabulary import Engine
from executor.runner.reanacalls import Away, Calls, Denied
from executor.runner.reanaflows import Flows
from executor.runner.reanalook import LOG
from executor.runner.reanaspec import Children, prepare, room_for
from executor.runner.reanasweep import Sweep, vanished
from executor.runner.reanatickets import Ticket
from executor.runner.reanatimes import Clock
from executor.runner.reanatokens import NoWallet, Tokens, Wallet
from executor.runner.reanausers import Users
from executor.runner.seen import Known, Look, Order, Tells
from executor.runner.settings import RunnerSettings

AT_ONCE = 4
"""Runs that are being submitted at the same time."""
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
        self._flows = Flows(self.calls)
        self._users = Users(self.calls)
        self._sweep = Sweep(self.calls, settings, self._tokens, self._users, self.clock)
        self._doors: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._stopping: dict[UUID, tuple[float, float]] = {}
        """Runs that are to be stopped before they can be: since when, and when REANA was last asked."""

    async def submit(self, order: Order, named: Callable[[str], Awaitable[None]] | None = None) -> str:
        """Find the run's workflow or create it, say its id, upload, start. Every part can be done again."""
        async with self._doors.setdefault(order.run, asyncio.Lock()), self._room:
            account = await self._account(order)
            try:
                token, ticket = await self._entry(order, account)
                found = await self._flows.find(order.run, token)
                if found is not None and found["status"] != "created":
                    return str(replace(ticket, workflow=str(found["id"])))
                return await self._submit(order, token, ticket, found, named)
            except Denied as no:
                raise _refusal(no, account) from None

    async def _account(self, order: Order) -> str | None:
        """Whose token opens the run: the one it was half submitted with, whoever has stored or removed one since."""
        if order.runner_id is not None:
            return Ticket.read(order.runner_id).account
        account = await self._tokens.choose(order.owner)
        if account is None and self._tokens.any() is None:
            raise refuse("executor:no-reana-token", "store your REANA token first: PUT /v1/reana-token")
        return account

    async def _entry(self, order: Order, account: str | None) -> tuple[str, Ticket]:
        """The token for a run, and its ticket as far as it is known."""
        token = await self._tokens.of(account)
        if order.runner_id is None:
            return token, Ticket("", account, order.timeout or self._settings.runner_timeout, await self._users.of(token))
        ticket = Ticket.read(order.runner_id)
        await self._users.check(token, ticket)
        return token, ticket

    async def _submit(
        self,
        order: Order,
        token: str,
        ticket: Ticket,
        found: Mapping[str, Any] | None,
        named: Callable[[str], Awaitable[None]] | None,
    ) -> str:
        async with room_for(order.run) as folder:
            prepared = await prepare(order, folder, self._settings, self._files, self._children)
            there = str(found["id"]) if found else await self._flows.create(order.run, token, prepared.specification)
            ticket = replace(ticket, workflow=there)
            if named is not None:
                await named(str(ticket))
            try:
                await self._flows.upload(token, ticket, prepared.uploads)
                await self._flows.start(token, ticket)
            except Denied as no:
                if vanished(no):
                    raise Trouble("REANA lost the workflow while it was being submitted") from None
                await self._flows.remove(token, ticket)
                raise
        return str(ticket)

    async def withdraw(self, order: Order) -> None:
        """Look for the run's workflow by its name, as an answer may have been lost; stop it and remove it."""
        async with self._doors.setdefault(order.run, asyncio.Lock()), self._room:
            account = await self._account(order)
            try:
                token, ticket = await self._entry(order, account)
                found = await self._flows.find(order.run, token)
            except Denied as no:
                raise _refusal(no, account) from None
            if found is not None:
                runner_id = str(replace(ticket, workflow=str(found["id"])))
                await self.stop(order.run, runner_id)
                await self.delete(order.run, runner_id)

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
                await self._users.check(token, ticket)
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
        await self._flows.remove(token, ticket)

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
            await self._flows.remove(token, ticket)
        except Denied as no:
            if not vanished(no):
                raise Trouble(f"REANA does not delete it: {no}") from None
            await self._users.check(token, ticket)

    def forget(self, run: UUID) -> None:
        """Let go of its logs."""
        self._sweep.forget(run)

    async def files(self, run: UUID, runner_id: str, path: str) -> AsyncIterator[bytes]:
        """Stream a file of the workspace, or a log."""
        ticket = Ticket.read(runner_id)
        token = await self._tokens.of(ticket.account)
        if not path.startswith(LOG):
            try:
                async for block in self.calls.download(token, ticket.workflow, path):
                    yield block
            except FileNotFoundError:
                await self._users.check(token, ticket)
                raise
            return
        texts = self._sweep.memo(run).texts
        if path not in texts:
            try:
                _jobs, _engine, texts = await self._sweep.reading.logs(token, ticket)
            except Denied:
                await self._users.check(token, ticket)
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
