"""What every server here needs of the machine: a folder, a port, secrets, a process, and patience."""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import psutil

HERE = Path(__file__).parent
HOST = "127.0.0.1"


class Missing(Exception):
    """A program that this machine does not have; the text says how to get it."""


def find(*names: str, how: str) -> Path:
    """The first of these programs that is there, by path or by name."""
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise Missing(f"no {Path(names[-1]).name}; on Debian and Ubuntu: {how} (all of them: sudo deploy/services/install.sh)")


def run(command: Sequence[str | Path], log: Path, **more: Any) -> None:
    """A command that ends, its words in a log."""
    with log.open("ab") as words:
        ended = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=words, stderr=words, **more)
    if ended.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {ended.returncode}; see {log}")


def until(true: Callable[[], bool], what: str, within: float) -> None:
    """Wait for something that is not there at once."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.1)
    raise TimeoutError(f"{what} within {within:.0f} s")


def opened(port: int) -> bool:
    """Whether somebody listens."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def answers(url: str, **more: Any) -> bool:
    """Whether a web address says yes."""
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5, **more).status_code == httpx.codes.OK
    return False


def free(port: int) -> bool:
    """Whether a port can be had."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError:
            return False
        return True


def some_port() -> int:
    """A port that is free now, and that stays ours while its server is down: connections take theirs from 32768 on."""
    return next(port for port in iter(lambda: 20_000 + secrets.randbelow(10_000), None) if free(port))


def account(name: str) -> dict[str, Any]:
    """For programs that do not run as root: whom to start them as, in `subprocess`' words; nothing if we are not root."""
    if os.geteuid() != 0:
        return {}
    with suppress(KeyError):
        found = pwd.getpwnam(name)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise Missing(f"no account {name!r} to run as; on Debian and Ubuntu it comes with the package")


@dataclass
class Place:
    """Where servers live: their data and logs (`folder`), what was fetched or built for them (`cache`), what they remember."""

    folder: Path
    cache: Path
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cache.mkdir(parents=True, exist_ok=True)

    def server(self, name: str) -> "Process":
        """A server by name."""
        return Process(self.folder / name)

    def remember(self, key: str, make: Callable[[], Any], good: Callable[[Any], bool] = bool) -> Any:
        """What was decided at the first start: a port, a password. Decided again when it is no good any more."""
        with self._lock:
            path = self.folder / "decided.json"
            told = json.loads(path.read_text()) if path.exists() else {}
            if key not in told or not good(told[key]):
                told[key] = make()
                write(path, told)
            return told[key]

    def secret(self, key: str) -> str:
        """A password, made once."""
        return str(self.remember(f"secret {key}", lambda: secrets.token_urlsafe(18)))

    def port(self, key: str, usual: int, *, running: bool) -> int:
        """A port of one's own: the one it has, the usual one, or another if somebody else sits there."""
        port = self.remember(f"port {key}", lambda: usual if free(usual) else some_port(), lambda one: running or free(one))
        return int(port)

    def cached(self, name: str, build: Callable[[Path], None]) -> Path:
        """A folder of the cache, named after its version; built beside and moved there when it is whole."""
        whole = self.cache / name
        if not whole.exists():
            part = self.cache / f".{name}.{os.getpid()}"
            part.mkdir()
            try:
                build(part)
                with suppress(OSError):  # another one was quicker
                    part.rename(whole)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return whole


def write(path: Path, told: Mapping[str, Any]) -> None:
    """JSON for our own eyes, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(told, indent=1) + "\n")
    part.rename(path)


@dataclass(frozen=True)
class Process:
    """One server's process, known by its pid and when it started, so that nobody else's is ever ended."""

    folder: Path

    @property
    def log(self) -> Path:
        """All that it has written."""
        return self.folder / "log.txt"

    def _process(self) -> psutil.Process | None:
        with suppress(OSError, ValueError, psutil.Error):
            told = json.loads((self.folder / "pid.json").read_text())
            process = psutil.Process(told["pid"])
            if process.create_time() == told["started"] and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def running(self) -> bool:
        """Whether it is there."""
        return self._process() is not None

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, **more: Any) -> None:
        """Start it in a session of its own; it outlives us."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **more,
            )
        write(self.folder / "pid.json", {"pid": process.pid, "started": psutil.Process(process.pid).create_time()})

    def ready(self, answer: Callable[[], bool], within: float) -> None:
        """Wait until it answers; say so early if it has ended."""

        def there() -> bool:
            if not self.running():
                raise RuntimeError(f"{self.folder.name} ended; see {self.log}")
            return answer()

        until(there, f"{self.folder.name} does not answer (see {self.log})", within)

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 40) -> bool:
        """End it and its children, in order if it lets us; say whether it was there."""
        process = self._process()
        if process is None:
            return False
        family = [process, *process.children(recursive=True)]
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        _gone, left = psutil.wait_procs(family, timeout=within)
        for one in left:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(left, timeout=5)
        (self.folder / "pid.json").unlink(missing_ok=True)
        return True
