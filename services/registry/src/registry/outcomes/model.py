"""What a finished run says as a model run, and what a dataset of its outputs says. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from contracts.datasets import CollectionFormat
from contracts.executor import FileSeen, Run
from contracts.kinds import DatasetTemplateInfo, WorkflowTemplateInfo
from contracts.message import FileRef
from contracts.model_runs import Association, DatasetType, ModelRunRecord, TemplatedDataset
from contracts.outcomes import DatasetFile, DatasetPart, ModelRunPlan
from contracts.templates import TemplateUse

File = TypeVar("File", FileSeen, DatasetFile)
Parts = Mapping[str, DatasetPart]
RUN = "{run}"
"""In a name or a description, the run's own name."""
UNPLACED = {"bucket_name": "unplaced", "path": "unplaced/", "s3_uri": "s3://unplaced/unplaced/"}
"""Where a new dataset lies before the registry has placed it."""


class UnfitError(ValueError):
    """Something does not go together; a field says what."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


@dataclass(frozen=True)
class Held:
    """A dataset that holds outputs of a run."""

    handle: str
    template: str | None
    files: tuple[DatasetFile, ...]


def title(run: Run) -> str:
    """What people call a run."""
    return f"{run.name} #{run.number}"


def datasets_of(run: Run) -> list[FileSeen]:
    """The inputs of a run that are registered datasets."""
    return [
        seen
        for seen in run.inputs
        if seen.origin and seen.origin.run is None and not seen.origin.id.startswith(("run/", "sha256:"))
    ]


def chosen(outputs: Iterable[FileSeen], wanted: Sequence[str]) -> list[DatasetFile]:
    """Outputs by their paths or names; all that were kept, if none is named."""
    kept = {seen.id: file for seen in outputs if (file := _kept(seen))}
    if not wanted:
        if not kept:
            raise UnfitError("outputs", "the run has no outputs that were kept")
        return list(kept.values())
    found: dict[str, DatasetFile] = {}
    for place, name in enumerate(wanted):
        named = {id_: file for id_, file in kept.items() if name in {file.path, file.role}}
        if not named:
            there = ", ".join(sorted(file.path for file in kept.values())[:20]) or "nothing"
            raise UnfitError(f"outputs.{place}", f"no output {name!r} was kept; there is {there}")
        found |= named
    return list(found.values())


def _kept(seen: FileSeen) -> DatasetFile | None:
    if seen.stored is None or seen.sha256 is None or seen.size is None:
        return None
    media_type = seen.media_type or "application/octet-stream"
    content = FileRef(key=seen.stored, sha256=seen.sha256, size=seen.size, media_type=media_type)
    return DatasetFile(path=seen.path, role=seen.role, occurrence=seen.id, content=content)


def information(format_: CollectionFormat, called: str) -> dict[str, Any]:
    """What a new dataset of the outputs of a run that is called so says."""
    told = format_.model_dump(mode="json")
    about = told["dataset_info"]
    for field in ("name", "description"):
        about[field] = about[field].replace(RUN, called)
    return {
        "display_name": about["name"],
        "user_metadata": about["user_metadata"],
        "collection_format": told,
        "s3": UNPLACED,
        "release_history": [],
        "release_status": "NOT_RELEASED",
        "access_info_uri": about["access_info"]["uri"],
    }


def template_of(file: FileSeen | DatasetFile, parts: Parts, uses: Sequence[TemplateUse]) -> str | None:
    """The template that a file goes with: the one named for it, else the only one, or the only one that is needed."""
    part = _part(file, parts)
    if part and part.template:
        return part.template
    needed = [use for use in uses if not use.optional]
    only = uses if len(uses) == 1 else needed
    return only[0].template_id if len(only) == 1 else None


def by_template(files: Iterable[File], parts: Parts, uses: Sequence[TemplateUse]) -> dict[str, list[File]]:
    """Files by their templates; those that go with none are left out."""
    found: dict[str, list[File]] = defaultdict(list)
    for file in files:
        if template := template_of(file, parts, uses):
            found[template].append(file)
    return dict(found)


def sole_output(plan: ModelRunPlan, workflow: WorkflowTemplateInfo) -> str | None:
    """The template of a dataset for which none was named, if there is no question."""
    named = {part.template for part in plan.outputs.values() if part.template}
    uses = workflow.output_templates
    return uses[0].template_id if len(uses) == 1 else next(iter(named)) if len(named) == 1 else None


def record(
    run: Run,
    plan: ModelRunPlan,
    workflow: WorkflowTemplateInfo,
    templates: Mapping[str, DatasetTemplateInfo],
    made: Iterable[Held],
    modeller: str,
) -> ModelRunRecord:
    """What a run says as a model run; `UnfitError` where its datasets and the template do not go together."""
    outputs = [
        _dataset(one.handle, one.template, one.files, plan.outputs, templates, "outputs") for one in made if one.template
    ]
    start, end = run.started or run.created, run.ended or run.started or run.created
    return ModelRunRecord(
        workflow_template_id=plan.template,
        model_version=run.workflow.version,
        inputs=tuple(_inputs(run, plan, workflow, templates)),
        outputs=tuple(outputs),
        annotations=_annotations(run, plan, workflow) or None,
        display_name=title(run),
        description=plan.description or f"Run {run.number} of the workflow {run.name}",
        study_id=plan.study,
        associations=Association(modeller_id=modeller, requesting_organisation_id=plan.organisation),
        start_time=int(start.timestamp()),
        end_time=int(max(start, end).timestamp()),
    )


def _inputs(
    run: Run, plan: ModelRunPlan, workflow: WorkflowTemplateInfo, templates: Mapping[str, DatasetTemplateInfo]
) -> Iterable[TemplatedDataset]:
    found: dict[tuple[str, str], list[FileSeen]] = defaultdict(list)
    for seen in datasets_of(run):
        template = template_of(seen, plan.inputs, workflow.input_templates)
        if template is None:
            detail = "it is a dataset, and the workflow does not say which template it goes with"
            raise UnfitError(f"inputs.{seen.role or seen.path}", detail)
        found[seen.origin.id if seen.origin else "", template].append(seen)
    for (handle, template), files in sorted(found.items()):
        yield _dataset(handle, template, files, plan.inputs, templates, "inputs")


def _dataset(
    handle: str,
    template: str,
    files: Sequence[File],
    parts: Parts,
    templates: Mapping[str, DatasetTemplateInfo],
    side: str,
) -> TemplatedDataset:
    foreseen = templates.get(template)
    keys = [one.key for one in foreseen.deferred_resources] if foreseen else []
    resources: dict[str, str] = {}
    for file in files:
        key = _key(file, parts, keys, alone=len(files) == 1)
        if key is None:
            continue
        if key in resources:
            raise UnfitError(f"{side}.{file.role or file.path}", f"two files of {handle} are the resource {key!r}")
        resources[key] = file.path
    return TemplatedDataset(
        dataset_template_id=template, dataset_id=handle, dataset_type=DatasetType.DATA_STORE, resources=resources or None
    )


def _key(file: FileSeen | DatasetFile, parts: Parts, keys: Sequence[str], *, alone: bool) -> str | None:
    part = _part(file, parts)
    if part and part.resource:
        return part.resource
    if file.role in keys:
        return file.role
    return keys[0] if alone and len(keys) == 1 else None


def _part(file: FileSeen | DatasetFile, parts: Parts) -> DatasetPart | None:
    return parts.get(file.role or file.path) or parts.get(file.path)


def _annotations(run: Run, plan: ModelRunPlan, workflow: WorkflowTemplateInfo) -> dict[str, str]:
    keys = [*workflow.annotations.required, *workflow.annotations.optional] if workflow.annotations else []
    values = {key: run.parameters[key] for key in keys if isinstance(run.parameters.get(key), str | int | float)}
    return {**plan.annotations, **{key: str(value) for key, value in values.items()}}
