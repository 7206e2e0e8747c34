"""What commands do to workflows. Specifications are looked at later, by the checker."""

from chassis.bundles import fault
from chassis.refusal import refuse
from contracts.message import Caller, Command
from contracts.problem import FieldError
from contracts.registry import DeleteWorkflow, RegisterWorkflow, UpdateWorkflow, WorkflowDeleted, WorkflowUpdated
from registry.entries import queries
from registry.outcomes import plans
from registry.unit import RegistryUnit
from registry.workflows.checker import BELL
from registry.workflows.model import DUE, Entry, Title


async def register_workflow(command: RegisterWorkflow, unit: RegistryUnit) -> None:
    """Reserve the name and leave the specification to the checker."""
    caller, tenant = _caller(command), command.tenant
    if tenant is None or tenant not in caller.tenants:
        detail = f"not a tenant of yours: {tenant}"
        raise refuse("gateway:forbidden", detail, FieldError(detail=detail, field="tenant"))
    _look_at(command.main)
    if command.model_run is not None:
        await plans.checked(unit.session, command.model_run, await queries.reader(unit.session, caller.by_username()))
    handle = f"{unit.handle_prefix}/{await unit.workflows.number()}"
    entry = Entry.register(command, caller, tenant, handle, await unit.workflows.legacy_id())
    if not await unit.workflows.add(entry):
        raise _taken(entry.title)
    unit.ring(BELL)


async def update_workflow(command: UpdateWorkflow, unit: RegistryUnit) -> None:
    """Change what needs no check at once, and leave the rest to the checker."""
    entry = await _held(command, unit)
    if command.main is not None:
        _look_at(command.main)
    if command.model_run is not None:
        who = await queries.reader(unit.session, _caller(command).by_username())
        await plans.checked(unit.session, command.model_run, who)
    after = entry.update(command)
    for title in after.titles - entry.titles:
        if not await unit.workflows.reserve(title, entry.id):
            raise _taken(title)
    if after != entry:
        await unit.workflows.put(after)
    if after.state in DUE:
        unit.ring(BELL)
    else:
        plans.named(after.plan, after.content.engine, after.parameters)
        await unit.publish(WorkflowUpdated(**_answer(command, after), workflow=after.workflow))


async def delete_workflow(command: DeleteWorkflow, unit: RegistryUnit) -> None:
    """Remove a workflow; its row stays as its handle's gravestone."""
    entry = (await _held(command, unit)).delete()
    await unit.workflows.put(entry)
    await unit.publish(WorkflowDeleted(**_answer(command, entry), workflow=entry.workflow))


async def _held(command: UpdateWorkflow | DeleteWorkflow, unit: RegistryUnit) -> Entry:
    entry = await unit.workflows.hold(command.workflow, _caller(command).tenants)
    if entry is None:
        raise refuse("registry:no-such-workflow", f"no workflow {command.workflow}")
    if entry.state in DUE:
        raise refuse(
            "registry:being-checked", f"an earlier change of {entry.title} is being checked; try again when it is done"
        )
    if command.expected_revision not in {None, entry.revision}:
        detail = f"it is at revision {entry.revision}, not {command.expected_revision}: somebody changed it meanwhile"
        raise refuse("registry:changed-meanwhile", detail, FieldError(detail=detail, field="expected_revision"))
    return entry


def _caller(command: Command) -> Caller:
    if command.caller is None:
        raise refuse("gateway:unauthenticated", "a command without a caller")
    return command.caller


def _look_at(main: str) -> None:
    if wrong := fault(main):
        detail = f"the path {main!r} {wrong}"
        raise refuse("registry:invalid-specification", detail, FieldError(detail=detail, field="main"))


def _taken(title: Title) -> Exception:
    detail = f"there is a workflow {title} already"
    return refuse("registry:duplicate-workflow", detail, FieldError(detail=detail, field="name"))


def _answer(command: Command, entry: Entry) -> dict[str, object]:
    return {
        "job": command.job,
        "tenant": entry.title.tenant,
        "caller": command.caller,
        "revision": entry.revision,
    }
