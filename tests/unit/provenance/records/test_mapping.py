"""What runs, steps and workflows become."""

import json
from uuid import UUID

import pytest

from contracts.executor import FileSeen
from contracts.ids import content_id, input_id, output_id, plan_id, resource_id, run_id, step_id, user_id
from contracts.message import FileRef
from contracts.vocabulary import Category, Relation, RunStatus, Subtype
from provenance.graph.model import Graph, Link, Node
from provenance.records import mapping, names
from provenance.records.mapping import EMPTY

from .samples import (
    ADA,
    BOB,
    EARLIER,
    HANDLE,
    RUN,
    SPEC,
    asked,
    digest,
    downloaded,
    failing,
    incoming,
    ran,
    registered,
    steps,
    union,
    whole,
    written,
)

ME = run_id(RUN)
R = Relation


def node(graph: Graph, item: str) -> Node:
    """The node of that id."""
    return next(node for node in graph.nodes if node.id == item)


def link(graph: Graph, source: str, relation: Relation, target: str) -> Link:
    """The link between those."""
    return next(link for link in graph.links if link == Link(source, relation, target))


def targets(graph: Graph, source: str, relation: Relation) -> set[str]:
    """Where such links lead."""
    return {link.target for link in graph.links if link.source == source and link.relation == relation}


def test_a_run_tells_all_it_knows() -> None:
    """Status, times, name and number, workflow, tenant and job are attributes of the run; nothing is null."""
    told = node(mapping.run(asked()), ME)

    assert (told.category, told.subtype) == (Category.ACTIVITY, Subtype.RUN)
    assert told.attributes is not None
    assert told.attributes == {
        "prov:label": "forecast:1.2 #3",
        "prov:startTime": "2026-11-21T09:30:01+00:00",
        "prov:endTime": "2026-11-21T09:31:35+00:00",
        "reprovena:created": "2026-11-21T09:30:00+00:00",
        "reprovena:queued": "2026-11-21T09:30:00.200000+00:00",
        "reprovena:status": "finished",
        "reprovena:name": "forecast:1.2",
        "reprovena:number": "3",
        "reprovena:workflowName": "forecast",
        "reprovena:workflowVersion": "1.2",
        "reprovena:language": "cwl",
        "reprovena:main": "forecast.cwl",
        "reprovena:tenant": "ocean",
        "reprovena:job": str(UUID(int=7)),
    }


def test_a_run_used_its_plan_and_who_ran_it_is_known() -> None:
    """The plan, a specialisation of the workflow, is used and is the plan of the engine's association."""
    graph = mapping.run(asked())
    plan = plan_id(HANDLE, SPEC.sha256)
    engine = names.engine_id(RUN)

    assert targets(graph, plan, R.SPECIALIZATION_OF) == {HANDLE}
    assert link(graph, ME, R.USED, plan).attributes == {"prov:role": "plan"}
    assert link(graph, ME, R.WAS_ASSOCIATED_WITH, engine).attributes == {"prov:plan": plan, "prov:role": "engine"}
    assert link(graph, ME, R.WAS_ASSOCIATED_WITH, ADA).attributes == {
        "prov:role": "requester",
        "reprovena:name": "Ada Lovelace",
    }
    assert link(graph, engine, R.ACTED_ON_BEHALF_OF, ADA).attributes == {"prov:activity": ME}
    assert targets(graph, ADA, R.ACTED_ON_BEHALF_OF) == {names.tenant_id("ocean")}
    assert targets(graph, engine, R.SPECIALIZATION_OF) == {"software/cwltool/3.3.20260925"}
    assert node(graph, HANDLE).attributes is None


def test_a_persons_own_tenant_is_no_organisation() -> None:
    """Nobody acts on behalf of oneself."""
    graph = mapping.run(asked(tenant="~ada"))

    assert not targets(graph, ADA, R.ACTED_ON_BEHALF_OF)
    assert all(one.subtype != Subtype.TENANT for one in graph.nodes)


def test_nobody_meets_others_through_the_software() -> None:
    """What a release of software leads to is nothing, so walking up from one run never reaches another run's people."""
    graph = union(mapping.run(asked()), mapping.run(asked(id=EARLIER, owner=BOB)))

    assert not [one for one in graph.links if one.source.startswith("software/")]


