"""Tokens: how one is had for a password, shown with each request, and renewed before it is too old."""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from reprovena.answers import checked
from reprovena.errors import ProblemError

CLIENT = "reprovena"
EARLY = 30.0
"""Seconds before its end at which a token is renewed, so that it does not die on the way."""


def token_path(realm: str) -> str:
    """Where the issuer gives tokens."""
    return f"/auth/realms/{realm}/protocol/openid-connect/token"


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


def password_grant(user: str, password: str, client: str = CLIENT) -> dict[str, str]:
    """The form that buys a token for a password."""
    return {"grant_type": "password", "client_id": client, "username": user, "password": password, "scope": "openid"}


def refresh_grant(refresh_token: str, client: str = CLIENT) -> dict[str, str]:
    """The form that buys a new token for a refresh token."""
    return {"grant_type": "refresh_token", "client_id": client, "refresh_token": refresh_token}


class Bearer(httpx.Auth):
    """Shows the token with each request, and renews it in time or when it is refused."""

    def __init__(
        self,
        tokens: Tokens,
        url: httpx.URL,
        *,
        keep: Callable[[Tokens], None] | None = None,
        client: str = CLIENT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the tokens, the token endpoint, and what is to be told of new tokens."""
        self.tokens = tokens
        self._url, self._keep, self._client, self._clock = url, keep, client, clock

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Renew a token that is about to end, show it, and try once more with a new one if it is refused."""
        renewed = False
        if self._old() and self.tokens.refresh_token:
            renewed = self._take((yield self._renewal()))
        request.headers["Authorization"] = f"Bearer {self.tokens.token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and not renewed and self.tokens.refresh_token:
            response.read()
            self._take((yield self._renewal()))
            # Also if there is no new token: the last answer of this flow is the one that the caller gets.
            request.headers["Authorization"] = f"Bearer {self.tokens.token}"
            yield request

    def _old(self) -> bool:
        return self.tokens.expires_at is not None and self.tokens.expires_at - EARLY < self._clock()

    def _renewal(self) -> httpx.Request:
        return httpx.Request("POST", self._url, data=refresh_grant(self.tokens.refresh_token or "", self._client))

    def _take(self, response: httpx.Response) -> bool:
        response.read()
        try:
            fresh = read_tokens(response, self._clock())
        except ProblemError:
            # The request goes on with the token there is: its own refusal says more than this one.
            return False
        self.tokens = fresh if fresh.refresh_token else Tokens(fresh.token, self.tokens.refresh_token, fresh.expires_at)
        if self._keep:
            self._keep(self.tokens)
        return True
