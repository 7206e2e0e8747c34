"""Where tokens are kept, sealed."""

from datetime import datetime

from sqlalchemy import Column, DateTime, LargeBinary, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, delete, select

from executor.tokens.vault import Vault


class TokenRow(SQLModel, table=True):
    """An account's REANA token."""

    __tablename__ = "tokens"
    __table_args__ = {"schema": "executor"}

    account: str = Field(primary_key=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Sealed:
    """The tokens in a transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, account: str) -> bytes | None:
        """An account's token, sealed."""
        return await self.session.scalar(select(TokenRow.sealed).where(TokenRow.account == account))

    async def updated(self, account: str) -> datetime | None:
        """When an account stored its token."""
        return await self.session.scalar(select(TokenRow.updated).where(TokenRow.account == account))

    async def put(self, account: str, sealed: bytes) -> None:
        """Keep a token; it takes the place of an earlier one."""
        row = insert(TokenRow).values(account=account, sealed=sealed, updated=func.now())
        await self.session.execute(
            row.on_conflict_do_update(index_elements=["account"], set_={"sealed": sealed, "updated": func.now()})
        )

    async def remove(self, account: str) -> None:
        """Keep none."""
        await self.session.execute(delete(TokenRow).where(col(TokenRow.account) == account))

    async def renew(self, vault: Vault) -> int:
        """Seal every token anew with the newest key; says how many there are."""
        rows = (await self.session.scalars(select(TokenRow).with_for_update())).all()
        for row in rows:
            row.sealed = vault.renew(row.account, row.sealed)
        return len(rows)
