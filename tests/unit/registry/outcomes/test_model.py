"""What a finished run says as a model run, without a database."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.executor import FileSeen, Origin, Run, WorkflowRef
from contracts.ids import input_id, output_id
from contracts.kinds import DatasetTemplateInfo, WorkflowTemplateInfo
from contracts.message import FileRef
from contracts.outcomes import DatasetPart, ModelRunPlan
from contracts.vocabulary import Engine, RunStatus
from registry.outcomes import model
from registry.outcomes.model import Held, UnfitError

RUN = UUID("01931f00-0000-7000-8000-000000000001")
REF = FileRef(key="k", sha256="0" * 64, size=1)
THEN = datetime(2026, 5, 1, tzinfo=UTC)


def taken(name: str, role: str | None, origin: str | None) -> FileSeen:
    """An input, perhaps of a dataset."""
    return FileSeen(id=input_id(RUN, name), path=name, role=role, origin=Origin(id=origin) if origin else None)


def made(name: str, role: str | None = None, *, kept: bool = True) -> FileSeen:
    """An output."""
    stored = {"stored": f"at/{name}", "sha256": "1" * 64, "size": 3} if kept else {}
    return FileSeen(id=output_id(RUN, "s", name), path=name, role=role, **stored)


def a_run(*inputs: FileSeen, **more: Any) -> Run:
    """A run that took these."""
    ref = WorkflowRef(id=RUN, handle="1/w", name="w", version="2", revision=1, engine=Engine.CWL, spec=REF, main="m")
    told = {"owner": "user/i/ada", "owner_name": "ada", "created": THEN, "status": RunStatus.FINISHED}
    return Run(id=RUN, tenant="t", name="w:2", number="3", workflow=ref, inputs=inputs, **told | more)


def template(*keys: str) -> DatasetTemplateInfo:
    """A dataset template that leaves these keys open."""
    open_keys = [{"key": key, "description": "d", "usage_type": "GENERAL_DATA"} for key in keys]
    return DatasetTemplateInfo.model_validate({"display_name": "t", "deferred_resources": open_keys})


def workflow(inputs: list[str], outputs: list[str], **more: Any) -> WorkflowTemplateInfo:
    """A workflow template; what ends with `?` is optional."""
    uses = [[{"template_id": one.rstrip("?"), "optional": one.endswith("?")} for one in side] for side in (inputs, outputs)]
    told = {"display_name": "w", "software_id": "1/m", "input_templates": uses[0], "output_templates": uses[1]}
    return WorkflowTemplateInfo.model_validate(told | more)


def said(run: Run, plan: dict[str, Any], of: WorkflowTemplateInfo, *held: Held) -> Any:
    """What the run says, with the templates `1/grid` (grid, notes) and `1/one` (only)."""
    templates = {"1/grid": template("grid", "notes"), "1/one": template("only"), "1/out": template()}
    return model.record(run, ModelRunPlan.model_validate({"template": "1/t", **plan}), of, templates, held, "1/ada")


def test_two_files_of_a_dataset_are_one_dataset_with_two_resources() -> None:
    """By the names that are keys, or by the keys that were named for them; uploads are no datasets."""
    run = a_run(taken("g.nc", "grid", "1/d"), taken("n.txt", "remarks", "1/d"), taken("u", "x", None))

    record = said(run, {"inputs": {"remarks": {"resource": "notes"}}}, workflow(["1/grid"], []))

    assert [(one.dataset_id, one.dataset_template_id, one.resources) for one in record.inputs] == [
        ("1/d", "1/grid", {"grid": "g.nc", "notes": "n.txt"})
    ]
    assert (record.display_name, record.model_version, record.associations.modeller_id) == ("w:2 #3", "2", "1/ada")
    assert (record.start_time, record.end_time) == (int(THEN.timestamp()), int(THEN.timestamp()))


def test_one_file_and_one_key_belong_together() -> None:
    """Without a word about it; a file without a name goes by its path."""
    run = a_run(taken("a.bin", None, "1/d"), taken("b.bin", None, "1/e"))

    record = said(run, {"inputs": {"b.bin": {"template": "1/grid"}}}, workflow(["1/one", "1/grid?"], []))

    assert {one.dataset_id: (one.dataset_template_id, one.resources) for one in record.inputs} == {
        "1/d": ("1/one", {"only": "a.bin"}),
        "1/e": ("1/grid", None),
    }


@pytest.mark.parametrize(
    ("inputs", "uses", "field"),
    [
        ([taken("a", "x", "1/d")], ["1/grid", "1/one"], "inputs.x"),
        ([taken("a", "grid", "1/d"), taken("b", "grid", "1/d")], ["1/grid"], "inputs.grid"),
    ],
)
def test_what_does_not_go_together_is_told_with_its_field(inputs: list[FileSeen], uses: list[str], field: str) -> None:
    """A dataset whose template nobody named, and two files that are one resource."""
    with pytest.raises(UnfitError) as wrong:
        said(a_run(*inputs), {}, workflow(uses, []))

    assert wrong.value.field == field


def test_outputs_are_datasets_by_their_templates() -> None:
    """Files go with the template named for them, else with the only one that is needed; the record has the datasets."""
    files = model.chosen([made("a", "x"), made("b", "y"), made("c", kept=False)], ())
    of = workflow([], ["1/out", "1/one?"])

    found = model.by_template(files, {"y": DatasetPart(template="1/one")}, of.output_templates)
    record = said(a_run(), {}, of, Held("1/e", "1/one", tuple(found["1/one"])), Held("1/f", None, ()))

    assert {name: [file.path for file in some] for name, some in found.items()} == {"1/out": ["a"], "1/one": ["b"]}
    assert [(one.dataset_id, one.resources) for one in record.outputs] == [("1/e", {"only": "b"})]


def test_only_what_was_kept_can_be_chosen() -> None:
    """By path or by name, each once."""
    outputs = [made("a", "x"), made("b", "x"), made("c", kept=False)]

    assert [file.path for file in model.chosen(outputs, ["x", "a"])] == ["a", "b"]
    for wanted in (["c"], ["z"]):
        with pytest.raises(UnfitError, match="there is a, b"):
            model.chosen(outputs, wanted)
    with pytest.raises(UnfitError):
        model.chosen([], [])


def test_values_of_the_run_annotate_it() -> None:
    """Those that the template asks for; they speak over the plan's, and files are no words."""
    run = a_run(parameters={"site": "reef", "depth": 3, "other": 1, "data": {"class": "File", "path": "x"}})
    of = workflow([], [], annotations={"required": ["site", "depth", "data"], "optional": []})

    record = said(run, {"annotations": {"site": "shore", "mood": "calm"}}, of)

    assert record.annotations == {"site": "reef", "depth": "3", "mood": "calm"}
