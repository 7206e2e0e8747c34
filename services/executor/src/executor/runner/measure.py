"""What a command costs: CPU seconds exactly, memory at its peak as seen."""

import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from os import getpid, wait4, waitstatus_to_exitcode
from pathlib import Path

import psutil

FIRST, LAST, GROWTH = 0.0002, 0.1, 1.4
"""Seconds between looks: they begin short, so that short commands are seen, and grow."""
WHOLE_TREE = 0.02
"""Looking at all that a command started takes milliseconds; it waits until the pause is that long."""


@dataclass
class Cost:
    """What was measured so far."""

    cpu_seconds: float | None = None
    peak_memory: int | None = None


class Measured(subprocess.Popen[str]):
    """A process whose end tells what the kernel counted, with that of all it waited for."""

    usage: tuple[float, int] | None = None
    """CPU seconds, and bytes at the peak."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait as any process does, and keep what the kernel says of its end."""
        if timeout is None and self.returncode is None:
            with suppress(ChildProcessError):  # somebody else has waited for it meanwhile
                _, status, usage = wait4(self.pid, 0)
                self.returncode = waitstatus_to_exitcode(status)
                self.usage = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
        return super().wait(timeout)


class _Looks:
    """Looks at a process while it lives, in a thread."""

    def __init__(self, pid: int) -> None:
        self._pid, self._done = pid, threading.Event()
        self._began = self._last = time.monotonic()
        self.peak = 0
        self._look()
        self._thread = threading.Thread(target=self._often, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        if size := _high_water(self._pid):
            self.peak, self._last = max(self.peak, size), time.monotonic()

    def _often(self) -> None:
        pause = FIRST
        while not self._done.wait(pause):
            self._look()
            if pause >= WHOLE_TREE:
                self.peak = max(self.peak, _tree(self._pid))
            pause = min(pause * GROWTH, LAST)

    def end(self) -> int | None:
        """The peak; nothing if the process was not seen in the later half of its life."""
        lived = time.monotonic() - self._began
        self._done.set()
        self._thread.join()
        return self.peak if self.peak and self._last - self._began >= lived / 2 else None


def watch(process: subprocess.Popen[str], cost: Cost) -> None:
    """Watch a process and what it starts until it ends.

    The kernel's own peak begins with what we ourselves held when we started the process, so it counts only above that.
    """
    looks, own = _Looks(process.pid), _high_water(getpid())
    process.wait()
    cost.peak_memory = looks.end()
    if isinstance(process, Measured) and process.usage is not None:
        cost.cpu_seconds, peak = process.usage
        if own and peak > own:
            cost.peak_memory = max(peak, cost.peak_memory or 0)


def _high_water(pid: int) -> int:
    """Bytes a process held at its peak, as the kernel keeps it; 0 where it does not tell."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def _tree(pid: int) -> int:
    """Bytes that a process and what it started hold now."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                total += process.memory_info().rss
    return total
