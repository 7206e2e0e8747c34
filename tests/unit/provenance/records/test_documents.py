"""Documents: five formats, the same bytes for the same statements, and nothing lost on the way back."""

import io
import json
import random
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from contracts.executor import FileSeen
from contracts.ids import output_id
from contracts.vocabulary import Category, Relation, RunStatus, StepStatus, Subtype
from provenance.graph.model import Graph, Link, Node
from provenance.records import documents, mapping
from provenance.records.documents import FORMATS, Format
from provenance.records.names import iri, item, local_name

from .constraints import findings
from .samples import BOB, EARLIER, RUN, asked, downloaded, failing, ran, registered, steps, union, whole

READERS: Mapping[Format, tuple[str, dict[str, str]]] = {
    "json": ("json", {}),
    "provn": ("provn", {}),
    "xml": ("xml", {}),
    "turtle": ("rdf", {"rdf_format": "turtle"}),
    "jsonld": ("jsonld", {}),
}
STATED = whole(asked(restart_of=EARLIER, inputs=(*asked().inputs, downloaded("from the web.csv"))), steps())


def read(text: bytes, kind: Format) -> ProvDocument:
    """A document as another program would read it."""
    name, options = READERS[kind]
    return ProvDocument.deserialize(io.BytesIO(text), format=name, **options)


def every_relation() -> Graph:
    """A graph with each relation, plain and with what may be said of it."""
    nodes = {
        **{f"e{n}": Node(f"e{n}", Category.ENTITY, Subtype.FILE, {"prov:label": f"file {n}"}) for n in range(4)},
        **{f"a{n}": Node(f"a{n}", Category.ACTIVITY, Subtype.STEP, {}) for n in range(4)},
        **{f"g{n}": Node(f"g{n}", Category.AGENT, Subtype.ACCOUNT) for n in range(4)},
    }
    kinds = {
        Relation.USED: "ae",
        Relation.WAS_GENERATED_BY: "ea",
        Relation.WAS_INVALIDATED_BY: "ea",
        Relation.WAS_STARTED_BY: "ae",
        Relation.WAS_ENDED_BY: "ae",
        Relation.WAS_INFORMED_BY: "aa",
        Relation.WAS_ATTRIBUTED_TO: "eg",
        Relation.WAS_ASSOCIATED_WITH: "ag",
        Relation.ACTED_ON_BEHALF_OF: "gg",
        Relation.WAS_INFLUENCED_BY: "aa",
    }
    time = {
        Relation.USED,
        Relation.WAS_GENERATED_BY,
        Relation.WAS_INVALIDATED_BY,
        Relation.WAS_STARTED_BY,
        Relation.WAS_ENDED_BY,
    }
    links = []
    for relation in Relation:
        source, target = kinds.get(relation, "ee")
        more: dict[str, Any] = {"prov:role": ["one", "two"], "reprovena:evidence": "seen"}
        if relation in time:
            more["prov:time"] = "2026-11-21T09:30:00+00:00"
        if relation is Relation.WAS_ASSOCIATED_WITH:
            more["prov:plan"] = "e3"
        if relation is Relation.ACTED_ON_BEHALF_OF:
            more["prov:activity"] = "a3"
        links += [Link(f"{source}0", relation, f"{target}1"), Link(f"{source}1", relation, f"{target}2", more)]
    links.append(Link("a2", Relation.WAS_STARTED_BY, "a3", {"prov:time": "2026-11-21T09:30:00+00:00"}))
    return Graph.of(nodes.values(), links)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "graph", [STATED, whole(*failing()), mapping.workflow(registered()), Graph()], ids=["run", "failed", "workflow", "nothing"]
)
def test_what_is_written_is_read_back(graph: Graph, kind: Format) -> None:
    """Every format gives back the same records."""
    assert read(documents.render(graph, kind), kind) == documents.document(graph)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("relation", list(Relation))