def test_parameters_are_entities_with_values() -> None:
    """Each value is an entity; files are the files instead; null is nothing; what is no simple value is JSON."""
    graph = mapping.run(asked())
    told = {one.id.rsplit("/", 1)[-1]: one.attributes for one in graph.nodes if one.subtype == Subtype.PARAMETER}

    assert set(told) == {"rate", "epochs", "label", "verbose", "folds"}
    assert told["rate"] == {"prov:label": "rate", "prov:value": 0.1}
    assert told["verbose"] == {"prov:label": "verbose", "prov:value": True}
    assert told["folds"] == {"prov:label": "folds", "prov:value": "[1,2,3]", "reprovena:valueFormat": "application/json"}
    assert link(graph, ME, R.USED, names.parameter_id(RUN, "rate")).attributes == {"prov:role": "rate"}


@pytest.mark.parametrize(
    "value",
    [
        {"class": "File", "location": "https://data.example.org/x.csv"},
        {"class": "File", "contents": "a,b"},
        [{"class": "File", "path": "sea-level.csv"}, 7],
        [],
    ],
)
def test_a_file_that_is_not_among_the_inputs_stays_a_parameter(value: object) -> None:
    """Nothing a run was given gets lost."""
    graph = mapping.run(asked(parameters={"other": value}))

    assert json.loads(node(graph, names.parameter_id(RUN, "other")).attributes["prov:value"]) == value


def test_a_list_of_files_and_a_folder_are_the_files() -> None:
    """File[] and Directory are told by their files."""
    given = {
        "tables": [{"class": "File", "path": "sea-level.csv"}, {"class": "File", "path": "stations.csv"}],
        "folder": {"class": "Directory", "path": "maps"},
    }
    graph = mapping.run(asked(parameters=given, inputs=(*asked().inputs, incoming("maps/north.png"))))

    assert not [one for one in graph.nodes if one.subtype == Subtype.PARAMETER]


def test_a_step_tells_all_it_knows() -> None:
    """Command, image, exit code, times, cost and values are attributes of the step."""
    graph = mapping.step(steps()[0])
    told = node(graph, step_id(RUN, "prepare"))

    assert told.subtype == Subtype.STEP
    assert told.attributes == {
        "prov:label": "prepare",
        "prov:startTime": "2026-11-21T09:30:01.200000+00:00",
        "prov:endTime": "2026-11-21T09:30:09+00:00",
        "reprovena:place": "prepare",
        "reprovena:name": "prepare",
        "reprovena:status": "finished",
        "reprovena:command": "python prepare.py --out 'it'\"'\"'s here.txt'",
        "reprovena:image": "python:3.11-slim",
        "reprovena:exitCode": 0,
        "reprovena:cpuSeconds": pytest.approx(7.02),
        "reprovena:peakMemory": 123456789,
        "reprovena:parameters": '{"rate":0.1}',
    }


def test_a_step_is_started_by_its_run_and_run_by_its_engine() -> None:
    """The step's record only refers to the run and to the engine."""
    graph = mapping.step(steps()[0])
    me = step_id(RUN, "prepare")

    assert link(graph, me, R.WAS_STARTED_BY, ME).attributes == {"prov:time": "2026-11-21T09:30:01.200000+00:00"}
    assert targets(graph, me, R.WAS_ASSOCIATED_WITH) == {names.engine_id(RUN)}
    assert node(graph, ME).attributes is None
    assert node(graph, names.engine_id(RUN)).attributes is None


