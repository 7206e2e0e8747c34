"""Whether what a workflow says of its model runs goes together with what is registered."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.refusal import refuse
from contracts.datasets import faults
from contracts.kinds import Kind, OrganisationInfo, StudyInfo
from contracts.outcomes import ModelRunPlan
from contracts.problem import FieldError
from contracts.registry import Parameter
from contracts.templates import TemplateUse
from contracts.vocabulary import Engine
from registry.entries import checks as entries
from registry.entries import queries
from registry.entries.model import Reader
from registry.model_runs.checks import Seen, foreseen, no
from registry.outcomes.model import RUN, information

FIELD = "model_run"
DECLARES = frozenset({Engine.CWL})
"""Languages in which every input has a name."""


async def checked(session: AsyncSession, plan: ModelRunPlan, reader: Reader) -> None:
    """Refuse a plan that names what is not there, is something else, or may not be read."""
    entries.texts(model_run=plan.model_dump(mode="json"))
    there = await foreseen(session, plan.template, reader, f"{FIELD}.template")
    for side, parts, uses in (
        ("inputs", plan.inputs, there.workflow.input_templates),
        ("outputs", plan.outputs, there.workflow.output_templates),
    ):
        for name, part in parts.items():
            field = f"{FIELD}.{side}.{name}"
            _among(part.template, uses, plan.template, side, field)
            template = there.templates.get(part.template or (uses[0].template_id if len(uses) == 1 else ""))
            keys = [one.key for one in template.deferred_resources] if template else None
            if part.resource and keys is not None and part.resource not in keys:
                raise no(f"the template leaves open {', '.join(keys) or 'nothing'}", f"{field}.resource")
    others = [one for one in (plan.study, plan.organisation) if one]
    seen = Seen(await queries.items(session, others), reader)
    if plan.study:
        seen.told(plan.study, StudyInfo, f"{FIELD}.study")
    if plan.organisation:
        seen.told(plan.organisation, OrganisationInfo, f"{FIELD}.organisation")
    if plan.dataset:
        await _dataset(session, plan)


def named(plan: ModelRunPlan | None, engine: Engine, parameters: Iterable[Parameter]) -> None:
    """Refuse parts of inputs that the workflow has not."""
    known = {parameter.name for parameter in parameters}
    unknown = sorted(plan.inputs.keys() - known) if plan and engine in DECLARES else []
    if unknown:
        takes = ", ".join(sorted(known)) or "nothing"
        errors = [FieldError(detail=f"the workflow takes {takes}", field=f"{FIELD}.inputs.{name}") for name in unknown]
        raise refuse("registry:invalid-model-run", f"unknown inputs: {', '.join(unknown)}", *errors)


def _among(template: str | None, uses: Iterable[TemplateUse], of: str, side: str, field: str) -> None:
    known = [use.template_id for use in uses]
    if template is None and len(known) != 1:
        raise no(f"which template? {of} has {', '.join(known) or 'none'} among its {side}", f"{field}.template")
    if template is not None and template not in known:
        raise no(f"{of} has {', '.join(known) or 'none'} among its {side}, not {template}", f"{field}.template")


async def _dataset(session: AsyncSession, plan: ModelRunPlan) -> None:
    if plan.dataset is None:
        return
    if wrong := faults(plan.dataset):
        raise no("; ".join(wrong), f"{FIELD}.dataset")
    await entries.checked(session, Kind.DATASET, information(plan.dataset, RUN))
