"""Which step of the workflow a REANA job is: REANA knows jobs by name only, the specification knows the steps. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.vocabulary import Engine
from executor.specs.serial import SerialStep

NUMBERED = re.compile(r"(?P<name>.+)_(?P<number>[2-9]|[1-9]\d+)")
"""How the engine tells jobs of one step apart: `work`, `work_2`, `work_3`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A step as the specification has it."""

    name: str
    place: str
    scattered: bool = False
    """Itself, or a workflow that it is a part of."""
    after: tuple[str, ...] = ()
    """Places of the steps whose results it takes."""
    takes: tuple[str, ...] = ()
    """Inputs of the workflow that it takes whole."""
    image: str | None = None
    command: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """A job's step."""

    step: Planned
    place: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a workflow, in the order of the specification."""

    engine: Engine
    steps: tuple[Planned, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """For outputs of the workflow that one unscattered step writes: its place."""

    def place(self, jobs: Iterable[tuple[str, str | None]]) -> Iterator[Placed]:
        """The steps that jobs (name and command, in the order in which they were made) are."""
        return self._in_turn(jobs) if self.engine is Engine.SERIAL else self._by_name(jobs)

    def _in_turn(self, jobs: Iterable[tuple[str, str | None]]) -> Iterator[Placed]:
        """Serial jobs come in the order of the commands; one that was not needed makes no job."""
        left, seen = list(self.steps), Counter[str]()
        for name, command in jobs:
            number = next((n for n, step in enumerate(left) if command is not None and step.command == command), 0)
            if left:
                step = left[number]
                del left[: number + 1]
                yield Placed(step, step.place)
            else:
                yield self._again(Planned(name or "job", name or "job"), seen)

    def _by_name(self, jobs: Iterable[tuple[str, str | None]]) -> Iterator[Placed]:
        known: dict[str, list[Planned]] = defaultdict(list)
        for step in self.steps:
            known[step.name].append(step)
        seen: Counter[str] = Counter()
        alone = self.steps[0] if len(self.steps) == 1 and self.engine is Engine.CWL else None
        for name, _command in jobs:
            base, number = _split(name, known)
            if base not in known and alone is not None:  # a document that is one tool: the engine names its job freely
                base, number = alone.name, 1
            found = known.get(base, [])
            step = found[0] if len(found) == 1 else Planned(base, base, scattered=any(one.scattered for one in found))
            if self.engine is not Engine.CWL:
                yield self._again(step, seen)
            else:
                several = step.scattered or number > 1
                yield Placed(step, f"{step.place}[{number - 1}]" if several else step.place)

    @staticmethod
    def _again(step: Planned, seen: Counter[str]) -> Placed:
        """Jobs of one name, told apart by their order: `fit`, `fit[1]`, `fit[2]`."""
        seen[step.place] += 1
        number = seen[step.place]
        return Placed(step, f"{step.place}[{number - 1}]" if number > 1 else step.place)


def _split(name: str, known: Mapping[str, Any]) -> tuple[str, int]:
    """A job's step and number; a step may itself be called `work_2`, so the longest known name wins."""
    if name in known:
        return name, 1
    match = NUMBERED.fullmatch(name)
    if match is not None and match["name"] in known:
        return match["name"], int(match["number"])
    return name, 1


def plan_serial(steps: Iterable[SerialStep]) -> Plan:
    """The plan of a serial workflow; REANA runs its commands one after the other."""
    planned: list[Planned] = []
    for step in steps:
        before = (planned[-1].place,) if planned else ()
        planned.append(
            Planned(step.name, step.place, after=before, image=step.image, command=step.command, parameters=step.parameters)
        )
    return Plan(Engine.SERIAL, tuple(planned))


def plan_named(engine: Engine, specification: Mapping[str, Any]) -> Plan:
    """The plan of a Snakemake workflow, whose rules name their jobs; Yadage's stages are not told before they run."""
    needs: Mapping[str, list[str]] = specification.get("job_dependencies") or {}
    steps = specification.get("steps") or []
    names = {str(step.get("name")) for step in steps if isinstance(step, Mapping)}
    return Plan(engine, tuple(Planned(name, name, after=tuple(n for n in needs.get(name, ()) if n in names)) for name in names))


def plan_cwl(document: Mapping[str, Any], alone: str) -> Plan:
    """The plan of a packed CWL document; one that is a single tool is a step of the given name."""
    parts = document.get("$graph") or [document]
    known = {_short(str(part.get("id", ""))): part for part in parts}
    main = known.get("main") or parts[0]
    if main.get("class") != "Workflow":
        outputs = {_short(str(one["id"])): alone for one in _listed(main.get("outputs"))}
        takes = tuple(_short(str(one["id"])) for one in _listed(main.get("inputs")))
        return Plan(Engine.CWL, (Planned(alone, alone, takes=takes),), outputs)
    steps = tuple(_walk(main, known, "", scattered=False))
    single = {step.place for step in steps if not step.scattered}
    sources = {}
    for one in _listed(main.get("outputs")):
        source = one.get("outputSource")
        source = source[0] if isinstance(source, list) and len(source) == 1 else source
        place = _step_of(source, main) if isinstance(source, str) else None
        if place in single:
            sources[_short(str(one["id"]))] = str(place)
    return Plan(Engine.CWL, steps, sources)


def _walk(
    workflow: Mapping[str, Any], known: Mapping[str, Any], above: str, *, scattered: bool, depth: int = 0
) -> Iterator[Planned]:
    for step in _listed(workflow.get("steps")):
        name = _short(str(step["id"]))
        run = step["run"]
        run = known.get(_short(run), {}) if isinstance(run, str) else run
        many = scattered or bool(step.get("scatter"))
        if run.get("class") == "Workflow" and depth < 50:
            yield from _walk(run, known, f"{above}{name}/", scattered=many, depth=depth + 1)
        elif run.get("class") == "CommandLineTool":
            after, takes = _sources(step, workflow, above)
            yield Planned(name, above + name, many, after, takes)


def _sources(step: Mapping[str, Any], workflow: Mapping[str, Any], above: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sibling tools whose results the step takes, and inputs of the whole workflow; parts of a scatter have no one place."""
    if above:
        return (), ()
    plain = {_short(str(one["id"])) for one in _listed(workflow.get("steps")) if not one.get("scatter") and _is_tool(one)}
    shared = {_short(one) for one in _texts(step.get("scatter"))}
    after: dict[str, None] = {}
    takes: dict[str, None] = {}
    for port in _listed(step.get("in")):
        for source in _texts(port.get("source")):
            name = _step_of(source, workflow)
            if name is None and _short(str(port["id"])) not in shared:
                takes[_short(source)] = None
            elif name in plain:
                after[str(name)] = None
    return tuple(after), tuple(takes)


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _is_tool(step: Mapping[str, Any]) -> bool:
    return isinstance(step["run"], str) or step["run"].get("class") == "CommandLineTool"


def _step_of(source: str, workflow: Mapping[str, Any]) -> str | None:
    """The step that a source such as `#main/join/whole` belongs to; nothing for an input of the workflow."""
    names = {_short(str(one["id"])) for one in _listed(workflow.get("steps"))}
    parts = source.rsplit("#", 1)[-1].split("/")
    return parts[-2] if len(parts) > 1 and parts[-2] in names else None


def _short(identity: str) -> str:
    return identity.rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """CWL's maps of things by id as lists of things."""
    if isinstance(value, Mapping):
        return [{"id": name, **(part if isinstance(part, Mapping) else {"source": part})} for name, part in value.items()]
    return list(value or [])
