"""Runs as the executor would tell them, for the tests of this folder."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.executor import Environment, FileSeen, Origin, Run, Source, Step, WorkflowRef
from contracts.ids import input_id, output_id, user_id
from contracts.message import FileRef
from contracts.registry import Parameter, Workflow
from contracts.vocabulary import Confinement, Engine, RunStatus, StepStatus
from provenance.graph.model import Graph
from provenance.records import mapping

RUN = UUID("01931f00-0000-7000-8000-000000000001")
EARLIER = UUID("01931f00-0000-7000-8000-0000000000ee")
START = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SPEC = FileRef(key="spec", sha256="a" * 64, size=4096, media_type="application/zip")
WORKFLOW = UUID("01931f00-0000-7000-8000-00000000000f")
HANDLE = "10378.1/17"
ADA = user_id("https://id.example.org/auth/realms/reprovena", "ada")
BOB = user_id("https://id.example.org/auth/realms/reprovena", "bob")


def at(seconds: float) -> datetime:
    """A moment so many seconds after the run was asked for."""
    return START + timedelta(seconds=seconds)


def digest(name: str) -> str:
    """A made-up SHA-256 that tells names apart."""
    return (name.encode().hex() + "0" * 64)[:64]


def incoming(name: str, *, role: str | None = None, origin: str | None = None, size: int = 2048) -> FileSeen:
    """A file from outside."""
    known = Origin(id=origin, run=EARLIER) if origin else None
    return FileSeen(
        id=input_id(RUN, name), path=name, size=size, sha256=digest(name), media_type="text/csv", role=role, origin=known
    )


def written(place: str, path: str, *, role: str | None = None, from_outside: bool = False, size: int = 1000) -> FileSeen:
    """A file that a step wrote."""
    return FileSeen(
        id=output_id(RUN, place, path),
        path=path,
        size=size,
        sha256=digest(place + path),
        media_type="application/octet-stream",
        role=role,
        from_outside=from_outside,
    )


def ran(
    place: str,
    begin: float,
    end: float | None,
    *,
    used: tuple[FileSeen, ...] = (),
    generated: tuple[FileSeen, ...] = (),
    after: tuple[str, ...] = (),
    code: int | None = 0,
) -> Step:
    """A step that ran from and to so many seconds; without an end it still runs."""
    failed = code not in {0, None}
    return Step(
        run=RUN,
        place=place,
        name=place.split("[", maxsplit=1)[0],
        status=StepStatus.RUNNING if end is None else StepStatus.FAILED if failed else StepStatus.FINISHED,
        reason=f"exit code {code}: ValueError: could not convert string to float: 'n/a'" if failed else None,
        command=("python", f"{place.split('[', maxsplit=1)[0]}.py", "--out", "it's here.txt"),
        image="python:3.11-slim",
        exit_code=None if end is None else code,
        started=at(begin),
        ended=None if end is None else at(end),
        cpu_seconds=None if end is None else (end - begin) * 0.9,
        peak_memory=None if end is None else 123_456_789,
        parameters={"rate": 0.1, "nothing": None},
        used=used,
        generated=generated,
        after=after,
        revision=1 if end is None else 2,
    )


def asked(status: RunStatus = RunStatus.FINISHED, end: float | None = 95, **more: object) -> Run:
    """The run itself."""
    told: dict[str, object] = {
        "id": RUN,
        "tenant": "ocean",
        "name": "forecast:1.2",
        "job": UUID(int=7),
        "number": "3",
        "workflow": WorkflowRef(
            id=WORKFLOW,
            handle=HANDLE,
            name="forecast",
            version="1.2",
            revision=1,
            engine=Engine.CWL,
            spec=SPEC,
            main="forecast.cwl",
        ),
        "status": status,
        "owner": ADA,
        "owner_name": "Ada Lovelace",
        "parameters": {
            "rate": 0.1,
            "epochs": 20,
            "label": "a «first» try",
            "verbose": True,
            "folds": [1, 2, 3],
            "sea_level": {"class": "File", "path": "sea-level.csv"},
            "seed": None,
        },
        "inputs": (
            incoming("sea-level.csv", role="sea_level"),
            incoming("stations.csv", role="stations", origin=f"run/{EARLIER}/out/collect/stations.csv"),
            incoming("empty.csv", size=0),
        ),
        "outputs": (written("evaluate", "report.json", role="report"), written("plot", "chart.png", role="chart")),
        "created": START,
        "queued": at(0.2),
        "started": at(1),
        "ended": None if end is None else at(end),
        "environment": Environment(
            engine="cwltool",
            version="3.3.20260925",
            runner="local",
            confinement=Confinement.ACCOUNT,
            python="3.11.9",
            platform="Linux",
        ),
        "revision": 3,
    }
    return Run.model_validate(told | more)


def steps() -> list[Step]:
    """prepare, split, four times train, evaluate, plot."""
    clean = written("prepare", "clean.csv", role="clean")
    parts = [written("split", f"part-{n}.csv", role="parts") for n in range(4)]
    models = [written(f"train[{n}]", "model.bin", role="model") for n in range(4)]
    report = written("evaluate", "report.json", role="report")
    return [
        ran(
            "prepare",
            1.2,
            9,
            used=(incoming("sea-level.csv", role="raw"), incoming("stations.csv", role="raw")),
            generated=(clean,),
        ),
        ran("split", 9.1, 12, used=(clean.model_copy(update={"role": "table"}),), generated=tuple(parts)),
        *(
            ran(
                f"train[{n}]",
                12.5 + n / 10,
                60 + n,
                used=(parts[n].model_copy(update={"role": "part"}),),
                generated=(models[n],),
            )
            for n in range(4)
        ),
        ran("evaluate", 64, 80, used=tuple(models), generated=(report, written("evaluate", "copy.csv", from_outside=True))),
        ran("plot", 80.5, 94, used=(report,), generated=(written("plot", "chart.png", role="chart"),), after=("prepare",)),
    ]


def failing() -> tuple[Run, list[Step]]:
    """The same run, one of whose trainings failed."""
    reason = "train[2] failed: exit code 1: ValueError: could not convert string to float: 'n/a'"
    told = [one for one in steps() if one.place not in {"evaluate", "plot"}]
    told[4] = ran("train[2]", 12.7, 31, used=told[4].used, code=1)
    return asked(RunStatus.FAILED, 63.5, outputs=(), reason=reason), told


def registered() -> Workflow:
    """The workflow as the registry has it."""
    return Workflow(
        id=WORKFLOW,
        handle=HANDLE,
        tenant="ocean",
        name="forecast",
        version="1.2",
        engine=Engine.CWL,
        spec=SPEC,
        main="forecast.cwl",
        values={"rate": 0.1},
        parameters=(Parameter(name="rate", type="float"), Parameter(name="sea_level", type="File")),
        owner=ADA,
    )


def union(*graphs: Graph) -> Graph:
    """Graphs together, as the ledger would have them: descriptions win over references."""
    nodes = {}
    for graph in graphs:
        for node in graph.nodes:
            if node.id not in nodes or node.attributes is not None:
                nodes[node.id] = node
    links = {}
    for graph in graphs:
        links |= {link: link for link in graph.links}
    return Graph.of(nodes.values(), links.values())


def whole(run: Run, told: list[Step]) -> Graph:
    """A run with its steps."""
    return union(mapping.run(run), *map(mapping.step, told))


def downloaded(name: str, url: str = "https://data.example.org/v1/sea%20level.csv?part=1") -> FileSeen:
    """A file that was fetched from the web, as a catalogue described it."""
    source = Source(
        url=url,
        metadata="https://catalogue.example.org/datasets/v1/5",
        title="Sea level",
        licence="CC-BY-4.0",
        version="2",
        creator="Ada",
        fetched=at(0.5),
    )
    return incoming(name, role="data").model_copy(update={"source": source})
