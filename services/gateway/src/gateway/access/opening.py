"""Whose tokens are believed: another issuer's, by its URL, or those of the small one in this process."""

import asyncio
from typing import TYPE_CHECKING

import httpx

from gateway.access.accounts import AccountsFile, begin
from gateway.access.issuer import Issuer, SigningKey, is_loopback
from gateway.access.tokens import FetchedKeys, OwnKeys, Tokens

if TYPE_CHECKING:
    from gateway.unit import GatewaySettings


async def open_access(settings: "GatewaySettings", http: httpx.AsyncClient) -> tuple[Tokens, Issuer | None]:
    """The judge of tokens, and our own issuer where no other is set."""
    if settings.issuer_url is not None:
        keys = FetchedKeys(settings.issuer_url, http, reached=settings.issuer_reached)
        return Tokens(keys, settings.token_audience), None
    if not is_loopback(settings.host):
        msg = (
            f"HOST={settings.host}: Reprovena's own issuer serves this machine only (127.0.0.1); "
            "to serve others, name an issuer of yours in ISSUER_URL"
        )
        raise ValueError(msg)
    issuer = await asyncio.to_thread(_own, settings)
    await issuer.accounts()
    return Tokens(OwnKeys(issuer), settings.token_audience), issuer


def _own(settings: "GatewaySettings") -> Issuer:
    path = settings.accounts_file or settings.state / "accounts.yaml"
    if settings.accounts_file is None:
        begin(path)
    return Issuer(
        SigningKey.at(settings.key("issuer.pem")),
        AccountsFile(path, ours=settings.accounts_file is None, demo=settings.demo_accounts),
        settings.token_lifetime,
        settings.refresh_lifetime,
    )
