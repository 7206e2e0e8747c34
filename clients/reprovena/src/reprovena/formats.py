"""The formats that provenance comes in, by the names people use."""

from pathlib import Path

from reprovena.errors import WrongUse

DOCUMENTS = {
    "json": "application/prov+json",
    "provn": "text/provenance-notation",
    "xml": "application/provenance+xml",
    "turtle": "text/turtle",
    "jsonld": "application/ld+json",
}
DRAWINGS = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
_ALIASES = {
    "ttl": "turtle",
    "prov.json": "json",
    "prov-json": "json",
    "prov-n": "provn",
    "prov-xml": "xml",
    "json-ld": "jsonld",
}


def media_type(name: str, known: dict[str, str]) -> str:
    """Find the media type of a format (`WrongUse` if there is no such format)."""
    plain = name.lower().lstrip(".")
    plain = _ALIASES.get(plain, plain)
    if plain not in known:
        msg = f"There is no format {name!r}; take one of {', '.join(known)}."
        raise WrongUse(msg)
    return known[plain]


def of_file(path: Path | None, known: dict[str, str], otherwise: str) -> str:
    """Guess a format from a file's name."""
    suffix = path.suffix.lower().lstrip(".") if path else ""
    suffix = _ALIASES.get(suffix, suffix)
    return suffix if suffix in known else otherwise
