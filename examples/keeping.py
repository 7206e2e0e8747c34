"""A platform for the length of a demonstration: started, measured, stopped."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import psutil

READY_WITHIN = 60.0
STOP_WITHIN = 20.0
LOOK_EVERY = 0.5
TAIL, WIDTH = 12, 400


class Broken(Exception):
    """The platform does not do what a platform does."""


class Platform:
    """The platform on embedded parts, with all processes that belong to it; as a context it is stopped at the end."""

    def __init__(self, state: Path) -> None:
        self.state, self.note = state, state / "onebox.json"
        self.log = state / "demo" / "platform.log"
        self.url = ""
        self.peak = 0
        """Bytes resident, at most, of all processes together; pages that several share are counted once."""
        self._child: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, psutil.Process] = {}
        self._born = time.time()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        left = self.stop()
        if left and error is None:
            raise Broken(f"These had to be ended: {', '.join(left)}")

    @property
    def ours(self) -> bool:
        """Whether it was started here; one that already ran is used and left alone."""
        return self._child is not None

    def account(self, name: str, password: str, group: str) -> None:
        """Make an account, or give it a new password."""
        words = [sys.executable, "-m", "onebox", "account", name, "--group", group, "--password-stdin"]
        made = subprocess.run(
            words, input=f"{password}\n", text=True, capture_output=True, env=self._environment(), check=False
        )
        if made.returncode:
            raise Broken(f"The account could not be made:\n{made.stderr.strip()}")

    def start(self) -> None:
        """Start it, unless one already serves this state, and wait until it is ready."""
        if running := self._running():
            self.url = running
            return
        self.note.unlink(missing_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "onebox", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment() | {"PORT": "0"},
                start_new_session=True,  # Ctrl-C is for the demonstration, which then stops its platform in order
            )
        self._watcher.start()
        until = time.monotonic() + READY_WITHIN
        while not (running := self._running()):
            if self._child.poll() is not None:
                raise Broken(f"The platform ended by itself ({self._child.returncode}).")
            if time.monotonic() > until:
                raise Broken(f"The platform was not ready within {READY_WITHIN:.0f} s.")
            time.sleep(0.05)
        self.url = running

    def stop(self) -> list[str]:
        """Stop it; gives what did not stop by itself and had to be ended."""
        if self._child is None:
            return []
        self._look()
        self._over.set()
        self._watcher.join(timeout=STOP_WITHIN)
        self._child.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(STOP_WITHIN)
        left = [process for process in self._seen.values() if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        told = [f"{process.pid} {_name(process)}" for process in left]
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(left, timeout=5)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return told

    def tail(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            return "\n".join(line[:WIDTH] for line in self.log.read_text(errors="replace").splitlines()[-TAIL:])
        return ""

    def _environment(self) -> dict[str, str]:
        state = str(self.state)
        return dict(os.environ) | {
            "STATE": state,
            "HOST": "127.0.0.1",
            "DATABASE_URL": f"embedded:{state}/pg",
            "BUS_URL": "postgresql:",
            "GRAPH_URL": "postgresql:",
            "RUNNER_URL": f"local:{state}/runs",
            "FILES_URL": f"file:{state}/files",
        }

    def _running(self) -> str | None:
        with suppress(OSError, ValueError, KeyError, httpx.HTTPError):
            url = str(json.loads(self.note.read_text())["url"])
            ready = httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False)
            return url if ready.is_success else None
        return None

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self._look()

    def _look(self) -> None:
        total = 0
        for process in self._processes():
            with suppress(psutil.Error, OSError):
                memory = process.memory_full_info()
                total += getattr(memory, "pss", 0) or getattr(memory, "uss", memory.rss)
        self.peak = max(self.peak, total)

    def _processes(self) -> Iterator[psutil.Process]:
        """The platform's tree, and the database server's, which leaves that tree when it starts."""
        roots = [self._child.pid] if self._child else []
        for note in self.state.glob("pg/postmaster.pid"):
            with suppress(OSError, ValueError, IndexError):
                roots.append(int(note.read_text().splitlines()[0]))
        for root in (root for root in roots if root > 0):  # a server that is only being made writes its pid negative
            with suppress(psutil.Error):
                top = psutil.Process(root)
                for process in [top, *top.children(recursive=True)]:
                    if process.create_time() >= self._born - 1:
                        self._seen[process.pid] = process
                        yield process


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:80] or process.name()
    return "?"
