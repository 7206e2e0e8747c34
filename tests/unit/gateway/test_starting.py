"""What a run is started with."""

import pytest

from chassis.refusal import Refusal
from contracts.executor import FileSeen
from contracts.ids import uuid7
from contracts.message import FileRef
from contracts.registry import Parameter, Workflow
from contracts.vocabulary import Engine
from gateway.api.starting import check_file_names, named_files, pick, reference, values_of

REF = FileRef(key="k", sha256="0" * 64, size=1)


def a_workflow(*parameters: Parameter, engine: Engine = Engine.CWL, **values: object) -> Workflow:
    return Workflow(
        id=uuid7(),
        handle="10378.1/1",
        tenant="t",
        name="n",
        version="1",
        engine=engine,
        spec=REF,
        main="m",
        owner="o",
        parameters=parameters,
        values=values,
    )


DATA = Parameter(name="data", type="File")
C = Parameter(name="C", type="float?", required=False)


def test_given_values_speak_over_the_input_file() -> None:
    """The input file's values are defaults."""
    assert values_of(a_workflow(DATA, C, data=1, C=2), {"C": 3}) == {"data": 1, "C": 3}


def test_unknown_and_missing_values_are_named() -> None:
    """Each has its own type, and its field."""
    with pytest.raises(Refusal) as unknown:
        values_of(a_workflow(DATA, C), {"data": 1, "c": 3})
    with pytest.raises(Refusal) as missing:
        values_of(a_workflow(DATA, C), {"C": 1, "data": None})
    with pytest.raises(Refusal):
        values_of(a_workflow(), {"x": 1})

    assert unknown.value.problem.type.endswith("executor:unknown-parameter")
    assert unknown.value.problem.errors[0].field == "inputs.c"
    assert missing.value.problem.type.endswith("executor:missing-input")
    assert missing.value.problem.errors[0].field == "inputs.data"


def test_a_language_that_does_not_declare_is_not_checked() -> None:
    """Where nothing is known, nothing is refused."""
    assert values_of(a_workflow(engine=Engine.SNAKEMAKE), {"x": 1}) == {"x": 1}


def test_large_values_are_refused() -> None:
    """What is large belongs into a file."""
    with pytest.raises(Refusal) as no:
        values_of(a_workflow(C), {"C": "x" * 70_000})

    assert no.value.problem.status == 413


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "", "a\x00b", "a\nb", "a\\b", "x/", "a" * 300])
def test_staged_names_stay_in_their_folder(name: str) -> None:
    """No name leads out of the run's folder."""
    with pytest.raises(Refusal) as no:
        check_file_names({"fine.txt": 1, name: 1})

    assert no.value.problem.type.endswith("executor:bad-file-name")
    assert no.value.problem.errors[0].field == f"files.{name}"


def test_a_staged_file_is_no_folder() -> None:
    """`a` and `a/b` cannot both be there."""
    with pytest.raises(Refusal, match="folder"):
        check_file_names({"a": 1, "a/b": 1})


def test_outputs_are_picked_by_path_or_role() -> None:
    """The path is exact; a role must be one file's."""
    outputs = [
        FileSeen(id="1", path="m.json", role="model"),
        FileSeen(id="2", path="p1.png", role="plots"),
        FileSeen(id="3", path="p2.png", role="plots"),
    ]

    assert pick(outputs, "m.json", "f").id == pick(outputs, "model", "f").id == "1"
    with pytest.raises(Refusal, match="several"):
        pick(outputs, "plots", "f")
    with pytest.raises(Refusal, match="no output"):
        pick(outputs, "nothing", "f")


def test_an_output_that_was_not_kept_cannot_be_taken() -> None:
    """Without a key there are no bytes."""
    with pytest.raises(Refusal, match="not kept"):
        reference(FileSeen(id="1", path="x"))


def test_files_are_found_wherever_values_name_them() -> None:
    """In lists, records and secondary files."""
    values = {
        "a": {"class": "File", "path": "x", "secondaryFiles": [{"class": "File", "location": "y"}]},
        "b": [{"class": "Directory", "path": "d"}, 1],
        "c": {"inner": {"class": "File", "path": "z"}},
        "d": {"class": "File", "contents": "literal"},
    }

    assert sorted(named_files(values)) == [("a", "x"), ("a", "y"), ("b", "d"), ("c", "z")]
