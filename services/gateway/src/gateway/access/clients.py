"""Programs that people log in with, and services that log in themselves."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from gateway.access.passwords import PLAIN
from gateway.access.roles import AUDIENCE

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
Grant = Literal[
    "password",
    "refresh_token",
    "client_credentials",
    "authorization_code",
    "urn:ietf:params:oauth:grant-type:device_code",
]
GRANTS: tuple[Grant, ...] = (
    "authorization_code",
    "client_credentials",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
)
SCOPES = ("openid", "profile", "email", "roles", "offline_access")
SERVICE = "service-account-"
"""Begins the name of a service, as Keycloak calls them; no account of a person may begin so."""


class Client(BaseModel):
    """A program; one with a secret must name it, and may be a service that speaks in its own name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    """As the page calls it on which people let it in."""
    secret: str | None = None
    secret_hash: str | None = None
    grants: tuple[Grant, ...] = ("password", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code")
    audience: tuple[str, ...] = (AUDIENCE, "reprovena", "account")
    scopes: tuple[str, ...] = ("profile", "email", "roles")
    """What its tokens say without being asked."""
    optional: tuple[str, ...] = ("offline_access",)
    """What else it may ask for."""
    redirects: tuple[str, ...] = ("http://127.0.0.1", "http://localhost", "http://[::1]")
    """Where codes may go, any port and path of it: other places must be this machine, too."""
    groups: tuple[str, ...] = ()
    """Tenants that it acts for as a service."""
    roles: tuple[str, ...] = ()
    """Roles that it has as a service."""
    enabled: bool = True

    @property
    def stored(self) -> str | None:
        """What a secret is compared with; nothing for a program that cannot keep one."""
        return self.secret_hash if self.secret is None else PLAIN + self.secret

    def goes_to(self, redirect: str) -> bool:
        """Whether a code may be sent there: scheme and host are known, and nothing is hidden in the address."""
        try:
            there = urlsplit(redirect)
            port = there.port
        except ValueError:
            return False
        if there.username or there.password or there.fragment or not redirect.isprintable() or " " in redirect or port == 0:
            return False
        return f"{there.scheme}://{_bracketed(there.hostname or '')}" in self.redirects


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


_PAGE = Client(grants=("authorization_code", "refresh_token"))
_TOOL = Client(grants=(DEVICE, "refresh_token"))

KNOWN: dict[str, Client] = {
    "reprovena": Client(name="The reprovena command"),
    "api": Client(grants=("password", "refresh_token", "authorization_code")),
    "client-tools": _TOOL,
    "automated-access": _TOOL.model_copy(update={"scopes": ("profile", "email"), "optional": ("roles", "offline_access")}),
    "admin-tools": _TOOL,
    "integration-tests": Client(grants=("password", "refresh_token")),
    "landing-portal-ui": _PAGE,
    "data-store-ui": _PAGE,
    "entity-registry-ui": _PAGE,
    "provenance-store-ui": _PAGE,
}
"""The public programs of the realm that `deploy/k8s/files` holds. None has a secret; the file may change or disable each."""
