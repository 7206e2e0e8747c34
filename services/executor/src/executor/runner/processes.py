"""The processes of a run: which they are, and how all of them end."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SAME = 2.0
"""Seconds by which the beginning of one and the same process may be told differently."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the processes of a run have in common."""

    home: Path
    """The run's folder; the homes of its commands lie in it."""
    leader: tuple[int, float] | None
    """The child's pid and the moment it began."""
    account: int | None
    """The account that only this run has."""


def members(group: Group) -> set[psutil.Process]:
    """Every living process of a run: the child's session and descendants, its account's, and who lives in its folder."""
    found: set[psutil.Process] = set()
    leader = _leader(group)
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if process.pid != os.getpid() and _belongs(process, group, leader) and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process)
    with suppress(psutil.Error):
        if leader is not None:
            found.update(psutil.Process(leader).children(recursive=True))
    return found


def _leader(group: Group) -> int | None:
    """The child's pid, which is also its group's, unless it is somebody else's by now."""
    if group.leader is None:
        return None
    pid, began = group.leader
    try:
        return pid if abs(psutil.Process(pid).create_time() - began) < SAME else None
    except psutil.Error:  # it is dead; as long as its group has members, nobody else gets the number
        return pid


def _belongs(process: psutil.Process, group: Group, leader: int | None) -> bool:
    if leader is not None and leader in {os.getpgid(process.pid), os.getsid(process.pid)}:
        return True
    if group.account is not None:
        return process.uids().real == group.account
    home = process.environ().get("HOME", "") if process.uids().real == os.getuid() else ""
    return bool(home) and Path(home).is_relative_to(group.home)


def kill(group: Group) -> set[psutil.Process]:
    """Kill all that is left of a run; answers what that was."""
    found = members(group)
    _send(found, signal.SIGKILL, group)
    return found


def _send(processes: set[psutil.Process], number: int, group: Group) -> None:
    """The child comes first: else it sees its command die by our hand and tells that as the run's own failure."""
    leader = _leader(group)
    for process in sorted(processes, key=lambda process: process.pid != leader):
        with suppress(psutil.Error):
            process.send_signal(number)


def _alive(processes: set[psutil.Process]) -> set[psutil.Process]:
    alive = set()
    for process in processes:
        with suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                alive.add(process)
    return alive


async def end(group: Group, grace: float) -> None:
    """Ask all of a run's processes to end, and end them after the grace (seconds)."""
    until = asyncio.get_running_loop().time() + grace
    found = await asyncio.to_thread(members, group)  # kept: without the child, whose some of them are cannot be told
    if grace > 0:
        _send(found, signal.SIGTERM, group)
    while _alive(found) and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - processes ring no bell
        await asyncio.sleep(0.05)
    while found := _alive(found) | await asyncio.to_thread(members, group):
        _send(found, signal.SIGKILL, group)
        await asyncio.sleep(0.02)
