"""ReProv's shapes, made of ours."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError

from chassis.bundles import pack
from chassis.refusal import Trouble, refuse
from contracts.executor import Environment, Run, Step, WorkflowRef
from contracts.message import FileRef
from contracts.problem import FieldError
from contracts.registry import Workflow
from contracts.vocabulary import Engine, RunStatus, StepStatus
from gateway.facades.reprov import texts
from gateway.facades.reprov.errors import DetailError, NoError, missing, saying, told
from gateway.facades.reprov.keeping import Kept
from gateway.facades.reprov.keys import NAMESPACE, with_keys
from gateway.facades.reprov.printing import in_full, naive, step_log, username
from gateway.facades.reprov.shapes import Execution, NumberedStep
from gateway.facades.reprov.texts import READABLE, as_json, workflows_shown

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUN = UUID("01890b3c-0000-7000-8000-000000000001")


def execution(*steps: Step, runner: str = "local", **more: object) -> Execution:
    spec = FileRef(key="k", sha256="0" * 64, size=1)
    workflow = WorkflowRef(
        id=RUN,
        handle="h/1",
        name="mnist",
        version="1.0",
        revision=1,
        engine=Engine.CWL,
        spec=spec,
        main="main.cwl",
        legacy_id=4,
    )
    told = {
        "id": RUN,
        "tenant": "group1",
        "name": "mnist:1.0",
        "number": "3.1",
        "workflow": workflow,
        "status": RunStatus.FINISHED,
        "owner": "user/https://issuer.example.org/realms/x/7f",
        "owner_name": "User One",
        "created": NOON,
        "legacy_id": 9,
        "environment": Environment(engine="cwltool", version="1", runner=runner),
    }
    run = Run.model_validate(told | more)
    return Execution(run=run, steps=[NumberedStep(id=i, step=step) for i, step in enumerate(steps, 1)])


def step(place: str = "train", **more: object) -> Step:
    return Step.model_validate({"run": RUN, "place": place, "name": "train", "status": StepStatus.FINISHED} | more)


def body(error: Exception, *, legacy: bool = False) -> tuple[int, object]:
    answer = told(error, legacy=legacy)
    return answer.status_code, json.loads(answer.body)


def envelope(code: int, message: str) -> dict[str, object]:
    return {"success": False, "message": message, "data": {}, "error_code": code}


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (NoError(409, "no"), 409, "no"),
        (refuse("registry:no-such-workflow", "no workflow 7"), 404, "Invalid registry_id"),
        (refuse("executor:no-such-run", "no run 7"), 404, "Invalid execution_id"),
        (refuse("executor:placeholder-not-found", "nothing there"), 404, "Invalid entity id in placeholder"),
        (
            refuse("registry:duplicate-workflow", "there is one"),
            400,
            "Integrity error. Duplicate name and version combination",
        ),
        (
            refuse(
                "registry:invalid-specification",
                "a.cwl, line 3: wrong",
                FieldError(detail="wrong", field="x"),
                FieldError(detail="also this", field="y"),
            ),
            400,
            "a.cwl, line 3: wrong; y: also this",
        ),
        (refuse("gateway:too-large", "too much"), 413, "too much"),
        (Trouble("away"), 503, "something needed is away; try again in a moment"),
    ],
)
def test_what_the_domain_refuses_comes_in_the_envelope(error: Exception, code: int, message: str):
    """With its status, or with 200 where clients of the original want that."""
    assert body(error) == (code, envelope(code, message))
    assert body(error, legacy=True) == (200, envelope(code, message))


@pytest.mark.parametrize("legacy", [False, True])
def test_what_the_original_leaves_to_fastapi_keeps_its_status(legacy: bool):
    """401, a missing role and a faulty request, under either setting."""
    unknown = told(refuse("gateway:unauthenticated", "who?"), legacy=legacy)

    assert (unknown.status_code, json.loads(unknown.body), unknown.headers["www-authenticate"]) == (
        401,
        {"detail": "who?"},
        "Bearer",
    )
    assert body(DetailError(403, "no role"), legacy=legacy) == (403, {"detail": "no role"})
    field = {"loc": ["query", "name"], "msg": "Field required", "type": "missing"}
    assert body(missing("query", "name"), legacy=legacy) == (422, {"detail": [field]})
    nasty = RequestValidationError(
        [{"type": "t", "loc": ("query", 1), "msg": "m", "input": b"\xff", "ctx": {"error": ValueError()}}]
    )
    assert body(nasty, legacy=legacy) == (422, {"detail": [{"loc": ["query", 1], "msg": "m", "type": "t"}]})


def test_a_fault_of_ours_tells_nothing_of_itself():
    """Neither SQL nor a trace: a number to quote."""
    status, said = body(ValueError("select secret from table"))

    assert status == 500
    assert "secret" not in json.dumps(said)


@pytest.mark.parametrize(
    "away", [refuse("gateway:unavailable", "the executor does not answer"), OperationalError("select 1", {}, OSError())]
)
def test_what_is_away_is_told_with_what_was_tried(away: Exception):
    """503 and the original's words; what is not away stays what it is."""
    with (
        pytest.raises(NoError, match="Problem while starting REANA workflow: ") as caught,
        saying("Problem while starting REANA workflow"),
    ):
        raise away
    assert caught.value.code == 503
    with pytest.raises(ValueError, match="mine"), saying("x"):
        raise ValueError("mine")


