"""The `reprovena` command as its users meet it."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
RUN = "01890b3c-0000-7000-8000-0000000000aa"
WORKFLOW = "01890b3c-0000-7000-8000-000000000001"
PROBLEM = {
    "type": "urn:problem:registry:invalid-specification",
    "title": "The specification is not valid",
    "status": 422,
    "detail": "There are two faults.",
    "errors": [{"detail": "no such field: stepz", "file": "digits.cwl", "line": 7}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workflow of two files."""
    place = tmp_path / "digits" / "workflow"
    place.mkdir(parents=True)
    (place / "digits.cwl").write_text("cwlVersion: v1.2\nclass: Workflow\nsteps: []\n")
    (place / ".hidden").write_text("secret")
    return place


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "Run workflows and ask where results come from."),
        (["workflow"], "Register workflows"),
        (["run", "start"], "NAME=run:RUN/output"),
        (["run", "download"], "--zip"),
        (["lineage", "path"], "The shortest way"),
        (["lineage", "up"], "WORKFLOW:VERSION#NUMBER"),
        (["export"], "turtle"),
    ],
)
def test_help_says_what_is_needed(invoke: Invoke, words: list[str], expected: str) -> None:
    """Every command explains itself."""
    result = invoke(*words, "--help")

    assert result.exit_code == 0
    assert expected.lower().removeprefix("the ") in result.output.lower()


def test_the_version_is_told(invoke: Invoke) -> None:
    """`--version` says it and nothing else."""
    assert invoke("--version").output.startswith("reprovena ")


def test_a_login_is_remembered_for_its_owner_only(invoke: Invoke, server: Any, tmp_path: Path) -> None:
    """After a login other commands need no token, and nobody else can read it."""
    kept = tmp_path / "config" / "credentials.json"
    nothing = {"REPROVENA_TOKEN": "", "REPROVENA_PASSWORD": "right"}

    login = invoke("login", "--url", "http://localhost:9000/", "--user", "demo", env=nothing)
    who = invoke("whoami", env=nothing)

    assert (login.exit_code, who.exit_code) == (0, 0), login.output + who.output
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "right" not in kept.read_text()
    assert server.last("GET", "/v1/me").headers["Authorization"] == "Bearer t1"
    assert server.asked[-1].url.host == "localhost"
    assert "for demo, ~demo" in who.stdout


def test_a_password_may_come_by_pipe(invoke: Invoke) -> None:
    """A script can hand the password over."""
    assert invoke("login", "--user", "demo", input="right\n").exit_code == 0


def test_a_logout_forgets(invoke: Invoke) -> None:
    """After a logout there is no token."""
    nothing = {"REPROVENA_TOKEN": "", "REPROVENA_PASSWORD": "right"}
    invoke("login", "--user", "demo", env=nothing)

    invoke("logout", env=nothing)

    assert invoke("whoami", env=nothing).exit_code == 2


def test_a_wrong_password_is_the_servers_no(invoke: Invoke) -> None:
    """A wrong password ends with 3 and says what to check."""
    result = invoke("login", "--user", "demo", env={"REPROVENA_PASSWORD": "wrong"})

    assert result.exit_code == 3
    assert "Check the name and the password" in result.stderr


def test_without_a_login_one_is_told_to_log_in(invoke: Invoke) -> None:
    """No token is wrong use, with the way out."""
    result = invoke("run", "list", env={"REPROVENA_TOKEN": ""})

    assert result.exit_code == 2
    assert "reprovena login" in result.stderr


def test_a_folder_is_registered_without_its_hidden_files(invoke: Invoke, server: Any, folder: Path) -> None:
    """A folder goes as a zip, its name and its specification are found."""
    result = invoke("workflow", "register", str(folder))

    sent = server.last("POST", "/v1/workflows").content
    assert result.exit_code == 0, result.output
    assert b'name="name"\r\n\r\ndigits\r\n' in sent
    assert b'name="main"\r\n\r\ndigits.cwl\r\n' in sent
    assert b".hidden" not in sent
    assert "Registered digits:1.0" in result.stdout
    assert "reprovena run start digits:1.0 --watch" in result.stderr


