"""The other services' AsyncAPI pages, for readers who can reach only the gateway."""

from typing import Any, Literal

import httpx
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chassis.refusal import refuse
from gateway.api.doors import Here, problems

router = APIRouter(prefix="/asyncapi", tags=["documents"])


@router.get("/{service}.json", summary="What a service hears and says", responses=problems(503))
async def asyncapi(service: Literal["registry", "executor", "provenance"], house: Here) -> JSONResponse:
    """The AsyncAPI 3 document of a service, as the service itself gives it; the gateway's own is `/asyncapi.json`."""
    backend = getattr(house.parts.backends, service)
    try:
        answer: httpx.Response = await backend.http.get("/asyncapi.json")
        page: Any = answer.raise_for_status().json()
    except httpx.HTTPError as error:
        raise refuse("gateway:unavailable", f"the {service} does not answer; try again in a moment") from error
    return JSONResponse(page)
