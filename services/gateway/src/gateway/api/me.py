"""Who the platform thinks you are."""

from fastapi import APIRouter

from contracts.message import Caller
from gateway.api.doors import AsUser, problems

router = APIRouter(prefix="/v1", tags=["me"])


@router.get("/me", summary="Who am I", responses=problems())
async def me(caller: AsUser) -> Caller:
    """The account behind the token, and the tenants that it may act for."""
    return caller
