"""PostgreSQL carries: the carrier suite on the embedded database."""

import pytest
from tests.contract.carrier import CarrierSuite, Heard, Platform, replaceable, services

from chassis import assembly
from chassis.assembly import standing
from chassis.settings import Settings


@pytest.fixture
async def platform(database_url, tmp_path):
    """Three small services on one PostgreSQL."""
    heard, facts, handlers = Heard(), [], {}
    settings = Settings(
        database_url=database_url, state=tmp_path, files_url=f"file:{tmp_path}/files", bus_retry=0.02, bus_attempts=4
    )
    async with standing(*replaceable(heard, facts, handlers), settings=settings) as houses:
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
