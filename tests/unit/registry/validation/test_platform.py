"""`valueFromPlatform`: a key of ours that CWL does not know, and that must not hide anything that is wrong."""

import pytest

from contracts.registry import Parameter

URL = "https://api.aiod.eu/datasets/v1/5"
TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: cat\n"
PLACED = f'valueFromPlatform: "{{{{{URL}}}}}"'

FORMS = {
    "a map": f"inputs:\n  data:\n    type: File\n    {PLACED}\n  n: int?\noutputs: []\n",
    "first in a list": f"inputs:\n  - {PLACED}\n    id: data\n    type: File\n  - {{id: n, type: int?}}\noutputs: []\n",
    "last in braces": f"inputs: {{data: {{type: File, {PLACED}}}, n: int?}}\noutputs: []\n",
    "first in braces": f"inputs: {{data: {{{PLACED} , type: File}}, n: int?}}\noutputs: []\n",
    "between": f"inputs: {{data: {{label: The data, {PLACED}, type: File}}, n: int?}}\noutputs: []\n",
    "over lines": f"inputs:\n  n: int?\n  data:\n    type: File\n    {PLACED[:19]}>-\n      {{{{ {URL} }}}}\noutputs: []\n",
    "with a comment": f"inputs:\n  data:\n    type: File\n    {PLACED}  # from there\n  n: int?\noutputs: []\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_an_input_may_come_from_the_platform(look, form):
    """However it is written, the input is a file that nobody has to give, and its address is told."""
    found = look({"main.cwl": TOOL + FORMS[form]})

    assert found.problem is None, found.problem
    by_name = {one.name: one for one in found.parameters}
    assert by_name["n"] == Parameter(name="n", type="int?", required=False)
    assert by_name["data"].model_dump(exclude={"label"}) == {
        "name": "data",
        "type": "File",
        "required": False,
        "from_platform": URL,
    }


def test_json_and_parts_are_read_alike(look):
    """JSON is braces all over; of a document of several parts the main one takes what the platform gives."""
    tool = '{"class": "CommandLineTool", "id": "main", "baseCommand": "cat", "outputs": [], "inputs": [%s]}'
    given = f'{{"id": "data", "valueFromPlatform": "{{{{{URL}}}}}", "type": "File?"}}'
    found = look({"main.cwl": f'{{"cwlVersion": "v1.2", "$graph": [{tool % given}]}}'})

    assert found.problem is None, found.problem
    assert [(one.name, one.type, one.from_platform) for one in found.parameters] == [("data", "File?", URL)]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("5", "must be text"),
        ("[a]", "must be text"),
        (f"{{{{{URL}}}}}", "must be text"),
        ('""', "in double braces"),
        (f'"{URL}"', "in double braces"),
        ('"{{5}}"', "in double braces"),
        ('"{{file:///etc/passwd}}"', "in double braces"),
        ('"{{ftp://data.test/x}}"', "in double braces"),
        ('"{{https://}}"', "in double braces"),
        ('"{{https://user:secret@data.test/x}}"', "in double braces"),
        ('"{{https://data.test/x#part}}"', "in double braces"),
        ('"{{https://data.test/\\n}}"', "in double braces"),
        ('"{{https://data.test/\\0x}}"', "in double braces"),
        (f'"{{{{{URL}}}}} and more"', "in double braces"),
        (f'"{{{{https://data.test/{"x" * 2000}}}}}"', "longer than 2000"),
    ],
)
def test_a_malformed_one_is_told_with_its_line_and_field(look, value, words):
    """What is no address in double braces."""
    text = f"{TOOL}inputs:\n  data:\n    type: File\n    valueFromPlatform: {value}\noutputs: []\n"
    problem = look({"main.cwl": text}).problem

    assert problem is not None
    assert problem.type == "urn:problem:registry:invalid-specification"
    (error,) = problem.errors
    assert (error.file, error.line, error.field) == ("main.cwl", 7, "inputs.data.valueFromPlatform")
    assert words in error.detail


@pytest.mark.parametrize("kind", ["string", "File[]", "Directory", "[File, string]"])
def test_only_files_come_from_the_platform(look, kind):
    """On another type the key is refused, with its line."""
    text = f"{TOOL}inputs:\n  data:\n    type: {kind}\n    {PLACED}\noutputs: []\n"
    problem = look({"main.cwl": text}).problem

    assert problem is not None
    assert [(error.line, error.field) for error in problem.errors] == [(7, "inputs.data.valueFromPlatform")]


def test_elsewhere_the_key_is_as_unknown_as_any(look):
    """On an output, on a step's tool: CWL's own word, at the right line, also beside one that is allowed."""
    text = (
        f"cwlVersion: v1.2\nclass: Workflow\ninputs:\n  data:\n    type: File\n    {PLACED}\noutputs: []\nsteps:\n"
        f"  a:\n    in: {{x: data}}\n    out: []\n    run:\n      class: CommandLineTool\n      baseCommand: cat\n"
        f"      inputs:\n        x:\n          type: File\n          {PLACED}\n      outputs: []\n"
    )
    problem = look({"main.cwl": text}).problem

    assert problem is not None
    assert any(error.line == 18 and "valueFromPlatform" in error.detail for error in problem.errors), problem


def test_what_else_is_wrong_keeps_its_line(look):
    """Taking the key out moves nothing."""
    text = f"{TOOL}inputs:\n  data:\n    {PLACED}\n    type: File\n  b:\n    type: txt\noutputs: []\n"
    problem = look({"main.cwl": text}).problem

    assert problem is not None
    assert [(error.line, error.field) for error in problem.errors] == [(9, "inputs.b.type")]
