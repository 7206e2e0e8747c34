"""The runner's way to the tokens."""

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from executor.tokens.store import Sealed
from executor.tokens.vault import Vault


class StoredTokens:
    """Opens an account's token when a call needs it."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], vault: Vault) -> None:
        self._sessions, self._vault = sessions, vault

    async def get(self, account: str) -> str | None:
        """The token of an account; nothing if it has stored none."""
        async with self._sessions() as session:
            sealed = await Sealed(session).get(account)
        return None if sealed is None else self._vault.open(account, sealed)
