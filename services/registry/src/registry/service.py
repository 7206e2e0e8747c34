"""The registry: what it hears, says, serves and does by itself."""

from chassis.service import Loop, Service, Subscription
from contracts.refusals import RegistryCommandRefused, RegistryDeliveryParked
from contracts.registry import (
    DeleteWorkflow,
    RegisterWorkflow,
    UpdateWorkflow,
    WorkflowDeleted,
    WorkflowRegistered,
    WorkflowUpdated,
)
from registry.unit import RegistrySettings, RegistryUnit, open_parts
from registry.workflows import legacy
from registry.workflows.checker import BELL, check_due
from registry.workflows.handlers import delete_workflow, register_workflow, update_workflow
from registry.workflows.routes import router

registry = Service(
    name="registry",
    subscriptions=(
        Subscription(RegisterWorkflow, register_workflow),
        Subscription(UpdateWorkflow, update_workflow),
        Subscription(DeleteWorkflow, delete_workflow),
    ),
    says=(WorkflowRegistered, WorkflowUpdated, WorkflowDeleted),
    refused=RegistryCommandRefused,
    parked=RegistryDeliveryParked,
    routes=(router, legacy.router),
    # two, so that a specification that takes its time holds nobody up
    loops=(Loop(BELL, check_due, every=2.0), Loop(BELL, check_due, every=2.0)),
    warm=("registry.workflows.validation",),
    unit=RegistryUnit,
    settings=RegistrySettings,
    open=open_parts,
    package="registry",
)
