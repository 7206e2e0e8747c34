"""Entries by their words: the handle itself first, then whatever says most of what was looked for, a letter wrong or not."""

from sqlalchemy import Text, cast, func, literal, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from contracts.kinds import Kind
from contracts.views import Hit, Hits
from registry.entries import queries
from registry.entries.model import Reader
from registry.entries.rows import EntryRow, WordRow
from registry.entries.words import alike, fuzzy, grams, words

FEWEST, MOST = 10, 50
"""Results, if nothing else is said, and at most."""
TERMS = 32
"""Words of a question that count."""
SURE = 1000.0
"""The score of the entry whose handle was looked for."""
NEARLY = 0.3
"""What a word counts that is only alike."""
NEIGHBOURS = text(
    """select word from registry.lexicon
    where grams && cast(:grams as text[]) and char_length(word) between :shortest and :longest
    order by cardinality(array(select unnest(grams) intersect select unnest(cast(:grams as text[])))) desc, word
    limit 100"""
)


async def search(session: AsyncSession, question: str, who: Reader, *, kind: Kind | None = None, limit: int = 0) -> Hits:
    """What somebody may read and looks for."""
    most = min(limit, MOST) if limit > 0 else FEWEST
    here = [queries.readable(who), *([col(EntryRow.kind) == kind.value] if kind else [])]
    exact = select(col(EntryRow.handle), col(EntryRow.kind)).where(col(EntryRow.handle) == question.strip(), *here)
    hits = [Hit(id=handle, score=SURE, kind=Kind(found)) for handle, found in await session.execute(exact)]
    terms = list(dict.fromkeys(words(question)))[:TERMS]
    if not terms:
        return Hits(items=tuple(hits))
    nearly = [near for term in terms for near in await _neighbours(session, term)]
    sure = cast(literal(_any(terms), Text), TSQUERY)
    both = cast(literal(_any([*terms, *nearly]), Text), TSQUERY)
    score = (func.ts_rank(col(WordRow.words), sure, 1) + NEARLY * func.ts_rank(col(WordRow.words), both, 1)).label("score")
    query = (
        select(col(EntryRow.handle), col(EntryRow.kind), score)
        .join(WordRow, col(WordRow.handle) == col(EntryRow.handle))
        .where(col(WordRow.words).bool_op("@@")(both), col(EntryRow.handle).not_in([hit.id for hit in hits]), *here)
        .order_by(score.desc(), col(EntryRow.number).desc())
        .limit(most - len(hits))
    )
    rows = (await session.execute(query)).tuples()
    hits += [Hit(id=handle, score=float(found), kind=Kind(of)) for handle, of, found in rows]
    return Hits(items=tuple(hits))


async def _neighbours(session: AsyncSession, word: str) -> list[str]:
    most = fuzzy(word)
    if not most:
        return []
    told = {"grams": grams(word), "shortest": len(word) - most, "longest": len(word) + most}
    return alike(word, list(await session.scalars(NEIGHBOURS, told)), most)


def _any(terms: list[str]) -> str:
    return " | ".join(f"'{term}'" for term in terms)  # words hold no quotes and no backslashes
