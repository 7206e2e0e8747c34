"""The registry: what it hears, says, serves and does by itself."""

from chassis.service import Loop, Service, Subscription
from contracts.access import (
    AccessRequested,
    AssignLink,
    ChangeRequest,
    ClearLink,
    DeleteRequest,
    LinkAssigned,
    LinkCleared,
    NoteRequest,
    RequestAccess,
    RequestChanged,
    RequestDeleted,
    RequestNoted,
)
from contracts.entries import (
    AccessGranted,
    ActivityRegistered,
    ActivityWithdrawn,
    CreateEntry,
    DeleteEntry,
    EntriesImported,
    EntryCreated,
    EntryDeleted,
    EntryLocked,
    EntrySeeded,
    EntryUpdated,
    EntryVersioned,
    GrantAccess,
    ImportEntries,
    LockEntry,
    RelodgeActivity,
    RevertEntry,
    SeedEntry,
    UpdateEntry,
    VersionEntry,
    WithdrawActivity,
)
from contracts.executor import RunDeleted, RunFinished
from contracts.groups import (
    AddGroup,
    AddMember,
    GroupAdded,
    GroupRemoved,
    GroupsImported,
    GroupUpdated,
    ImportGroups,
    MemberAdded,
    MembersRemoved,
    RemoveGroup,
    RemoveMembers,
    UpdateGroup,
)
from contracts.model_runs import (
    LinkStudy,
    ModelRunLodged,
    ModelRunRegistered,
    ModelRunWithdrawn,
    RegisterModelRun,
    RelodgeModelRun,
    UndoModelRun,
    UpdateModelRun,
    WithdrawModelRun,
)
from contracts.outcomes import DatasetFilled, LodgeRun, RegisterOutputs
from contracts.provenance import RecordLodged
from contracts.refusals import RegistryCommandRefused, RegistryDeliveryParked
from contracts.registry import (
    DeleteWorkflow,
    RegisterWorkflow,
    UpdateWorkflow,
    WorkflowDeleted,
    WorkflowRegistered,
    WorkflowUpdated,
)
from registry.access.groups import add_group, add_member, import_groups, remove_group, remove_members, update_group
from registry.access.handlers import (
    assign_link,
    change_request,
    clear_link,
    delete_request,
    note_request,
    request_access,
)
from registry.access.routes import router as access
from registry.entries.activities import relodge_activity, withdraw_activity
from registry.entries.handlers import create_entry, revert_entry, seed_entry, update_entry, version_entry
from registry.entries.importing import import_entries
from registry.entries.keeping import delete_entry, grant_access, lock_entry
from registry.entries.routes import router as entries
from registry.model_runs.handlers import (
    link_study,
    mark_lodged,
    register_model_run,
    relodge_model_run,
    undo_model_run,
    update_model_run,
    withdraw_model_run,
)
from registry.model_runs.routes import router as model_runs
from registry.outcomes.handlers import lodge_run, note_deletion, note_run, register_outputs
from registry.outcomes.routes import router as outcomes
from registry.unit import RegistrySettings, RegistryUnit, open_parts
from registry.workflows import legacy
from registry.workflows.checker import BELL, check_due
from registry.workflows.handlers import delete_workflow, register_workflow, update_workflow
from registry.workflows.routes import router as workflows

registry = Service(
    name="registry",
    subscriptions=(
        Subscription(RegisterWorkflow, register_workflow),
        Subscription(UpdateWorkflow, update_workflow),
        Subscription(DeleteWorkflow, delete_workflow),
        Subscription(SeedEntry, seed_entry),
        Subscription(CreateEntry, create_entry),
        Subscription(UpdateEntry, update_entry),
        Subscription(RevertEntry, revert_entry),
        Subscription(VersionEntry, version_entry),
        Subscription(DeleteEntry, delete_entry),
        Subscription(LockEntry, lock_entry),
        Subscription(GrantAccess, grant_access),
        Subscription(ImportEntries, import_entries),
        Subscription(RelodgeActivity, relodge_activity),
        Subscription(WithdrawActivity, withdraw_activity),
        Subscription(AddGroup, add_group),
        Subscription(UpdateGroup, update_group),
        Subscription(RemoveGroup, remove_group),
        Subscription(AddMember, add_member),
        Subscription(RemoveMembers, remove_members),
        Subscription(ImportGroups, import_groups),
        Subscription(AssignLink, assign_link),
        Subscription(ClearLink, clear_link),
        Subscription(RequestAccess, request_access),
        Subscription(ChangeRequest, change_request),
        Subscription(NoteRequest, note_request),
        Subscription(DeleteRequest, delete_request),
        Subscription(RegisterModelRun, register_model_run),
        Subscription(UpdateModelRun, update_model_run),
        Subscription(LinkStudy, link_study),
        Subscription(UndoModelRun, undo_model_run),
        Subscription(WithdrawModelRun, withdraw_model_run),
        Subscription(RelodgeModelRun, relodge_model_run),
        Subscription(RecordLodged, mark_lodged),
        Subscription(RunFinished, note_run),
        Subscription(RunDeleted, note_deletion),
        Subscription(RegisterOutputs, register_outputs),
        Subscription(LodgeRun, lodge_run),
    ),
    says=(
        WorkflowRegistered,
        WorkflowUpdated,
        WorkflowDeleted,
        EntrySeeded,
        EntryCreated,
        EntryUpdated,
        EntryVersioned,
        EntryDeleted,
        EntryLocked,
        AccessGranted,
        EntriesImported,
        ActivityRegistered,
        ActivityWithdrawn,
        GroupAdded,
        GroupUpdated,
        GroupRemoved,
        MemberAdded,
        MembersRemoved,
        GroupsImported,
        LinkAssigned,
        LinkCleared,
        AccessRequested,
        RequestChanged,
        RequestNoted,
        RequestDeleted,
        ModelRunRegistered,
        ModelRunWithdrawn,
        ModelRunLodged,
        DatasetFilled,
    ),
    refused=RegistryCommandRefused,
    parked=RegistryDeliveryParked,
    routes=(workflows, legacy.router, entries, access, model_runs, outcomes),
    # two, so that a specification that takes its time holds nobody up
    loops=(Loop(BELL, check_due, every=2.0), Loop(BELL, check_due, every=2.0)),
    warm=("registry.workflows.validation",),
    unit=RegistryUnit,
    settings=RegistrySettings,
    open=open_parts,
    package="registry",
)
