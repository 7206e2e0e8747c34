"""Smaller parts of the local runner: accounts, places, folders that others may not enter, what a step states."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.files import Folder
from contracts.executor import FileSeen
from contracts.vocabulary import StepStatus
from executor.runner import RunnerSettings, StepSeen, open_runner
from executor.runner.accounts import Accounts
from executor.runner.confine import closed_doors, environment
from executor.runner.containers import IGNORED, NONE, choose
from executor.runner.occurrences import files_in, has_files, path_of
from executor.runner.placed import indexes


@dataclass
class Scatter:
    """Takes the results of a scatter, as the engine's does."""

    output_callback: Any = None

    def receive(self, index: int, out: object) -> None:
        """Take one."""


def test_the_place_of_a_scattered_element_has_its_index() -> None:
    """Nested scatters have one each, from the outside in; a plain step has none."""
    outer = Scatter()
    inner = Scatter(functools.partial(outer.receive, 2))

    assert indexes(functools.partial(outer.receive, 2)) == "[2]"
    assert indexes(functools.partial(inner.receive, 0)) == "[2][0]"
    assert indexes(functools.partial(print, "step")) == ""
    assert indexes(None) == ""


def test_each_run_has_an_account_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same each time, another one's never, until it is given back."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    accounts = Accounts(tmp_path / "accounts", 1000, 2)
    one, two, three = UUID(int=4), UUID(int=6), uuid4()

    assert accounts.take(one) == accounts.take(one) == 1000
    assert accounts.take(two) == 1001
    with pytest.raises(OSError, match="RUNNER_ACCOUNT_COUNT"):
        accounts.take(three)
    accounts.give_back(one)
    assert accounts.take(three) == 1000


def test_only_root_has_accounts_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user runs commands as itself."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert Accounts(tmp_path, 1000, 2).take(uuid4()) is None


def test_closed_doors_are_the_outermost(tmp_path: Path) -> None:
    """One door is enough for all that lies behind it."""
    tmp_path.chmod(0o700)
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True, mode=0o700)

    doors = closed_doors([tmp_path / "in/a", tmp_path / "in/b", Path("/usr")])

    assert Path("/usr") not in [place for places in doors.values() for place in places]
    assert sorted(place for places in doors.values() for place in places) == [tmp_path / "in/a", tmp_path / "in/b"]
    assert len(doors) == 1


def test_the_environment_of_commands_is_ours_alone(tmp_path: Path) -> None:
    """Python and node of the platform are found, and the home is where it is told."""
    made = environment("", tmp_path)

    assert made["HOME"] == made["TMPDIR"] == str(tmp_path)
    assert (Path(made["PATH"].rsplit(":", 1)[1]) / "node").exists()
    assert environment("/opt/bin", tmp_path)["PATH"].startswith("/opt/bin:")


def test_files_are_found_in_any_value(tmp_path: Path) -> None:
    """With their secondary files and those of folders."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/x").touch()
    value = {
        "one": {"class": "File", "location": "_:1", "secondaryFiles": [{"class": "File", "location": "_:2"}]},
        "listing": [{"class": "Directory", "location": "_:3", "listing": [{"class": "File", "location": "_:4"}]}],
        "folder": {"class": "Directory", "location": (tmp_path / "d").as_uri()},
        "n": 1,
    }

    assert [file["location"] for file in files_in(value)] == ["_:1", "_:2", "_:4", (tmp_path / "d/x").as_uri()]
    assert has_files(value)
    assert not has_files({"class": "other", "list": [1]})


def test_locations_are_paths_or_not() -> None:
    """Escaped characters come back; other schemes are no paths."""
    assert path_of("file:///a%20b/c%23d") == "/a b/c#d"
    assert path_of("/a") == "/a"
    assert path_of("_:1") is None
    assert path_of("https://example.org/a") is None


def test_containers_are_asked_for_only_if_an_image_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` takes the first engine that answers."""
    asked: list[str] = []

    def answers(command: tuple[str, ...]) -> bool:
        asked.append(command[0])
        return command[0] == "podman"

    monkeypatch.setattr("executor.runner.containers._answers", answers)
    (tmp_path / "a.cwl").write_text("class: CommandLineTool")
    assert choose("auto", tmp_path) == NONE
    assert asked == []

    (tmp_path / "a.cwl").write_text("hints: {DockerRequirement: {dockerPull: x}}")
    assert choose("auto", tmp_path).name == "podman"
    assert choose("none", tmp_path) == NONE
    assert choose("ignore", tmp_path) == IGNORED
    assert choose("docker", tmp_path).name == "docker"


def test_a_step_seen_is_stated_whole() -> None:
    """Nothing is lost on the way into a fact."""
    run = uuid4()
    used = (FileSeen(id="x", path="x"),)
    seen = StepSeen("a/b", "b", StepStatus.FINISHED, command=("true",), cpu_seconds=0.1, used=used, log="logs/x")

    step = seen.step(run, revision=2)

    assert (step.run, step.place, step.revision, step.command, step.used, step.log) == (run, "a/b", 2, ("true",), used, None)


def test_an_unknown_runner_is_named(tmp_path: Path) -> None:
    """The setting and its choices are in the message."""
    with pytest.raises(ValueError, match="RUNNER_URL"):
        open_runner(RunnerSettings(runner_url="ftp://x"), Folder(tmp_path), None)  # type: ignore[arg-type]
