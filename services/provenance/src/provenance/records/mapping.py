"""What a run, a step and a workflow say of themselves, as graphs. Pure: the same statement is the same graph.

A record describes what it owns and refers to the rest: the run's record its inputs, parameters, engine, results and stop
request; the step's record what it wrote; the workflow's record the workflow. Accounts, tenants, plans and software belong
to nobody, so what is said of them follows from their ids alone, and so does what is said of links between two of them.
"""

import shlex
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from contracts.executor import FileSeen, Run, Step
from contracts.ids import NOWHERE, input_id, output_id, run_id, step_id
from contracts.registry import Workflow
from contracts.vocabulary import Relation, RunStatus, Subtype
from provenance.graph.model import Graph
from provenance.records import names
from provenance.records.builder import Builder, moment, text_of
from provenance.records.commons import account, plan, software
from provenance.records.occurrences import EMPTY, content, file, has_content, incoming

__all__ = ["EMPTY", "run", "step", "workflow"]

ENDED = frozenset({RunStatus.FINISHED, RunStatus.FAILED, RunStatus.STOPPED, RunStatus.DELETED})


def run(run: Run, terminal: bool | None = None) -> Graph:
    """What a run says of itself; its results are said with its last statement (`terminal`, else by its status)."""
    graph = Builder()
    me = graph.describe(
        run_id(run.id),
        Subtype.RUN,
        prov_label=f"{run.name} #{run.number}",
        prov_start_time=moment(run.started),
        prov_end_time=moment(run.ended),
        created=moment(run.created),
        queued=moment(run.queued),
        status=run.status.value,
        reason=run.reason,
        name=run.name,
        number=run.number,
        workflow_name=run.workflow.name,
        workflow_version=run.workflow.version,
        language=run.workflow.engine.value,
        main=run.workflow.main,
        tenant=run.tenant,
        job=str(run.job) if run.job else None,
        log_sha256=run.log.sha256 if run.log else None,
        log_size=run.log.size if run.log else None,
    )
    owner = account(graph, run.owner, run.tenant)
    used = plan(graph, run.workflow.handle, run.workflow.spec.sha256)
    graph.link(me, Relation.USED, used, prov_role="plan")
    graph.link(me, Relation.WAS_ASSOCIATED_WITH, owner, prov_role="requester", name=run.owner_name)
    _software(graph, run, used, owner)
    for seen in _sorted(run.inputs):
        incoming(graph, seen)
        graph.link(me, Relation.USED, seen.id, prov_role=seen.role, evidence=seen.evidence)
    for name, value in sorted(run.parameters.items()):
        if value is not None and not _is_files(run, name, value):
            whole = not isinstance(value, str | bool | int | float)
            parameter = graph.describe(
                names.parameter_id(run.id, name),
                Subtype.PARAMETER,
                prov_label=name,
                prov_value=text_of(value) if whole else value,
                value_format="application/json" if whole else None,
            )
            graph.link(me, Relation.USED, parameter, prov_role=name)
    if run.restart_of:
        graph.link(me, Relation.WAS_INFLUENCED_BY, graph.refer(run_id(run.restart_of), Subtype.RUN), influence="restart")
    if run.stopped_by and run.status in {RunStatus.STOPPED, RunStatus.DELETED}:
        stop = graph.describe(names.stop_id(run.id), Subtype.STOP_REQUEST, prov_label="stop request")
        graph.link(me, Relation.WAS_ENDED_BY, stop, prov_time=moment(run.ended))
        graph.link(stop, Relation.WAS_ATTRIBUTED_TO, account(graph, run.stopped_by))
    if run.outputs and (run.status in ENDED if terminal is None else terminal):
        _results(graph, run, owner)
    return graph.graph()


def step(step: Step) -> Graph:
    """What a step says of itself: what it used, what it wrote, what it came after, how it went."""
    graph = Builder()
    me = graph.describe(
        step_id(step.run, step.place),
        Subtype.STEP,
        prov_label=step.place,
        prov_start_time=moment(step.started),
        prov_end_time=moment(step.ended),
        place=step.place,
        name=step.name,
        status=step.status.value,
        reason=step.reason,
        command=shlex.join(step.command) if step.command is not None else None,
        image=step.image,
        exit_code=step.exit_code,
        cpu_seconds=step.cpu_seconds,
        peak_memory=step.peak_memory,
        parameters=_given(step.parameters),
        log_sha256=step.log.sha256 if step.log else None,
        log_size=step.log.size if step.log else None,
    )
    graph.link(me, Relation.WAS_STARTED_BY, graph.refer(run_id(step.run), Subtype.RUN), prov_time=moment(step.started))
    graph.link(me, Relation.WAS_ASSOCIATED_WITH, graph.refer(names.engine_id(step.run), Subtype.SOFTWARE))
    for seen in _sorted(step.used):
        graph.refer(seen.id, Subtype.FILE)
        graph.link(me, Relation.USED, seen.id, prov_role=seen.role, prov_time=moment(step.started), evidence=seen.evidence)
    for seen in _sorted(step.generated):
        file(graph, seen)
        graph.link(
            seen.id, Relation.WAS_GENERATED_BY, me, prov_role=seen.role, prov_time=moment(step.ended), evidence=seen.evidence
        )
        if has_content(seen) and not seen.from_outside:
            graph.link(content(graph, seen), Relation.ALTERNATE_OF, seen.id)
    for place in {*step.after, *_writers(step)} - {step.place}:
        graph.link(me, Relation.WAS_INFORMED_BY, graph.refer(step_id(step.run, place), Subtype.STEP))
    return graph.graph()


