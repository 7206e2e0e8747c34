"""How two runs differ, from what their records say: values, files by content, steps, software. Pure."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from contracts.lineage import Difference, FileCompared, FileOf, Section, State, StepCompared, StepOf, ValueCompared
from provenance.lineage.told import Told

JUDGED = ("name", "status", "exit_code", "command", "image", "parameters")
"""What makes a step another one; how long it took does not."""
ORDER = {state: place for place, state in enumerate(State)}
Files = Mapping[str, tuple[str | None, FileOf]]
"""By their names: role and file."""
Item = ValueCompared | FileCompared | StepCompared
Compared = TypeVar("Compared", ValueCompared, FileCompared, StepCompared)


def difference(run: Told, other: Told, limit: int) -> Difference:
    """How the other run differs from the run; of each section at most `limit` things."""
    workflow = _values(run.workflow(), other.workflow())
    parameters = _values(run.parameters(), other.parameters())
    inputs = _files(run.inputs(), other.inputs())
    steps = _steps(run.steps(), other.steps())
    outputs = _files(run.outputs(), other.outputs())
    environment = _values(run.environment(), other.environment())
    all_of_it: tuple[Sequence[Item], ...] = (workflow, parameters, inputs, steps, outputs, environment)
    return Difference(
        run=run.side(),
        other=other.side(),
        workflow=_section(workflow, limit),
        parameters=_section(parameters, limit),
        inputs=_section(inputs, limit),
        steps=_section(steps, limit),
        outputs=_section(outputs, limit),
        environment=_section(environment, limit),
        identical=all(item.state is State.SAME for items in all_of_it for item in items),
        truncated=any(len(items) > limit for items in all_of_it),
    )


def _section(items: Sequence[Compared], limit: int) -> Section[Compared]:
    first = sorted(items, key=lambda item: ORDER[item.state])
    return Section(counts=Counter(item.state for item in items), items=tuple(first[:limit]))


def _values(run: Mapping[str, Any], other: Mapping[str, Any]) -> list[ValueCompared]:
    found = []
    for name in dict.fromkeys([*run, *other]):
        ours, theirs = run.get(name), other.get(name)
        if ours is None and theirs is None:
            continue
        # JSON has one kind of truth and two of one: `1 == True` here
        same = json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)
        found.append(ValueCompared(name=name, state=_state(ours, theirs, same=same), run=ours, other=theirs))
    return found


def _steps(run: Mapping[str, StepOf], other: Mapping[str, StepOf]) -> list[StepCompared]:
    found = []
    for place in sorted({*run, *other}):
        ours, theirs = run.get(place), other.get(place)
        differs = tuple(name for name in JUDGED if ours and theirs and getattr(ours, name) != getattr(theirs, name))
        state = _state(ours, theirs, same=not differs)
        found.append(StepCompared(place=place, state=state, differs=differs, run=ours, other=theirs))
    return found


def _files(run: Files, other: Files) -> list[FileCompared]:
    """Pair files by name; what is left by role, where only one is left with it, and then by content."""
    pairs = [(name, name) for name in sorted(run) if name in other]
    for by in (lambda entry: entry[0], lambda entry: entry[1].sha256):
        ours = _only({name: entry for name, entry in run.items() if name not in {one for one, _ in pairs}}, by)
        theirs = _only({name: entry for name, entry in other.items() if name not in {two for _, two in pairs}}, by)
        pairs += [(ours[key], theirs[key]) for key in sorted(ours) if key in theirs]
    alone = [(name, None) for name in sorted(run) if name not in {one for one, _ in pairs}]
    new = [(None, name) for name in sorted(other) if name not in {two for _, two in pairs}]
    found = []
    for one, two in [*pairs, *alone, *new]:
        (role, ours_), (other_role, theirs_) = run.get(one or "", (None, None)), other.get(two or "", (None, None))
        same = ours_ is not None and theirs_ is not None and _content(ours_) == _content(theirs_)
        state = _state(ours_, theirs_, same=same)
        if (
            state is State.CHANGED
            and (ours_ and theirs_)
            and None in {ours_.sha256, theirs_.sha256}
            and ours_.size == theirs_.size
        ):
            state = State.UNKNOWN
        shown = ours_ or theirs_
        found.append(
            FileCompared(name=shown.path if shown else "", role=role or other_role, state=state, run=ours_, other=theirs_)
        )
    return found


def _only(files: Files, by: Callable[[tuple[str | None, FileOf]], str | None]) -> dict[str, str]:
    """The names of files that alone have their role, or their content."""
    known = Counter(by(entry) for entry in files.values())
    return {key: name for name, entry in files.items() if (key := by(entry)) is not None and known[key] == 1}


def _content(file: FileOf) -> object:
    return file.sha256 or file.id  # of an unknown content nothing is the same


def _state(ours: object, theirs: object, *, same: bool) -> State:
    if ours is None:
        return State.ADDED
    if theirs is None:
        return State.REMOVED
    return State.SAME if same else State.CHANGED
