"""What is looked at before an entry is written: its shape, what it refers to, who asks, and how it stands."""

import importlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.problems import field_of
from chassis.refusal import Refusal, refuse
from contracts.kinds import KINDS, Kind, Role
from contracts.problem import FieldError
from registry.entries import queries
from registry.entries.model import Item, Reader

Refs = list[tuple[str, str, Kind]]
"""Which field names which entry, and what that must be."""
BIGGEST = 2**63 - 1
"""Whole numbers that the database keeps."""
MANY = 50
"""Faults that are told at once."""


def storable(value: Any, field: str = "") -> Iterator[FieldError]:
    """What cannot be stored: NUL, halves of surrogate pairs, numbers beyond measure."""
    match value:
        case str():
            if wrong := _unwritable(value):
                yield FieldError(detail=wrong, field=field)
        case Mapping():
            for name, part in value.items():
                if wrong := _unwritable(str(name)):
                    yield FieldError(detail=wrong, field=f"{field}.{ascii(name)[1:-1]}".lstrip("."))
                yield from storable(part, f"{field}.{name}".lstrip("."))
        case list() | tuple():
            for place, part in enumerate(value):
                yield from storable(part, f"{field}.{place}".lstrip("."))
        case int() if abs(value) > BIGGEST:
            yield FieldError(detail=f"a number greater than {BIGGEST}", field=field)


def _unwritable(text: str) -> str | None:
    if "\x00" in text:
        return "holds a NUL character, which no text has"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return "holds half of a surrogate pair, which is no character"
    return None


def texts(**given: Any) -> None:
    """Refuse what cannot be stored, by the fields' names."""
    if errors := list(storable(given)):
        raise invalid(errors)


def invalid(errors: Collection[FieldError]) -> Refusal:
    """The refusal of what has not the shape of its kind."""
    named = ", ".join(sorted({error.field for error in errors if error.field})) or "the information"
    return refuse("gateway:invalid", f"not valid: {named}", *list(errors)[:MANY])


def shape(kind: Kind, info: Mapping[str, Any]) -> dict[str, Any]:
    """Information as its kind has it, nothing left out; refused if it has another shape."""
    if errors := list(storable(info)):
        raise invalid(errors)
    try:
        told = KINDS[kind].info.model_validate(info)
    except ValidationError as error:
        raise invalid([FieldError(detail=one["msg"], field=field_of(one["loc"])) for one in error.errors()]) from None
    return told.model_dump(mode="json")


async def holds(session: AsyncSession, kind: Kind, info: Mapping[str, Any]) -> None:
    """Refuse what has the right shape and is wrong all the same: what it refers to, where it is, who agreed."""
    refs = REFERENCES.get(kind, _none)(info)
    found = await queries.items(session, [handle for _, handle, _ in refs]) if refs else {}
    errors = [
        FieldError(detail=wrong, field=field) for field, handle, wanted in refs if (wrong := _fault(found, handle, wanted))
    ]
    errors += OTHERWISE.get(kind, _nothing)(info)
    if errors:
        detail = "; ".join(f"{error.field}: {error.detail}" for error in errors[:3])
        raise refuse("registry:invalid-entry", detail, *errors[:MANY])


async def checked(session: AsyncSession, kind: Kind, info: Mapping[str, Any]) -> dict[str, Any]:
    """Information that may be written."""
    told = shape(kind, info)
    await holds(session, kind, told)
    return told


def _fault(found: Mapping[str, Item], handle: str, wanted: Kind) -> str | None:
    item = found.get(handle)
    if item is None:
        return f"there is no entry {handle}"
    if item.kind is not wanted:
        return f"{handle} is a {item.kind}, not a {wanted}"
    if item.info is None:
        return f"{handle} is a seed: it has been given a handle, and says nothing yet"
    try:
        KINDS[wanted].info.model_validate(item.info)
    except ValidationError:
        return f"{handle} says what no {wanted} can say"
    return None


