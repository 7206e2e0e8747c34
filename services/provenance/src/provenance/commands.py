"""What an operator does to the graph."""

import argparse
import sys
from dataclasses import replace

from chassis.assembly import standing
from chassis.running import Order
from provenance.graph import projector
from provenance.service import provenance
from provenance.unit import ProvenanceSettings, doors


async def restore(settings: ProvenanceSettings, told: argparse.Namespace) -> None:
    """Make the graph anew from the ledger; services may go on working meanwhile."""
    service = replace(provenance, loops=(), open=doors)
    async with standing(service, settings=settings, hears=False) as houses:
        house = houses[service.name]
        await house.parts.graph.start()
        if not told.only_prove:
            position = await projector.restore(house)
            sys.stdout.write(f"the graph was made anew up to {position.seq} of ledger {position.ledger}\n")
        if told.prove or told.only_prove:
            if not await projector.prove(house):
                raise ValueError("the graph is not what the ledger says; restore it without --only-prove")
            sys.stdout.write("the graph is what the ledger says\n")


def _proofs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prove", action="store_true", help="then read both whole and compare them (in memory)")
    parser.add_argument("--only-prove", action="store_true", help="leave the graph as it is, and compare")


RESTORE = Order("restore", "make the graph anew from the ledger, while services go on", restore, _proofs)
