"""Provenance: what it hears, says, serves and does by itself."""

from chassis.service import Loop, Service, Subscription
from contracts.access import LinkAssigned, LinkCleared
from contracts.entries import ActivityRegistered, ActivityWithdrawn
from contracts.executor import RunFailed, RunFinished, RunQueued, RunStarted, RunStopped, StepEnded, StepStarted
from contracts.model_runs import ModelRunRegistered, ModelRunWithdrawn
from contracts.outcomes import DatasetFilled
from contracts.provenance import RecordLodged, RecordWithdrawn, RunCaptured
from contracts.refusals import ProvenanceCommandRefused, ProvenanceDeliveryParked
from contracts.registry import WorkflowDeleted, WorkflowRegistered, WorkflowUpdated
from provenance.graph.projector import NAME, project
from provenance.lineage.provena_routes import router as provena
from provenance.lineage.routes import router
from provenance.records.changes_routes import router as changes
from provenance.records.entries import (
    fill_dataset,
    lodge_activity,
    lodge_model_run,
    note_link,
    withdraw_activity,
    withdraw_model_run,
)
from provenance.records.handlers import capture_run, capture_step, note_workflow
from provenance.unit import ProvenanceSettings, ProvenanceUnit, opened, pings

provenance = Service(
    name="provenance",
    subscriptions=(
        Subscription(WorkflowRegistered, note_workflow),
        Subscription(WorkflowUpdated, note_workflow),
        Subscription(WorkflowDeleted, note_workflow),
        Subscription(RunQueued, capture_run),
        Subscription(RunStarted, capture_run),
        Subscription(RunFinished, capture_run),
        Subscription(RunFailed, capture_run),
        Subscription(RunStopped, capture_run),
        Subscription(StepStarted, capture_step),
        Subscription(StepEnded, capture_step),
        Subscription(ModelRunRegistered, lodge_model_run),
        Subscription(ModelRunWithdrawn, withdraw_model_run),
        Subscription(ActivityRegistered, lodge_activity),
        Subscription(ActivityWithdrawn, withdraw_activity),
        Subscription(DatasetFilled, fill_dataset),
        Subscription(LinkAssigned, note_link),
        Subscription(LinkCleared, note_link),
    ),
    says=(RecordLodged, RecordWithdrawn, RunCaptured),
    refused=ProvenanceCommandRefused,
    parked=ProvenanceDeliveryParked,
    routes=(router, provena, changes),
    loops=(Loop(NAME, project, every=1.0),),
    unit=ProvenanceUnit,
    settings=ProvenanceSettings,
    open=opened,
    pings=pings,
    package="provenance",
)