def _none(_info: Mapping[str, Any]) -> Refs:
    return []


def _template_refs(info: Mapping[str, Any]) -> Refs:
    uses = [
        (f"{side}.{place}.template_id", use["template_id"], Kind.DATASET_TEMPLATE)
        for side in ("input_templates", "output_templates")
        for place, use in enumerate(info[side])
    ]
    return [("software_id", info["software_id"], Kind.MODEL), *uses]


def _dataset_refs(info: Mapping[str, Any]) -> Refs:
    whose, about = info["collection_format"]["associations"], info["collection_format"]["dataset_info"]
    before = "collection_format."
    refs = [
        (f"{before}associations.organisation_id", whose["organisation_id"], Kind.ORGANISATION),
        (f"{before}dataset_info.publisher_id", about["publisher_id"], Kind.ORGANISATION),
    ]
    if whose["data_custodian_id"] is not None:
        refs.append((f"{before}associations.data_custodian_id", whose["data_custodian_id"], Kind.PERSON))
    return refs


REFERENCES: dict[Kind, Callable[[Mapping[str, Any]], Refs]] = {
    Kind.MODEL_RUN_WORKFLOW_TEMPLATE: _template_refs,
    Kind.DATASET: _dataset_refs,
}


def _nothing(_info: Mapping[str, Any]) -> list[FieldError]:
    return []


def _agreed(info: Mapping[str, Any]) -> list[FieldError]:
    if info["ethics_approved"]:
        return []
    return [FieldError(detail="the person has to agree to being registered", field="ethics_approved")]


def _where(info: Mapping[str, Any]) -> list[FieldError]:
    spatial = info["collection_format"]["dataset_info"]["spatial_info"] or {}
    return [
        FieldError(detail=f"it {wrong}", field=f"collection_format.dataset_info.spatial_info.{name}")
        for name in ("coverage", "extent")
        if spatial.get(name) is not None and (wrong := _misplaced(spatial[name]))
    ]


OTHERWISE: dict[Kind, Callable[[Mapping[str, Any]], list[FieldError]]] = {Kind.PERSON: _agreed, Kind.DATASET: _where}


def there(item: Item | None, handle: str) -> Item:
    """The entry, or the refusal that there is none."""
    if item is None:
        raise refuse(
            "registry:no-such-entry", f"there is no entry {handle}", FieldError(detail="no such entry", field="handle")
        )
    return item


def expected(item: Item, revision: int | None) -> None:
    """Refuse a change by somebody who has seen another revision, if they say which."""
    if revision not in {None, item.revision}:
        detail = f"it is at revision {item.revision}, not {revision}: somebody changed it meanwhile"
        raise refuse("registry:changed-meanwhile", detail, FieldError(detail=detail, field="expected_revision"))


def unlocked(item: Item) -> None:
    """Refuse what is locked."""
    if item.locked:
        raise refuse("registry:locked", f"{item.handle} is locked; whoever administers it can unlock it")


def of_kind(item: Item, wanted: Kind | None) -> None:
    """Refuse an entry of another kind."""
    if wanted is not None and item.kind is not wanted:
        raise refuse("registry:wrong-kind", f"{item.handle} is a {item.kind}, not a {wanted}")


def complete(item: Item) -> dict[str, Any]:
    """What an entry says, or the refusal that it says nothing yet."""
    if item.info is None:
        raise refuse("registry:is-seed", f"{item.handle} is a seed: describe it first")
    return item.info


def may(item: Item, who: Reader, needed: Collection[Role]) -> None:
    """Refuse whoever has none of these roles on the entry."""
    if not set(needed) & set(item.roles(who)):
        wanted = " or ".join(sorted(needed))
        raise refuse("registry:no-access", f"{item.handle} needs {wanted}, which {who.name} has not")


def _misplaced(place: str) -> str | None:
    # NumPy, shapes and reference systems are 20 MiB that only whoever registers places needs
    found: str | None = importlib.import_module("registry.entries.places").fault(place)
    return found