def test_files_carry_roles_and_times() -> None:
    """A use has the input's name and the start, a generation the output's name and the end; evidence is told."""
    raw = incoming("sea-level.csv", role="raw").model_copy(update={"evidence": "named in the command"})
    graph = mapping.step(
        ran(
            "prepare",
            1,
            2,
            used=(raw, raw.model_copy(update={"role": "again"})),
            generated=(written("prepare", "x", role="y"),),
        )
    )
    me, out = step_id(RUN, "prepare"), output_id(RUN, "prepare", "x")

    assert link(graph, me, R.USED, raw.id).attributes == {
        "prov:role": ["again", "raw"],
        "prov:time": "2026-11-21T09:30:01+00:00",
        "reprovena:evidence": "named in the command",
    }
    assert link(graph, out, R.WAS_GENERATED_BY, me).attributes == {"prov:role": "y", "prov:time": "2026-11-21T09:30:02+00:00"}
    assert node(graph, raw.id).attributes is None
    assert node(graph, out).attributes == {
        "prov:label": "x",
        "reprovena:path": "x",
        "reprovena:size": 1000,
        "reprovena:sha256": digest("preparex"),
        "reprovena:mediaType": "application/octet-stream",
        "reprovena:fromOutside": False,
    }


def test_steps_are_informed_by_those_whose_files_they_took_and_those_they_came_after() -> None:
    """A scattered place keeps its index; nobody informs oneself; inputs from outside inform of nothing."""
    by_place = {one.place: mapping.step(one) for one in steps()}

    assert targets(by_place["evaluate"], step_id(RUN, "evaluate"), R.WAS_INFORMED_BY) == {
        step_id(RUN, f"train[{n}]") for n in range(4)
    }
    assert targets(by_place["plot"], step_id(RUN, "plot"), R.WAS_INFORMED_BY) == {
        step_id(RUN, "evaluate"),
        step_id(RUN, "prepare"),
    }
    assert not targets(by_place["prepare"], step_id(RUN, "prepare"), R.WAS_INFORMED_BY)


def test_no_step_is_made_up_where_place_and_path_cannot_be_told_apart() -> None:
    """A file known under another path than the one in its id informs of nothing; the files say it all the same."""
    seen = FileSeen(id=output_id(RUN, "train[1]/fit", "deep/model.bin"), path="staged.bin")
    graph = mapping.step(ran("plot", 1, 2, used=(seen,)))

    assert not targets(graph, step_id(RUN, "plot"), R.WAS_INFORMED_BY)


def test_an_uploaded_input_is_an_alternate_of_its_content() -> None:
    """Decision 10: lineage goes on to whoever produced those bytes."""
    graph = mapping.run(asked())
    here = input_id(RUN, "sea-level.csv")

    assert targets(graph, here, R.ALTERNATE_OF) == {content_id(digest("sea-level.csv"))}
    assert node(graph, content_id(digest("sea-level.csv"))).attributes is None


def test_an_input_named_by_id_is_derived_from_that_one_instead() -> None:
    """Decision 10: lineage knows the one producer and does not name everybody who made the same bytes."""
    graph = mapping.run(asked())
    here = input_id(RUN, "stations.csv")

    assert targets(graph, here, R.WAS_DERIVED_FROM) == {f"run/{EARLIER}/out/collect/stations.csv"}
    assert not targets(graph, here, R.ALTERNATE_OF)
    assert content_id(digest("stations.csv")) not in {one.id for one in graph.nodes}


def test_a_file_from_the_web_is_derived_from_what_lies_there() -> None:
    """Its address is an entity of nobody's, what a catalogue said of it is the file's own, and its bytes lead on as any do."""
    seen = downloaded("sea.csv")
    graph = mapping.run(asked(inputs=(seen,)))
    web = resource_id("https://data.example.org/v1/sea%20level.csv?part=1")

    assert targets(graph, seen.id, R.WAS_DERIVED_FROM) == {web}
    assert targets(graph, seen.id, R.ALTERNATE_OF) == {content_id(digest("sea.csv"))}
    assert node(graph, web).subtype == Subtype.RESOURCE
    assert node(graph, web).attributes == {
        "prov:label": "sea level.csv",
        "prov:location": "https://data.example.org/v1/sea%20level.csv?part=1",
    }
    told = node(graph, seen.id).attributes or {}
    assert {name: value for name, value in told.items() if "source" in name.lower() or "fetched" in name.lower()} == {
        "reprovena:fetched": "2026-11-21T09:30:00.500000+00:00",
        "reprovena:sourceCreator": "Ada",
        "reprovena:sourceLicence": "CC-BY-4.0",
        "reprovena:sourceMetadata": "https://catalogue.example.org/datasets/v1/5",
        "reprovena:sourceTitle": "Sea level",
        "reprovena:sourceVersion": "2",
    }


