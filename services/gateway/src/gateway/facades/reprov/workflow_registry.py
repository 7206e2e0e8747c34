"""`/workflow_registry`: workflows, as ReProv registers and shows them."""

from uuid import UUID

from fastapi import APIRouter, Request

from contracts.ids import uuid7
from contracts.message import Caller, Command
from contracts.registry import DeleteWorkflow, RegisterWorkflow, UpdateWorkflow, Workflow
from contracts.vocabulary import JobStatus
from gateway.api.doors import Here
from gateway.api.forms import forgotten
from gateway.api.runs import ordered, workflow_of
from gateway.facades.reprov.doors import AsAdmin, AsMember, RegistryId, answers, serve, workflow_at
from gateway.facades.reprov.errors import LegacyRoute, NoError, missing
from gateway.facades.reprov.forms import InQuery, form_schema, needed, sent
from gateway.facades.reprov.printing import entry
from gateway.facades.reprov.shapes import Answer, Entry, Meant, WorkflowShown
from gateway.facades.reprov.texts import workflow_shown, workflows_shown
from gateway.unit import GatewayHouse

router = APIRouter(prefix="/workflow_registry", tags=["reprov: workflow registry"], route_class=LegacyRoute)


@serve(router, "GET", "/", summary="List workflows", responses=answers())
async def workflows(caller: AsMember, house: Here) -> Answer[list[WorkflowShown]]:
    """Workflows of your group, with their files."""
    found: list[Workflow] = []
    after: int | None = 0
    while after is not None:
        page = await house.parts.backends.registry.json(caller, "/legacy/workflows", {"after": after})
        found += [Workflow.model_validate(one) for one in page["items"]]
        after = page["next"]
    return Answer(message="Workflows successfully retrieved", data=await workflows_shown(house.files, found))


@serve(router, "GET", "/{registry_id:number}", summary="Show a workflow", responses=answers(404))
async def workflow(registry_id: RegistryId, caller: AsMember, house: Here) -> Answer[WorkflowShown]:
    """A workflow with its files."""
    found = await workflow_at(house, caller, registry_id)
    return Answer(message="Workflow was successfully retrieved", data=await workflow_shown(house.files, found))


@serve(
    router,
    "POST",
    "/register/",
    summary="Register a workflow",
    responses=answers(400, 409, 413, 415),
    openapi_extra=form_schema("spec_file"),
)
async def register(
    request: Request, caller: AsMember, house: Here, name: InQuery = None, version: InQuery = None
) -> Answer[Entry]:
    """Register a workflow under a name and a version, which are in the query or in the form; it is validated first."""
    async with sent(request, house, name=name, version=version) as told:
        title, number = needed(told.title)
        stored = await told.spec()
        if stored is None:
            raise missing("body", "spec_file")
        spec, made = stored
        async with forgotten(house, spec):
            inputs = await told.inputs()
    command = RegisterWorkflow(
        workflow=uuid7(),
        name=title,
        version=number,
        engine=made.engine,
        spec=spec,
        main=made.main,
        inputs=inputs,
        tenant=caller.tenants[0],
    )
    async with forgotten(house, spec, inputs):
        await _done(house, caller, command, command.workflow)
    there = await workflow_of(house, caller, command.workflow)
    return Answer(message="New Workflow was successfully registered", data=entry(there))


@serve(
    router,
    "PUT",
    "/update/{registry_id}",
    summary="Change a workflow",
    responses=answers(400, 404, 409, 413, 415),
    openapi_extra=form_schema(),
)
async def update(
    registry_id: RegistryId, request: Request, caller: AsMember, house: Here, name: InQuery = None, version: InQuery = None
) -> Answer[Meant]:
    """Change what is given; an empty input file removes the one that is there. Executions keep what they ran with."""
    there = await workflow_at(house, caller, registry_id)
    async with sent(request, house, name=name, version=version) as told:
        given = told.file("input_file")
        clear = given is not None and not given.size
        spec, made = await told.spec(before=there.main) or (None, None)
        async with forgotten(house, spec):
            inputs = None if clear else await told.inputs()
    command = UpdateWorkflow(
        workflow=there.id,
        name=told.title.name,
        version=told.title.version,
        engine=made.engine if made else None,
        spec=spec,
        main=made.main if made else None,
        inputs=inputs,
        clear_inputs=clear,
        tenant=there.tenant,
    )
    if not (told.title.name or told.title.version or spec or inputs or clear):
        return Answer(message="No workflows were updated", data=Meant(registry_id=registry_id))
    async with forgotten(house, spec, inputs):
        await _done(house, caller, command, there.id)
    return Answer(message="Workflow was succesfully updated", data=Meant(registry_id=registry_id))


@serve(router, "DELETE", "/delete/{registry_id}", summary="Remove a workflow", responses=answers(404, 409))
async def delete(registry_id: RegistryId, caller: AsAdmin, house: Here) -> Answer[Meant]:
    """Remove a workflow; its executions and their provenance stay."""
    there = await workflow_at(house, caller, registry_id)
    await _done(house, caller, DeleteWorkflow(workflow=there.id, tenant=there.tenant), there.id)
    return Answer(message="Workflow was succesfully deleted", data=Meant(registry_id=registry_id))


async def _done(house: GatewayHouse, caller: Caller, command: Command, workflow: UUID) -> None:
    """Send a command and wait until it is done; that it takes longer than a request may is told."""
    job = await ordered(house, caller, command, workflow, JobStatus.SUCCEEDED, house.settings.wait_limit)
    if not job.settled:
        raise NoError(503, "It is being worked on and not done yet; look again in a moment")