def test_each_relation_is_read_back(relation: Relation, kind: Format) -> None:
    """Plain, and with roles, times, plan or activity."""
    graph = every_relation()
    links = [link for link in graph.links if link.relation is relation]
    one = Graph.of(graph.nodes, links)

    document = documents.document(one)
    assert len(document.get_records()) == len(graph.nodes) + len(links)
    assert read(documents.render(one, kind), kind) == document


def test_qualified_relations_say_when_as_what_and_by_which_plan() -> None:
    """In the words of PROV-N."""
    text = documents.render(STATED, "provn").decode()

    assert "used(item:link/" in text
    assert '[prov:role="raw"]' in text
    assert "prov:type='prov:Person'" in text
    assert "prov:type='prov:Organization'" in text
    assert "prov:type='prov:SoftwareAgent'" in text
    assert "prov:type='prov:Plan'" in text
    assert "prov:type='prov:Collection'" in text
    start = next(line for line in text.splitlines() if "wasStartedBy(" in line)
    assert f", -, item:run/{RUN}, 2026-11-21T" in start
    association = next(line for line in text.splitlines() if "wasAssociatedWith(" in line and "plan/" in line)
    assert f"item:run/{RUN}/engine" in association


def test_a_stop_is_a_trigger_and_a_start_a_starter() -> None:
    """An entity triggers, an activity starts."""
    text = documents.render(mapping.run(asked(RunStatus.STOPPED, 40, stopped_by=BOB)), "provn").decode()

    assert f"item:run/{RUN}, item:run/{RUN}/stop, -, 2026-11-21T09:30:40+00:00" in text


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.data())
def test_order_and_repetition_of_events_do_not_matter(chance: random.Random, data: st.DataObject) -> None:
    """However often and in whatever order statements come: each record's last revision, whole, gives the same bytes."""
    first = [
        one.model_copy(update={"status": StepStatus.RUNNING, "ended": None, "generated": (), "revision": 1}) for one in steps()
    ]
    events: list[tuple[str, int, Graph]] = [
        *((f"step/{one.place}", one.revision, mapping.step(one)) for one in (*first, *steps())),
        *(
            ("run", n, mapping.run(one))
            for n, one in enumerate(
                (
                    asked(RunStatus.QUEUED, None, started=None, inputs=(), outputs=(), environment=None),
                    asked(RunStatus.RUNNING, None, outputs=()),
                    asked(),
                )
            )
        ),
    ]
    heard = [*events, *data.draw(st.lists(st.sampled_from(events), max_size=20))]
    chance.shuffle(heard)
    known: dict[str, tuple[int, Graph]] = {}

    for record, revision, graph in heard:
        if record not in known or known[record][0] < revision:
            known[record] = (revision, graph)

    told = union(*(graph for _, graph in known.values()))
    assert {kind: documents.render(told, kind) for kind in FORMATS} == expected()


@cache
def expected() -> dict[str, bytes]:
    """What all of them say in the end."""
    return {kind: documents.render(whole(asked(), steps()), kind) for kind in FORMATS}


