"""CWL processes that know their place: cwltool's own, told where in the workflow they stand and what they wait for."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar

from cwltool.command_line_tool import CommandLineTool, ExpressionTool
from cwltool.context import LoadingContext, RuntimeContext
from cwltool.process import Process, shortname
from cwltool.utils import aslist
from cwltool.workflow import Workflow, WorkflowStep, default_make_tool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the workflow something runs."""

    path: str = ""
    """`train[1]/fit`, empty at the top."""
    name: str = ""
    """`fit`"""
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each input the places, or beginnings of places, that its value comes from."""

    def within(self, name: str) -> str:
        """The place of a part."""
        return f"{self.path}/{name}" if self.path else name


def place_in(context: RuntimeContext) -> Place:
    """The place that a context carries."""
    found = getattr(context, "place", None)
    return found if isinstance(found, Place) else Place()


def tool_name(tool: Process) -> str:
    """What a document is called that is run by itself."""
    identity = str(tool.tool.get("id", "tool"))
    return str(shortname(identity)) if "#" in identity else PurePosixPath(identity).stem


def indexes(callback: Callable[..., object] | None) -> str:
    """`[2]` for the third element of a scatter, `[2][0]` for nested ones.

    The engine hands each element its index as the first argument of the callback that takes its result, and the callback's
    owner, where scatters are nested, has one such callback itself.
    """
    found: list[int] = []
    while isinstance(callback, functools.partial):
        owner = getattr(callback.func, "__self__", None)
        if callback.args and isinstance(callback.args[0], int):
            found.insert(0, callback.args[0])
            callback = getattr(owner, "output_callback", None)
        else:
            round_ = getattr(owner, "iteration", None)  # a loop counts its rounds
            if isinstance(round_, int):
                found.insert(0, round_)
            break
    return "".join(f"[{index}]" for index in found)


class PlacedStep(WorkflowStep):  # type: ignore[misc]
    """A step that passes its place on to what it runs."""

    siblings: tuple[str, ...] = ()
    """Ids of the steps of its workflow."""

    def job(self, job_order: Any, output_callbacks: Any, runtimeContext: RuntimeContext) -> Iterator[Any]:  # noqa: N803
        """Run what the step runs, at the step's place."""
        context = runtimeContext.copy()
        above = place_in(context)
        name = str(shortname(self.id))
        sources = {str(shortname(one["id"])): self._sources(one, above) for one in self.tool["inputs"]}
        context.place = Place(above.within(name + indexes(output_callbacks)), name, sources)
        yield from super().job(job_order, output_callbacks, context)

    def _sources(self, port: Mapping[str, Any], above: Place) -> frozenset[str]:
        found: set[str] = set()
        for source in aslist(port.get("source") or []):
            sibling = next((one for one in self.siblings if source.startswith(one + "/")), None)
            if sibling is not None:
                found.add(above.within(str(shortname(sibling))))
            else:
                found |= above.sources.get(str(shortname(source)), frozenset())
        return frozenset(found)


class PlacedWorkflow(Workflow):  # type: ignore[misc]
    """A workflow whose steps know their place."""

    def __init__(self, document: Any, context: LoadingContext) -> None:
        super().__init__(document, context)
        siblings = tuple(str(step.id) for step in self.steps)
        for step in self.steps:
            step.siblings = siblings

    def make_workflow_step(self, toolpath_object: Any, pos: int, loadingContext: Any, parentworkflowProv: Any = None) -> Any:  # noqa: N803
        """Make a step that knows its place."""
        return PlacedStep(toolpath_object, pos, loadingContext, parentworkflowProv)


class _Placed:
    """Marks every job with the place at which its tool was asked for it."""

    def job(self, job_order: Any, output_callbacks: Any, runtimeContext: RuntimeContext) -> Iterator[Any]:  # noqa: N803
        """The tool's jobs, marked."""
        place = place_in(runtimeContext)
        if not place.path:
            name = tool_name(self)
            place = Place(name, name)
        for job in super().job(job_order, output_callbacks, runtimeContext):  # type: ignore[misc]
            job.place = place
            yield job


class PlacedCommand(_Placed, CommandLineTool):  # type: ignore[misc]
    """A command that knows its place."""

    images_ignored: ClassVar[bool] = False
    """Whether an image that is required is only hinted at."""

    def make_job_runner(self, runtimeContext: RuntimeContext) -> Any:  # noqa: N803
        """What runs the command; without its image where that is ignored."""
        if self.images_ignored:
            wishes = list(getattr(self, "requirements"))  # noqa: B009 - cwltool does not say what it holds
            images = [wish for wish in wishes if wish["class"] == "DockerRequirement"]
            self.requirements = [wish for wish in wishes if wish not in images]
            self.hints = [*getattr(self, "hints"), *images]  # noqa: B009
        return super().make_job_runner(runtimeContext)


class PlacedExpression(_Placed, ExpressionTool):  # type: ignore[misc]
    """An expression that knows its place."""


KINDS = {"Workflow": PlacedWorkflow, "CommandLineTool": PlacedCommand, "ExpressionTool": PlacedExpression}


def make_tool(document: Any, context: LoadingContext) -> Process:
    """Make a process that knows its place, where it can run."""
    kind = KINDS.get(str(document.get("class"))) if isinstance(document, Mapping) else None
    return (kind or default_make_tool)(document, context)
