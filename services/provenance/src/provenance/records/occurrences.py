"""What is said of a file as a run saw it: what it is, what it is made of, where it came from."""

from contracts.executor import FileSeen, Source
from contracts.ids import content_id
from contracts.vocabulary import Relation, Subtype
from provenance.records import names
from provenance.records.builder import Builder, moment
from provenance.records.commons import resource

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing: all empty files have it, so it links nothing to anything."""
DATASET = "DATASET"


def file(graph: Builder, seen: FileSeen) -> str:
    """State a file as a run saw it."""
    return graph.describe(
        seen.id,
        Subtype.FILE,
        prov_label=names.last_part(seen.path),
        path=seen.path,
        size=seen.size,
        sha256=seen.sha256,
        media_type=seen.media_type,
        from_outside=seen.from_outside,
        **(_told_of(seen.source) if seen.source else {}),
    )


def _told_of(source: Source) -> dict[str, str | None]:
    """What the file's description outside said of it, at the time."""
    return {
        "fetched": moment(source.fetched),
        "source_metadata": source.metadata,
        "source_title": source.title,
        "source_licence": source.licence,
        "source_version": source.version,
        "source_creator": source.creator,
    }


def incoming(graph: Builder, seen: FileSeen) -> None:
    """State a file that came into a run, and where it came from."""
    file(graph, seen)
    if seen.source:
        # Its bytes came from there, and they may have been made here all the same: its content leads to who has them.
        graph.link(seen.id, Relation.WAS_DERIVED_FROM, resource(graph, seen.source.url))
    if seen.origin:
        graph.link(seen.id, Relation.WAS_DERIVED_FROM, graph.refer(seen.origin.id, _subtype(seen.origin.id)))
    elif has_content(seen):
        graph.link(seen.id, Relation.ALTERNATE_OF, content(graph, seen))


def _subtype(origin: str) -> str:
    if origin.startswith("sha256:"):
        return Subtype.CONTENT
    return Subtype.FILE if origin.startswith("run/") else DATASET


def has_content(seen: FileSeen) -> bool:
    """Whether its bytes are known, and tell it from other files."""
    return seen.sha256 is not None and seen.size != 0 and seen.sha256 != EMPTY


def content(graph: Builder, seen: FileSeen) -> str:
    """Name what a file is made of."""
    return graph.refer(content_id(seen.sha256 or ""), Subtype.CONTENT)
