"""REANA's jobs are the specification's steps."""

import json
from typing import Any

from tests.contract.runner import NESTED, SCALE

from contracts.vocabulary import Engine
from executor.runner.reanaplan import Plan, Planned, plan_cwl, plan_named, plan_serial
from executor.specs.serial import read_serial


def places(plan: Plan, *names: str) -> list[str]:
    """The places of jobs of these names."""
    return [one.place for one in plan.place((name, None) for name in names)]


def packed(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A packed workflow whose steps are tools."""
    tool = {"class": "CommandLineTool", "id": "#tool.cwl", "inputs": [], "outputs": []}
    listed = [{"run": "#tool.cwl", "in": [], **step, "id": f"#main/{step['id']}"} for step in steps]
    return {"$graph": [tool, {"class": "Workflow", "id": "#main", "inputs": [], "outputs": [], "steps": listed, **more}]}


def test_scattered_jobs_are_counted_from_their_suffix() -> None:
    """`work` is the first element, `work_3` the third; a scatter of one has its index, too."""
    plan = plan_cwl(packed({"id": "work", "scatter": "#main/work/n"}, {"id": "sum"}), "main")

    assert places(plan, "work", "work_3", "sum") == ["work[0]", "work[2]", "sum"]


def test_the_longest_known_name_wins() -> None:
    """A step may itself be called `work_2`; its second job is `work_2_2`."""
    plan = plan_cwl(packed({"id": "work", "scatter": "#main/work/n"}, {"id": "work_2"}), "main")

    assert places(plan, "work", "work_2", "work_2_2") == ["work[0]", "work_2", "work_2[1]"]


def test_inner_steps_stand_below_the_outer_ones() -> None:
    """REANA names a job by its inner step only; where that is the only one of its name, its path is known."""
    inner = {"class": "Workflow", "id": "#scale.cwl", "inputs": [], "outputs": []}
    inner["steps"] = [{"id": "#scale.cwl/two", "run": "#tool.cwl", "in": []}]
    whole = packed({"id": "scale", "run": "#scale.cwl", "scatter": "#main/scale/by"}, {"id": "two_fold", "run": "#scale.cwl"})
    twice = plan_cwl({"$graph": [*whole["$graph"], inner]}, "main")
    whole["$graph"][1]["steps"].pop()
    once = plan_cwl({"$graph": [*whole["$graph"], inner]}, "main")

    assert places(once, "two", "two_2") == ["scale/two[0]", "scale/two[1]"]
    assert places(twice, "two", "two_2") == ["two[0]", "two[1]"]


def test_a_single_tool_is_one_step_however_its_job_is_called() -> None:
    """The engine calls it by the packed document's id, we by the tool's own name."""
    plan = plan_cwl({"class": "CommandLineTool", "id": "#main", "inputs": [{"id": "#main/a"}], "outputs": []}, "count")

    assert places(plan, "main") == ["count"]
    assert plan.steps[0].takes == ("a",)


def test_a_job_nobody_planned_is_told_by_its_name() -> None:
    """Nothing that ran is left out."""
    assert places(plan_cwl(packed({"id": "a"}, {"id": "b"}), "main"), "c", "c_2") == ["c", "c_2"]


def test_what_a_step_comes_after_is_in_its_sources() -> None:
    """Results of sibling tools, and inputs of the workflow; elements of a scatter are no one's in particular."""
    listed = [
        {"id": "one"},
        {"id": "many", "scatter": "#main/many/n", "in": [{"id": "#main/many/n", "source": "#main/numbers"}]},
        {
            "id": "last",
            "in": [
                {"id": "#main/last/a", "source": ["#main/one/out", "#main/many/out"]},
                {"id": "#main/last/b", "source": "#main/text"},
            ],
        },
    ]
    outputs = [{"id": "#main/x", "outputSource": "#main/last/out"}, {"id": "#main/y", "outputSource": "#main/many/out"}]

    plan = plan_cwl(packed(*listed, outputs=outputs), "main")

    last = plan.steps[-1]
    assert (last.after, last.takes) == (("one",), ("text",))
    assert plan.steps[1].takes == ()
    assert plan.sources == {"x": "last"}


def test_documents_with_inline_steps_are_understood() -> None:
    """Maps of steps and inline tools, as people write them, say the same."""
    plan = plan_cwl({"id": "#main"} | json.loads(json.dumps(NESTED | {"steps": {"scale": {"run": SCALE, "in": {}}}})), "main")

    assert [step.place for step in plan.steps] == ["scale/one", "scale/two"]


def test_serial_jobs_follow_the_commands_also_when_some_are_left_out() -> None:
    """A cached command makes no job; the next one is known by its command."""
    text = json.dumps(
        {
            "workflow": {
                "specification": {"steps": [{"commands": ["a", "b"]}, {"name": "c", "commands": ["c"], "environment": "e"}]}
            }
        }
    )
    plan = plan_serial(read_serial(text, {}).steps)

    assert [one.place for one in plan.place([("", "a"), ("", "b"), ("c", "c")])] == ["step-1[0]", "step-1[1]", "c"]
    assert [one.place for one in plan.place([("", "b"), ("c", "c"), ("d", "d")])] == ["step-1[1]", "c", "d"]


def test_rules_and_stages_are_told_apart_by_their_order() -> None:
    """Jobs of one rule share its name."""
    spec = {"job_dependencies": {"all": ["fit"], "fit": ["get"]}, "steps": [{"name": "fit"}, {"name": "get"}]}
    plan = plan_named(Engine.SNAKEMAKE, spec)

    assert places(plan, "get", "fit", "fit") == ["get", "fit", "fit[1]"]
    assert {step.name: step.after for step in plan.steps} == {"get": (), "fit": ("get",)}
    assert places(Plan(Engine.YADAGE, (Planned("x", "x"),)), "stage", "stage") == ["stage", "stage[1]"]
