"""Logging in with Keycloak as one of its demo users."""

import time
from collections.abc import Generator

import httpx

from tests.servers import server

LIFE = 120.0
"""Seconds for which a token is used; it lives longer."""


def token(name: str) -> str:
    """Log in (`user1` … `user5`)."""
    told = {
        "grant_type": "password",
        "client_id": "reprovena",
        "username": name,
        "password": name.replace("user", "password"),
    }
    answer = httpx.post(f"{server('keycloak_url')}/protocol/openid-connect/token", data=told, timeout=30)
    return str(answer.raise_for_status().json()["access_token"])


class Login(httpx.Auth):
    """A token that is renewed before it ends."""

    def __init__(self, name: str) -> None:
        self.name, self.token, self.until = name, "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put a fresh token on the request."""
        if time.monotonic() > self.until:
            self.token, self.until = token(self.name), time.monotonic() + LIFE
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request
