"""What registered things say becomes a graph, element by element as Provena's mapping has it."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from prov.model import ProvDocument

from contracts.entries import ActivityRegistered
from contracts.ids import user_id
from contracts.kinds import Kind
from contracts.model_runs import Association, DatasetType, ModelRunRecord, TemplatedDataset
from contracts.vocabulary import Category, Subtype
from provenance.graph.model import Graph
from provenance.records import provjson, registered
from provenance.records.documents import render

RUN, MODEL, WORKFLOW, ADA, STUDY, BODY = "1/run", "1/model", "1/workflow", "1/ada", "1/study", "1/body"


def given(dataset: str, template: str) -> TemplatedDataset:
    """A dataset in its part."""
    return TemplatedDataset(dataset_template_id=template, dataset_id=dataset, dataset_type=DatasetType.DATA_STORE)


def record(inputs: list[tuple[str, str]], outputs: list[tuple[str, str]], **more: Any) -> ModelRunRecord:
    """A record with what matters."""
    body = more.pop("body", None)
    told = {"display_name": "Tides of June", "description": "d", "start_time": 0, "end_time": 60, **more}
    return ModelRunRecord(
        workflow_template_id=WORKFLOW,
        inputs=tuple(given(*one) for one in inputs),
        outputs=tuple(given(*one) for one in outputs),
        associations=Association(modeller_id=ADA, requesting_organisation_id=body),
        **told,
    )


def ends(graph: Graph) -> set[tuple[str, str, str]]:
    """Links as triples."""
    return {(link.source, link.relation.value, link.target) for link in graph.links}


def kinds(graph: Graph) -> dict[str, tuple[str, str]]:
    """Nodes by id."""
    return {node.id: (node.category.value, str(node.subtype)) for node in graph.nodes}


def test_a_model_run_says_eleven_sorts_of_links() -> None:
    """Each row of the mapping is there, and nothing else."""
    graph = registered.model_run(RUN, record([("1/in", "1/t-in")], [("1/out", "1/t-out")], study_id=STUDY, body=BODY), MODEL)

    assert ends(graph) == {
        (RUN, "wasInformedBy", STUDY),
        (RUN, "used", "1/in"),
        ("1/out", "wasGeneratedBy", RUN),
        (RUN, "used", MODEL),
        (RUN, "used", WORKFLOW),
        (RUN, "wasAssociatedWith", ADA),
        (RUN, "wasAssociatedWith", BODY),
        ("1/out", "wasAttributedTo", ADA),
        (WORKFLOW, "hadMember", "1/t-in"),
        (WORKFLOW, "hadMember", "1/t-out"),
        ("1/in", "wasInfluencedBy", "1/t-in"),
        ("1/out", "wasInfluencedBy", "1/t-out"),
        (WORKFLOW, "hadMember", MODEL),
    }
    assert kinds(graph) == {
        RUN: ("ACTIVITY", "MODEL_RUN"),
        STUDY: ("ACTIVITY", "STUDY"),
        "1/in": ("ENTITY", "DATASET"),
        "1/out": ("ENTITY", "DATASET"),
        "1/t-in": ("ENTITY", "DATASET_TEMPLATE"),
        "1/t-out": ("ENTITY", "DATASET_TEMPLATE"),
        WORKFLOW: ("ENTITY", "WORKFLOW_TEMPLATE"),
        MODEL: ("ENTITY", "MODEL"),
        ADA: ("AGENT", "PERSON"),
        BODY: ("AGENT", "ORGANISATION"),
    }


@pytest.mark.parametrize(
    ("inputs", "outputs", "more"),
    [
        ([("1/a", "1/t")], [("1/b", "1/u")], {}),
        ([("1/a", "1/t")], [("1/b", "1/u")], {"study_id": STUDY}),
        ([("1/a", "1/t"), ("1/b", "1/t"), ("1/c", "1/u")], [("1/d", "1/v"), ("1/e", "1/v")], {"body": BODY}),
        ([], [("1/d", "1/v")], {"study_id": STUDY, "body": BODY}),
    ],
)
def test_the_size_follows_from_the_record(inputs: list[Any], outputs: list[Any], more: dict[str, Any]) -> None:
    """So many nodes and links as inputs, outputs, templates, study and organisation make."""
    graph = registered.model_run(RUN, record(inputs, outputs, **more), MODEL)

    i, o, extra = len(inputs), len(outputs), len(more)
    templates, datasets = len({t for _, t in inputs + outputs}), len({d for d, _ in inputs + outputs})
    assert len(graph.nodes) == 4 + datasets + templates + extra
    assert len(graph.links) == 4 + i + 2 * o + templates + (i + o) + extra


def test_a_dataset_that_goes_in_and_comes_out_is_one_node_with_both_links() -> None:
    """Relations between the same two nodes do not take each other's place."""
    graph = registered.model_run(RUN, record([("1/a", "1/t")], [("1/a", "1/t")]), MODEL)

    assert {(RUN, "used", "1/a"), ("1/a", "wasGeneratedBy", RUN)} <= ends(graph)
    assert len([node for node in graph.nodes if node.id == "1/a"]) == 1


