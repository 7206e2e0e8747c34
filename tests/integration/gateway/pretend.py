"""A registry, an executor and provenance that only pretend, on the real bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chassis.house import House
from chassis.refusal import refuse
from chassis.service import Service, Subscription
from chassis.unit import Unit
from chassis.web import AsCaller, InHouse
from contracts.executor import (
    DeleteRun,
    FileSeen,
    RestartRun,
    Run,
    RunDeleted,
    RunQueued,
    RunStopped,
    StartRun,
    Step,
    StopRun,
)
from contracts.ids import user_id
from contracts.lineage import FileUse
from contracts.refusals import (
    ExecutorCommandRefused,
    ExecutorDeliveryParked,
    ProvenanceCommandRefused,
    ProvenanceDeliveryParked,
    RegistryCommandRefused,
    RegistryDeliveryParked,
)
from contracts.registry import (
    DeleteWorkflow,
    Parameter,
    RegisterWorkflow,
    UpdateWorkflow,
    Workflow,
    WorkflowDeleted,
    WorkflowRegistered,
    WorkflowUpdated,
)
from contracts.vocabulary import RunStatus
from gateway.unit import GatewaySettings


@dataclass
class World:
    """What the pretending services know."""

    workflows: dict[UUID, Workflow] = field(default_factory=dict)
    runs: dict[UUID, Run] = field(default_factory=dict)
    orders: list[StartRun] = field(default_factory=list)
    outputs: dict[UUID, list[FileSeen]] = field(default_factory=dict)
    steps: dict[UUID, list[Step]] = field(default_factory=dict)
    changes: dict[UUID, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    walked: list[str] = field(default_factory=list)
    """Questions for lineage."""
    looked: int = 0
    """Times that somebody asked for changes."""
    deaf: bool = False
    """Whether commands are heard and not answered."""


@asynccontextmanager
async def _the_world(house: House[World]) -> AsyncIterator[World]:
    yield house.settings.world


class Settings(GatewaySettings):
    """With the world inside."""

    world: Any = None


WorldHouse = Annotated[House[World], InHouse]


def registry() -> Service:
    router = APIRouter()

    @router.get("/workflows")
    async def listed(caller: AsCaller, house: WorldHouse, limit: int = 50) -> dict[str, Any]:
        found = [w.model_dump(mode="json") for w in house.parts.workflows.values() if w.tenant in caller.tenants]
        return {"items": found[:limit], "next": None}

    @router.get("/workflows/{workflow}")
    async def fetched(workflow: UUID, caller: AsCaller, house: WorldHouse) -> Workflow:
        found = house.parts.workflows.get(workflow)
        if found is None or found.tenant not in caller.tenants:
            raise refuse("registry:no-such-workflow", f"no workflow {workflow}")
        return found

    async def register_workflow(command: RegisterWorkflow, unit: Unit[World]) -> None:
        if unit.parts.deaf:
            return
        if any((w.name, w.version) == (command.name, command.version) for w in unit.parts.workflows.values()):
            raise refuse("registry:duplicate-workflow", f"{command.name}:{command.version} is taken")
        told = command.model_dump(include={"tenant", "name", "version", "engine", "spec", "main", "inputs"})
        assert command.caller
        made = Workflow(
            id=command.workflow,
            handle="10378.1/1",
            owner=user_id(command.caller.issuer, command.caller.subject),
            parameters=(Parameter(name="data", type="File"), Parameter(name="n", type="int?", required=False)),
            **told,
        )
        unit.parts.workflows[made.id] = made
        await unit.publish(WorkflowRegistered(workflow=made, job=command.job, tenant=made.tenant))

    async def update_workflow(command: UpdateWorkflow, unit: Unit[World]) -> None:
        old = unit.parts.workflows[command.workflow]
        if command.expected_revision not in {None, old.revision}:
            raise refuse("gateway:conflict", "somebody changed it")
        change = command.model_dump(include={"name", "version", "engine", "spec", "main", "inputs"}, exclude_none=True)
        new = Workflow.model_validate(old.model_dump() | change | {"revision": old.revision + 1})
        unit.parts.workflows[new.id] = new
        await unit.publish(WorkflowUpdated(workflow=new, job=command.job, tenant=new.tenant))

    async def delete_workflow(command: DeleteWorkflow, unit: Unit[World]) -> None:
        gone = unit.parts.workflows.pop(command.workflow)
        await unit.publish(WorkflowDeleted(workflow=gone, job=command.job, tenant=gone.tenant))

    return Service(
        name="registry",
        package="registry",
        unit=Unit,
        settings=GatewaySettings,
        open=_the_world,
        refused=RegistryCommandRefused,
        parked=RegistryDeliveryParked,
        routes=(router,),
        subscriptions=(
            Subscription(RegisterWorkflow, register_workflow),
            Subscription(UpdateWorkflow, update_workflow),
            Subscription(DeleteWorkflow, delete_workflow),
        ),
    )


async def begun(command: StartRun | RestartRun, unit: Unit[World], run: Run) -> None:
    unit.parts.runs[run.id] = run
    await unit.publish(RunQueued(run=run, job=command.job, tenant=run.tenant, caller=command.caller))


async def start_run(command: StartRun, unit: Unit[World]) -> None:
    unit.parts.orders.append(command)
    assert command.caller
    assert command.tenant
    run = Run(
        id=command.run,
        tenant=command.tenant,
        name=f"{command.workflow.name}:{command.workflow.version}",
        job=command.job,
        number="1",
        workflow=command.workflow,
        status=RunStatus.QUEUED,
        owner=user_id(command.caller.issuer, command.caller.subject),
        owner_name=command.caller.name,
        parameters=command.parameters,
        created=datetime.now(UTC),
    )
    await begun(command, unit, run)


async def restart_run(command: RestartRun, unit: Unit[World]) -> None:
    old = unit.parts.runs[command.of]
    more = {"id": command.run, "number": "1.1", "restart_of": old.id, "job": command.job}
    await begun(command, unit, old.model_copy(update=more))


async def stop_run(command: StopRun, unit: Unit[World]) -> None:
    old = unit.parts.runs[command.run]
    if old.status is not RunStatus.QUEUED:
        raise refuse("executor:wrong-status", f"it is {old.status}")
    run = old.model_copy(update={"status": RunStatus.STOPPED})
    unit.parts.runs[run.id] = run
    await unit.publish(RunStopped(run=run, job=run.job, tenant=run.tenant))


async def delete_run(command: DeleteRun, unit: Unit[World]) -> None:
    run = unit.parts.runs.pop(command.run)
    await unit.publish(RunDeleted(run=run, tenant=run.tenant))


def executor() -> Service:
    router = APIRouter()

    def seen(house: House[World], caller: Any, run: UUID) -> Run:
        found = house.parts.runs.get(run)
        if found is None or found.tenant not in caller.tenants:
            raise refuse("executor:no-such-run", f"no run {run}")
        return found

    @router.get("/legacy/runs/numbered")
    async def execution(name: str, number: str, caller: AsCaller, house: WorldHouse) -> dict[str, Any]:
        there = house.parts.runs.values()
        (run,) = [r for r in there if (r.name, str(r.number)) == (name, number) and r.tenant in caller.tenants]
        outputs = tuple(house.parts.outputs.get(run.id, []))
        return {"run": run.model_copy(update={"outputs": outputs}).model_dump(mode="json"), "steps": []}

    @router.get("/legacy/runs")
    async def numbered(caller: AsCaller, house: WorldHouse) -> dict[str, Any]:
        there = [r.model_dump(mode="json") for r in house.parts.runs.values() if r.tenant in caller.tenants]
        return {"items": [{"run": run, "steps": []} for run in there], "next": None}

    @router.get("/runs")
    async def listed(caller: AsCaller, house: WorldHouse) -> dict[str, Any]:
        return {"items": [r.model_dump(mode="json") for r in house.parts.runs.values() if r.tenant in caller.tenants]}

    @router.get("/runs/{run}")
    async def fetched(run: UUID, caller: AsCaller, house: WorldHouse) -> Run:
        return seen(house, caller, run)

    @router.get("/runs/{run}/steps")
    async def steps(run: UUID, caller: AsCaller, house: WorldHouse) -> dict[str, Any]:
        seen(house, caller, run)
        return {"items": [one.model_dump(mode="json") for one in house.parts.steps.get(run, [])]}

    @router.get("/runs/{run}/outputs")
    async def outputs(run: UUID, caller: AsCaller, house: WorldHouse) -> dict[str, Any]:
        seen(house, caller, run)
        return {"items": [one.model_dump(mode="json") for one in house.parts.outputs.get(run, [])]}

    @router.get("/runs/{run}/changes")
    async def changes(run: UUID, caller: AsCaller, house: WorldHouse, after: int = 0, wait: float = 0) -> dict[str, Any]:
        ended = seen(house, caller, run).status in {RunStatus.FINISHED, RunStatus.STOPPED}
        house.parts.looked += 1
        if not ended and wait:
            await asyncio.sleep(0.2)
        return {"items": [one for one in house.parts.changes.get(run, []) if one["seq"] > after], "ended": ended}

    return Service(
        name="executor",
        package="executor",
        unit=Unit,
        settings=GatewaySettings,
        open=_the_world,
        refused=ExecutorCommandRefused,
        parked=ExecutorDeliveryParked,
        routes=(router,),
        subscriptions=(
            Subscription(StartRun, start_run),
            Subscription(RestartRun, restart_run),
            Subscription(StopRun, stop_run),
            Subscription(DeleteRun, delete_run),
        ),
    )


def provenance() -> Service:
    router = APIRouter()

    @router.get("/lineage")
    async def lineage(caller: AsCaller, house: WorldHouse, request: Request, id: str, direction: str) -> dict[str, Any]:
        house.parts.walked.append(str(request.url.query))
        node = {"id": id, "category": "ENTITY", "subtype": "FILE", "label": direction, "attributes": {}, "restricted": False}
        return {"root": id, "nodes": [node], "links": [], "truncated": False}

    @router.get("/document")
    async def document(caller: AsCaller, house: WorldHouse, record: str, format: str) -> Response:
        house.parts.asked.append(f"{record} {format}")
        return Response(b"document", media_type="text/turtle" if format == "turtle" else "application/json")

    @router.get("/path")
    async def path(caller: AsCaller, source: str, target: str) -> dict[str, Any]:
        link = {"source": source, "target": target, "relation": "used"}
        return {"root": source, "nodes": [], "links": [link], "truncated": False}

    @router.get("/files")
    async def files(caller: AsCaller, sha256: str, limit: int, after: str | None = None) -> dict[str, Any]:
        use = dict.fromkeys(FileUse.model_fields) | {"file": sha256, "path": after or "first", "tenant": caller.tenants[0]}
        return {"items": [use], "next": None if after else "second"}

    @router.get("/drawing")
    @router.post("/lineage/drawing")
    @router.post("/lineage/document")
    async def other(caller: AsCaller, house: WorldHouse, request: Request) -> Response:
        house.parts.asked.append(f"{request.url.path} {request.url.query}")
        return Response(b"bytes", media_type="image/svg+xml")

    return Service(
        name="provenance",
        package="provenance",
        unit=Unit,
        settings=GatewaySettings,
        open=_the_world,
        refused=ProvenanceCommandRefused,
        parked=ProvenanceDeliveryParked,
        routes=(router,),
        subscriptions=(),
    )
