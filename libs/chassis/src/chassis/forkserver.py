"""The warm process from which children are forked: `python -m chassis.forkserver MODULE…`.

It imports the modules once and forks for each order (JSON lines on standard input), so a child starts in milliseconds.
It has no threads and no connections, which makes forking safe. Children lead sessions of their own and outlive it.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import psutil

from chassis.loading import loading


def _function(target: str) -> Callable[[str], object]:
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not callable(found):
        msg = f"{target} is no function"
        raise TypeError(msg)
    return found  # type: ignore[no-any-return]


def _become_child(log: str | None) -> None:
    """Lead a group of one's own, hear nothing, write to the log."""
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else nowhere
    os.dup2(nowhere, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.closerange(3, 256)


def _work(order: dict[str, str]) -> int:
    """Run the ordered function; its answer goes to a file that appears whole or not at all."""
    try:
        answer = _function(order["target"])(order["argument"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        text, code = traceback.format_exc(), 70
        sys.stderr.write(text)
    else:
        text, code = answer if isinstance(answer, str) else "", answer if isinstance(answer, int) else 0
    if path := order.get("answer"):
        part = Path(path + ".part")
        part.write_text(text)
        part.rename(path)
    sys.stderr.flush()
    return code


def _fork(order: dict[str, str]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            _become_child(order.get("log"))
            code = _work(order)
        finally:
            os._exit(code)
    return pid


def _say(**what: object) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def main() -> None:
    """Serve orders until standard input ends."""
    with loading():
        for module in sys.argv[1:]:
            warm = getattr(importlib.import_module(module), "warm", None)
            if callable(warm):
                warm()
    gc.collect()
    gc.freeze()  # what is here stays shared with the children
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    children: dict[int, str] = {}
    waiting = b""
    _say(ready=True)
    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
        if 0 in ready:
            block = os.read(0, 1 << 16)
            if not block:
                return
            *lines, waiting = (waiting + block).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = _fork(order)
                children[pid] = order["id"]
                _say(id=order["id"], pid=pid, started=psutil.Process(pid).create_time())
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            _say(id=children.pop(pid), code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
