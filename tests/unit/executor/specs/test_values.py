"""Parameter values: files found, placeholders filled in."""

from typing import Any

import pytest

from chassis.refusal import Refusal
from executor.specs.serial import read_serial
from executor.specs.values import filled, merged, resolve, used_parameters


def find(name: str, kind: str) -> str | None:
    """A run that has one file and one folder."""
    return {("a.txt", "File"): "file:///in/a.txt", ("d", "Directory"): "file:///in/d"}.get((name, kind))


def test_files_are_found_wherever_they_stand() -> None:
    """In lists, records and beside other files; everything else stays as it is."""
    value = {
        "n": 1,
        "list": [{"class": "File", "path": "a.txt", "format": "x"}],
        "record": {"path": "not a file", "folder": {"class": "Directory", "location": "d"}},
        "pair": {"class": "File", "path": "./a.txt", "secondaryFiles": [{"class": "File", "path": "a.txt"}]},
        "made": {"class": "File", "basename": "m", "contents": "c"},
    }

    assert resolve(value, find) == {
        "n": 1,
        "list": [{"class": "File", "format": "x", "location": "file:///in/a.txt"}],
        "record": {"path": "not a file", "folder": {"class": "Directory", "location": "file:///in/d"}},
        "pair": {
            "class": "File",
            "location": "file:///in/a.txt",
            "secondaryFiles": [{"class": "File", "location": "file:///in/a.txt"}],
        },
        "made": {"class": "File", "basename": "m", "contents": "c"},
    }


@pytest.mark.parametrize("path", ["b.txt", "d", "/etc/passwd", "file:///etc/passwd", "https://example.org/x", "../a.txt"])
def test_files_that_are_not_the_runs_are_refused(path: str) -> None:
    """Only what came with the run or its workflow can be named, and the refusal names the field."""
    with pytest.raises(Refusal) as refused:
        resolve([{"class": "File", "path": path}], find, "inputs.fs")

    problem = refused.value.problem
    assert problem.type in {"urn:problem:executor:missing-input", "urn:problem:executor:bad-file-name"}
    if not path.startswith(".."):
        assert problem.errors[0].field == "inputs.fs[0]"


def test_commands_are_filled_in_by_reanas_rules() -> None:
    """`${name}`, `$name`, and `$$` for a dollar sign."""
    assert filled("run ${n} $flag $$HOME $${n}", {"n": 3, "flag": None}) == "run 3  $HOME ${n}"


@pytest.mark.parametrize("command", ["echo $HOME", "echo ${HOME}", "echo $", "echo $1"])
def test_other_dollar_signs_are_refused(command: str) -> None:
    """A dollar sign that means itself is doubled."""
    with pytest.raises(Refusal) as refused:
        filled(command, {})

    assert refused.value.problem.type == "urn:problem:executor:unknown-parameter"


def test_a_command_has_the_parameters_it_names() -> None:
    """Others are none of its business."""
    assert used_parameters("a $x ${y} $$z", {"x": 1, "y": 2, "z": 3}) == {"x": 1, "y": 2}


def test_given_values_hide_defaults_and_unknown_ones_are_refused() -> None:
    """A typing error is not silently passed over."""
    assert merged({"a": 1, "b": 2}, {"b": 3}) == {"a": 1, "b": 3}
    with pytest.raises(Refusal) as refused:
        merged({"a": 1}, {"aa": 2})
    assert refused.value.problem.errors[0].field == "inputs.aa"


def steps(*found: dict[str, Any]) -> str:
    """A `reana.yaml`; JSON is YAML."""
    import json

    return json.dumps({"workflow": {"type": "serial", "specification": {"steps": found}}, "outputs": {"files": ["x"]}})


def test_each_command_is_a_step_with_a_place_of_its_own() -> None:
    """Named, numbered, indexed; names that stand twice are told apart."""
    read = read_serial(steps({"name": "a", "commands": ["1", "2"]}, {"commands": ["3"]}, {"name": "a", "commands": ["4"]}), {})

    assert [(step.place, step.name, step.command) for step in read.steps] == [
        ("a[0]", "a", "1"),
        ("a[1]", "a", "2"),
        ("step-2", "step-2", "3"),
        ("a-2", "a", "4"),
    ]
    assert read.files == ("x",)


def test_what_is_no_yaml_is_refused() -> None:
    """The reason says where."""
    with pytest.raises(Refusal, match="YAML"):
        read_serial("a: [", {})
