"""Whether what a model run says holds, in Provena's order: the first that does not is told.

Everything that it names is looked up at once and with the eyes of whoever asks; what only its workflow template names, in a
second look. Nothing is remembered from one question to the next.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.refusal import Refusal, refuse
from contracts.kinds import (
    KINDS,
    READING,
    DatasetInfo,
    DatasetTemplateInfo,
    Info,
    Kind,
    ModelInfo,
    OrganisationInfo,
    PersonInfo,
    StudyInfo,
    WorkflowTemplateInfo,
)
from contracts.model_runs import ModelRunRecord, TemplatedDataset
from contracts.problem import FieldError
from contracts.templates import TemplateUse
from registry.entries import queries
from registry.entries.checks import texts
from registry.entries.model import Item, Reader

TEMPLATE = "workflow_template_id"
Told = TypeVar("Told", bound=Info)


@dataclass(frozen=True)
class Seen:
    """Entries as somebody may see them."""

    items: Mapping[str, Item]
    reader: Reader

    def told(self, handle: str, kind: type[Told], field: str) -> Told:
        """What an entry of a kind says; refused if there is none, or none to be read."""
        item = self.items.get(handle)
        wanted = next(name for name, facts in KINDS.items() if facts.info is kind)
        if item is None:
            raise no(f"there is no entry {handle}", field)
        if not READING & set(item.roles(self.reader)):
            detail = f"{field}: {handle} may not be read by {self.reader.name}"
            raise refuse("registry:no-access", detail, FieldError(detail=f"{handle} may not be read", field=field))
        if item.kind is not wanted:
            raise no(f"{handle} is a {item.kind}, not a {wanted}", field)
        if item.info is None:
            raise no(f"{handle} is a seed: it has been given a handle, and says nothing yet", field)
        try:
            return kind.model_validate(item.info)
        except ValidationError:
            raise no(f"{handle} says what no {wanted} can say", field) from None


def no(detail: str, field: str) -> Refusal:
    """The refusal of a record, with the field that is wrong."""
    return refuse("registry:invalid-model-run", f"{field}: {detail}", FieldError(detail=detail, field=field))


async def checked(session: AsyncSession, record: ModelRunRecord, reader: Reader) -> str:
    """The model of a record in which everything holds."""
    texts(record=record.model_dump(mode="json"))
    if record.start_time > record.end_time:
        raise no("it is after end_time", "start_time")
    for field in ("display_name", "description"):
        if not getattr(record, field).strip():
            raise no("it is empty", field)
    seen = Seen(await queries.items(session, _named(record)), reader)
    if record.study_id is not None:
        seen.told(record.study_id, StudyInfo, "study_id")
    workflow = seen.told(record.workflow_template_id, WorkflowTemplateInfo, TEMPLATE)
    uses = (*workflow.input_templates, *workflow.output_templates)
    more = {workflow.software_id, *(use.template_id for use in uses)} - seen.items.keys()
    seen = Seen({**seen.items, **await queries.items(session, more)}, reader)
    templates = {use.template_id: seen.told(use.template_id, DatasetTemplateInfo, TEMPLATE) for use in uses}
    sides = (("inputs", workflow.input_templates, record.inputs), ("outputs", workflow.output_templates, record.outputs))
    for side, wanted, given in sides:
        _supplied(side, wanted, given)
    for side, wanted, given in sides:
        for place, dataset in enumerate(given):
            _dataset(f"{side}.{place}", dataset, wanted, templates, seen)
    seen.told(workflow.software_id, ModelInfo, TEMPLATE)
    who = record.associations
    seen.told(who.modeller_id, PersonInfo, "associations.modeller_id")
    if who.requesting_organisation_id is not None:
        seen.told(who.requesting_organisation_id, OrganisationInfo, "associations.requesting_organisation_id")
    _annotations(workflow, record)
    return workflow.software_id


@dataclass(frozen=True)
class Foreseen:
    """What a workflow template says, with the dataset templates that it names."""

    workflow: WorkflowTemplateInfo
    templates: Mapping[str, DatasetTemplateInfo]


async def foreseen(session: AsyncSession, template: str, reader: Reader, field: str) -> Foreseen:
    """What runs of a workflow template are made of; refused if it is none, or none to be read."""
    texts(**{field: template})
    workflow = Seen(await queries.items(session, [template]), reader).told(template, WorkflowTemplateInfo, field)
    named = [use.template_id for use in (*workflow.input_templates, *workflow.output_templates)]
    seen = Seen(await queries.items(session, named), reader)
    return Foreseen(workflow, {one: seen.told(one, DatasetTemplateInfo, field) for one in named})


async def model_of(session: AsyncSession, record: ModelRunRecord, reader: Reader) -> str:
    """The model that the workflow template of a record names, whatever else it says."""
    seen = Seen(await queries.items(session, [record.workflow_template_id]), reader)
    return seen.told(record.workflow_template_id, WorkflowTemplateInfo, TEMPLATE).software_id


async def study(session: AsyncSession, handle: str, reader: Reader) -> None:
    """Refuse what is no study that somebody may read."""
    texts(study=handle)
    Seen(await queries.items(session, [handle]), reader).told(handle, StudyInfo, "study_id")


def _named(record: ModelRunRecord) -> set[str]:
    who = record.associations
    ids = {record.workflow_template_id, record.study_id, who.modeller_id, who.requesting_organisation_id}
    for dataset in (*record.inputs, *record.outputs):
        ids |= {dataset.dataset_id, dataset.dataset_template_id}
    return {one for one in ids if one is not None}


def _supplied(side: str, wanted: Iterable[TemplateUse], given: Iterable[TemplatedDataset]) -> None:
    supplied = {dataset.dataset_template_id for dataset in given}
    for use in wanted:
        if not use.optional and use.template_id not in supplied:
            raise no(f"the template {use.template_id} was not present in the {side}", side)


def _dataset(
    field: str,
    dataset: TemplatedDataset,
    wanted: Iterable[TemplateUse],
    templates: Mapping[str, DatasetTemplateInfo],
    seen: Seen,
) -> None:
    template_id = dataset.dataset_template_id
    if template_id not in {use.template_id for use in wanted}:
        side = field.partition(".")[0]
        raise no(f"the workflow template has no template {template_id} among its {side}", f"{field}.dataset_template_id")
    seen.told(dataset.dataset_id, DatasetInfo, f"{field}.dataset_id")
    open_keys = templates[template_id].deferred_resources
    given = set(dataset.resources or {})
    if missing := sorted({one.key for one in open_keys if not one.optional} - given):
        raise no(f"missing deferred resource paths for {template_id}: ({', '.join(missing)})", f"{field}.resources")
    if unexpected := sorted(given - {one.key for one in open_keys}):
        raise no(f"unexpected deferred resource paths for {template_id}: ({', '.join(unexpected)})", f"{field}.resources")


def _annotations(workflow: WorkflowTemplateInfo, record: ModelRunRecord) -> None:
    required = workflow.annotations.required if workflow.annotations else []
    if missing := [key for key in required if key not in (record.annotations or {})]:
        raise no(f"Missing required annotations with keys: ({', '.join(missing)})", "annotations")


def of_run(item: Item) -> None:
    """Refuse an entry that is no model run."""
    if item.kind is not Kind.MODEL_RUN:
        raise refuse("registry:wrong-kind", f"{item.handle} is a {item.kind}, not a {Kind.MODEL_RUN}")
