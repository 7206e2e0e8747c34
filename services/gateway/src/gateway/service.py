"""The gateway: the door of the house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from chassis.house import House
from chassis.service import Loop, Service, Subscription
from contracts.entries import ActivityRegistered
from contracts.executor import RunDeleted, RunFailed, RunFinished, RunQueued, RunStopped
from contracts.model_runs import ModelRunLodged, ModelRunRegistered, ModelRunWithdrawn
from contracts.provenance import RecordLodged, RecordWithdrawn, RunCaptured
from contracts.refusals import (
    ExecutorCommandRefused,
    ExecutorDeliveryParked,
    GatewayCommandRefused,
    GatewayDeliveryParked,
    ProvenanceCommandRefused,
    ProvenanceDeliveryParked,
    RegistryCommandRefused,
    RegistryDeliveryParked,
)
from contracts.registry import WorkflowDeleted, WorkflowRegistered, WorkflowUpdated
from gateway.access import page_routes
from gateway.access import routes as issuer_routes
from gateway.access.opening import open_access
from gateway.api import (
    batches,
    bus,
    difference,
    events,
    files,
    find,
    jobs,
    lineage,
    me,
    outcomes,
    pages,
    problems,
    reana,
    records,
    runs,
    uploads,
    workflows,
)
from gateway.api.once import forget_requests
from gateway.backends import open_backends, pings
from gateway.cors import CORS
from gateway.facades import provena, reprov
from gateway.jobs.handlers import begin_run, fail, settle_deletions, settle_run, settle_stops, settle_workflow
from gateway.jobs.registered import (
    ORDERS,
    begin_lodging,
    note_model_run,
    settle_lodging,
    settle_model_run,
    settle_registered,
    settle_withdrawal,
)
from gateway.unit import GatewayParts, GatewaySettings, GatewayUnit

FAILURES = (
    RegistryCommandRefused,
    ExecutorCommandRefused,
    ProvenanceCommandRefused,
    GatewayCommandRefused,
    RegistryDeliveryParked,
    ExecutorDeliveryParked,
    ProvenanceDeliveryParked,
    GatewayDeliveryParked,
)


@asynccontextmanager
async def open_parts(house: House[GatewayParts]) -> AsyncIterator[GatewayParts]:
    """The gateway's doors: who is believed, and whom it asks."""
    if house.callers.private is None:
        msg = "the gateway signs for its callers: it needs CALLER_KEY, not CALLER_PUBLIC_KEY"
        raise ValueError(msg)
    async with open_backends(house) as backends, httpx.AsyncClient(timeout=5) as http:
        tokens, issuer = await open_access(house.settings, http, house.work)
        yield GatewayParts(tokens, backends, issuer)


gateway = Service(
    name="gateway",
    package="gateway",
    unit=GatewayUnit,
    settings=GatewaySettings,
    open=open_parts,
    pings=pings,
    refused=GatewayCommandRefused,
    parked=GatewayDeliveryParked,
    says=(GatewayCommandRefused, GatewayDeliveryParked),
    subscriptions=(
        Subscription(WorkflowRegistered, settle_workflow),
        Subscription(WorkflowUpdated, settle_workflow),
        Subscription(WorkflowDeleted, settle_workflow),
        Subscription(RunQueued, begin_run),
        Subscription(RunCaptured, settle_run),
        Subscription(RunFinished, settle_stops),
        Subscription(RunFailed, settle_stops),
        Subscription(RunStopped, settle_stops),
        Subscription(RunDeleted, settle_deletions),
        *(Subscription(fact, settle_registered) for fact in ORDERS),
        Subscription(ActivityRegistered, begin_lodging),
        Subscription(RecordLodged, settle_lodging),
        Subscription(ModelRunRegistered, note_model_run),
        Subscription(ModelRunWithdrawn, note_model_run),
        Subscription(ModelRunLodged, settle_model_run),
        Subscription(RecordWithdrawn, settle_withdrawal),
        *(Subscription(failure, fail) for failure in FAILURES),
    ),
    loops=(
        Loop("gateway.requests", forget_requests, every=600),
        Loop("gateway.uploads", uploads.forget_uploads, every=600),
    ),
    routes=(
        workflows.router,
        runs.router,
        outcomes.router,
        batches.router,
        events.router,
        files.router,
        lineage.router,
        difference.router,
        records.router,
        find.router,
        jobs.router,
        uploads.router,
        me.router,
        pages.router,
        problems.router,
        reana.router,
        bus.router,
        issuer_routes.router,
        page_routes.router,
        *reprov.ROUTERS,
        *provena.ROUTERS,
    ),
    web={
        "middleware": [CORS, provena.BY_HOST],
        "title": "Reprovena",
        "summary": "Workflows run, and their W3C PROV provenance is there without asking.",
        "openapi_url": "/openapi.json",
    },
)
