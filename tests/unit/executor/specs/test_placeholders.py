"""What an engine gets is what was registered, but for the key that is ours."""

import pytest
from ruamel.yaml import YAML

from executor.specs.placeholders import plain

URL = "{{https://api.aiod.eu/datasets/v1/5}}"
FLOW = f"""#!/usr/bin/env cwl-runner
cwlVersion: v1.2
class: Workflow
requirements: {{InlineJavascriptRequirement: {{}}}}   # stays
inputs:
  - id: first
    type: File
    valueFromPlatform: "{URL}"  # goes
  - {{id: second, valueFromPlatform: '{URL}', type: File}}
  - {{id: third, type: File, valueFromPlatform: '{URL}'}}
  - valueFromPlatform: >-
      {URL}
    id: fourth
    type: File
outputs: []
steps:
  show:
    in: {{a: first, b: second}}
    out: []
    run:
      class: CommandLineTool
      requirements:
        InitialWorkDirRequirement: {{listing: [$(inputs.a)]}}
        ResourceRequirement: {{coresMin: 1}}
      hints: {{valueFromPlatform: 1}}
      baseCommand: cat
      inputs: {{a: File, b: File}}
      outputs: []
"""


def test_the_key_is_gone_from_every_input_and_nothing_else_is():
    """Requirements of steps, comments, order, lines: all stay. With two such inputs, too."""
    made = plain(FLOW)

    before, after = YAML(typ="safe").load(FLOW), YAML(typ="safe").load(made)
    for one in before["inputs"]:
        assert one.pop("valueFromPlatform") == URL
    assert after == before
    assert [line.rstrip() for line in made.splitlines() if "aiod" not in line][:4] == FLOW.splitlines()[:4]
    assert len(made.splitlines()) == len(FLOW.splitlines())
    assert "hints: {valueFromPlatform: 1}" in made


@pytest.mark.parametrize(
    "text",
    [
        "cwlVersion: v1.2\nclass: CommandLineTool\ninputs: {a: File}\n",
        "doc: valueFromPlatform is mentioned only\ninputs: {a: File}\n",
        "valueFromPlatform: [",
        "valueFromPlatform: &a [*b]",
        "# valueFromPlatform",
        "inputs: valueFromPlatform",
        "inputs: {a: valueFromPlatform}",
        "[valueFromPlatform]",
    ],
)
def test_a_document_without_it_is_the_same_bytes(text):
    """Also one that cannot be read."""
    assert plain(text) == text


@pytest.mark.parametrize(("part", "left"), [("main", 1), ("other", 1), ("none", 2)])
def test_of_several_parts_only_the_one_that_runs_is_changed(part, left):
    """What another part says is for its own readers."""
    one = '{"id": "#%s", "class": "CommandLineTool", "inputs": {"a": {"type": "File", "valueFromPlatform": "x"}}}'
    text = f'{{"cwlVersion": "v1.2", "$graph": [{one % "main"}, {one % "other"}]}}'

    assert plain(text, part).count("valueFromPlatform") == left
    YAML(typ="safe").load(plain(text, part))
