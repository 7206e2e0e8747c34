"""An unprivileged user id for each run, so that runs cannot read each other; only root can step down to one."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID


class Accounts:
    """Who has which user id: one link a run in a folder, made by whoever is first."""

    def __init__(self, folder: Path, first: int, count: int) -> None:
        self._folder, self._first, self._count = folder, first, count
        self.in_use = os.geteuid() == 0 and first > 0

    def take(self, run: UUID) -> int | None:
        """The run's user id, the same each time; nothing if the platform itself is no root."""
        if not self.in_use:
            return None
        self._folder.mkdir(exist_ok=True, mode=0o700)
        for step in range(self._count):
            account = self._first + (run.int + step) % self._count
            link = self._folder / str(account)
            try:
                link.symlink_to(str(run))
            except FileExistsError:
                if str(link.readlink()) == str(run):
                    return account
            else:
                return account
        raise OSError(f"all {self._count} accounts of runs are taken (RUNNER_ACCOUNT_COUNT)")

    def give_back(self, run: UUID) -> None:
        """The run needs its user id no more."""
        if not self.in_use or not self._folder.exists():
            return
        for link in self._folder.iterdir():
            with suppress(OSError):
                if str(link.readlink()) == str(run):
                    link.unlink()
