"""`/workflow_execution/inputs` and `/outputs`: what an execution was given and what it left, as zips."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from contracts.vocabulary import RunStatus
from gateway.api.doors import Here
from gateway.api.ranges import disposition
from gateway.api.sending import zipped
from gateway.facades.reprov.doors import ById, ByNumber, answers, serve
from gateway.facades.reprov.errors import LegacyRoute, NoError
from gateway.facades.reprov.shapes import Answer, Execution
from gateway.unit import GatewayHouse

router = APIRouter(route_class=LegacyRoute)
ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
INPUTS: Mapping[int | str, dict[str, Any]] = {
    **answers(404, 409),
    200: {"model": Answer[dict[str, Any]], "content": ZIP, "description": "A zip, or an envelope if nothing was given"},
}
OUTPUTS: Mapping[int | str, dict[str, Any]] = {**answers(404, 409), 200: {"content": ZIP, "description": "A zip"}}
NOTHING = "Workflow does not have any input values (default were used)"


@serve(router, "GET", "/inputs/", summary="Download inputs, by name and number", responses=INPUTS, response_model=None)
async def inputs_by_number(found: ByNumber, house: Here) -> Answer[dict[str, Any]] | Response:
    """What a finished execution was given: `inputs.json` with its values, and its files."""
    return await _inputs(house, found)


@serve(router, "GET", "/inputs/{execution_id}", summary="Download inputs", responses=INPUTS, response_model=None)
async def inputs(found: ById, house: Here) -> Answer[dict[str, Any]] | Response:
    """What a finished execution was given: `inputs.json` with its values, and its files."""
    return await _inputs(house, found)


@serve(
    router,
    "GET",
    "/outputs/",
    summary="Download outputs, by name and number",
    responses=OUTPUTS,
    response_class=StreamingResponse,
)
async def outputs_by_number(found: ByNumber, house: Here) -> Response:
    """What a finished execution left, below `outputs/`."""
    return await _outputs(house, found)


@serve(
    router, "GET", "/outputs/{execution_id}", summary="Download outputs", responses=OUTPUTS, response_class=StreamingResponse
)
async def outputs(found: ById, house: Here) -> Response:
    """What a finished execution left, below `outputs/`."""
    return await _outputs(house, found)


async def _inputs(house: GatewayHouse, found: Execution) -> Answer[dict[str, Any]] | Response:
    _finished(found, "input")
    run = found.run
    if not run.parameters and not found.files:
        return Answer(message=NOTHING, data={})
    values = json.dumps(run.parameters, indent=2, sort_keys=True, ensure_ascii=False).encode()
    files = {f"inputs/{file.name}": file.content.key for file in found.files}
    return await _zip(house, "inputs.zip", {"inputs.json": values, **files})


async def _outputs(house: GatewayHouse, found: Execution) -> Response:
    _finished(found, "output")
    files = {f"outputs/{file.path}": file.stored for file in found.run.outputs if file.stored}
    return await _zip(house, "outputs.zip", files)


def _finished(found: Execution, kind: str) -> None:
    if found.run.status is not RunStatus.FINISHED:
        raise NoError(409, f"Workflow must be finished in order to download {kind} files")


async def _zip(house: GatewayHouse, name: str, contents: Mapping[str, str | bytes]) -> Response:
    for path, content in contents.items():
        if isinstance(content, str):
            try:
                await house.files.size(content)
            except FileNotFoundError:
                raise NoError(404, f"{path} is no longer kept") from None
    headers = {"Content-Disposition": disposition("attachment", name), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(zipped(house.files, contents.items()), headers=headers, media_type="application/zip")
