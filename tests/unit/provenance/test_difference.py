"""Two runs are compared by what their records say."""

from typing import Any
from uuid import UUID

from tests.unit.provenance.records import samples

from contracts.executor import Environment, FileSeen, Run, Step
from contracts.lineage import Difference, State
from contracts.vocabulary import Confinement, RunStatus, StepStatus
from provenance.graph.model import Graph
from provenance.lineage.difference import difference
from provenance.lineage.told import Told
from provenance.records import mapping

OTHER = UUID("01931f00-0000-7000-8000-000000000002")


def told(run: Run, steps: tuple[Step, ...] = ()) -> Told:
    """A run and its steps, as their records tell of them."""
    graphs = [mapping.run(run, terminal=True), *(mapping.step(step) for step in steps)]
    nodes, links = [n for g in graphs for n in g.nodes], [e for g in graphs for e in g.links]
    described = {node.id: node for node in sorted(nodes, key=lambda node: node.attributes is not None)}
    return Told(run.id, Graph(frozenset(described.values()), frozenset(links)))


def again(**changed: Any) -> Run:
    """The run done again, with another id, and what is said otherwise."""
    text = samples.asked().model_dump_json().replace(str(samples.RUN), str(OTHER))
    return Run.model_validate_json(text).model_copy(update={"number": "4", **changed})


def steps_again(**changed: Any) -> tuple[Step, ...]:
    """Its steps."""
    steps = (Step.model_validate_json(s.model_dump_json().replace(str(samples.RUN), str(OTHER))) for s in samples.steps())
    return tuple(step.model_copy(update=changed) if step.place == "prepare" else step for step in steps)


def states(section: Any, name: str = "name") -> dict[str, State]:
    """What differs in a section."""
    return {getattr(item, name): item.state for item in section.items if item.state is not State.SAME}


def compared(run: Run, steps: tuple[Step, ...] = (), limit: int = 100) -> Difference:
    """The sample run against another."""
    return difference(told(samples.asked(), samples.steps()), told(run, steps or steps_again()), limit)


def test_a_run_done_again_is_identical() -> None:
    """Another id, another number and other times are no difference."""
    found = compared(again(started=samples.at(1000), ended=samples.at(1300)))

    assert found.identical
    assert not found.truncated
    assert (found.run.number, found.other.number, found.other.duration) == ("3", "4", 300.0)
    assert found.steps.counts == {State.SAME: len(samples.steps())}
    assert found.outputs.counts[State.SAME] == len(samples.asked().outputs) > 0
    assert found.inputs.counts[State.SAME] == len(samples.asked().inputs) > 0


def test_values_change_come_and_go() -> None:
    """A value that only one run has is added or removed; a number and a truth are not the same."""
    values = dict(samples.asked().parameters) | {"epochs": 40, "folds": [1, 2], "new": "x", "verbose": 1}
    del values["label"]

    found = compared(again(parameters=values))

    assert states(found.parameters) == {
        "epochs": State.CHANGED,
        "folds": State.CHANGED,
        "verbose": State.CHANGED,
        "new": State.ADDED,
        "label": State.REMOVED,
    }
    assert next((item.run, item.other) for item in found.parameters.items if item.name == "folds") == ([1, 2, 3], [1, 2])
    assert found.parameters.items[-1].state is State.SAME
    assert not found.identical


def test_files_are_compared_by_content() -> None:
    """Other bytes under the same name are a change; the same bytes under another name or role's only file are paired."""

    def other(file: FileSeen, **changed: Any) -> FileSeen:
        return file.model_copy(update=changed)

    first, *rest = again().inputs
    moved = other(rest[0], id=rest[0].id + ".renamed", path="renamed.csv")
    found = compared(again(inputs=(other(first, sha256="9" * 64), moved, *rest[1:])))

    assert states(found.inputs) == {first.path: State.CHANGED}
    assert {item.other.path for item in found.inputs.items if item.other and item.state is State.SAME} >= {"renamed.csv"}


def test_a_content_that_is_not_known_is_not_called_the_same() -> None:
    """Where one side has no digest and the size is the same, nobody can say."""
    first, *rest = again().inputs
    found = compared(again(inputs=(first.model_copy(update={"sha256": None}), *rest)))

    assert states(found.inputs) == {first.path: State.UNKNOWN}
    assert not found.identical


def test_a_step_differs_by_how_it_went() -> None:
    """Status, exit code and command make a step another one; the place tells which."""
    gone = steps_again(status=StepStatus.FAILED, exit_code=2, command=("python", "other.py"))[:-1]

    found = compared(again(), gone)

    [changed] = [item for item in found.steps.items if item.state is State.CHANGED]
    assert (changed.place, changed.differs) == ("prepare", ("status", "exit_code", "command"))
    assert changed.run is not None
    assert changed.other is not None
    assert (changed.run.exit_code, changed.other.exit_code, changed.other.status) == (0, 2, "failed")
    assert states(found.steps, "place")[samples.steps()[-1].place] is State.REMOVED


def test_the_software_is_compared() -> None:
    """Another engine, Python or way to keep commands apart is told."""
    was = samples.asked().environment
    assert was is not None
    now = Environment.model_validate({**was.model_dump(), "version": "9.9", "python": "3.99", "confinement": Confinement.NONE})
    found = compared(again(environment=now))

    wanted = {"version", "python"} | ({"confinement"} if was.confinement is not Confinement.NONE else set())
    assert states(found.environment) == dict.fromkeys(wanted, State.CHANGED)


def test_a_run_that_declared_nothing_can_be_compared() -> None:
    """A run that failed before its first step has neither steps nor results nor software."""
    failed = again(status=RunStatus.FAILED, outputs=(), environment=None)

    found = difference(told(samples.asked(), samples.steps()), told(failed), 100)

    assert found.steps.counts == {State.REMOVED: len(samples.steps())}
    assert set(states(found.outputs).values()) == set(states(found.environment).values()) == {State.REMOVED}


def test_an_answer_has_a_limit() -> None:
    """Of more things than that, those that differ are shown, and the counts count all."""
    found = compared(again(parameters={}), limit=2)

    assert [item.state for item in found.parameters.items] == [State.REMOVED, State.REMOVED]
    assert found.parameters.counts[State.REMOVED] > 2
    assert found.truncated


def test_a_command_is_the_same_wherever_it_ran() -> None:
    """Folders that an engine makes anew for each run or step do not make another command; other words do."""

    def ran(run: UUID, folder: str, rate: str) -> tuple[Step, ...]:
        place = f"/srv/runs/{run}/work/tmp/{folder}/stg{UUID(int=len(folder))}"
        words = ("python", f"{place}/train.py", f"--out={place}/model.bin", "/usr/share/dict", rate)
        steps = steps_again(command=words) if run == OTHER else samples.steps()
        return tuple(step.model_copy(update={"command": words}) if step.place == "prepare" else step for step in steps)

    one = told(samples.asked(), ran(samples.RUN, "a1", "0.1"))
    same = difference(one, told(again(), ran(OTHER, "b22", "0.1")), 100)
    other = difference(one, told(again(), ran(OTHER, "b22", "0.2")), 100)

    assert same.identical
    [changed] = [item for item in other.steps.items if item.state is State.CHANGED]
    assert changed.other is not None
    assert changed.other.command == "python train.py --out=model.bin /usr/share/dict 0.2"
