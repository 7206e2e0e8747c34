"""How an answer of the server is taken: checked first, then read."""

from collections.abc import Mapping
from typing import Any

import httpx

from reprovena.errors import ProblemError

_EXCERPT = 300


def checked(response: httpx.Response) -> httpx.Response:
    """Let good answers pass and raise what the server said otherwise; the body must have been read."""
    if response.is_success:
        return response
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, Mapping) and ("type" in document or "title" in document or "detail" in document):
        raise ProblemError.of(document, response.status_code)
    said = f"HTTP {response.status_code} {response.reason_phrase}".strip()
    if response.is_redirect:
        detail = f"The server sends one on to {response.headers.get('location')}: is that the address to use?"
    else:
        detail = response.text.strip()[:_EXCERPT] or said
    raise ProblemError(status=response.status_code, title=said, detail=detail)


def document_of(response: httpx.Response) -> Mapping[str, Any]:
    """Read a JSON object."""
    checked(response)
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        detail = f"{response.url.copy_with(query=None)} does not answer as Reprovena does: is the address right?"
        raise ProblemError(status=response.status_code, title="Not an answer of Reprovena", detail=detail)
    return document


def bytes_of(response: httpx.Response) -> bytes:
    """Read the body as it is."""
    return checked(response).content
