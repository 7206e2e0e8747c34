"""The form that fits best what the client accepts."""

import pytest

from chassis.refusal import Refusal
from gateway.api.negotiation import DOCUMENTS, DRAWINGS, choose


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/prov+json", "json"),
        ("text/provenance-notation", "provn"),
        ("application/provenance+xml", "xml"),
        ("application/xml;q=0.9, text/turtle", "turtle"),
        ("text/*", "provn"),
        ("text/*, text/provenance-notation;q=0.1", "xml"),
        ("application/ld+json; profile=x", "jsonld"),
        ("TEXT/TURTLE", "turtle"),
        ("application/json;q=0, */*;q=0.1", "json"),
        ("nonsense, text/turtle;q=oops, application/ld+json", "jsonld"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"),
    ],
)
def test_accept_headers(accept: str | None, form: str) -> None:
    """The heaviest range wins, the closest range says the weight, and the first offered wins a draw."""
    assert choose(DOCUMENTS, accept, None) == form


def test_what_nobody_offers_is_refused() -> None:
    """406 names what there is."""
    with pytest.raises(Refusal, match="image/png") as no:
        choose(DRAWINGS, "text/html", None)

    assert no.value.problem.status == 406


def test_a_weight_of_zero_excludes() -> None:
    """A client can say what it does not want."""
    assert choose(DRAWINGS, "image/png;q=0, image/*", None) == "svg"


def test_the_query_speaks_over_the_header() -> None:
    """`?format=` is for people and browsers; short names are understood."""
    assert choose(DOCUMENTS, "text/turtle", "xml") == "xml"
    assert choose(DOCUMENTS, None, "TTL") == "turtle"
    with pytest.raises(Refusal) as no:
        choose(DOCUMENTS, None, "docx")
    assert no.value.problem.errors[0].field == "format"
