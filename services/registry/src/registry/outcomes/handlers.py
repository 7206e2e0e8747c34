"""What the end of a run, and orders about finished runs, make of them.

A run that cannot be lodged stays as it is: why is kept beside it, and it can be lodged once that is mended.
"""

from chassis.refusal import refuse
from contracts.executor import Run, RunDeleted, RunFinished
from contracts.outcomes import LodgeRun, ModelRunPlan, RegisterOutputs
from contracts.problem import FieldError, Problem
from registry.entries.asking import Asking, asking, info_of
from registry.entries.checks import texts
from registry.outcomes import model
from registry.outcomes.lodging import described, filled, lodged, may_write, stands_for, tried, whole
from registry.outcomes.model import UnfitError
from registry.outcomes.store import Finished
from registry.unit import RegistryUnit


async def note_run(event: RunFinished, unit: RegistryUnit) -> None:
    """Keep a run that has finished, and lodge it if its workflow says what model run it is; once, however often it is told."""
    run = event.run
    if not await unit.outcomes.note(run):
        return
    plan = await _plan(run, unit)
    done = await unit.outcomes.hold(run.id, [run.tenant])
    if plan is None or done is None:
        return
    if event.caller is None:
        problem = Problem.of("gateway:unauthenticated", "nobody knows in whose name the run could be lodged")
        await unit.outcomes.put(done.model_copy(update={"problem": problem}))
        return
    # no job: whoever started the run is told by the run
    order = LodgeRun(run=run.id, tenant=run.tenant, caller=event.caller.by_username())
    await unit.outcomes.put(await tried(done, plan, order, unit))


async def note_deletion(event: RunDeleted, unit: RegistryUnit) -> None:
    """Keep that a run is deleted."""
    await unit.outcomes.forget(event.run.id)


async def lodge_run(command: LodgeRun, unit: RegistryUnit) -> None:
    """Lodge a run that could not be lodged when it ended."""
    who, done = await _held(command, unit)
    if done.model_run is not None:
        raise refuse("registry:already-lodged", f"the run is the model run {done.model_run}")
    if done.run.owner != who.account:
        raise refuse("gateway:forbidden", f"the run is {done.run.owner_name}'s, who alone can lodge it")
    plan = await _plan(done.run, unit)
    if plan is None:
        raise refuse("registry:no-plan", f"the workflow {done.run.name} does not say which model runs its runs are")
    await unit.outcomes.put(await lodged(done, plan, command, who, unit))


async def register_outputs(command: RegisterOutputs, unit: RegistryUnit) -> None:
    """Register outputs of a run as a dataset; with it the run may be a model run."""
    texts(outputs=command.outputs, template=command.template)
    who, done = await _held(command, unit)
    may_write(who)
    if done.deleted:
        raise refuse("executor:no-such-output", "the run was deleted, and its outputs with it")
    format_ = described((await info_of(command, unit)).get("collection_format"))
    plan = await _plan(done.run, unit)
    template = await stands_for(command.template, plan, who, unit)
    try:
        files = model.chosen((await whole(done.run, unit)).outputs, command.outputs)
    except UnfitError as error:
        raise refuse("executor:no-such-output", error.detail, FieldError(detail=error.detail, field=error.field)) from None
    done = await filled(done, format_, files, template, command, who, unit, command.spinoff)
    if plan is not None and done.model_run is None and done.run.owner == who.account:
        done = await tried(done, plan, command.model_copy(update={"job": None}), unit)
    await unit.outcomes.put(done)


async def _held(command: LodgeRun | RegisterOutputs, unit: RegistryUnit) -> tuple[Asking, Finished]:
    who = await asking(command, unit)
    done = await unit.outcomes.hold(command.run, who.caller.tenants)
    if done is None:
        raise refuse("registry:no-such-run", f"no run {command.run} of yours has finished")
    return who, done


async def _plan(run: Run, unit: RegistryUnit) -> ModelRunPlan | None:
    """What the run's workflow says of its model runs, now."""
    workflow = await unit.workflows.of(run.workflow.id, run.tenant)
    return workflow.plan if workflow else None
