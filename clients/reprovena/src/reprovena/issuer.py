"""The issuer of tokens: where its doors are, and what is said there (RFC 6749, 7009, 8414, 8628)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx

from reprovena.address import address
from reprovena.answers import checked, document_of
from reprovena.calls import Call
from reprovena.errors import ProblemError
from reprovena.models import number, text, words
from reprovena.tokens import CLIENT, Tokens, read_tokens

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True)
class Endpoints:
    """An issuer's doors, laid out as Keycloak lays them out until its discovery says otherwise."""

    issuer: str
    token: str
    device: str
    revocation: str

    @classmethod
    def beside(cls, url: str, realm: str) -> "Endpoints":
        """The issuer that a platform has at its own address."""
        return cls.of_issuer(f"{url}/auth/realms/{realm}")

    @classmethod
    def of_issuer(cls, url: str) -> "Endpoints":
        """An issuer elsewhere."""
        issuer = str(address(url)).rstrip("/")
        start = f"{issuer}/protocol/openid-connect"
        return cls(issuer, f"{start}/token", f"{start}/auth/device", f"{start}/revoke")


@dataclass(frozen=True)
class DeviceCode:
    """What a person needs to approve a login on another device."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: float
    interval: float


def discovery(known: Endpoints) -> Call[Endpoints]:
    """Ask an issuer for its doors."""

    def read(response: httpx.Response) -> Endpoints:
        if response.status_code == httpx.codes.NOT_FOUND:
            detail = f"There is no issuer of tokens at {known.issuer}; name the one that the platform trusts."
            raise ProblemError(status=404, title="No such issuer", detail=detail, type="no_issuer")
        document = document_of(response)
        if not document.get("device_authorization_endpoint"):
            detail = f"{known.issuer} lets nobody log in by a device."
            raise ProblemError(status=400, title="Not offered", detail=detail, type="no_device_grant")
        return replace(
            known,
            token=text(document, "token_endpoint") or known.token,
            device=text(document, "device_authorization_endpoint"),
            revocation=text(document, "revocation_endpoint") or known.revocation,
        )

    return Call("GET", f"{known.issuer}/.well-known/openid-configuration", read)


def device(endpoints: Endpoints, client: str = CLIENT) -> Call[DeviceCode]:
    """Ask for a code that somebody may approve."""

    def read(response: httpx.Response) -> DeviceCode:
        if not response.is_success:
            read_tokens(response, time.time())  # it says why in the shape of a token endpoint
        document = document_of(response)
        return DeviceCode(
            device_code=text(document, "device_code"),
            user_code=text(document, "user_code"),
            verification_uri=text(document, "verification_uri"),
            verification_uri_complete=words(document.get("verification_uri_complete")),
            expires_in=float(number(document.get("expires_in")) or 600),
            interval=float(number(document.get("interval")) or 5),
        )

    return Call("POST", endpoints.device, read, form={"client_id": client, "scope": "openid"})


def token(endpoints: Endpoints, form: Mapping[str, str]) -> Call[Tokens]:
    """Ask for a token."""
    return Call("POST", endpoints.token, lambda answer: read_tokens(answer, time.time()), form=form)


def revocation(endpoints: Endpoints, refresh_token: str, client: str = CLIENT) -> Call[None]:
    """Ask for a token to be forgotten."""
    form = {"client_id": client, "token": refresh_token, "token_type_hint": "refresh_token"}

    def read(response: httpx.Response) -> None:
        checked(response)

    return Call("POST", endpoints.revocation, read, form=form)


def password_grant(user: str, password: str, client: str = CLIENT) -> dict[str, str]:
    """The form that buys a token for a password."""
    return {"grant_type": "password", "client_id": client, "username": user, "password": password, "scope": "openid"}


def client_grant(client: str, secret: str) -> dict[str, str]:
    """The form that buys a token for a service's secret."""
    return {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, "scope": "openid"}


def device_grant(device_code: str, client: str = CLIENT) -> dict[str, str]:
    """The form that buys a token for an approved code."""
    return {"grant_type": DEVICE, "client_id": client, "device_code": device_code}