def test_a_content_is_an_alternate_of_the_output_that_has_it() -> None:
    """Decision 10, and only then: bytes that came from outside were not made here."""
    graph = whole(asked(), steps())

    assert targets(graph, content_id(digest("evaluatereport.json")), R.ALTERNATE_OF) == {
        output_id(RUN, "evaluate", "report.json")
    }
    assert content_id(digest("evaluatecopy.csv")) not in {one.id for one in graph.nodes}


@pytest.mark.parametrize("empty", [{"size": 0}, {"size": None, "sha256": EMPTY}, {"sha256": None}])
def test_empty_and_unhashed_files_have_no_content(empty: dict[str, object]) -> None:
    """All empty files are alike, so likeness says nothing."""
    told = mapping.run(asked(inputs=(incoming("x").model_copy(update=empty),), outputs=()))
    made = mapping.step(ran("prepare", 1, 2, generated=(written("prepare", "x").model_copy(update=empty),)))

    assert not [one for graph in (told, made) for one in graph.nodes if one.subtype == Subtype.CONTENT]


def test_results_are_a_collection_the_run_generated() -> None:
    """Each result is generated by its step alone; the run generated the collection of them."""
    graph = whole(asked(), steps())
    results = names.results_id(RUN)
    report, chart = output_id(RUN, "evaluate", "report.json"), output_id(RUN, "plot", "chart.png")

    assert targets(graph, results, R.WAS_GENERATED_BY) == {ME}
    assert targets(graph, results, R.HAD_MEMBER) == {report, chart}
    assert targets(graph, report, R.WAS_GENERATED_BY) == {step_id(RUN, "evaluate")}
    assert targets(graph, report, R.WAS_ATTRIBUTED_TO) == targets(graph, results, R.WAS_ATTRIBUTED_TO) == {ADA}
    assert json.loads(node(graph, results).attributes["reprovena:outputs"]) == {"chart": [chart], "report": [report]}


def test_an_input_handed_through_is_a_result_nobody_here_made() -> None:
    """It is a member of the results, and is not attributed to whoever asked for the run."""
    graph = mapping.run(asked(outputs=(incoming("sea-level.csv", role="same"),)))
    here = input_id(RUN, "sea-level.csv")

    assert targets(graph, names.results_id(RUN), R.HAD_MEMBER) == {here}
    assert not targets(graph, here, R.WAS_ATTRIBUTED_TO)
    assert node(graph, here).attributes is not None


@pytest.mark.parametrize(
    ("status", "terminal", "told"),
    [("running", None, False), ("finished", None, True), ("running", True, True), ("finished", False, False)],
)
def test_results_are_told_at_the_end(status: str, terminal: bool | None, told: bool) -> None:
    """Before it, they may still change."""
    graph = mapping.run(asked(RunStatus(status)), terminal)

    assert (names.results_id(RUN) in {one.id for one in graph.nodes}) is told


def test_a_running_run_and_step_are_told_too() -> None:
    """What is not known yet is left out."""
    run = mapping.run(asked(RunStatus.QUEUED, None, started=None, queued=None, inputs=(), outputs=(), environment=None))
    step = mapping.step(ran("prepare", 1, None))

    assert "prov:startTime" not in node(run, ME).attributes
    assert not [one for one in run.nodes if one.subtype == Subtype.SOFTWARE]
    assert node(step, step_id(RUN, "prepare")).attributes["reprovena:status"] == "running"
    assert "prov:endTime" not in node(step, step_id(RUN, "prepare")).attributes


def test_a_failure_says_why() -> None:
    """Status, reason and exit code of the step and of the run."""
    run, told = failing()
    graph = whole(run, told)

    step = node(graph, step_id(RUN, "train[2]")).attributes
    assert (step["reprovena:status"], step["reprovena:exitCode"]) == ("failed", 1)
    assert "could not convert" in step["reprovena:reason"]
    assert "train[2]" in node(graph, ME).attributes["reprovena:reason"]


