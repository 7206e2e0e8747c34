"""Workflows: register, look, change, remove."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from chassis.refusal import refuse
from contracts.ids import uuid7
from contracts.lists import WorkflowsAsked
from contracts.message import Caller
from contracts.problem import FieldError
from contracts.registry import DeleteWorkflow, RegisterWorkflow, UpdateWorkflow, Workflow
from contracts.vocabulary import JobStatus
from gateway.access.roles import tenant_for
from gateway.api.conditions import ETAG, NOT_MODIFIED, IfMatch, IfNoneMatch, demand, overtaken, revision_tag, shown
from gateway.api.doors import AsUser, Here, Page, Wait, problems
from gateway.api.forms import (
    Change,
    Registration,
    digests,
    fields_of,
    file_of,
    forgotten,
    form_of,
    form_schema,
    stored_inputs,
    stored_spec,
)
from gateway.api.links import to_job, to_workflow
from gateway.api.lists import LINKED, linked
from gateway.api.once import AsOnce
from gateway.api.runs import ordered
from gateway.api.sending import send_file
from gateway.api.shapes import JobAccepted, JobView
from gateway.jobs.model import Job
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/v1/workflows", tags=["workflows"])
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": JobAccepted, "description": "Not done yet: the job that follows it", "links": to_job()}
}
MADE: dict[int | str, dict[str, Any]] = {
    201: {
        "headers": ETAG | {"Location": {"description": "Where it is", "schema": {"type": "string"}}},
        "links": to_workflow("$response.body#/id"),
    }
}


@router.post(
    "",
    status_code=201,
    summary="Register a workflow",
    responses=problems(400, 403, 409, 413, 415) | ACCEPTED | MADE,
    response_model=Workflow,
    openapi_extra=form_schema(Registration, ["name", "version", "spec"]),
)
async def register(request: Request, caller: AsUser, house: Here, within: Wait, once: AsOnce) -> Response:
    """Register a workflow (a .cwl, .yaml or .json file, or a .zip of it and the files it names); it is validated first."""
    async with form_of(request, house) as form:
        told = fields_of(Registration, form)
        tenant = tenant_for(caller, told.tenant)
        spec_file = file_of(form, "spec")
        if spec_file is None:
            raise refuse("gateway:invalid", "the specification is missing", FieldError(detail="is needed", field="spec"))

        async def begin() -> Job:
            spec, made = await stored_spec(house, spec_file, told.engine, told.main, None)
            async with forgotten(house, spec):
                inputs = await stored_inputs(house, form)
            command = RegisterWorkflow(
                workflow=uuid7(),
                name=told.name,
                version=told.version,
                engine=made.engine,
                spec=spec,
                main=made.main,
                inputs=inputs,
                model_run=told.model_run,
                tenant=tenant,
            )
            async with forgotten(house, spec, inputs):
                return await ordered(house, caller, command, command.workflow, JobStatus.SUCCEEDED, within, once)

        async def answer(job: Job) -> Response:
            return await _answer(house, caller, job, 201)

        asked = f"register {tenant} {told.said()} {await digests(form)}"
        return await once.do(asked, begin, JobStatus.SUCCEEDED, answer)


@router.get("", summary="List workflows", responses=problems() | {200: LINKED})
async def workflows(
    request: Request, answer: Response, caller: AsUser, house: Here, asked: Annotated[WorkflowsAsked, Query()]
) -> Page[Workflow]:
    """Workflows of your tenants."""
    query = asked.model_dump(mode="json", exclude_none=True)
    found = Page[Workflow].model_validate(await house.parts.backends.registry.json(caller, "/workflows", query))
    linked(request, answer, found.next)
    return found


@router.get(
    "/{workflow}",
    summary="Show a workflow",
    responses=problems(404) | {200: {"headers": ETAG}, **NOT_MODIFIED},
    response_model=Workflow,
)
async def workflow(
    workflow: UUID, request: Request, caller: AsUser, house: Here, _if_none_match: IfNoneMatch = None
) -> Response:
    """A workflow, with the parameters it takes; its revision is the ETag."""
    found = await _find(house, caller, workflow)
    return shown(request, found, revision_tag(found.revision))


@router.get(
    "/{workflow}/specification",
    summary="Download a specification",
    responses=problems(404) | {200: {"content": {"application/zip": {}}, "description": "The bundle"}},
    response_class=StreamingResponse,
)
async def specification(workflow: UUID, request: Request, caller: AsUser, house: Here) -> Response:
    """The specification and the files it names, as a zip."""
    found = await _find(house, caller, workflow)
    return await send_file(
        request, house.files, found.spec, f"{found.name}-{found.version}.zip", missing="registry:no-such-workflow"
    )


@router.patch(
    "/{workflow}",
    summary="Change a workflow",
    responses=problems(400, 404, 409, 412, 413, 415) | ACCEPTED,
    response_model=Workflow,
    openapi_extra=form_schema(Change, []),
)
async def update(
    workflow: UUID,
    request: Request,
    caller: AsUser,
    house: Here,
    within: Wait,
    if_match: IfMatch = None,
) -> Response:
    """Change what the form names; runs keep the specification that they ran with."""
    there = await _find(house, caller, workflow)
    spec, made = None, None
    async with form_of(request, house) as form:
        told = fields_of(Change, form)
        guarded = demand(if_match, revision_tag(there.revision))
        if (spec_file := file_of(form, "spec")) is not None:
            spec, made = await stored_spec(house, spec_file, told.engine, told.main, there.main)
        async with forgotten(house, spec):
            inputs = await stored_inputs(house, form)
    command = UpdateWorkflow(
        workflow=workflow,
        name=told.name,
        version=told.version,
        engine=made.engine if made else told.engine,
        spec=spec,
        main=made.main if made else told.main,
        inputs=inputs,
        clear_inputs=told.clear_inputs,
        model_run=told.model_run,
        clear_model_run=told.clear_model_run,
        expected_revision=there.revision if guarded else told.expected_revision,
        tenant=there.tenant,
    )
    with overtaken(guarded=guarded):
        async with forgotten(house, spec, inputs):
            job = await ordered(house, caller, command, workflow, JobStatus.SUCCEEDED, within)
    return await _answer(house, caller, job, 200)


@router.delete(
    "/{workflow}",
    status_code=204,
    summary="Remove a workflow",
    responses=problems(404, 409, 412) | ACCEPTED,
    response_model=None,
)
async def delete(
    workflow: UUID, caller: AsUser, house: Here, within: Wait, answer: Response, if_match: IfMatch = None
) -> JobAccepted | None:
    """Remove a workflow; its runs and their provenance stay."""
    there = await _find(house, caller, workflow)
    guarded = demand(if_match, revision_tag(there.revision))
    expected = there.revision if guarded else None
    command = DeleteWorkflow(workflow=workflow, tenant=there.tenant, expected_revision=expected)
    with overtaken(guarded=guarded):
        job = await ordered(house, caller, command, workflow, JobStatus.SUCCEEDED, within)
    if job.settled:
        return None
    answer.status_code = 202
    return JobAccepted(job=JobView.of(job))


async def _find(house: GatewayHouse, caller: Caller, workflow: UUID) -> Workflow:
    return Workflow.model_validate(await house.parts.backends.registry.json(caller, f"/workflows/{workflow}"))


async def _answer(house: GatewayHouse, caller: Caller, job: Job, status: int) -> Response:
    """The workflow if its job is settled, the job if not."""
    if not job.settled or job.about is None:
        return JSONResponse(JobAccepted(job=JobView.of(job)).model_dump(mode="json"), 202, {"Location": f"/v1/jobs/{job.id}"})
    found = await _find(house, caller, job.about)
    headers = {"Location": f"/v1/workflows/{found.id}", "ETag": revision_tag(found.revision)}
    return JSONResponse(found.model_dump(mode="json"), status, headers)