def test_a_problem_is_told_with_place_and_way_out(invoke: Invoke, server: Any, folder: Path) -> None:
    """What the server refuses is printed field by field, with what to do next, and ends with 3."""
    server.on("POST", "/v1/workflows", lambda _: httpx.Response(422, json=PROBLEM))

    result = invoke("workflow", "register", str(folder))

    assert result.exit_code == 3
    assert result.stdout == ""
    for words in ("The specification is not valid", "There are two faults.", "digits.cwl:7", "no such field: stepz", "→ Mend"):
        assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_problem_is_a_document_for_programs(invoke: Invoke, server: Any, folder: Path) -> None:
    """With --json the problem comes as it is, on the error channel."""
    server.on("POST", "/v1/workflows", lambda _: httpx.Response(422, json=PROBLEM))

    result = invoke("workflow", "register", str(folder), "--json")

    assert (result.exit_code, result.stdout, json.loads(result.stderr)) == (3, "", PROBLEM)


def test_a_server_that_is_away_ends_with_4(invoke: Invoke, server: Any) -> None:
    """Nobody there is told apart from a no."""

    def refuse(_: httpx.Request) -> httpx.Response:
        message = "connection refused"
        raise httpx.ConnectError(message)

    server.on("GET", "/v1/runs", refuse)

    result = invoke("run", "list")

    assert result.exit_code == 4
    assert "make up" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("run", "start", "digits:1.0", "--input", "C"),
        ("run", "start", "digits:1.0", "--input", "C=[1"),
        ("run", "start", "digits:1.0", "--input", "C=.nan"),
        ("run", "start", "digits:1.0", "--file", "a=./not-there"),
        ("run", "start", "digits:1.0", "--file", f"a=run:{RUN}"),
        ("run", "start", "digits:1.0", "--inputs", "not-there.yaml"),
        ("run", "show", "digits"),
        ("run", "download", RUN, "nothing"),
        ("run", "nonsense"),
        ("export", RUN, "--format", "docx"),
        ("workflow", "register", "not-there"),
        ("--url", "ftp://x", "run", "list"),
    ],
)
def test_wrong_use_ends_with_2(invoke: Invoke, words: tuple[str, ...]) -> None:
    """What cannot be asked for is told without a traceback."""
    result = invoke(*words)

    assert result.exit_code == 2, result.output
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("workflow", "list"),
        ("workflow", "show", "digits:1.0"),
        ("workflow", "delete", "digits:1.0"),
        ("run", "start", "digits:1.0"),
        ("run", "list", "--workflow", "digits:1.0"),
        ("run", "show", "digits:1.0#1"),
        ("run", "stop", RUN),
        ("run", "restart", RUN, "-i", "C=[1]"),
        ("run", "delete", RUN),
        ("run", "logs", RUN, "--step", "train"),
        ("jobs",),
        ("jobs", "list"),
        ("jobs", "show", RUN),
        ("jobs", "wait", RUN),
        ("whoami",),
    ],
)
def test_every_answer_comes_as_one_document(invoke: Invoke, words: tuple[str, ...]) -> None:
    """With --json the answer is JSON and nothing else; without it, it is for people."""
    machine, person = invoke(*words, "--json"), invoke(*words)

    assert (machine.exit_code, person.exit_code) == (0, 0), machine.output + person.output
    assert isinstance(json.loads(machine.stdout), dict)
    assert person.stdout.strip()