def test_only_the_run_describes_itself() -> None:
    """What others are called is the registry's to say; times that no calendar has are left out."""
    graph = registered.model_run(RUN, record([("1/a", "1/t")], [], end_time=10**15, model_version="2"), MODEL)

    assert {node.id: node.attributes for node in graph.nodes if node.attributes} == {
        RUN: {"prov:label": "Tides of June", "prov:startTime": "1970-01-01T00:00:00+00:00", "reprovena:modelVersion": "2"}
    }


@pytest.mark.parametrize(
    ("kind", "category", "subtype"),
    [
        (Kind.MODEL, Category.ENTITY, Subtype.MODEL),
        (Kind.MODEL_RUN_WORKFLOW_TEMPLATE, Category.ENTITY, Subtype.WORKFLOW_TEMPLATE),
        (Kind.DATASET_TEMPLATE, Category.ENTITY, Subtype.DATASET_TEMPLATE),
        (Kind.DATASET, Category.ENTITY, Subtype.DATASET),
    ],
)
def test_activities_call_things_what_model_runs_call_them(kind: Kind, category: Category, subtype: Subtype) -> None:
    """A Create says who made it; a Version used the one before. One thing has one subtype, whoever names it."""
    told: dict[str, Any] = {"activity": "1/act", "item": "1/new", "item_kind": kind, "person": ADA}
    created = registered.activity(ActivityRegistered(entry_kind=Kind.CREATE, **told))
    versioned = registered.activity(ActivityRegistered(entry_kind=Kind.VERSION, before="1/old", **told))

    made = {("1/new", "wasGeneratedBy", "1/act"), ("1/act", "wasAssociatedWith", ADA), ("1/new", "wasAttributedTo", ADA)}
    assert ends(created) == made
    assert ends(versioned) == {*made, ("1/act", "used", "1/old")}
    assert kinds(created)["1/new"] == kinds(versioned)["1/old"] == (category.value, subtype.value)
    assert (kinds(created)["1/act"], kinds(versioned)["1/act"]) == (("ACTIVITY", "CREATE"), ("ACTIVITY", "VERSION"))


def test_a_link_joins_an_account_to_its_person() -> None:
    """Whoever meets the account meets the registered person."""
    ada = user_id("https://id.example.org/realm", "ada")

    graph = registered.person_link(ada, ADA)

    assert ends(graph) == {(ada, "alternateOf", ADA)}
    assert kinds(graph) == {ada: ("AGENT", "ACCOUNT"), ADA: ("AGENT", "PERSON")}


def test_the_document_has_provenas_shape() -> None:
    """Handles are names in the default namespace; each element has its three attributes; links have two ends."""
    graph = registered.model_run(RUN, record([("1/in", "1/t")], [("1/out", "1/t")], study_id=STUDY), MODEL)

    said = json.loads(provjson.render(graph))

    assert said["prefix"] == {"default": "http://hdl.handle.net/"}
    assert said["activity"][RUN] == {"id": RUN, "item_category": "ACTIVITY", "item_subtype": "MODEL_RUN"}
    assert said["agent"] == {ADA: {"id": ADA, "item_category": "AGENT", "item_subtype": "PERSON"}}
    assert {"prov:activity": RUN, "prov:entity": "1/in"} in said["used"].values()
    assert {"prov:entity": "1/out", "prov:activity": RUN} in said["wasGeneratedBy"].values()
    assert {"prov:collection": WORKFLOW, "prov:entity": MODEL} in said["hadMember"].values()
    assert {"prov:influencee": "1/in", "prov:influencer": "1/t"} in said["wasInfluencedBy"].values()
    assert list(said["wasInformedBy"].values()) == [{"prov:informed": RUN, "prov:informant": STUDY}]
    assert {"prov:activity": RUN, "prov:agent": ADA} in said["wasAssociatedWith"].values()
    assert list(said["wasAttributedTo"].values()) == [{"prov:entity": "1/out", "prov:agent": ADA}]
    links = [name for kind in said if kind not in {"prefix", "entity", "activity", "agent"} for name in said[kind]]
    assert len(links) == len(set(links)) == len(graph.links)
    assert ProvDocument.deserialize(content=json.dumps(said)).get_records()


@pytest.mark.parametrize(
    "written", [provjson.render, lambda graph: render(graph, "provn"), lambda graph: render(graph, "json")]
)
def test_equal_records_are_equal_bytes(written: Callable[[Graph], bytes]) -> None:
    """Neither the order of datasets nor their repetition changes a byte."""
    inputs = [(f"1/in{n}", f"1/t{n % 3}") for n in range(12)]
    outputs = [(f"1/out{n}", f"1/t{n % 2}") for n in range(12)]
    first = written(registered.model_run(RUN, record(inputs, outputs), MODEL))

    for seed in range(5):
        shuffled = random.Random(seed)
        again = [shuffled.sample(side, len(side)) + side[:2] for side in (inputs, outputs)]
        assert written(registered.model_run(RUN, record(*again), MODEL)) == first