def test_moments_are_naive_utc():
    """Whatever zone they were told in."""
    assert naive(NOON.astimezone(timezone(timedelta(hours=5)))) == "2026-01-01T12:00:00"
    assert naive(None) is None


def test_whoever_did_it_is_named_as_they_log_in():
    """By the issuer's own name for the account where that is all that is known."""
    assert username(execution(username="user1").run) == "user1"
    assert username(execution().run) == "7f"


def test_an_execution_on_reana_names_it():
    """Its address, and the workflow's there; what REANA does not tell is null."""
    found = execution(step(image="python:3.11"), step("other", image="python:3.11"), runner="https://reana.example.org/")

    env = in_full(found, 4, {}).environment

    assert env is not None
    assert env.model_dump() == {
        "reana_server_url": "https://reana.example.org",
        "reana_workflow_url": f"https://reana.example.org/api/workflows/rp-{RUN}",
        "compute_backend": None,
        "kubernetes_memory_limit": None,
        "docker_image": "python:3.11",
    }


def test_an_execution_on_reana_names_its_jobs():
    """Each job by its UUID there, in usage, log and document; and what Kubernetes gave them at most."""
    runner = {"engine": "reana-workflow-engine-cwl", "version": "0.9.4", "runner": "https://reana.example.org"}
    found = execution(step(backend_job="7f-1"), environment=Environment.model_validate(runner | {"memory_limit": "4Gi"}))
    kind = {"$": "reprovena:SOFTWARE", "type": "xsd:QName"}
    place = {"prov:type": {"$": "reprovena:WORKFLOW_STEP", "type": "xsd:QName"}, "reprovena:place": "train"}
    document = {"activity": {"item:s": place}, "agent": {"item:e": {"prov:type": kind, "reprovena:runner": runner["runner"]}}}

    told = in_full(found, 4, {})
    keys = with_keys(document, found, {})

    assert told.environment is not None and told.steps[0].resource_usage is not None
    assert (told.environment.kubernetes_memory_limit, told.steps[0].resource_usage.backend_job_id) == ("4Gi", "7f-1")
    assert step_log(found, found.steps[0].step, "", None).backend_job_id == "7f-1"
    assert keys["activity"]["item:s"]["reprov:backendJobId"] == "7f-1"
    assert keys["agent"]["item:e"]["reprov:kubernetesMemoryLimit"] == "4Gi"


def test_two_images_are_no_image():
    """Only what holds for all steps is told of the execution."""
    env = in_full(execution(step(image="a"), step("b", image="b")), 4, {}).environment

    assert env is not None
    assert env.docker_image is None


def test_scattered_steps_keep_their_places():
    """No two of them have one name, so nothing is overwritten; figures have the original's units."""
    times = {"started": NOON, "ended": NOON + timedelta(seconds=2.26)}
    found = execution(step("train[0]", peak_memory=3 << 20, **times), step("train[1]"))

    first, second = in_full(found, None, {"train[1]": "bad"}).steps

    assert (first.name, first.duration_seconds, second.name, second.error_message) == ("train[0]", 2.3, "train[1]", "bad")
    assert first.resource_usage is not None
    assert (first.resource_usage.memory_peak_mb, first.resource_usage.cpu_time_seconds) == (3.0, None)
    assert (second.resource_usage, second.duration_seconds) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b"a: 1\nb: [x, 2.5]\n", {"a": 1, "b": ["x", 2.5]}),
        (b"day: 2026-01-01\n", {"day": "2026-01-01"}),
        (b"a: .nan\n", "a: .nan\n"),
        (b"a: [1\n", "a: [1\n"),
        (b'{"a": "\\ud800"}', '{"a": "\\ud800"}'),
        (b"\xff\x00a", "\ufffd\x00a"),
        (b"[" * 5_000, "[" * 5_000),
    ],
)
def test_a_specification_is_shown_as_json_or_else_as_text(text: bytes, expected: object):
    """What would break the whole list is shown as it is."""
    assert json.loads(as_json(text)) == expected


