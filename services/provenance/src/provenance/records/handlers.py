"""Turns what is heard into records: each fact states its record whole, so late and repeated ones do no harm."""

import json

from chassis.files import Files, collect
from contracts.executor import FileSeen, Run, RunEnded, RunQueued, RunStarted, Step, StepEnded, StepStarted
from contracts.ids import run_id, step_id
from contracts.message import FileRef
from contracts.registry import WorkflowDeleted, WorkflowRegistered, WorkflowUpdated
from provenance.records import mapping
from provenance.unit import ProvenanceUnit

MORE = 64 << 20
"""Bytes that the rest of a statement may have."""


async def capture_run(event: RunQueued | RunStarted | RunEnded, unit: ProvenanceUnit) -> None:
    """Put what the run says of itself into the ledger; the projector tells the rest of the house."""
    ended = isinstance(event, RunEnded)
    run = await _whole_run(event.run, unit.house.files)
    wanted = mapping.run(run, ended)
    await unit.ledger.lodge(run_id(run.id), run.revision, wanted, tenant=run.tenant, job=event.job, caller=event.caller)
    if isinstance(event, RunEnded):
        await unit.ledger.expect(event)


async def capture_step(event: StepStarted | StepEnded, unit: ProvenanceUnit) -> None:
    """Put what a step says of itself into the ledger, as a record beneath its run's."""
    if event.tenant is None:
        msg = f"{event.subject} {event.id} does not say whose the step is"
        raise ValueError(msg)
    step = await _whole_step(event.step, unit.house.files)
    record, parent = step_id(step.run, step.place), run_id(step.run)
    wanted, tenant = mapping.step(step), event.tenant
    await unit.ledger.lodge(record, step.revision, wanted, tenant=tenant, parent=parent, job=event.job, caller=event.caller)


async def note_workflow(event: WorkflowRegistered | WorkflowUpdated | WorkflowDeleted, unit: ProvenanceUnit) -> None:
    """Put what the registry says of a workflow into the ledger; a deleted one stays, marked, for the runs that used it."""
    workflow = event.workflow
    wanted = mapping.workflow(workflow, deleted=isinstance(event, WorkflowDeleted))
    record, tenant = f"workflow/{workflow.handle}", workflow.tenant
    await unit.ledger.lodge(record, workflow.revision, wanted, tenant=tenant, job=event.job, caller=event.caller)


async def _whole_run(run: Run, files: Files) -> Run:
    if run.more is None:
        return run
    rest = await _rest(run.more, files)
    return run.model_copy(
        update={
            "inputs": (*run.inputs, *rest.get("inputs", ())),
            "outputs": (*run.outputs, *rest.get("outputs", ())),
            "more": None,
        }
    )


async def _whole_step(step: Step, files: Files) -> Step:
    if step.more is None:
        return step
    rest = await _rest(step.more, files)
    return step.model_copy(
        update={
            "used": (*step.used, *rest.get("used", ())),
            "generated": (*step.generated, *rest.get("generated", ())),
            "more": None,
        }
    )


async def _rest(more: FileRef, files: Files) -> dict[str, list[FileSeen]]:
    """What a message could not hold: lists of files by the name of the field that they belong to."""
    said = json.loads(await collect(files.get(more.key), MORE))
    return {name: [FileSeen.model_validate(seen) for seen in listed] for name, listed in said.items()}
