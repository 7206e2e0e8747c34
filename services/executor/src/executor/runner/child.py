"""The process of one run: it takes the folder for itself, shuts itself in, runs the workflow and says how it ended."""

import json
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path

import psutil

from contracts.vocabulary import Confinement, Engine, RunStatus
from executor.runner.confine import environment, keep_orphans, limit, step_down
from executor.runner.cwl import run_cwl
from executor.runner.events import Events
from executor.runner.serial import run_serial
from executor.runner.watch import TIMED_OUT, late
from executor.runner.workspace import Brief, Workspace

PATIENCE = 1.0
"""Seconds after which somebody who holds the folder is another child of the same run."""
ENGINES = {Engine.CWL: run_cwl, Engine.SERIAL: run_serial}


def main(folder: str) -> int:
    """Run what lies in the folder, once: who comes second, or after a predecessor's death, leaves it as it is."""
    workspace = Workspace(Path(folder))
    with workspace.alone(PATIENCE) as alone:
        if not alone or workspace.events.exists():
            return 0
        os.umask(0o077)
        brief = workspace.brief()
        with workspace.events.open("xb") as target:
            own = {"pid": os.getpid(), "started": psutil.Process().create_time()}
            workspace.write(workspace.child, json.dumps(own).encode())
            return _run(brief, workspace, Events(target.fileno()))


def _run(brief: Brief, workspace: Workspace, events: Events) -> int:
    try:
        confinement = _confine(brief, workspace)
        alarm = threading.Timer(brief.timeout, _time_is_up, (brief.timeout, brief.account, events))
        alarm.daemon = True
        alarm.start()
        ENGINES[brief.engine](brief, workspace, events, confinement)
    except Exception as error:  # the last line of the child: a run never ends without a word
        traceback.print_exc(file=sys.stderr)
        events.run_ended(RunStatus.FAILED, f"{type(error).__name__}: {error}"[:2000])
    finally:
        _end_others(brief.account)
    return 0


def _confine(brief: Brief, workspace: Workspace) -> Confinement:
    keep_orphans()
    os.environ.clear()
    os.environ.update(environment(brief.path, workspace.work))
    limit({name: value for name, value in brief.limits.items() if name != "NPROC"})
    confinement = Confinement.NONE
    if brief.account is not None:
        step_down(brief.account, workspace.folder)
        confinement = Confinement.ACCOUNT
        limit({"NPROC": brief.limits["NPROC"]})
    os.chdir(workspace.work)
    return confinement


def _time_is_up(limit_: int, account: int | None, events: Events) -> None:
    events.tell(TIMED_OUT, reason=late(limit_))
    events.silent = True
    _end_others(account)
    os._exit(1)


def _end_others(account: int | None) -> None:
    """Nothing that the run's commands started outlives the run."""
    if account is not None and os.geteuid() == account:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all of this account but oneself
        return
    own = psutil.Process()
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if process.pid != own.pid and own.pid in {os.getpgid(process.pid), os.getsid(process.pid)}:
                process.kill()
    for process in own.children(recursive=True):
        with suppress(psutil.Error):
            process.kill()
