"""What real servers on this machine stand on: remembered ports and passwords, and processes that nobody else is taken for."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from deploy.services.machine import HOST, Missing, Place, Process, find, free, until
from tests.living import lives

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "services", tmp_path / "cache")


def test_what_was_decided_stays(place: Place) -> None:
    """A password is made once and is nobody else's to read; a port and a password of one name are two things."""
    password = place.secret("postgres")
    port = place.port("postgres", 0, running=True)

    again = Place(place.folder, place.cache)

    assert (again.secret("postgres"), again.port("postgres", 0, running=True)) == (password, port)
    assert password != str(port)
    assert (place.folder / "decided.json").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_left_to_its_owner(place: Place) -> None:
    """Where somebody else sits, another port is chosen; a running server keeps its own."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]

        chosen = place.port("amqp", taken, running=False)
        assert chosen != taken
        assert free(chosen)

        place.remember("port s3", lambda: taken)
        assert place.port("s3", 1, running=True) == taken
        assert place.port("s3", taken, running=False) != taken


def test_a_half_built_cache_is_none(place: Place) -> None:
    """What could not be built whole is not there; what is there is not built again."""

    def fails(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError

    with pytest.raises(OSError):
        place.cached("x-1", fails)
    assert list(place.cache.iterdir()) == []

    folder = place.cached("x-1", lambda folder: (folder / "whole").touch())
    assert place.cached("x-1", fails) == folder
    assert (folder / "whole").exists()


def test_a_process_is_ended_with_its_children(tmp_path: Path) -> None:
    """A server and what it started end together, whatever they think of SIGTERM."""
    stubborn = f"import signal,subprocess,sys; signal.signal(15, signal.SIG_IGN); subprocess.Popen({SLEEPS!r}).wait()"
    server = Process(tmp_path)
    assert not server.stop()
    server.start([sys.executable, "-c", stubborn])
    pid = json.loads((tmp_path / "pid.json").read_text())["pid"]
    until(lambda: bool(psutil.Process(pid).children()), "no child", 60)
    family = [psutil.Process(pid), *psutil.Process(pid).children()]

    assert server.running()
    assert server.stop(within=0.3)

    assert not server.running()
    until(lambda: not any(map(lives, family)), "somebody lives", 60)
    os.waitpid(pid, os.WNOHANG) if psutil.pid_exists(pid) else None


def test_another_process_of_the_same_number_is_spared(tmp_path: Path) -> None:
    """A pid that was given away again is nobody of ours."""
    other = subprocess.Popen(SLEEPS)
    try:
        (tmp_path / "pid.json").write_text(json.dumps({"pid": other.pid, "started": 1.0}))

        assert not Process(tmp_path).running()
        assert not Process(tmp_path).stop()
        assert other.poll() is None
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()


def test_a_server_that_ends_is_told_at_once(tmp_path: Path) -> None:
    """Nobody waits for a server that could not start."""
    server = Process(tmp_path)
    server.start([sys.executable, "-c", "raise SystemExit(3)"])

    with pytest.raises(RuntimeError, match=r"ended; see .*log.txt"):
        server.ready(lambda: False, 30)


def test_a_missing_program_says_how_to_get_it() -> None:
    """What is not there is named with the command that installs it."""
    with pytest.raises(Missing, match="no rabbitmq-serverr; on Debian and Ubuntu: apt-get install it"):
        find("/nowhere/rabbitmq-serverr", "rabbitmq-serverr", how="apt-get install it")
