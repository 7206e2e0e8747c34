"""What is valid CWL, and how what is not is told."""

from pathlib import Path

import pytest

from contracts.registry import Parameter
from registry.workflows.validation import cwl

TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: echo\n"
NONE = "inputs: {}\noutputs: {}\n"
FLOW = "cwlVersion: v1.2\nclass: Workflow\ninputs: {x: int}\noutputs: {}\nsteps:\n"
ECHO = TOOL + "inputs: {i: 'int?'}\noutputs: {o: stdout}\n"
EXAMPLES = Path(__file__).parents[4] / "examples"


def step(run: str, given: str = "{}", out: str = "[]") -> str:
    """A step of one line each: run is on line 7, in on 8, out on 9 after FLOW."""
    return f"  a:\n    run: {run}\n    in: {given}\n    out: {out}\n"


def test_a_valid_workflow_says_what_it_takes(look):
    """Inputs come back with their types in CWL's words, whether they are needed, and their label."""
    text = TOOL.replace("v1.2", "v1.0") + (
        "inputs:\n  a: {type: int, default: 3, label: How many}\n  b: File[]\n"
        "  c: {type: {type: enum, symbols: [x, y]}}\n  d: ['null', string, int]\noutputs: {}\n"
    )

    found = look({"main.cwl": text})

    assert found.problem is None
    assert found.parameters == (
        Parameter(name="a", type="int", required=False, label="How many"),
        Parameter(name="b", type="File[]"),
        Parameter(name="c", type="enum [x, y]"),
        Parameter(name="d", type="(string | int)?", required=False),
    )


@pytest.mark.parametrize(
    ("main", "line", "field", "words"),
    [
        ("cwlVersion: v1.2\nbaseCommand: echo\n" + NONE, 1, None, "needs a field 'class'"),
        ("class: CommandLineTool\nbaseCommand: echo\n" + NONE, 1, None, "needs a field 'cwlVersion'"),
        (TOOL.replace("v1.2", "v9") + NONE, 1, "cwlVersion", "v9 is not taken"),
        (TOOL + NONE + "foo: 1\n", 6, "foo", "invalid field 'foo'"),
        (TOOL + "inputs:\n  a:\n    type: string\n    foo: 3\noutputs: {}\n", 7, "inputs.a.foo", "invalid field 'foo'"),
        (TOOL + "inputs:\n  a:\n    type: txt\noutputs: {}\n", 6, "inputs.a.type", "unknown identifier 'txt'"),
        (TOOL + "inputs:\n  a:\n    type: int\n    default: hello\noutputs: {}\n", 7, "inputs.a.default", "is not int"),
        (TOOL + "inputs: {}\n", 1, "outputs", "not valid"),
        (TOOL + "inputs: {a: [}\n", 4, None, "not valid YAML"),
        (TOOL + NONE + "inputs: {}\n", 6, "inputs", "duplicate key"),
        (TOOL + "inputs: {$import: ../../etc/passwd}\noutputs: {}\n", 4, "inputs.$import", "out of the bundle"),
        (TOOL + NONE + "doc: {$include: /etc/passwd}\n", 6, "doc.$include", "out of the bundle"),
        (TOOL + NONE + "doc: {$include: gone.txt}\n", 6, "doc.$include", "not in the bundle: gone.txt"),
        (TOOL + "inputs: {$import: main.cwl}\noutputs: {}\n", 4, "inputs.$import", "in a circle: main.cwl → main.cwl"),
        (FLOW + step("gone.cwl"), 7, "steps.a.run", "not in the bundle: gone.cwl"),
        (FLOW + step("http://127.0.0.1:9/x.cwl"), 7, "steps.a.run", "out of the bundle"),
        (FLOW + step("main.cwl"), 7, "steps.a.run", "in a circle"),
        (FLOW + step("sub/b.cwl"), 7, "steps.a.run", "in a circle: main.cwl → sub/b.cwl → main.cwl"),
        (FLOW + step("echo.cwl", "{i: gone}", "[o]"), 8, "steps.a.in.i", "unknown identifier 'gone'"),
        (FLOW + step("echo.cwl", "{i: x}", "[gone]"), 9, "steps.a.out[0]", "step output 'gone'"),
        (FLOW + step("words.cwl", "{i: x}", "[o]"), 3, "inputs.x", "incompatible"),
        (FLOW + "  a:\n    run: echo.cwl\n    in: {}\n", 6, "steps.a.out", "missing required field 'out'"),
        (TOOL + "inputs:\n  f:\n    type: File\n    default: {class: File, location: gone.py}\noutputs: {}\n", 7, "inputs.f.default.location", "not in the bundle: gone.py"),  # noqa: E501
        (TOOL + "inputs:\n  f:\n    type: File\n    default: {class: File, path: /etc/passwd}\noutputs: {}\n", 7, "inputs.f.default.path", "out of the bundle"),  # noqa: E501
        (TOOL + "inputs:\n  f:\n    type: File\n    default: {class: File, location: 'https://x.test/a'}\noutputs: {}\n", 7, "inputs.f.default.location", "out of the bundle"),  # noqa: E501
    ],
)  # fmt: skip
def test_an_error_names_its_line_and_field(look, main, line, field, words):
    """Whatever is wrong, the first error says where, in words without folders of ours."""
    sub = "cwlVersion: v1.2\nclass: Workflow\ninputs: {}\noutputs: {}\nsteps:\n" + step("../main.cwl")
    words_tool = TOOL + "inputs: {i: 'string?'}\noutputs: {o: stdout}\n"

    problem = look({"main.cwl": main, "sub/b.cwl": sub, "echo.cwl": ECHO, "words.cwl": words_tool}).problem

    assert problem.type == "urn:problem:registry:invalid-specification"
    first = problem.errors[0]
    assert words in first.detail
    assert (first.line, "file:" in problem.detail, "bundle/" in problem.detail) == (line, False, False)
    if "circle: main.cwl → sub" not in words:
        assert (first.file, first.field) == ("main.cwl", field)


