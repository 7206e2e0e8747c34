"""PostgreSQL carries: the carrier suite on the embedded database."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.contract.carrier import CarrierSuite, Heard, services

from chassis import assembly
from chassis.assembly import standing
from chassis.house import House
from chassis.settings import Settings
from contracts.executor import Run, WorkflowRef
from contracts.ids import uuid7
from contracts.message import FileRef
from contracts.vocabulary import Engine, RunStatus


@dataclass
class Platform:
    """What a carrier test works with."""

    houses: dict[str, House[Any]]
    heard: Heard
    facts: list[Any]
    handlers: dict[str, Any]

    @property
    def house(self) -> House[Any]:
        """The service that hears the commands."""
        return self.houses["executor"]

    def replace(self, queue: str, handler: Any) -> None:
        """Let another handler hear a queue."""
        self.handlers[queue] = handler

    def a_run(self) -> Run:
        """Some run."""
        spec = FileRef(key="k", sha256="0" * 64, size=1)
        workflow = WorkflowRef(
            id=uuid7(), handle="x/1", name="w", version="1", revision=1, engine=Engine.CWL, spec=spec, main="w.cwl"
        )
        return Run(
            id=uuid7(), tenant="t", name="w:1", number="1", workflow=workflow, status=RunStatus.DELETED,
            owner="user/x/y", owner_name="y", created=datetime.now(UTC),
        )  # fmt: skip


@pytest.fixture
async def platform(database_url, tmp_path):
    """Three small services on one PostgreSQL."""
    heard, facts, handlers = Heard(), [], {}

    def through(queue: str, usual: Any) -> Any:
        async def handle(message: Any, unit: Any) -> None:
            await handlers.get(queue, usual)(message, unit)

        handle.__name__ = usual.__name__
        return handle

    found = [
        replace(
            service,
            subscriptions=tuple(replace(s, handler=through(service.queue(s), s.handler)) for s in service.subscriptions),
        )
        for service in services(heard, facts)
    ]
    settings = Settings(
        database_url=database_url, state=tmp_path, files_url=f"file:{tmp_path}/files", bus_retry=0.02, bus_attempts=4
    )
    async with standing(*found, settings=settings) as houses:
        yield Platform(houses, heard, facts, handlers)


class TestPostgres(CarrierSuite):
    """PostgreSQL carries in the transaction of the effects."""


def test_a_bus_within_a_process_is_refused_where_services_are_missing():
    """`BUS_URL=postgresql:` in a process that does not assemble all services would reach nobody else."""
    with pytest.raises(ValueError, match="executor, gateway, provenance"):
        assembly.check_bus(services(Heard(), [])[1:2], "postgresql:")


def test_a_bus_that_nobody_offers_is_refused():
    """An unknown scheme says what there is."""
    with pytest.raises(ValueError, match="use postgresql:"):
        assembly.check_bus((), "carrier-pigeon://roof")
