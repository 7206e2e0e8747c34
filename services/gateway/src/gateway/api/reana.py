"""One's own REANA token: it goes straight to the executor, which keeps it encrypted; no message ever holds it."""

import re
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr, field_validator

from gateway.api.doors import AsUser, Here, problems

TOKEN = re.compile(r"[\x21-\x7e]+")
router = APIRouter(prefix="/v1/reana-token", tags=["me"])


class TokenGiven(BaseModel):
    """A token, as REANA's own page shows it."""

    token: SecretStr = Field(min_length=1, max_length=1024, json_schema_extra={"pattern": "^[!-~]+$"})

    @field_validator("token")
    @classmethod
    def _letters(cls, token: SecretStr) -> SecretStr:
        if not TOKEN.fullmatch(token.get_secret_value()):
            msg = "has characters that no token has"
            raise ValueError(msg)
        return token


class TokenStored(BaseModel):
    """Whether a token is stored, and since when. Nobody gets it back."""

    stored: bool
    updated: datetime | None = None


@router.get("", summary="Is my REANA token stored", responses=problems())
async def told(caller: AsUser, house: Here) -> TokenStored:
    """Whether the platform has a REANA token of yours; without one, your runs use the platform's own, if it has one."""
    return TokenStored.model_validate(await house.parts.backends.executor.json(caller, "/reana-token"))


@router.put("", status_code=204, summary="Store my REANA token", responses=problems(400))
async def put(given: TokenGiven, caller: AsUser, house: Here) -> None:
    """Your runs are submitted to REANA in your own name from now on; storing another token replaces the first."""
    body = {"token": given.token.get_secret_value()}
    await house.parts.backends.executor.call(caller, "PUT", "/reana-token", json=body)


@router.delete("", status_code=204, summary="Forget my REANA token", responses=problems())
async def remove(caller: AsUser, house: Here) -> None:
    """What of yours runs on REANA cannot be watched, fetched or stopped without it."""
    await house.parts.backends.executor.call(caller, "DELETE", "/reana-token")
