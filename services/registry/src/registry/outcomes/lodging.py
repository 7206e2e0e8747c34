"""Writing what a finished run comes to be: datasets that hold its outputs, and the model run that it is."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from chassis.carrying import carried
from chassis.problems import field_of
from chassis.refusal import Refusal, refuse
from contracts.datasets import CollectionFormat, faults
from contracts.entries import Spinoff
from contracts.executor import FileSeen, Run
from contracts.kinds import Kind, WorkflowTemplateInfo
from contracts.message import Command
from contracts.outcomes import DatasetFile, DatasetFilled, ModelRunPlan
from contracts.problem import FieldError
from registry.entries.asking import Asking, asking, must_write, read
from registry.entries.checks import invalid
from registry.entries.handlers import register as register_entry
from registry.model_runs.checks import foreseen, no
from registry.model_runs.handlers import register as register_model_run
from registry.outcomes import model
from registry.outcomes.model import Held, UnfitError
from registry.outcomes.store import Finished
from registry.unit import RegistryUnit

MORE = 64 << 20
"""Bytes that the rest of a run's last fact may have."""
FILES = TypeAdapter(tuple[FileSeen, ...])
Found = TypeVar("Found")


async def tried(done: Finished, plan: ModelRunPlan, order: Command, unit: RegistryUnit) -> Finished:
    """A run, lodged if that can be; if not, nothing of it is written or said but why."""
    said = len(unit.said)
    try:
        async with unit.session.begin_nested():
            return await lodged(done, plan, order, await asking(order, unit), unit)
    except Refusal as refused:
        if refused.problem.status >= 500:
            raise
        del unit.said[said:]
        return done.model_copy(update={"problem": refused.problem})


async def lodged(done: Finished, plan: ModelRunPlan, order: Command, who: Asking, unit: RegistryUnit) -> Finished:
    """A run, lodged as the model run that its workflow says it is; refused if it is none."""
    may_write(who)
    run = await whole(done.run, unit)
    there = await foreseen(unit.session, plan.template, who.reader, "model_run.template")
    if plan.dataset is not None and not done.deleted:
        quiet = order.model_copy(update={"job": None})  # the order is done when the model run is in the graph
        kept = fitting(lambda: model.chosen(run.outputs, ())) if run.outputs else []
        for template, files in model.by_template(kept, plan.outputs, there.workflow.output_templates).items():
            if template not in done.datasets.values():
                done = await filled(done, plan.dataset, files, template, quiet, who, unit)
    files_of = await unit.outcomes.files(list(done.datasets))
    made = [Held(handle, template, files_of[handle]) for handle, template in done.datasets.items()]
    _supplied(made, there.workflow)
    record = fitting(lambda: model.record(run, plan, there.workflow, there.templates, made, who.person or ""))
    item = await register_model_run(record, order, who, unit)
    return done.model_copy(update={"model_run": item.handle, "problem": None})


async def filled(
    done: Finished,
    format_: CollectionFormat,
    files: Sequence[DatasetFile],
    template: str | None,
    order: Command,
    who: Asking,
    unit: RegistryUnit,
    spinoff: Spinoff | None = None,
) -> Finished:
    """A run of which a new dataset holds some outputs."""
    info = model.information(format_, model.title(done.run))
    item = await register_entry(Kind.DATASET, info, order, who, unit, spinoff)
    await unit.outcomes.fill(item.handle, files)
    members = tuple(file.occurrence for file in files)
    told = await carried(unit.house.files, "members", members, file="more")
    fact = DatasetFilled(tenant=done.run.tenant, caller=order.caller, revision=1, dataset=item.handle, run=done.run.id, **told)
    await unit.publish(fact)
    return done.model_copy(update={"datasets": {**done.datasets, item.handle: template}})


def may_write(who: Asking) -> None:
    """Refuse whoever may not write entries, or is nobody who is registered."""
    must_write(who.caller)
    who.linked(Kind.DATASET)


def described(told: object) -> CollectionFormat:
    """A dataset's description; refused if it is none, or contradicts itself."""
    field = "collection_format"
    try:
        format_ = CollectionFormat.model_validate(told)
    except ValidationError as error:
        wrong = [FieldError(detail=one["msg"], field=field_of((field, *one["loc"]))) for one in error.errors()]
        raise invalid(wrong) from None
    if found := faults(format_):
        raise refuse("registry:invalid-entry", "; ".join(found), *(FieldError(detail=one, field=field) for one in found))
    return format_


async def stands_for(template: str | None, plan: ModelRunPlan | None, who: Asking, unit: RegistryUnit) -> str | None:
    """The template that a dataset of outputs stands for: the one named, else the only one that there is."""
    if plan is None:
        if template is None:
            return None
        detail = "the workflow does not say which model runs its runs are"
        raise refuse("registry:no-plan", detail, FieldError(detail=detail, field="template"))
    workflow = (await foreseen(unit.session, plan.template, who.reader, "model_run.template")).workflow
    known = [use.template_id for use in workflow.output_templates]
    if template is not None and template not in known:
        raise no(f"{plan.template} has {', '.join(known) or 'none'} among its outputs, not {template}", "template")
    return template or model.sole_output(plan, workflow)


async def whole(run: Run, unit: RegistryUnit) -> Run:
    """A run with all its files, wherever its last fact has them."""
    if run.more is None:
        return run
    rest = await read(run.more, unit, MORE, "more")
    lists = {name: FILES.validate_python(rest.get(name, ())) for name in ("inputs", "outputs")}
    return run.model_copy(
        update={"inputs": (*run.inputs, *lists["inputs"]), "outputs": (*run.outputs, *lists["outputs"]), "more": None}
    )


def fitting(make: Callable[[], Found]) -> Found:
    """What is made, or the refusal of what does not go together."""
    try:
        return make()
    except UnfitError as error:
        raise no(error.detail, error.field) from None


def _supplied(made: Iterable[Held], workflow: WorkflowTemplateInfo) -> None:
    there = {one.template for one in made}
    missing = [use.template_id for use in workflow.output_templates if not use.optional and use.template_id not in there]
    if missing:
        detail = f"no dataset holds its outputs for {', '.join(missing)}: register them, or let the workflow say how"
        raise no(detail, "outputs")
