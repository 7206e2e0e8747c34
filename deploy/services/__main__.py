"""`python -m deploy.services up|down [--sets N] [server …]`: start real servers here, one set or several, or end them."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from deploy.services import keycloak, neo4j_server, postgres, rabbitmq, s3
from deploy.services.machine import Missing, Place, write

SERVERS: dict[str, ModuleType] = {
    "rabbitmq": rabbitmq,
    "postgres": postgres,
    "neo4j": neo4j_server,
    "keycloak": keycloak,
    "s3": s3,
}


def up(place: Place, names: Sequence[str]) -> int:
    """Start what does not run, wait until it answers, and write where everything is."""
    told: dict[str, Any] = {}
    note = place.folder / "services.json"
    if note.exists():
        told = json.loads(note.read_text())
    failed = 0
    with ThreadPoolExecutor() as pool:
        tasks = {name: pool.submit(_timed, name, place) for name in names}
        for name, task in tasks.items():
            try:
                found, seconds = task.result()
                told |= found
                print(f"{name:10} is up after {seconds:.1f} s")
            except Missing as missing:
                print(f"{name:10} left out: {missing}")
                failed += 1
            except (OSError, RuntimeError) as error:
                print(f"{name:10} failed: {error}")
                failed += 1
    write(note, told)
    print(f"Where they are and how to enter: {note}; data and logs: {place.folder}")
    return 1 if failed else 0


def _timed(name: str, place: Place) -> tuple[dict[str, Any], float]:
    begun = time.monotonic()
    return SERVERS[name].up(place), time.monotonic() - begun


def down(place: Place, names: Sequence[str]) -> int:
    """End what runs."""
    with ThreadPoolExecutor() as pool:
        for name, was in zip(names, pool.map(lambda name: SERVERS[name].down(place), names), strict=True):
            print(f"{name:10} {'ended' if was else 'was not running'}")
    if set(names) == set(SERVERS):
        (place.folder / "services.json").unlink(missing_ok=True)
    return 0


def where(folder: Path) -> Place:
    """The servers of a folder, and what was fetched and built for all folders."""
    cache = os.environ.get("SERVICES_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reprovena"
    return Place(folder.absolute(), Path(cache).absolute())


def sets(folder: Path, count: int) -> list[Path]:
    """The folders of so many sets of servers: `var/services`, `var/services-2` and so on."""
    return [folder, *(folder.with_name(f"{folder.name}-{number}") for number in range(2, count + 1))]


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m deploy.services", description=__doc__)
    parser.add_argument("order", choices=("up", "down"))
    parser.add_argument("--sets", type=int, default=1, help="how many sets to start, each for one worker of the tests")
    parser.add_argument("server", nargs="*", help=f"{', '.join(SERVERS)}; nothing means all of them")
    told = parser.parse_args()
    if unknown := set(told.server) - set(SERVERS):
        parser.error(f"no server {', '.join(sorted(unknown))}; there is {', '.join(SERVERS)}")
    folder = Path(os.environ.get("SERVICES_FOLDER") or "var/services")
    names = told.server or list(SERVERS)
    if told.order == "up":  # one set after the other: they look for free ports
        return max(up(where(one), names) for one in sets(folder, told.sets))
    return max(down(where(one), names) for one in (folder, *sorted(folder.parent.glob(f"{folder.name}-*"))))


if __name__ == "__main__":
    sys.exit(main())
