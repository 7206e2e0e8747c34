"""An account's own token: stored, asked after, removed. Nobody ever gets one back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from chassis.web import AsCaller, InHouse, Work
from contracts.ids import user_id
from executor.unit import ExecutorHouse, ExecutorUnit

router = APIRouter()
Unit = Annotated[ExecutorUnit, Work]
Here = Annotated[ExecutorHouse, InHouse]


class Given(BaseModel):
    """A token, on its way in."""

    token: SecretStr = Field(min_length=1, max_length=1024)


class Stored(BaseModel):
    """Whether a token is stored, and since when."""

    stored: bool
    updated: datetime | None = None


@router.get("/reana-token")
async def told(caller: AsCaller, unit: Unit) -> Stored:
    """Whether the caller has stored a token."""
    updated = await unit.tokens.updated(user_id(caller.issuer, caller.subject))
    return Stored(stored=updated is not None, updated=updated)


@router.put("/reana-token", status_code=204)
async def put(given: Given, caller: AsCaller, unit: Unit, house: Here) -> None:
    """Store the caller's token in the place of an earlier one; runs under way go on with it once it is their REANA user's."""
    account = user_id(caller.issuer, caller.subject)
    await unit.tokens.put(account, house.parts.vault.seal(account, given.token.get_secret_value()))


@router.delete("/reana-token", status_code=204)
async def remove(caller: AsCaller, unit: Unit) -> None:
    """Forget the caller's token; runs of theirs that are under way cannot be watched without one."""
    await unit.tokens.remove(user_id(caller.issuer, caller.subject))