def test_a_run_gets_values_with_types_and_the_files_they_name(invoke: Invoke, server: Any, tmp_path: Path) -> None:
    """Values keep their types; local files that the input file names are sent; files given by hand are not."""
    (tmp_path / "digits.csv").write_text("1,2")
    (tmp_path / "in.yaml").write_text(
        "digits: {class: File, path: digits.csv}\nmodel: {class: File, path: model.json}\nseed: 7\nshare: 0.2\n"
    )

    result = invoke(
        *("run", "start", "digits:1.0", "--inputs", str(tmp_path / "in.yaml")),
        *("--input", "C=[0.1, 1]", "--input", "seed=8", "--file", f"model.json=run:{RUN}/model"),
    )

    body = json.loads(server.last("POST", "/v1/runs").content)
    assert result.exit_code == 0, result.output
    assert body["inputs"] == {
        "digits": {"class": "File", "path": "digits.csv"},
        "model": {"class": "File", "path": "model.json"},
        "seed": 8,
        "share": 0.2,
        "C": [0.1, 1],
    }
    assert body["files"] == {"digits.csv": {"upload": "up-digits.csv"}, "model.json": {"run": RUN, "output": "model"}}


def test_watching_tells_each_change_and_ends_like_the_run(invoke: Invoke, server: Any) -> None:
    """A watched run shows its steps and what it made; one that failed ends with 1 and says why."""
    good = invoke("run", "start", "digits:1.0", "--watch")
    step = {"place": "train[1]/fit", "status": "failed", "exit_code": 3, "reason": "no data"}
    server.run |= {"status": "failed", "reason": "train[1]/fit failed", "steps": [step]}
    bad = invoke("run", "watch", RUN)

    assert good.exit_code == 0, good.output
    assert "✓ train[1]/fit finished 3.5 s" in good.stdout
    assert "report.png" in good.stdout
    assert bad.exit_code == 1
    assert "train[1]/fit failed (exit code 3)" in bad.stdout
    assert "two" in bad.stdout
    assert "\x1b" not in bad.stdout


def test_watching_for_programs_is_json_lines(invoke: Invoke) -> None:
    """Each change is a line of JSON; the last one holds the run."""
    result = invoke("run", "watch", RUN, "--json")

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["run", "step", "step", "run", "end"]
    assert (lines[1]["seq"], lines[1]["place"]) == (2, "train[1]/fit")
    assert lines[-1]["run"]["status"] == "finished"


