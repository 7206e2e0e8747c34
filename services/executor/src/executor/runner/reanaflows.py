"""The workflow that a run is in REANA: found, made, filled, started, removed."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from reana_client.api import client

from chassis.refusal import Trouble
from executor.runner.reanacalls import Calls, Denied
from executor.runner.reanasweep import vanished
from executor.runner.reanatickets import Ticket, name_of

AT_ONCE = 4
"""Files of one run that are being uploaded at the same time."""


class Flows:
    """Workflows of one REANA, each of a run of ours."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create(self, run: UUID, token: str, specification: dict[str, Any]) -> str:
        """A workflow of the run's name. Where an earlier one came to light meanwhile, its creation was slow: it counts."""
        told = await self._calls.once(client.create_workflow, token, specification, name_of(run))
        if str(told["workflow_name"]) != f"{name_of(run)}.1":
            first = await self.find(run, token)
            if first is not None and first["id"] != told["workflow_id"]:
                await self.remove(token, Ticket(str(told["workflow_id"])))
                return str(first["id"])
        return str(told["workflow_id"])

    async def find(self, run: UUID, token: str) -> Mapping[str, Any] | None:
        """The run's workflow: the first of its name. Later ones are restarts that somebody made in REANA."""
        try:
            told = await self._calls.read(client.get_workflows, token, type="batch", workflow=name_of(run), page=1, size=100)
        except Denied as no:
            if no.status == 404 or vanished(no):
                return None
            raise
        alive = [one for one in told if one["status"] != "deleted" and str(one["name"]).startswith(f"{name_of(run)}.")]
        return min(alive, key=lambda one: [int(part) for part in str(one["name"]).split(".")[1:]], default=None)

    async def upload(self, token: str, ticket: Ticket, uploads: tuple[tuple[str, Path], ...]) -> None:
        """Bring a run's files into its workspace, several at a time."""
        left = iter(uploads)

        async def some() -> None:
            for name, path in left:
                await self._calls.upload(token, ticket.workflow, name, path)

        ends = await asyncio.gather(*(some() for _ in range(AT_ONCE)), return_exceptions=True)
        for error in ends:
            if error is not None:
                raise error

    async def start(self, token: str, ticket: Ticket) -> None:
        """Start it, unless it has been."""
        try:
            await self._calls.once(client.start_workflow, token, ticket.workflow, parameters={})
        except Denied as no:
            if no.status not in {403, 409} or "already" not in str(no):
                raise

    async def remove(self, token: str, ticket: Ticket) -> None:
        """Delete it with its workspace; one that is gone is fine."""
        try:
            await self._calls.once(client.delete_workflow, token, ticket.workflow, all_runs=False, workspace=True)
        except Denied as no:
            if not vanished(no):
                raise Trouble(f"REANA does not delete it: {no}") from None
