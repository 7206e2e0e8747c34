"""Whose tokens are believed: another issuer's, by its URL, or those of the small one in this process."""

import asyncio
from typing import TYPE_CHECKING

import httpx

from gateway.access.accounts import AccountsFile, begin
from gateway.access.issuer import Issuer, Work, is_loopback
from gateway.access.roles import AUDIENCE
from gateway.access.signing import Keyring, SigningKey
from gateway.access.tokens import FetchedKeys, OwnKeys, Tokens

if TYPE_CHECKING:
    from gateway.unit import GatewaySettings


async def open_access(settings: "GatewaySettings", http: httpx.AsyncClient, work: Work) -> tuple[Tokens, Issuer | None]:
    """The judge of tokens, and our own issuer where no other is set."""
    if settings.issuer_url is not None:
        keys = FetchedKeys(settings.issuer_url, http, reached=settings.issuer_reached)
        return Tokens(keys, settings.token_audience, settings.role_clients), None
    if not is_loopback(settings.host):
        msg = (
            f"HOST={settings.host}: Reprovena's own issuer serves this machine only (127.0.0.1); "
            "to serve others, name an issuer of yours in ISSUER_URL"
        )
        raise ValueError(msg)
    issuer = await asyncio.to_thread(_own, settings, work)
    await issuer.accounts()
    return Tokens(OwnKeys(issuer), settings.token_audience or AUDIENCE, settings.role_clients), issuer


def keyring(settings: "GatewaySettings") -> Keyring:
    """Where the keys of our own issuer are."""
    return Keyring(settings.key("issuer.pem"), settings.token_lifetime, settings.signing_key_days)


def _own(settings: "GatewaySettings", work: Work) -> Issuer:
    path = settings.accounts_file or settings.state / "accounts.yaml"
    if settings.accounts_file is None:
        begin(path)
    ring = keyring(settings)
    SigningKey.at(ring.path)
    return Issuer(
        ring,
        AccountsFile(path, ours=settings.accounts_file is None, demo=settings.demo_accounts),
        work,
        settings.token_lifetime,
        settings.refresh_lifetime,
        settings.offline_lifetime,
    )
