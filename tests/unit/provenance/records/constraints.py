"""The rules of PROV-CONSTRAINTS that a document of ours could break, as findings in words."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from prov.model import (
    ProvActivity,
    ProvAgent,
    ProvDocument,
    ProvEnd,
    ProvEntity,
    ProvGeneration,
    ProvMembership,
    ProvSpecialization,
    ProvStart,
    ProvUsage,
)


def findings(document: ProvDocument) -> list[str]:
    """Everything that is wrong with a document."""
    return [*_keys(document), *_unique(document), *_order(document), *_types(document)]


def _keys(document: ProvDocument) -> Iterator[str]:
    """Constraints 22-23: an id means one thing."""
    ids = Counter(record.identifier for record in document.get_records() if record.identifier)
    yield from (f"{item} is stated {times} times" for item, times in ids.items() if times > 1)


def _unique(document: ProvDocument) -> Iterator[str]:
    """Constraints 24-29: one generation of an entity by an activity, one start and end of an activity; one start time."""
    for kind in (ProvGeneration, ProvStart, ProvEnd):
        pairs = Counter(tuple(value for name, value in record.formal_attributes[:2]) for record in document.get_records(kind))
        yield from (f"{kind.__name__} of {pair} is stated {times} times" for pair, times in pairs.items() if times > 1)
    makers = sorted((str(r.args[0]), str(r.args[1])) for r in document.get_records(ProvGeneration))
    for entity, several in groupby(makers, key=lambda pair: pair[0]):
        if len(list(several)) > 1:
            yield f"{entity} was generated more than once"
    activities = {a.identifier: a for a in document.get_records(ProvActivity)}
    for start in document.get_records(ProvStart):
        if start.args[3] and start.args[3] != activities[start.args[0]].get_startTime():
            yield f"{start.args[0]} starts at two times"
    for end in document.get_records(ProvEnd):
        if end.args[3] and end.args[3] != activities[end.args[0]].get_endTime():
            yield f"{end.args[0]} ends at two times"


def _order(document: ProvDocument) -> Iterator[str]:
    """Constraints 30-38: starts before ends, uses and generations within, generation before use."""
    span = {a.identifier: (a.get_startTime(), a.get_endTime()) for a in document.get_records(ProvActivity)}
    for activity, (start, end) in span.items():
        if start and end and start > end:
            yield f"{activity} ends before it starts"
    for record in (*document.get_records(ProvUsage), *document.get_records(ProvGeneration)):
        activity = record.args[0] if isinstance(record, ProvUsage) else record.args[1]
        start, end = span.get(activity, (None, None))
        time = record.args[2]
        if time and ((start and time < start) or (end and time > end)):
            yield f"{record} lies outside {activity}"
    made = {record.args[0]: record.args[2] for record in document.get_records(ProvGeneration)}
    for use in document.get_records(ProvUsage):
        if use.args[2] and made.get(use.args[1]) and use.args[2] < made[use.args[1]]:
            yield f"{use.args[1]} is used before it is there"


def _types(document: ProvDocument) -> Iterator[str]:
    """Constraints 50-55: no activity is an entity; nothing specialises itself; only collections have members."""
    activities = {record.identifier for record in document.get_records(ProvActivity)}
    others = {record.identifier for record in document.get_records((ProvEntity, ProvAgent))}
    yield from (f"{item} is an activity and something else" for item in activities & others)
    for record in document.get_records(ProvSpecialization):
        if record.args[0] == record.args[1]:
            yield f"{record.args[0]} specialises itself"
    collections = {
        e.identifier for e in document.get_records(ProvEntity) if "prov:Collection" in map(str, e.get_asserted_types())
    }
    for record in document.get_records(ProvMembership):
        if record.args[0] not in collections:
            yield f"{record.args[0]} has members and is no collection"
    known = activities | others
    for record in document.get_records():
        for name, value in record.formal_attributes:
            if value is not None and name.localpart not in {"time", "startTime", "endTime"} and value not in known:
                yield f"{record} leads to {value}, which is not stated"
