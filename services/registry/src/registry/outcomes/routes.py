"""Finished runs and the files of datasets over internal HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.refusal import refuse
from chassis.web import AsCaller, Work
from contracts.kinds import DatasetInfo, Kind, Role
from contracts.outcomes import DatasetSource, Outcome
from registry.entries import checks, queries
from registry.unit import RegistryUnit

router = APIRouter(tags=["outcomes"])
AsUnit = Annotated[RegistryUnit, Work]


@router.get("/outcomes/{run}")
async def outcome(run: UUID, caller: AsCaller, unit: AsUnit) -> Outcome:
    """What a finished run of the caller's tenants came to be."""
    done = await unit.outcomes.look(run, caller.tenants)
    if done is None:
        raise refuse("registry:no-such-run", f"no run {run} of yours has finished")
    return done.outcome()


@router.get("/datasets/source")
async def source(handle: Annotated[str, Query(min_length=1)], caller: AsCaller, unit: AsUnit) -> DatasetSource:
    """Where the files of a dataset are, to whoever may read its data."""
    checks.texts(handle=handle)
    item = checks.there((await queries.items(unit.session, [handle])).get(handle), handle)
    checks.of_kind(item, Kind.DATASET)
    info = DatasetInfo.model_validate(checks.complete(item))
    checks.may(item, await queries.reader(unit.session, caller), [Role.DATA_READ, Role.ADMIN])
    access = info.collection_format.dataset_info.access_info
    files = (await unit.outcomes.files([handle]))[handle]
    return DatasetSource(handle=handle, name=info.display_name, uri=None if access.reposited else access.uri, files=files)
