"""What is asked of REANA about one run: its specification, its logs, its files."""

import json
from typing import Any
from uuid import UUID

from reana_client.api import client

from contracts.executor import Environment
from contracts.vocabulary import Confinement, Engine
from executor.runner.reanacalls import Calls, Denied
from executor.runner.reanalogs import Job, Result, final_output, jobs_of
from executor.runner.reanalook import ENGINE_LOG, LOG, Facts, cwl_output, declared_output, facts_of
from executor.runner.reanatickets import Ticket
from executor.runner.seen import OutputSeen, StepSeen

PAGE = 1000
"""Files on a page of a list."""


class Reading:
    """Asks about one run at a time."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._version: str | None = None
        self._limit: str | None = None

    async def facts(self, token: str, ticket: Ticket) -> Facts:
        """What of a run never changes."""
        return facts_of(await self._calls.read(client.get_workflow_specification, token, ticket.workflow))

    async def environment(self, token: str, engine: Engine) -> Environment:
        """What runs there; REANA's engines have REANA's version."""
        if self._version is None:
            version = (await self._calls.read(client.ping, token)).get("reana_server_version")
            self._limit = await self._memory_limit(token)
            self._version = str(version) if version else None
        name = f"reana-workflow-engine-{engine}"
        return Environment(
            engine=name,
            version=self._version or "unknown",
            runner=self._calls.url,
            confinement=Confinement.CONTAINER,
            memory_limit=self._limit,
        )

    async def _memory_limit(self, token: str) -> str | None:
        """What Kubernetes gives a job that asks for nothing else, if this REANA tells."""
        try:
            told = await self._calls.read(client.info, token)
        except Denied:
            return None
        limit = (told.get("default_kubernetes_memory_limit") or {}).get("value")
        return str(limit) if limit else None

    async def logs(self, token: str, ticket: Ticket) -> tuple[tuple[Job, ...], str, dict[str, str]]:
        """Jobs, the engine's log, and all logs by their paths."""
        told: dict[str, Any] = json.loads((await self._calls.read(client.get_workflow_logs, token, ticket.workflow))["logs"])
        jobs, engine = jobs_of(told), str(told.get("workflow_logs") or "")
        return jobs, engine, {ENGINE_LOG: engine, **{f"{LOG}{job.id}": job.said for job in jobs}}

    async def outputs(
        self, token: str, run: UUID, ticket: Ticket, facts: Facts, steps: tuple[StepSeen, ...], engine: str
    ) -> tuple[OutputSeen, ...]:
        """A run's results: for CWL as the engine lists them, otherwise the declared ones that are there."""
        found: dict[str, OutputSeen] = {}
        if facts.engine is Engine.CWL:
            for one in final_output(engine):
                if isinstance(one, Result):
                    found.setdefault(one.path, cwl_output(run, facts, one))
                    continue
                for name, size in await self.listed(token, ticket, f"outputs/{one.path}"):
                    result = Result(one.role, name.removeprefix("outputs/"), size)
                    found.setdefault(result.path, cwl_output(run, facts, result))
            return tuple(found.values())
        for name in (*facts.files, *facts.directories):
            for path, size in await self.listed(token, ticket, name.removeprefix("./").rstrip("/")):
                found.setdefault(path, declared_output(run, steps, path, size))
        return tuple(found.values())

    async def listed(self, token: str, ticket: Ticket, name: str) -> list[tuple[str, int | None]]:
        """The files of a workspace that a name means: itself, or those of a folder."""
        found: list[tuple[str, int | None]] = []
        page = 0
        while True:
            page += 1
            try:
                told = await self._calls.read(client.list_files, token, ticket.workflow, file_name=name, page=page, size=PAGE)
            except Denied as no:
                if no.status == 404:
                    return found
                raise
            for one in told:
                path = str(one["name"])
                if path == name or path.startswith(f"{name}/"):
                    found.append((path, (one.get("size") or {}).get("raw")))
            if len(told) < PAGE:
                return found
