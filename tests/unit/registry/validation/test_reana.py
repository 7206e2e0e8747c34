"""Workflows in REANA's format."""

from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[4] / "examples/serial"
SPEC = """inputs:
  parameters: {n: 3, words: [a], text: x}
workflow:
  type: serial
  specification:
    steps:
      - environment: x
        commands:
          - echo ${n}
          - %s
%s
"""


def test_the_example_is_valid(look):
    """Its parameters come back with the types of their values, and none is needed."""
    files = {str(p.relative_to(EXAMPLE)): p.read_text() for p in EXAMPLE.rglob("*") if p.is_file()}

    found = look(files, "reana.yaml", "serial", (EXAMPLE / "inputs.yaml").read_text())

    assert [(p.name, p.type, p.required) for p in found.parameters] == [
        ("data", "string", False),
        ("largest", "integer", False),
        ("unit", "string", False),
    ]
    assert found.values == {"data": "data/planets.csv", "largest": 31, "unit": "years"}


@pytest.mark.parametrize("command", ["echo $$1", "echo $n ${text}", "awk '{print $$2}'", "echo $$$$ $${n}"])
def test_parameters_and_dollar_signs_are_told_apart(look, command):
    """`${name}` and `$name` are parameters, `$$` is a dollar sign."""
    assert look({"reana.yaml": SPEC % (command, "")}, "reana.yaml", "serial").problem is None


@pytest.mark.parametrize(
    ("command", "more", "line", "field", "words"),
    [
        ("echo $1", "", 10, "workflow.specification.steps[0].commands[1]", "'$1' is no parameter"),
        ("echo ${m}", "", 10, "workflow.specification.steps[0].commands[1]", "no parameter 'm'"),
        ("echo ${a b}", "", 10, "workflow.specification.steps[0].commands[1]", "'${a b}'"),
        ("ls", "    foo: 3", 11, "workflow.specification.foo", "no such field"),
        ("ls", "outputs: {files: [../x]}", 11, "outputs.files[0]", "leads out"),
        ("ls", "      - commands: [ls]", 11, "workflow.specification.steps[1]", "'environment' is missing"),
        (
            "ls",
            "      - {commands: ls, environment: x}",
            11,
            "workflow.specification.steps[1].commands",
            "must be of type array",
        ),
        ("ls", "      - {commands: [], environment: x}", 11, "workflow.specification.steps[1].commands", "non-empty"),
        ("ls", "version: 3", 11, "version", "must be of type string"),
    ],
)
def test_an_error_names_its_line_and_field(look, command, more, line, field, words):
    """REANA's schema and our own rules point at the same places."""
    problem = look({"reana.yaml": SPEC % (command, more)}, "reana.yaml", "serial").problem

    first = problem.errors[0]
    assert words in first.detail
    assert (first.file, first.line, first.field) == ("reana.yaml", line, field)


@pytest.mark.parametrize(
    ("text", "engine", "words"),
    [
        ("workflow: {type: cwl, file: x.cwl}", "serial", "is cwl, but it is to be registered as serial"),
        ("workflow: {type: snakemake, file: Snakefile}", "snakemake", "not in the bundle: Snakefile"),
        ("workflow: {type: serial, specification: {steps: []}}", "serial", "needs steps"),
        ("workflow: {type: serial}", "serial", "needs a field 'type', and 'specification' or 'file'"),
        ("workflow: [1]", "serial", "must be of type object"),
        ("inputs: {}", "serial", "'workflow' is missing"),
        ("[1]", "serial", "must be of type object"),
    ],
)
def test_what_is_no_such_workflow_is_refused(look, text, engine, words):
    """Engine and file must be what they are said to be."""
    assert words in look({"reana.yaml": text}, "reana.yaml", engine).problem.detail


def test_other_engines_are_taken_as_far_as_the_schema_goes(look):
    """A Snakemake workflow is stored; only REANA knows more of it."""
    text = "workflow: {type: snakemake, file: Snakefile}\ninputs: {parameters: {a: 1.5}}\n"

    found = look({"reana.yaml": text, "Snakefile": ""}, "reana.yaml", "snakemake")

    assert [(p.name, p.type) for p in found.parameters] == [("a", "number")]