def workflow(workflow: Workflow, *, deleted: bool = False) -> Graph:
    """What the registry says of a workflow; a deleted one keeps its description, marked as such."""
    graph = Builder()
    me = graph.describe(
        workflow.handle,
        Subtype.WORKFLOW,
        prov_label=f"{workflow.name}:{workflow.version}",
        name=workflow.name,
        version=workflow.version,
        language=workflow.engine.value,
        main=workflow.main,
        tenant=workflow.tenant,
        specification_sha256=workflow.spec.sha256,
        specification_size=workflow.spec.size,
        inputs_sha256=workflow.inputs.sha256 if workflow.inputs else None,
        parameters=text_of([part.model_dump(exclude_none=True) for part in workflow.parameters]),
        values=_given(workflow.values),
        status="deleted" if deleted else "registered",
    )
    plan(graph, workflow.handle, workflow.spec.sha256)
    graph.link(me, Relation.WAS_ATTRIBUTED_TO, account(graph, workflow.owner, workflow.tenant))
    return graph.graph()


def _software(graph: Builder, run: Run, plan: str, owner: str) -> None:
    # An engine of its own for each run: were the release itself to act on behalf of people, whoever
    # walks up from one run would meet everybody who ever ran that release.
    if run.environment is None:
        return
    env = run.environment
    engine = graph.describe(
        names.engine_id(run.id),
        Subtype.SOFTWARE,
        prov_label=f"{env.engine} {env.version}",
        name=env.engine,
        version=env.version,
        runner=env.runner,
        confinement=env.confinement.value,
        python=env.python,
        platform=env.platform,
    )
    graph.link(engine, Relation.SPECIALIZATION_OF, software(graph, env.engine, env.version))
    graph.link(engine, Relation.ACTED_ON_BEHALF_OF, owner, prov_activity=run_id(run.id))
    graph.link(run_id(run.id), Relation.WAS_ASSOCIATED_WITH, engine, prov_role="engine", prov_plan=plan)


def _results(graph: Builder, run: Run, owner: str) -> None:
    roles: dict[str, list[str]] = {}
    for seen in _sorted(run.outputs):
        roles.setdefault(seen.role or "", []).append(seen.id)
    results = graph.describe(
        names.results_id(run.id), Subtype.RESULTS, prov_label=f"results of {run.name} #{run.number}", outputs=text_of(roles)
    )
    graph.link(results, Relation.WAS_GENERATED_BY, run_id(run.id), prov_role="results", prov_time=moment(run.ended))
    graph.link(results, Relation.WAS_ATTRIBUTED_TO, owner)
    written = output_id(run.id, "", "").rstrip("/") + "/"
    for seen in run.outputs:
        graph.refer(seen.id, Subtype.FILE)
        graph.link(results, Relation.HAD_MEMBER, seen.id)
        # A result may be an input handed through; nobody here made that one.
        if seen.id.startswith(written):
            graph.link(seen.id, Relation.WAS_ATTRIBUTED_TO, owner)
        if seen.id.startswith(f"{written}{NOWHERE}/"):
            _of_the_run(graph, run, seen)


def _of_the_run(graph: Builder, run: Run, seen: FileSeen) -> None:
    """A result of which the runner does not know the step: no step's record tells of it, so the run's does."""
    file(graph, seen)
    graph.link(seen.id, Relation.WAS_GENERATED_BY, run_id(run.id), prov_role=seen.role, prov_time=moment(run.ended))
    if has_content(seen) and not seen.from_outside:
        graph.link(content(graph, seen), Relation.ALTERNATE_OF, seen.id)


def _sorted(files: Iterable[FileSeen]) -> list[FileSeen]:
    return sorted(files, key=lambda seen: (seen.id, seen.role or "", seen.model_dump_json()))


def _writers(step: Step) -> Iterator[str]:
    # The place and the path are one text in an id, so a writer is known only where the path is, too.
    written = output_id(step.run, "", "").rstrip("/") + "/"
    for seen in step.used:
        if seen.id.startswith(written) and seen.id.endswith(f"/{seen.path}"):
            yield seen.id.removeprefix(written).removesuffix(f"/{seen.path}")


def _given(values: dict[str, Any]) -> str | None:
    said = {name: value for name, value in values.items() if value is not None}
    return text_of(said) if said else None


def _is_files(run: Run, name: str, value: Any) -> bool:
    """Whether a parameter is nothing but files that are among the run's inputs."""
    parts = value if isinstance(value, list) else [value]
    if not parts or not all(isinstance(part, dict) and part.get("class") in {"File", "Directory"} for part in parts):
        return False
    known = {seen.path for seen in run.inputs} | {seen.id for seen in run.inputs}
    named = {text for part in parts for text in (part.get("path"), part.get("location")) if isinstance(text, str)}
    return bool(any(seen.role == name for seen in run.inputs) or (named and all(_lies(run.id, text, known) for text in named)))


def _lies(run: UUID, path: str, known: set[str]) -> bool:
    return any(one == path or one == input_id(run, path) or one.startswith(f"{path.rstrip('/')}/") for one in known)
