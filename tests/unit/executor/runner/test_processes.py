"""How the processes of a run end."""

import asyncio
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from executor.runner.processes import Group, end, kill


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Every signal in order: to whom, and its number."""
    told: list[tuple[int, int]] = []
    really = psutil.Process.send_signal

    def send(process: psutil.Process, number: int) -> None:
        told.append((process.pid, number))
        really(process, number)

    monkeypatch.setattr(psutil.Process, "send_signal", send)
    return told


def _family(folder: Path) -> tuple[subprocess.Popen[bytes], Group]:
    """A child of ours with eight commands that outlive a polite word."""
    script = "for i in 1 2 3 4 5 6 7 8; do sh -c 'trap : TERM; echo; sleep 60; sleep 60' & done; wait"
    child = subprocess.Popen(["/bin/sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(8):  # each says when it stands, and no word of ours is heard before
        child.stdout.readline()
    return child, Group(folder, (child.pid, psutil.Process(child.pid).create_time()), None)


def test_the_child_is_killed_before_its_commands(tmp_path: Path, sent: list[tuple[int, int]]) -> None:
    """Whoever lives while its commands die by our hand calls that the run's own failure."""
    child, group = _family(tmp_path)

    found = kill(group)

    assert sent[0] == (child.pid, signal.SIGKILL)
    assert len(found) > 8
    assert child.wait(60) == -signal.SIGKILL


async def test_the_child_is_asked_before_its_commands(tmp_path: Path, sent: list[tuple[int, int]]) -> None:
    """The same holds for a stop: first the child, then its commands, and whoever does not listen is killed."""
    child, group = _family(tmp_path)

    await asyncio.wait_for(end(group, 0.2), 60)

    assert sent[0] == (child.pid, signal.SIGTERM)
    assert any(number == signal.SIGKILL for _, number in sent)
    assert child.wait(60) == -signal.SIGTERM
