"""Jobs of cwltool as steps: when each starts and ends, what it took, what it made, what it cost."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cwltool.command_line_tool import ExpressionJob
from cwltool.context import RuntimeContext
from cwltool.errors import WorkflowException
from cwltool.executors import MultithreadedJobExecutor
from cwltool.job import ContainerCommandLineJob, JobBase
from cwltool.process import shortname

from contracts.executor import FileSeen
from contracts.vocabulary import Confinement, StepStatus
from executor.runner import measure
from executor.runner.containers import Container
from executor.runner.events import Events
from executor.runner.facts import clean, environment, last_lines
from executor.runner.occurrences import Occurrences, files_in, has_files, path_of
from executor.runner.placed import Place
from executor.runner.seen import StepSeen
from executor.runner.workspace import Brief, Workspace

STATUS = {"success": StepStatus.FINISHED, "skipped": StepStatus.FINISHED}


def plain(value: Any) -> Any:
    """A value of the engine as JSON has it."""
    return clean(json.loads(json.dumps(value, default=str)))


class Reporting(MultithreadedJobExecutor):  # type: ignore[misc]
    """Runs jobs several at once and tells of each."""

    def __init__(
        self,
        brief: Brief,
        workspace: Workspace,
        events: Events,
        files: Occurrences,
        complaints: Callable[[], str],
        confinement: Confinement,
        container: Container,
    ) -> None:
        super().__init__(max_parallel=brief.parallel)
        self._workspace, self._events, self._files, self._complaints = workspace, events, files, complaints
        self._confinement, self._container = confinement, container
        self.began = False
        self.results: Any = None
        """The outputs before they are moved to their folder."""
        self.mind: str | None = None
        """Why nothing was run at all."""

    def begin(self, confinement: Confinement | None = None) -> None:
        """Say that the run is running, and on what."""
        self.began = True
        self._events.run_started(environment("cwltool", confinement or self._confinement))

    def execute(self, process: Any, job_order_object: Any, runtime_context: RuntimeContext, logger: Any = None) -> Any:
        """Know all outside files, then run."""
        runtime_context.select_resources = self.select_resources
        runtime_context.rm_tmpdir = True
        imaged = []
        process.visit(lambda tool: imaged.append(_names_image(tool)) if tool["class"] == "CommandLineTool" else None)
        self.begin(Confinement.CONTAINER if self._container.name and imaged and all(imaged) else None)
        self._files.staged()
        defaults = {shortname(port["id"]): port["default"] for port in process.tool["inputs"] if "default" in port}
        for name, value in (defaults | dict(job_order_object)).items():
            self._come_in(value, name)
        process.visit(lambda tool: self._come_in(tool, None, counts=False))
        self._events.inputs(self._files.outside)
        return super().execute(process, job_order_object, runtime_context, logger)

    def _come_in(self, value: Any, role: str | None, *, counts: bool = True) -> None:
        for file in files_in(value):
            location = str(file.get("location", file.get("path", "")))
            path = path_of(location)
            if path is not None:
                self._files.come_in(Path(path), role, counts=counts)
            elif location and not location.startswith("_:"):
                self.mind = f"{location}: only files of the run itself can be read"
                raise WorkflowException(self.mind)

    def output_callback(self, out: Any, process_status: str) -> None:
        """Keep what the outputs were before they are moved."""
        self.results = plain(out)
        super().output_callback(out, process_status)

    def _runner(self, job: Any, runtime_context: RuntimeContext, TMPDIR_LOCK: Any) -> None:  # noqa: N803
        if isinstance(job, JobBase):
            runtime_context = self._command(job, runtime_context.copy())
        elif isinstance(job, ExpressionJob):
            self._expression(job)
        super()._runner(job, runtime_context, TMPDIR_LOCK)

    def _started(self, place: Place, values: Mapping[str, Any], **more: Any) -> StepSeen:
        used: dict[str, FileSeen] = {}
        for name, value in values.items():
            for seen in self._files.used(value, name):
                used.setdefault(seen.id, seen)
        step = StepSeen(
            place=place.path,
            name=place.name,
            status=StepStatus.RUNNING,
            parameters={name: plain(value) for name, value in values.items() if not has_files(value)},
            used=tuple(used.values()),
            after=self._after(place, used),
            **more,
        )
        return self._events.step_started(step)

    def _after(self, place: Place, used: Mapping[str, FileSeen]) -> tuple[str, ...]:
        """Steps whose values were waited for, but none of whose files was taken."""
        writers = {writer for one in used if (writer := self._files.writer(one))}
        found: dict[str, None] = {}
        for source in sorted({one for sources in place.sources.values() for one in sources}):
            if not any(_stands_in(writer, source) for writer in writers):
                found |= dict.fromkeys(ended for ended in self._events.ended if _stands_in(ended, source))
        return tuple(found)

    def _ended(self, step: StepSeen, outputs: Any, status: str, outdir: str | None, anew: bool, **more: Any) -> None:
        generated: dict[str, FileSeen] = {}
        for name, value in (outputs or {}).items():
            for seen in self._files.generated(step.place, outdir, value, name, anew):
                generated.setdefault(seen.id, seen)
        ended = STATUS.get(status, StepStatus.FAILED)
        if ended is StepStatus.FAILED and self._workspace.stop.exists():
            ended, more = StepStatus.STOPPED, more | {"reason": "stopped"}
        self._events.step_ended(replace(step, status=ended, generated=tuple(generated.values()), **more))

    def _command(self, job: Any, context: RuntimeContext) -> RuntimeContext:
        place: Place = job.place
        contained = isinstance(job, ContainerCommandLineJob)
        log = self._workspace.logs / f"{place.path}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        cost = measure.Cost()
        seen: dict[str, int | None] = {"exit_code": None}
        collect, answer = job.collect_outputs, job.output_callback
        step = self._started(
            place,
            job.joborder,
            command=tuple(clean(str(word)) for word in job.command_line),
            image=_image(job) if contained else None,
            log=str(log.relative_to(self._workspace.folder)),
        )

        def collecting(outdir: str, code: int) -> Any:
            seen["exit_code"] = code
            return collect(outdir, code)

        def answering(outputs: Any, status: str) -> None:
            reason = None if status in STATUS else _reason(status, seen["exit_code"], log, self._complaints())
            figures = {} if contained else {"cpu_seconds": cost.cpu_seconds, "peak_memory": cost.peak_memory}
            self._ended(step, outputs, status, job.outdir, job.inplace_update, reason=reason, **seen, **figures)
            answer(outputs, status)

        job.collect_outputs, job.output_callback = collecting, answering
        job.process_monitor = lambda process: measure.watch(process, cost)
        context.default_stdout = context.default_stderr = log.open("ab")  # the engine closes it
        return context

    def _expression(self, job: Any) -> None:
        answer = job.output_callback
        step = self._started(job.place, job.builder.job)

        def answering(outputs: Any, status: str) -> None:
            reason = None if status in STATUS else clean(f"{status}\n{self._complaints()}".strip())
            self._ended(step, outputs, status, None, anew=False, reason=reason)
            answer(outputs, status)

        job.output_callback = answering


def _stands_in(place: str, source: str) -> bool:
    """Whether a place is that source, one of its scattered elements, or inside of it."""
    return place == source or place.startswith((source + "/", source + "["))


def _names_image(tool: Mapping[str, Any]) -> bool:
    wishes = [*(tool.get("requirements") or []), *(tool.get("hints") or [])]
    return any(wish.get("class") == "DockerRequirement" for wish in wishes)


def _image(job: Any) -> str | None:
    wish, _ = job.get_requirement("DockerRequirement")
    return str(wish.get("dockerPull") or wish.get("dockerImageId") or "") or None if wish else None


def _reason(status: str, code: int | None, log: Path, complaints: str) -> str:
    said = f"{status}: exit code {code}" if code is not None else status
    return "\n".join(part for part in (said, clean(complaints[-2000:]), last_lines(log)) if part)