def test_a_watch_may_be_left(invoke: Invoke, server: Any) -> None:
    """Ctrl-C leaves the run alone and says how to come back."""

    def leave(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.on("GET", "/v1/runs/.*/events", leave)

    result = invoke("run", "watch", RUN)

    assert result.exit_code == 130
    assert f"reprovena run watch {RUN}" in result.stderr


def test_outputs_are_fetched_by_path_or_all(invoke: Invoke, tmp_path: Path) -> None:
    """One output, all of them, or one zip."""
    one = invoke("run", "download", RUN, "report.png", "--to", str(tmp_path / "one"))
    everything = invoke("run", "download", RUN, "--to", str(tmp_path / "all"))
    packed = invoke("run", "download", RUN, "--zip", "--to", str(tmp_path / "zip"), "--json")

    assert (one.exit_code, everything.exit_code, packed.exit_code) == (0, 0, 0)
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["report.png"]
    assert (tmp_path / "all" / "data" / "model.json").read_bytes() == b"{}"
    assert json.loads(packed.stdout)["written"] == [str(tmp_path / "zip" / f"{RUN}.zip")]


@pytest.mark.parametrize(
    ("words", "address", "accept"),
    [
        (("draw", RUN, "--to", "x.png"), f"/v1/runs/{RUN}/drawing", "image/png"),
        (("draw", "sha256:00", "--to", "x.pdf"), "/v1/lineage/drawing", "application/pdf"),
        (("export", RUN, "--to", "x.ttl"), f"/v1/runs/{RUN}/provenance", "text/turtle"),
        (("export", "digits:1.0#1", "--format", "xml"), f"/v1/runs/{RUN}/provenance", "application/provenance+xml"),
        (("export", f"{RUN}/report.png"), "/v1/lineage/document", "application/prov+json"),
    ],
)
def test_provenance_comes_in_the_form_one_names(
    invoke: Invoke,
    server: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    address: str,
    accept: str,
) -> None:
    """The format is named, or seen from the file's name; a run, an output and any id can be asked for."""
    monkeypatch.chdir(tmp_path)

    result = invoke(*words)

    assert result.exit_code == 0, result.output
    assert server.asked[-1].url.path == address
    assert server.asked[-1].headers["Accept"] == accept
    written = list(tmp_path.glob("x.*"))
    assert f"<{accept}>" in (written[0].read_text() if written else result.stdout)


def test_what_others_wrote_cannot_move_the_cursor(invoke: Invoke, server: Any) -> None:
    """Names and reasons of others are shown as text, not obeyed."""
    server.workflow |= {"name": "evil\x1b[2J[red]", "tenant": "x"}

    result = invoke("workflow", "list")

    assert "\x1b" not in result.stdout
    assert "[red]" in result.stdout


def test_a_workflow_names_what_its_runs_are(invoke: Invoke, server: Any, folder: Path, tmp_path: Path) -> None:
    """By a handle alone, or by a file that says more; the handle speaks over the file."""
    plan = tmp_path / "plan.yaml"
    plan.write_text("template: 10378.1/4\ninputs: {data: {resource: grid}}\n")
    server.on("PATCH", r"/v1/workflows/[^/]+", lambda _: httpx.Response(200, json=server.workflow))

    alone = invoke("workflow", "register", str(folder), "--template", "10378.1/5")
    first = server.last("POST", "/v1/workflows").content
    both = invoke("workflow", "update", "digits:1.0", "--model-run", str(plan), "--template", "10378.1/5")
    second = server.last("PATCH", r"/v1/workflows/.*").content
    none = invoke("workflow", "update", "digits:1.0", "--no-model-run")

    assert [one.exit_code for one in (alone, both, none)] == [0, 0, 0], alone.output + both.output + none.output
    assert b'{"template": "10378.1/5"}' in first
    assert b'{"template": "10378.1/5", "inputs": {"data": {"resource": "grid"}}}' in second
    assert b'name="clear_model_run"' in server.last("PATCH", r"/v1/workflows/.*").content


def test_a_dataset_is_a_file_of_a_run(invoke: Invoke, server: Any) -> None:
    """By its handle, and the file of it if there are several."""
    given = ["-f", "a.nc=dataset:10378.1/5", "-f", "b.nc=dataset:10378.1/6#deep/b.nc"]

    result = invoke("run", "start", "digits:1.0", *given)

    assert result.exit_code == 0, result.output
    assert json.loads(server.last("POST", "/v1/runs").content)["files"] == {
        "a.nc": {"dataset": "10378.1/5"},
        "b.nc": {"dataset": "10378.1/6", "file": "deep/b.nc"},
    }


def test_outputs_become_a_dataset_and_a_run_a_model_run(invoke: Invoke, server: Any, tmp_path: Path) -> None:
    """The handle is told, also if the server takes its time; a run shows what became of it."""
    told = {"model_run": "10378.1/9", "datasets": ["10378.1/8"], "problem": None}
    (tmp_path / "about.yaml").write_text("dataset_info: {name: Waves}\n")
    done = server.job("SUCCEEDED", {"handle": "10378.1/8"})
    server.on("POST", r"/v1/runs/[^/]+/dataset", lambda _: httpx.Response(202, json={"job": server.job("PENDING")}))
    server.on("GET", r"/v1/jobs/[^/]+", lambda _: httpx.Response(200, json=done))
    server.on("POST", r"/v1/runs/[^/]+/model-run", lambda _: httpx.Response(200, json=told))
    server.run["outcome"] = told

    made = invoke("run", "dataset", RUN, str(tmp_path / "about.yaml"), "-o", "waves", "--template", "10378.1/3")
    lodged = invoke("run", "lodge", RUN)
    shown = invoke("run", "show", RUN)

    assert "the dataset 10378.1/8" in " ".join(made.output.split()), made.output
    assert json.loads(server.last("POST", r"/v1/runs/[^/]+/dataset").content) == {
        "collection_format": {"dataset_info": {"name": "Waves"}},
        "outputs": ["waves"],
        "template": "10378.1/3",
    }
    assert "model run 10378.1/9" in " ".join(lodged.output.split()), lodged.output
    assert "Model run 10378.1/9; dataset 10378.1/8" in shown.output
