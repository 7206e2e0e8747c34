"""A diamond: layers of runs that all use all that the layer before made. Its ways are countless; an answer costs its size."""

from pathlib import Path

import pytest
from tests.integration.provenance.either import STORES, a_provenance
from tests.integration.provenance.registered import deliver, project, record, says
from tests.integration.provenance.test_provena_lineage import EVE, UP
from tests.integration.provenance.work import Work, counted

from provenance.lineage import provena
from provenance.lineage.provena import Query
from provenance.unit import ProvenanceHouse

LAYERS, FEW, MANY = 5, 3, 9


async def grow(house: ProvenanceHouse, wide: int) -> tuple[str, str]:
    """A diamond of its own; the first and the last of its datasets."""
    made = [[f"1/w{wide}-d{layer}-{n}" for n in range(wide)] for layer in range(LAYERS + 1)]
    for layer in range(LAYERS):
        runs = (f"1/w{wide}-r{layer}-{n}" for n in range(wide))
        await deliver(house, *(says(run, 1, record(made[layer], [made[layer + 1][n]])) for n, run in enumerate(runs)))
    await project(house)
    return made[0][0], made[-1][0]


async def asked(
    store: str, house: ProvenanceHouse, ends: tuple[str, str], query: Query, patch: pytest.MonkeyPatch
) -> tuple[Work, int]:
    """What a question costs, and the size of its answer: nodes and links."""
    async with counted(store, house, patch) as work, house.work() as unit:
        answer = await provena.ask(unit, EVE, ends[1] if query in UP else ends[0], query, 2 * LAYERS)
    return work, len(answer.nodes) + len(answer.links)


@pytest.mark.parametrize("store", STORES)
async def test_case_6_a_diamond_costs_its_size_and_not_its_ways(
    store: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times as wide there are 243 times as many ways, and as many statements; the rows grow as the answer does."""
    async with a_provenance(store, database_url, tmp_path) as house:
        narrow, broad = await grow(house, FEW), await grow(house, MANY)
        for query in Query:
            few, small = await asked(store, house, narrow, query, monkeypatch)
            many, large = await asked(store, house, broad, query, monkeypatch)

            print(f"\n{store} {query}: {few.statements} statements, {few.rows} rows for {small}; {many.rows} for {large}")
            assert large > MANY * MANY * (LAYERS - 1)
            assert 0 < many.statements == few.statements
            assert few.rows > 0
            assert many.rows / large < 3 * few.rows / small