def test_a_long_specification_is_shown_as_text():
    """Reading it would take too long."""
    text = b"a: 1\n#" + b"x" * READABLE

    assert json.loads(as_json(text)) == text.decode()


class Counting:
    """A store of one bundle that counts how often it is fetched."""

    def __init__(self, content: bytes) -> None:
        self.content, self.fetched = content, 0

    async def get(self, _key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """All of it."""
        self.fetched += 1
        yield self.content[start:end]


async def test_a_bundle_is_fetched_once_and_not_for_each_list(monkeypatch: pytest.MonkeyPatch):
    """What a specification is shown as stays known by its digest."""
    monkeypatch.setattr(texts, "KEPT", Kept(1 << 20))
    files: Any = Counting(pack({"main.yaml": b"a: 1"}))
    workflow = Workflow(
        id=RUN,
        handle="10378.1/1",
        tenant="t",
        name="n",
        version="1",
        engine=Engine.CWL,
        spec=FileRef(key="k", sha256="0" * 64, size=1),
        main="main.yaml",
        owner="o",
        legacy_id=1,
    )

    shown = [one for _ in range(3) for one in await workflows_shown(files, [workflow] * 2)]

    assert [one.spec_file_content for one in shown] == [{"a": 1}] * 6
    assert files.fetched <= 2


def test_what_is_kept_has_a_limit_in_bytes():
    """However many texts there are; those that were asked for last stay, and a huge one drives nobody out."""
    kept = Kept(800)
    for number in range(100):
        kept.put(number, b"x" * 90)
        assert kept.get(0) is not None
        assert kept.size <= kept.room

    kept.put("huge", b"x" * 101)
    kept.put(99, b"y" * 10)

    assert (kept.get("huge"), kept.get(99), kept.get(98), kept.get(1)) == (None, b"y" * 10, b"x" * 90, None)
    assert kept.size == 7 * 90 + 10


def test_keys_come_beside_ours_and_change_nothing():
    """Types and keys of ReProv's, in their units; files are told apart by what made them and what they are for."""
    document = {
        "prefix": {"item": "urn:reprovena:"},
        "activity": {
            "item:s": {
                "prov:type": {"$": "reprovena:WORKFLOW_STEP", "type": "xsd:QName"},
                "reprovena:place": "train",
                "reprovena:status": "failed",
                "reprovena:cpuSeconds": {"$": "1.23456", "type": "xsd:double"},
                "reprovena:peakMemory": {"$": str(3 << 20), "type": "xsd:int"},
                "reprovena:exitCode": {"$": "0", "type": "xsd:int"},
            }
        },
        "entity": {
            name: {
                "prov:type": [{"$": "reprovena:FILE", "type": "xsd:QName"}],
                "reprovena:path": name,
                "reprovena:size": {"$": "0", "type": "xsd:int"},
            }
            for name in ("item:in", "item:made", "item:result")
        }
        | {"item:other": {"prov:label": "x"}},
        "wasGeneratedBy": {
            "_:1": [{"prov:entity": "item:made", "prov:time": "2026-01-01T00:00:00+00:00"}, {"prov:entity": "item:result"}]
        },
        "hadMember": {"_:2": {"prov:collection": "item:all", "prov:entity": "item:result"}},
    }
    before = json.dumps(document)

    found = with_keys(document, execution(), {"train": "it broke"})

    assert json.dumps(document) == before
    assert found["prefix"] == {"item": "urn:reprovena:", "reprov": NAMESPACE}
    known = {name: value for name, value in found["activity"]["item:s"].items() if name.startswith("reprov:")}
    assert known == {
        "reprov:status": "failed",
        "reprov:exitCode": 0,
        "reprov:errorMessage": "it broke",
        "reprov:cpuTimeSeconds": 1.235,
        "reprov:memoryPeakMB": 3.0,
    }
    kinds = {name: element["prov:type"][-1]["$"] for name, element in found["entity"].items() if "prov:type" in element}
    assert kinds == {
        "item:in": "reprov:external_file",
        "item:made": "reprov:workflow_intermediate_result_file",
        "item:result": "reprov:workflow_final_result_file",
    }
    assert (found["entity"]["item:in"]["reprov:size"], found["entity"]["item:other"]) == (0, {"prov:label": "x"})
    for section in ("activity", "entity"):
        for name, element in document[section].items():
            assert {key: found[section][name][key] for key in element if key != "prov:type"} == {
                key: value for key, value in element.items() if key != "prov:type"
            }