def test_an_error_in_another_file_of_the_bundle_names_that_file(look):
    """A step's tool is validated, and what is wrong in it is told of its own file and line."""
    problem = look({"main.cwl": FLOW + step("sub/a tool.cwl"), "sub/a tool.cwl": TOOL + NONE + "foo: 1\n"}).problem

    assert [(e.file, e.line, e.field) for e in problem.errors] == [("sub/a tool.cwl", 6, "foo")]


def test_a_packed_workflow_that_contains_itself_is_refused(look):
    """A circle inside one file is found, too."""
    packed = (
        "cwlVersion: v1.2\n$graph:\n- id: main\n  class: Workflow\n  requirements: {SubworkflowFeatureRequirement: {}}\n"
        "  inputs: {}\n  outputs: {}\n  steps: {a: {run: '#main', in: {}, out: []}}\n"
    )

    assert "contains itself" in look({"main.cwl": packed}).problem.detail


def test_steps_that_wait_for_each_other_are_refused(look):
    """A circle of data is no workflow."""
    main = FLOW + "  a: {run: e.cwl, in: {i: b/o}, out: [o]}\n  b: {run: e.cwl, in: {i: a/o}, out: [o]}\n"

    assert "circular" in look({"main.cwl": main, "e.cwl": TOOL + "inputs: {i: File?}\noutputs: {o: stdout}\n"}).problem.detail


def test_a_specification_that_unfolds_without_end_is_refused(look, monkeypatch):
    """Eight steps of eight steps of eight steps of eight steps are not built."""
    monkeypatch.setattr(cwl, "TOOLS", 50)
    head = f"cwlVersion: v1.2\nclass: Workflow\nrequirements: {{SubworkflowFeatureRequirement: {{}}}}\n{NONE}steps:\n"
    files = {
        f"{n}.cwl": head + "".join(f"  s{i}: {{run: {n + 1}.cwl, in: {{}}, out: []}}\n" for i in range(8)) for n in range(5)
    }

    assert "unfolds" in look({**files, "5.cwl": TOOL + NONE}, main="0.cwl").problem.detail


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
        "a: &a [*a]\n",
        "a: " + "[" * 100 + "]" * 100,
        "a: " + "[" * 5000,
        "",
        "- a\n",
        "hello\n",
    ],
    ids=["bomb", "itself", "deep", "deeper", "empty", "list", "text"],
)
def test_yaml_that_is_no_document_is_refused(look, text):
    """Aliases that multiply, circles and bottomless brackets end in a problem, not in a dead process."""
    assert look({"main.cwl": text}).problem.type == "urn:problem:registry:invalid-specification"


def test_javascript_is_not_run(look):
    """An endless expression is validated at once, for nobody evaluates it."""
    tool = "cwlVersion: v1.2\nclass: ExpressionTool\nrequirements: {InlineJavascriptRequirement: {}}\n" + NONE
    assert look({"main.cwl": tool + "expression: '${ while (true); }'\n"}).problem is None


def test_ontologies_are_not_fetched(look):
    """`$schemas` may name the network; nobody goes there."""
    text = TOOL + NONE + "$namespaces: {edam: 'http://edamontology.org/'}\n$schemas: ['http://127.0.0.1:9/EDAM.owl']\n"
    assert look({"main.cwl": text}).problem is None


def test_inputs_called_run_and_steps_are_no_references(look):
    """Names are the author's."""
    assert look({"main.cwl": TOOL + "inputs: {run: string, steps: {type: string}}\noutputs: {}\n"}).problem is None


def test_a_main_file_that_is_not_there_is_refused(look):
    """The bundle must hold what it is said to hold."""
    assert "no file 'main.cwl'" in look({"other.cwl": TOOL + NONE}).problem.detail


@pytest.mark.parametrize(
    "example", ["digits/workflow/digits.cwl", "digits-report/workflow/report.cwl", "failing/workflow/failing.cwl"]
)
def test_the_examples_are_valid(look, example):
    """What we ship is what we ask for, input files included."""
    main = EXAMPLES / example
    files = {str(p.relative_to(main.parent)): p.read_text() for p in main.parent.rglob("*") if p.suffix in {".cwl", ".py"}}

    found = look(files, main=main.name, inputs=(main.parents[1] / "inputs.yaml").read_text())

    assert found.problem is None
    assert found.values
