"""Whether a graph belongs to the ledger: asked at start, and before anything is carried."""

from sqlalchemy.ext.asyncio import AsyncSession

from provenance.graph.batch import AnotherLedger, Position
from provenance.records import queries

REMEDY = "`python -m provenance restore` makes it anew from this ledger"


async def check(session: AsyncSession, position: Position | None) -> Position:
    """Where to go on from: an empty graph from nothing, one that is behind from where it is; else `AnotherLedger`.

    A graph from which an old backup was restored is merely behind, and is brought up. One that is ahead was made from
    records that this ledger no longer has: the ledger is the one that was restored.
    """
    place = await queries.place(session, position.seq if position else 0)
    if position is None:
        return Position(place.ledger, 0)
    if position.ledger != place.ledger:
        raise AnotherLedger(f"the graph was made from ledger {position.ledger}, and this is {place.ledger}; {REMEDY}")
    if position.seq > place.last:
        raise AnotherLedger(f"the graph is at {position.seq}, and the ledger ends at {place.last}; {REMEDY}")
    if position.mark and position.mark != place.mark:
        raise AnotherLedger(f"what the graph was told at {position.seq} is not what the ledger says there; {REMEDY}")
    return position
