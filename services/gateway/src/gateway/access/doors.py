"""What every address of the issuer may ask for: the issuer, where it is, and that this machine asks."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from chassis.refusal import refuse
from chassis.web import InHouse
from gateway.access.accounts import REALM
from gateway.access.issuer import Issuer, is_loopback
from gateway.unit import GatewayHouse

House = Annotated[GatewayHouse, InHouse]


def _issuer(house: House) -> Issuer:
    """Our own issuer; not there where another one is set."""
    issuer = house.parts.issuer
    if issuer is None:
        raise refuse("gateway:not-found", f"the issuer is {house.settings.issuer_url}")
    return issuer


Here = Annotated[Issuer, Depends(_issuer)]


def _near(request: Request) -> None:
    """Pages are for browsers of this machine under its own name, so that no other site's name leads here (DNS rebinding)."""
    if not is_loopback(request.url.hostname or ""):
        raise refuse("gateway:not-found", "this page is there under 127.0.0.1 and localhost only")


Near = Depends(_near)


async def base(request: Request, issuer: Issuer) -> str:
    """The realm's address as whoever asks reaches it; the issuer's name stays the same wherever that is."""
    if is_loopback(request.url.hostname or ""):
        return f"{request.base_url}auth/realms/{REALM}"
    return (await issuer.accounts()).issuer


PAGE: dict[str, Any] = {"include_in_schema": False, "response_class": HTMLResponse, "response_model": None}
"""Pages are for people; the documentation of the API leaves them out."""
