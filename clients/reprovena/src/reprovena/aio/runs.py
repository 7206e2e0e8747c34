"""Runs: started, watched, ended, and what they made."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprovena import calls, references
from reprovena.aio.connection import WAIT
from reprovena.aio.fetching import fetch
from reprovena.aio.hands import Chunks, aside, listed
from reprovena.aio.watching import watch
from reprovena.aio.workflows import AsyncWorkflows
from reprovena.calls import Call, Page
from reprovena.errors import WrongUse, raise_failed
from reprovena.inputs import Dataset, RunOutput, Source, UploadId
from reprovena.models import Document, Job, Upload, documents
from reprovena.runs import File, Run, RunEvent, Started, Step


class AsyncRuns(AsyncWorkflows):
    """What a client does with runs."""

    async def upload(self, path: Path | str, name: str | None = None) -> Upload:
        """Send a file that a run may name."""
        local = Path(path)
        if not await aside(local.is_file):
            msg = f"{local} is not there"
            raise WrongUse(msg)
        size = (await aside(local.stat)).st_size
        return await self._wire.ask(calls.upload(name or local.name, Chunks(local, self._progress), size))

    async def start_run(
        self,
        workflow: str,
        inputs: Mapping[str, Any] | None = None,
        files: Mapping[str, Source | Upload | str] | None = None,
        *,
        priority: int | None = None,
        timeout: int | None = None,  # noqa: ASYNC109 - of the run
        tenant: str | None = None,
    ) -> Started:
        """Start a run; a file is a local path (it is uploaded), an upload, an earlier run's output, or a dataset."""
        target = workflow if references.is_id(workflow) else (await self.workflow(workflow)).id
        staged = {name: await self._staged(name, source) for name, source in (files or {}).items()}
        optional = {"priority": priority, "timeout": timeout, "tenant": tenant}
        body: dict[str, Any] = {"workflow": target, "inputs": dict(inputs or {}), "files": staged}
        body |= {name: value for name, value in optional.items() if value is not None}
        started = await self._wire.ask(calls.start_run(body))
        raise_failed(started.job.id, started.job.status, started.job.problem)
        return started

    async def _staged(self, name: str, source: Source | Upload | str) -> dict[str, str]:
        match source:
            case RunOutput():
                run = source.run if references.is_id(source.run) else (await self.find_run(source.run)).id
                return {"run": run, "output": source.output}
            case Dataset():
                return {"dataset": source.handle} | ({"file": source.file} if source.file else {})
            case UploadId() | Upload():
                return {"upload": source.id}
            case _:
                return {"upload": (await self.upload(source, name)).id}

    async def run(self, run: str) -> Run:
        """Fetch a run with its steps."""
        return await self._wire.ask(calls.run(run))

    async def find_run(self, reference: str) -> Run:
        """Fetch a run by its id, or by `<workflow>:<version>#<number>`."""
        if references.is_id(reference):
            return await self.run(reference)
        name, number = references.run(reference)
        found = await listed(self.runs(name=name))
        return await self.run(references.numbered(reference, number, found).id)

    def runs(
        self, *, workflow: str | None = None, status: str | None = None, name: str | None = None, limit: int | None = None
    ) -> AsyncIterator[Run]:
        """List runs, page after page."""

        def page(after: str | None, size: int | None) -> Call[Page[Run]]:
            return calls.runs(workflow=workflow, status=status, name=name, limit=size, after=after)

        return self._pages(page, limit)

    def watch(self, run: str, *, after: str | None = None, patience: float = 300.0) -> AsyncIterator[RunEvent]:
        """Hear a run's changes as they happen; a lost connection is taken up where it was lost."""
        return watch(self._wire, run, after=after, patience=patience, sleep=self._sleep)

    async def steps(self, run: str) -> tuple[Step, ...]:
        """List a run's steps."""
        return await self._wire.ask(calls.steps(run))

    async def logs(self, run: str, step: str | None = None) -> bytes:
        """Fetch the log of a step, or the engine's."""
        return await self._wire.ask(calls.logs(run, step))

    async def stop(self, run: str) -> Document:
        """Stop a run."""
        return await self._wire.ask(calls.stop(run))

    async def restart(self, run: str, inputs: Mapping[str, Any] | None = None) -> Started:
        """Run again what ended, with new values where given."""
        started = await self._wire.ask(calls.restart(run, inputs))
        raise_failed(started.job.id, started.job.status, started.job.problem)
        return started

    async def delete(self, run: str) -> None:
        """Remove a run's files; its provenance stays."""
        await self._wire.ask(calls.delete_run(run))

    async def outputs(self, run: str) -> tuple[File, ...]:
        """List a run's stored files."""
        return tuple(File.of(item) for item in documents((await self._wire.ask(calls.outputs(run))).get("items")))

    async def download(self, run: str, output: str, target: Path) -> Path:
        """Fetch one output into a file, whole or not at all."""
        return await fetch(self._wire, calls.output_path(run, output), target, self._progress)

    async def archive(self, run: str, target: Path) -> Path:
        """Fetch all outputs as a zip."""
        return await fetch(self._wire, calls.archive_path(run), target, self._progress)

    async def register_outputs(
        self,
        run: str,
        collection_format: Mapping[str, Any],
        *,
        outputs: Sequence[str] = (),
        template: str | None = None,
        within: float = 120.0,
    ) -> str:
        """Register outputs of a finished run (all, if none are named) as a dataset; its handle."""
        body: dict[str, Any] = {"collection_format": dict(collection_format), "outputs": list(outputs)}
        answer = await self._wire.ask(calls.register_outputs(run, body | ({"template": template} if template else {}), WAIT))
        return str((await self._done(answer, within)).result["handle"])

    async def lodge_run(self, run: str, *, within: float = 120.0) -> Document:
        """Lodge a run of one's own that could not be lodged as a model run when it finished; what became of it."""
        answer = await self._wire.ask(calls.lodge_run(run, WAIT))
        if "job" not in answer:
            return answer
        await self._done(answer, within)
        return dict((await self.run(run)).document["outcome"])

    async def _done(self, answer: Document, within: float) -> Job:
        job = Job.of(answer["job"])
        return job if job.settled else await self.settle(job.id, within)
