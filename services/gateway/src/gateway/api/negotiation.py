"""Which of several forms to answer in: by `?format=`, else by what the client accepts best (RFC 9110 §12.5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.refusal import refuse
from contracts.problem import FieldError

DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    "json": ("application/json", "application/prov+json"),
    "provn": ("text/provenance-notation",),
    "xml": ("application/provenance+xml", "application/xml", "text/xml"),
    "turtle": ("text/turtle",),
    "jsonld": ("application/ld+json",),
}
DRAWINGS: Mapping[str, tuple[str, ...]] = {"png": ("image/png",), "svg": ("image/svg+xml",), "pdf": ("application/pdf",)}
SUFFIXES = {"json": "prov.json", "provn": "provn", "xml": "prov.xml", "turtle": "ttl", "jsonld": "jsonld"}
ALIASES = {"ttl": "turtle", "prov-json": "json", "prov-n": "provn", "prov-xml": "xml", "json-ld": "jsonld"}


@dataclass(frozen=True, slots=True)
class Wish:
    """A media range of an Accept header with its weight."""

    type: str
    subtype: str
    weight: float

    def fit(self, media_type: str) -> int:
        """How closely this range means a type: 3 the type itself, 1 anything, 0 not at all."""
        main, _, sub = media_type.partition("/")
        if (self.type, self.subtype) == (main, sub):
            return 3
        if self.type == main and self.subtype == "*":
            return 2
        return 1 if (self.type, self.subtype) == ("*", "*") else 0


def wishes(accept: str) -> list[Wish]:
    """The ranges of an Accept header; what cannot be read is passed over."""
    found = []
    for one in accept.split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        main, slash, sub = name.partition("/")
        weight = next((p[2:].strip() for p in parameters if p.startswith("q=")), "1")
        try:
            found.append(Wish(main, sub, min(max(float(weight), 0.0), 1.0)))
        except ValueError:
            continue
        if not (main and slash and sub):
            found.pop()
    return found


def choose(offered: Mapping[str, tuple[str, ...]], accept: str | None, wanted: str | None) -> str:
    """The name of the form to answer in: the wanted one, else the most accepted; the first offered wins a draw."""
    if wanted is not None:
        name = ALIASES.get(wanted.lower(), wanted.lower())
        if name in offered:
            return name
        error = FieldError(detail=f"one of {', '.join(offered)}", field="format")
        raise refuse("gateway:invalid", f"there is no format {wanted!r}", error)
    given = wishes(accept or "*/*")
    weights = {name: max(_weight(given, media_type) for media_type in types) for name, types in offered.items()}
    best = max(weights, key=weights.__getitem__)
    if weights[best] <= 0:
        known = ", ".join(types[0] for types in offered.values())
        raise refuse("gateway:not-acceptable", f"offered are {known}")
    return best


def _weight(given: list[Wish], media_type: str) -> float:
    """The weight of the range that means a type most closely."""
    fits = [(wish.fit(media_type), wish.weight) for wish in given]
    return max((fit for fit in fits if fit[0]), default=(0, 0.0))[1]
