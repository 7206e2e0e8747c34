"""Whose token opens REANA."""

from typing import Protocol

from chassis.refusal import Trouble, refuse
from executor.runner.settings import RunnerSettings


class Wallet(Protocol):
    """Where accounts keep their REANA tokens."""

    async def get(self, account: str) -> str | None:
        """The token of an account; nothing if it has stored none. `ValueError` if what is stored cannot be read."""
        ...


class NoWallet:
    """Nobody has a token of one's own."""

    async def get(self, account: str) -> str | None:  # noqa: ARG002
        """Nothing."""
        return None


class Tokens:
    """Tokens of accounts, and the platform's own."""

    def __init__(self, settings: RunnerSettings, wallet: Wallet) -> None:
        self._own, self._wallet = settings.reana_access_token.get_secret_value(), wallet

    async def choose(self, account: str | None) -> str | None:
        """Whose token a run of this account is submitted with: its own (answers the account) or the platform's (nothing)."""
        try:
            return account if account is not None and await self._wallet.get(account) is not None else None
        except ValueError:
            told = "your stored REANA token can no longer be read; store it again: PUT /v1/reana-token"
            raise refuse("executor:no-reana-token", told) from None

    async def of(self, account: str | None) -> str:
        """The token of an account; for nothing, the platform's own."""
        try:
            token = self._own if account is None else await self._wallet.get(account)
        except ValueError as error:  # it comes to rights when the token is stored again, or its key is back
            raise Trouble(f"{account}: {error}") from None
        if not token:
            whose = (
                "the platform has no REANA token (REANA_ACCESS_TOKEN)" if account is None else f"no REANA token of {account}"
            )
            raise Trouble(whose)
        return token

    def any(self) -> str | None:
        """The platform's own token, if there is one."""
        return self._own or None