def test_another_process_writes_the_same_bytes() -> None:
    """Nothing depends on the hash seed."""
    code = "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import samples\nfrom provenance.records import documents\n"
    code += "g = samples.whole(samples.asked(), samples.steps())\n"
    code += "print(*(hashlib.sha256(documents.render(g, f)).hexdigest() for f in documents.FORMATS))"
    folder = str(__file__).rsplit("/", 1)[0]
    extra = ":".join(part for part in sys.path if part)

    seen = {
        subprocess.run(
            [sys.executable, "-c", code, folder],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": extra},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(seen) == 1


def test_input_order_does_not_matter() -> None:
    """A run that lists its files and values in another order is the same run."""
    run = asked()
    turned = asked(inputs=run.inputs[::-1], outputs=run.outputs[::-1], parameters=dict(reversed(run.parameters.items())))

    assert documents.render(mapping.run(turned), "provn") == documents.render(mapping.run(run), "provn")


@pytest.mark.parametrize("graph", [STATED, whole(*failing())], ids=["run", "failed"])
def test_documents_obey_the_constraints(graph: Graph) -> None:
    """One generation of each entity, ends after starts, uses after generations, nothing undeclared."""
    assert findings(documents.document(graph)) == []


def test_the_checks_themselves_find_something() -> None:
    """A document that breaks the rules is found out."""
    late = ran("split", 2, 1, used=(steps()[1].used[0],))
    graph = union(mapping.step(late), mapping.step(steps()[0]))
    twice = Graph.of(
        graph.nodes,
        [*graph.links, Link(output_id(RUN, "prepare", "clean.csv"), Relation.WAS_GENERATED_BY, f"run/{RUN}/step/split")],
    )

    assert len(findings(documents.document(twice))) >= 3


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=40))
def test_every_id_has_a_name_and_every_name_its_id(text: str) -> None:
    """Percent-encoding goes both ways."""
    known = f"run/{RUN}/in/{text}"

    assert item(iri(known)) == known
    assert item(local_name(known)) == known


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=60)
@given(NAMES, TEXTS, st.sampled_from(FORMATS))
def test_strange_names_and_texts_survive(name: str, text: str, kind: Format) -> None:
    """Spaces, quotes, percent signs, brackets, backslashes, line ends, markup, any language."""
    seen = FileSeen(id=output_id(RUN, "a b[0]", name), path=name, role=name, size=1, sha256="a" * 64)
    graph = union(
        mapping.step(ran("a b[0]", 1, 2, generated=(seen,)).model_copy(update={"reason": text})),
        mapping.run(asked(parameters={name: text}, reason=text)),
    )

    back = read(documents.render(graph, kind), kind)

    assert back == documents.document(graph)
    assert seen.id in {item(record.identifier.uri) for record in back.get_records() if record.identifier}


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=3),
)


@settings(max_examples=40)
@given(VALUES, st.sampled_from(FORMATS))
def test_values_keep_their_types(value: Any, kind: Format) -> None:
    """Numbers, truth and lists come back as what they were."""
    graph = mapping.run(asked(parameters={"x": value}))

    back = read(documents.render(graph, kind), kind)

    told = next(iter(back.get_record(f"urn:reprovena:run/{RUN}/parameter/x")[0].value))
    assert (json.loads(told) if isinstance(value, list) else told) == value
    assert isinstance(told, bool) is isinstance(value, bool)


def test_turtle_is_plain_rdf() -> None:
    """A program that knows nothing of PROV reads types, labels and links as IRIs, and no blank nodes."""
    triples = rdflib.Graph().parse(data=documents.render(STATED, "turtle"), format="turtle")
    run = rdflib.URIRef(iri(f"run/{RUN}"))

    assert (run, rdflib.RDF.type, rdflib.PROV.Activity) in triples
    assert triples.value(run, rdflib.RDFS.label) == rdflib.Literal("forecast:1.2 #3")
    assert not [term for triple in triples for term in triple if isinstance(term, rdflib.BNode)]


def test_json_ld_carries_its_context() -> None:
    """Nothing has to be fetched to understand it."""
    told = json.loads(documents.render(STATED, "jsonld"))

    assert all(isinstance(part, dict) for part in told["@context"])


def test_a_reference_is_told_by_its_kind() -> None:
    """A node that nobody describes, such as another tenant's, is there with its kind alone."""
    stub = Node("restricted/1", Category.ENTITY, "")
    graph = Graph.of([stub, Node("run/x", Category.ACTIVITY, Subtype.RUN)], [Link("run/x", Relation.USED, "restricted/1")])

    assert "entity(item:restricted/1)" in documents.render(graph, "provn").decode()
    assert all(read(documents.render(graph, kind), kind) == documents.document(graph) for kind in FORMATS)


def test_another_format_is_refused() -> None:
    """With the formats there are."""
    with pytest.raises(ValueError, match="json, provn, xml, turtle, jsonld"):
        documents.render(Graph(), "docx")  # type: ignore[arg-type]


def test_every_format_has_a_media_type() -> None:
    """And nothing else has."""
    assert set(documents.MEDIA_TYPES) == set(FORMATS)
