"""Tokens: how one is had for a password, shown with each request, and renewed before it is too old."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from reprovena.answers import checked
from reprovena.errors import ProblemError

CLIENT = "reprovena"
EARLY = 30.0
"""Seconds before its end at which a token is renewed, so that it does not die on the way."""


@dataclass(frozen=True)
class Tokens:
    """A bearer token, what renews it, and when it ends (seconds since 1970)."""

    token: str
    refresh_token: str | None = None
    expires_at: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any], now: float) -> "Tokens":
        """Read a token endpoint's answer."""
        life = document.get("expires_in")
        return cls(
            token=str(document["access_token"]),
            refresh_token=document.get("refresh_token"),
            expires_at=now + life if isinstance(life, int | float) else None,
        )


def read_tokens(response: httpx.Response, now: float) -> Tokens:
    """Read a token endpoint's answer, or raise what it says (OAuth's own error shape, RFC 6749 §5.2)."""
    document: object = None
    try:
        document = response.json()
    except ValueError:
        checked(response)
    if isinstance(document, Mapping) and "access_token" in document:
        return Tokens.of(document, now)
    if isinstance(document, Mapping) and "error" in document:
        wrong = document["error"] == "invalid_grant"
        detail = document.get("error_description") or (
            "The name or the password is wrong." if wrong else str(document["error"])
        )
        raise ProblemError(
            status=response.status_code, title="No token", detail=str(detail), type=str(document["error"]), document=document
        )
    checked(response)
    raise ProblemError(status=response.status_code, title="No token", detail="The issuer's answer holds no token.")


def refresh_grant(refresh_token: str, client: str = CLIENT) -> dict[str, str]:
    """The form that buys a new token for a refresh token."""
    return {"grant_type": "refresh_token", "client_id": client, "refresh_token": refresh_token}
