"""The input file, with its types."""

import pytest

TOOL = """cwlVersion: v1.2
class: CommandLineTool
baseCommand: echo
inputs:
  count: int?
  share: float?
  on: boolean?
  word: string?
  many: string[]?
  data: File?
  rest: Any?
outputs: {}
"""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("count: 0x10\nshare: 1e-3\non: true", {"count": 16, "share": 0.001, "on": True}),
        ('{"count": 1, "word": "x"}', {"count": 1, "word": "x"}),
        ("word: yes", {"word": "yes"}),
        ("word: 2020-01-01", {"word": "2020-01-01"}),
        ("count: ~", {"count": None}),
        ("share: 2", {"share": 2}),
        ("many: &a [x, y]\nrest: *a", {"many": ["x", "y"], "rest": ["x", "y"]}),
        ("rest: &b {k: 1}\nword: x\n<<: {count: 3, word: y}", {"rest": {"k": 1}, "word": "x", "count": 3}),
        ("data: {class: File, path: a.csv}", {"data": {"class": "File", "path": "a.csv"}}),
    ],
)
def test_values_keep_their_types(look, text, values):
    """YAML 1.2 and JSON come out as what they say; dates are text."""
    found = look({"main.cwl": TOOL}, inputs=text)

    assert found.problem is None
    assert {name: found.values[name] for name in values} == values


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("word: x\ncoumt: 1", 2, "is 'count' meant?"),
        ("zzzz: 1", 1, "the workflow takes count, data"),
        ("word: x\n\ncount: hello", 3, "does not fit the type int?"),
        ("many: [1, 2]", 1, "does not fit the type string[]?"),
        ("data: a.csv", 1, "does not fit the type File?"),
        ("- a", 1, "names with values"),
        ("word: [x", 1, "not valid YAML"),
        ("share: .nan", 1, "JSON"),
        ("word: !!binary aGk=", 1, "JSON"),
        ("count: 1\ncount: 2", 2, "there twice"),
        ("1: 2", 1, "must be text"),
        ("rest: !!python/object/apply:os.system ['id']", None, ""),
        ("rest: &a [*a]", None, "contains itself"),
        ("rest: '" + "x" * (1 << 20) + "'", None, "larger than 1048576 bytes"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(look, text, line, words):
    """Names, types and the file itself are looked at before anything runs."""
    problem = look({"main.cwl": TOOL}, inputs=text).problem

    assert problem.type == "urn:problem:registry:invalid-inputs"
    assert words in problem.detail
    if line:
        assert problem.errors[0].line == line


def test_a_bomb_is_not_unfolded(look):
    """Aliases that stand for more than a file can hold are refused before they are followed."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    assert "aliases" in look({"main.cwl": TOOL}, inputs="\n".join(rows)).problem.detail