def test_a_stopped_run_was_ended_by_a_request_of_somebody() -> None:
    """And that account is known."""
    graph = mapping.run(asked(RunStatus.STOPPED, 40, stopped_by=BOB))
    stop = names.stop_id(RUN)

    assert link(graph, ME, R.WAS_ENDED_BY, stop).attributes == {"prov:time": "2026-11-21T09:30:40+00:00"}
    assert targets(graph, stop, R.WAS_ATTRIBUTED_TO) == {BOB}


def test_a_restart_was_influenced_by_what_it_repeats() -> None:
    """The earlier run is only referred to."""
    graph = mapping.run(asked(restart_of=EARLIER, number="3.1"))

    assert targets(graph, ME, R.WAS_INFLUENCED_BY) == {run_id(EARLIER)}
    assert node(graph, run_id(EARLIER)).attributes is None


def test_a_workflow_is_described_by_its_own_record() -> None:
    """With its present plan; a deleted one stays, marked."""
    graph, gone = mapping.workflow(registered()), mapping.workflow(registered(), deleted=True)

    told = node(graph, HANDLE).attributes
    assert (told["prov:label"], told["reprovena:status"]) == ("forecast:1.2", "registered")
    assert json.loads(told["reprovena:parameters"])[0] == {"name": "rate", "type": "float", "required": True}
    assert targets(graph, plan_id(HANDLE, SPEC.sha256), R.SPECIALIZATION_OF) == {HANDLE}
    assert targets(graph, HANDLE, R.WAS_ATTRIBUTED_TO) == {ADA}
    assert node(gone, HANDLE).attributes["reprovena:status"] == "deleted"
    assert gone.links == graph.links


def test_what_two_records_describe_they_describe_alike() -> None:
    """Shared nodes' attributes follow from their ids, so it does not matter who said it first."""
    other = asked(id=EARLIER, name="other:9", number="1", parameters={}, owner_name="A. L.", created=asked().ended)
    graphs = [mapping.run(asked()), mapping.run(other), mapping.workflow(registered()), *map(mapping.step, steps())]
    said: dict[str, object] = {}

    for graph in graphs:
        for one in graph.nodes:
            if one.attributes is not None:
                assert said.setdefault(one.id, one.attributes) == one.attributes
    for graph in graphs:
        for one in graph.links:
            if not one.source.startswith("run/"):
                assert one.attributes is None
    subtypes = {(one.id, one.category, one.subtype) for graph in graphs for one in graph.nodes}
    assert len(subtypes) == len({item for item, _, _ in subtypes})


def test_what_a_document_could_not_hold_is_replaced() -> None:
    """Control characters of a log's last lines."""
    graph = mapping.run(asked(RunStatus.FAILED, reason="bad \x00\x1b[31mred\x1b[0m\nnext"))

    assert node(graph, ME).attributes["reprovena:reason"] == "bad \ufffd\ufffd[31mred\ufffd[0m\nnext"


def test_a_log_is_known_by_its_bytes() -> None:
    """Its place in the file store is nobody's business."""
    log = FileRef(key="secret/place", sha256="b" * 64, size=12)
    graph = mapping.run(asked(log=log))

    assert node(graph, ME).attributes["reprovena:logSha256"] == "b" * 64
    assert "secret" not in str(graph)


def test_accounts_are_known_by_issuer_and_subject() -> None:
    """Both are read from the id."""
    graph = mapping.run(asked(owner=user_id("https://id.example.org/realms/x", "42")))

    assert node(graph, "user/https://id.example.org/realms/x/42").attributes == {
        "prov:label": "42",
        "reprovena:subject": "42",
        "reprovena:issuer": "https://id.example.org/realms/x",
    }


def test_a_result_of_no_known_step_is_generated_by_the_run() -> None:
    """Where the runner does not say which step wrote a result, the run's record tells of the file, and its content is known."""
    seen = written("~", "out.txt", role="out.txt")
    graph = mapping.run(asked(outputs=(seen,)))

    assert node(graph, seen.id).subtype is Subtype.FILE
    assert targets(graph, seen.id, R.WAS_GENERATED_BY) == {ME}
    assert targets(graph, content_id(seen.sha256 or ""), R.ALTERNATE_OF) == {seen.id}
