"""A serial workflow in REANA's format (`reana.yaml`), read into what is to be run. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chassis.refusal import refuse
from executor.specs.values import filled, merged, used_parameters


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Step(_Part):
    name: str | None = None
    environment: str | None = None
    commands: tuple[str, ...] = Field(min_length=1)


class _Specification(_Part):
    steps: tuple[_Step, ...] = Field(min_length=1)


class _Workflow(_Part):
    specification: _Specification


class _Inputs(_Part):
    parameters: dict[str, Any] = {}
    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


class _Outputs(_Part):
    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


class _Reana(_Part):
    inputs: _Inputs = _Inputs()
    workflow: _Workflow
    outputs: _Outputs = _Outputs()


class SerialStep(_Part):
    """One command to run: REANA's steps may have several, each is a step of ours."""

    place: str
    name: str
    command: str
    image: str | None
    parameters: dict[str, Any]


class Serial(_Part):
    """A serial workflow, its parameters filled in."""

    steps: tuple[SerialStep, ...]
    files: tuple[str, ...]
    """Declared results."""
    directories: tuple[str, ...]


def read_serial(text: str, given: Mapping[str, Any]) -> Serial:
    """Read a `reana.yaml` and fill in its commands; what cannot be filled in is refused."""
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise refuse("executor:missing-input", f"the workflow is no YAML: {error}") from error
    read = _Reana.model_validate(document)
    parameters = merged(read.inputs.parameters, given)
    steps: list[SerialStep] = []
    seen: Counter[str] = Counter()
    for number, step in enumerate(read.workflow.specification.steps, start=1):
        name = step.name or f"step-{number}"
        seen[name] += 1
        place = name if seen[name] == 1 else f"{name}-{seen[name]}"  # names need not differ in REANA
        for index, command in enumerate(step.commands):
            steps.append(
                SerialStep(
                    place=place if len(step.commands) == 1 else f"{place}[{index}]",
                    name=name,
                    command=filled(command, parameters),
                    image=step.environment,
                    parameters=used_parameters(command, parameters),
                )
            )
    return Serial(steps=tuple(steps), files=read.outputs.files, directories=read.outputs.directories)
