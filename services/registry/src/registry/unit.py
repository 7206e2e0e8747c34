"""What the registry's handlers and routes may touch, and its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import Field

from chassis.house import House
from chassis.settings import Settings
from chassis.unit import Unit
from registry.access.store import Groups, Requests
from registry.entries.store import Entries
from registry.model_runs.store import Statements
from registry.outcomes.store import Outcomes
from registry.workflows.store import Workflows


class RegistrySettings(Settings):
    """How the registry names things, and how patiently it looks at specifications."""

    handle_prefix: str = Field("10378.1", pattern=r"^[0-9A-Za-z][0-9A-Za-z.]*$")
    """Begins every handle: `<prefix>/<number>`."""
    dataset_bucket: str = Field("reprovena-datasets", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    """The bucket in which files of new datasets have their place."""
    check_timeout: float = Field(30.0, gt=0)
    """Seconds that the check of one specification may take."""
    check_attempts: int = Field(3, ge=1)
    """Times a check may run out of time or fall over before the specification is refused for it."""
    import_limit: int = Field(256 * 2**20, ge=1)
    """Bytes that a file of entries or groups to be brought in may have."""


@dataclass(frozen=True)
class RegistryParts:
    """The registry has no doors of its own."""


class RegistryUnit(Unit[RegistryParts]):
    """One transaction of the registry."""

    @property
    def workflows(self) -> Workflows:
        """Workflows."""
        return Workflows(self.session)

    @property
    def entries(self) -> Entries:
        """Entries of every kind."""
        return Entries(self.session, self.handle_prefix)

    @property
    def model_runs(self) -> Statements:
        """What model runs stated."""
        return Statements(self.session)

    @property
    def outcomes(self) -> Outcomes:
        """What finished runs came to be."""
        return Outcomes(self.session)

    @property
    def groups(self) -> Groups:
        """Groups and their members."""
        return Groups(self.session)

    @property
    def requests(self) -> Requests:
        """Requests for roles."""
        return Requests(self.session)

    @property
    def import_limit(self) -> int:
        """Bytes that a file to be brought in may have."""
        settings: RegistrySettings = self.house.settings
        return settings.import_limit

    @property
    def dataset_bucket(self) -> str:
        """Where files of new datasets have their place."""
        settings: RegistrySettings = self.house.settings
        return settings.dataset_bucket

    @property
    def handle_prefix(self) -> str:
        """Begins every handle."""
        settings: RegistrySettings = self.house.settings
        return settings.handle_prefix


RegistryHouse = House[RegistryParts]


@asynccontextmanager
async def open_parts(_house: RegistryHouse) -> AsyncIterator[RegistryParts]:
    """Open nothing."""
    yield RegistryParts()
