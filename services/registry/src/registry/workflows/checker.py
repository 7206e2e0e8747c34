"""The loop that looks at specifications: leases a workflow, has a child validate it, and answers who asked."""

import asyncio
import logging
import tempfile
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import UUID

from chassis.forks import ChildError
from chassis.leases import held
from chassis.refusal import Refusal
from contracts.message import FileRef
from contracts.problem import Problem
from contracts.refusals import RegistryCommandRefused
from contracts.registry import RegisterWorkflow, WorkflowRegistered, WorkflowUpdated
from registry.outcomes import plans
from registry.unit import RegistryHouse, RegistrySettings
from registry.workflows.findings import SPECIFICATION, Finding, Order
from registry.workflows.model import Change, Content

log = logging.getLogger(__name__)
BELL = "registry.checker"
CHILD = "registry.workflows.validation:check"
AGAIN = 1.0
"""Seconds before a check that could not be made is tried again."""
LEASE = 15.0
"""Seconds after which the check of a process that was killed is made by another; whoever checks renews it."""


class CheckError(Exception):
    """The specification could not be looked at, and it may be its own fault."""


async def check_due(house: RegistryHouse) -> bool:
    """Check one workflow, if one is due."""
    settings: RegistrySettings = house.settings
    async with house.work() as unit:
        taken = await unit.workflows.lease(LEASE)
    if taken is None:
        return False
    entry, lease = taken
    if entry.change is None:
        msg = f"{entry.id} is due for a check of nothing"
        raise ValueError(msg)
    try:
        async with _held(house, entry.id, lease):
            finding = await examine(house, entry.change.content)
    except CheckError as error:
        log.warning("not checked", extra={"workflow": str(entry.id), "reason": str(error)})
        async with house.work() as unit:
            tries = await unit.workflows.failed(entry.id, lease)
            if tries < settings.check_attempts:
                await unit.workflows.give_back(entry.id, lease)
                return True
        finding = Finding(problem=Problem.of(SPECIFICATION, f"the specification cannot be looked at: {error}"))
    except Exception:
        async with house.work() as unit:
            await unit.workflows.give_back(entry.id, lease, AGAIN)
        raise
    await answer(house, entry.id, lease, finding)
    return True


def _held(house: RegistryHouse, workflow: UUID, lease: UUID) -> AbstractAsyncContextManager[None]:
    """Keep a lease while its check goes on."""

    async def renew() -> None:
        async with house.work() as unit:
            await unit.workflows.renew(workflow, lease, LEASE)

    return held(renew, LEASE)


async def examine(house: RegistryHouse, content: Content) -> Finding:
    """What a child finds in a specification that lies in the file store."""
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        folder = Path(name)
        spec = await _fetch(house, content.spec, folder / "spec.zip")
        inputs = await _fetch(house, content.inputs, folder / "inputs") if content.inputs else None
        order = Order(spec=str(spec), main=content.main, engine=content.engine, inputs=inputs and str(inputs))
        try:
            text = await house.forks.call(CHILD, order.model_dump_json(), timeout=house.settings.check_timeout)
        except TimeoutError:
            msg = f"it takes longer than {house.settings.check_timeout:g} s"
            raise CheckError(msg) from None
        except ChildError as error:
            log.warning("a check fell over", extra={"child": str(error)[-4000:]})
            msg = "the check of it fell over"
            raise CheckError(msg) from None
        return Finding.model_validate_json(text)


def _planned(change: Change, finding: Finding) -> Finding:
    """What was found, and whether what is said of the workflow's model runs names inputs that it has."""
    try:
        plans.named(change.plan, change.content.engine, finding.parameters)
    except Refusal as no:
        return Finding(problem=no.problem)
    return finding


async def _fetch(house: RegistryHouse, ref: FileRef, path: Path) -> Path:
    try:
        with path.open("xb") as target:
            async for block in house.files.get(ref.key):
                await asyncio.to_thread(target.write, block)
    except FileNotFoundError:
        msg = "it is not in the file store"
        raise CheckError(msg) from None
    return path


async def answer(house: RegistryHouse, workflow: UUID, lease: UUID, finding: Finding) -> None:
    """Store what was found and tell who asked, in one transaction; nothing, if the lease has passed to another."""
    async with house.work() as unit:
        entry = await unit.workflows.leased(workflow, lease)
        if entry is None or entry.change is None:
            return
        asked = entry.change.asked
        finding = finding if finding.problem else _planned(entry.change, finding)
        envelope = {"job": asked.job, "tenant": asked.tenant, "caller": asked.caller}
        if finding.problem is not None:
            problem = finding.problem.model_copy(update={"job": asked.job})
            await unit.publish(RegistryCommandRefused(**envelope, of=asked.subject, message=asked.message, problem=problem))
            before = entry.reject()
            await (unit.workflows.put(before) if before else unit.workflows.drop(workflow))
            return
        entry = entry.accept(finding.parameters, finding.values)
        await unit.workflows.put(entry)
        fact = WorkflowRegistered if asked.subject == RegisterWorkflow.subject else WorkflowUpdated
        await unit.publish(fact(**envelope, revision=entry.revision, workflow=entry.workflow))
