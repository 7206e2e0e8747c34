"""`/datastore`: datasets as far as they are records; their files and releases come later."""

from typing import Annotated, Any

from fastapi import Query, Response

from chassis.carrying import carried
from chassis.refusal import refuse
from contracts.bundles import flat
from contracts.datasets import CollectionFormat, faults
from contracts.entries import CreateEntry, RevertEntry, UpdateEntry
from contracts.kinds import DatasetInfo, Kind
from contracts.views import Check, EntrySeen
from gateway.api.conditions import revision_tag
from gateway.facades.provena import common, releasing
from gateway.facades.provena.asking import entry_of, page_of, told
from gateway.facades.provena.doors import AsReader, AsWriter, Here, Seen, done, parsed, with_email
from gateway.facades.provena.doors import router as router_of
from gateway.facades.provena.errors import DetailError, Soft, meaning
from gateway.facades.provena.items_writing import versioned
from gateway.facades.provena.printing import Body, badly, both, listed, well
from gateway.facades.provena.shapes import About, Id, Paging, Revert
from gateway.jobs.sending import spun

router = router_of("datastore")
common.add(router, "datastore")
releasing.add(router)
INVALID = ("registry:invalid-entry",)
HandleId = Annotated[str, Query(min_length=1)]
NOWHERE = {"bucket_name": "unplaced", "path": "unplaced/", "s3_uri": "s3://unplaced/unplaced/"}
"""Where a new dataset lies before the registry, which knows its handle, has placed it."""
LATER = (
    ("/registry/items/generate-presigned-url", "Links to files"),
    ("/registry/credentials/generate-read-access-credentials", "Credentials for files"),
    ("/registry/credentials/generate-write-access-credentials", "Credentials for files"),
)


def info_of(told_: dict[str, Any]) -> dict[str, Any]:
    """A new dataset's information, as its description makes it."""
    about = told_["dataset_info"]
    return {
        "display_name": about["name"],
        "user_metadata": about["user_metadata"],
        "collection_format": told_,
        "s3": NOWHERE,
        "release_history": [],
        "release_status": "NOT_RELEASED",
        "access_info_uri": about["access_info"]["uri"],
    }


@router.post("/register/mint-dataset", summary="Register a dataset")
async def mint(described: dict[str, Any], caller: AsWriter, house: Here) -> Body:
    """Register a dataset with a place for its files."""
    format_ = parsed(CollectionFormat, described)
    nothing: Body = {"handle": None, "s3_location": None, "register_create_activity_session_id": None}
    if wrong := faults(CollectionFormat.model_validate(format_)):
        return badly(f"Validation Error: {'; '.join(wrong)}", **nothing)
    spinoff, chained = spun(caller, "CREATE")
    with Soft(INVALID) as no:
        command = CreateEntry(entry_kind=Kind.DATASET, spinoff=spinoff, **await carried(house.files, "info", info_of(format_)))
        job = await done(house, with_email(caller), command, chained=chained)
        there = await entry_of(house, caller, job.result["handle"], Kind.DATASET)
        session = job.result.get("register_job")
        return well(f"{there.handle} was registered.", **_place(there), register_create_activity_session_id=session)
    return badly(f"Validation Error: {no.detail}", **nothing)


@router.post("/register/update-metadata", summary="Describe a dataset anew")
async def update(described: dict[str, Any], caller: AsWriter, house: Here, handle_id: HandleId, reason: Id, seen: Seen) -> Body:
    """Describe a dataset anew; its files and its release stay."""
    format_ = parsed(CollectionFormat, described)
    if wrong := faults(CollectionFormat.model_validate(format_)):
        raise DetailError(400, f"Validation Error: {'; '.join(wrong)}")
    content = await carried(house.files, "info", {"collection_format": format_})
    named = {"reason": reason, "keep_storage": True, "expected_revision": seen}
    command = UpdateEntry(handle=handle_id, entry_kind=Kind.DATASET, **named, **content)
    await done(house, caller, command)
    return well(f"{handle_id} was changed.", **_place(await entry_of(house, caller, handle_id, Kind.DATASET)))


@router.put("/register/revert-metadata", summary="Let a dataset be described as it was")
async def revert(wanted: Revert, caller: AsWriter, house: Here, seen: Seen) -> Body:
    """Describe a dataset as it was at a place of its history; its files and its release stay."""
    named = {"reason": wanted.reason, "keep_storage": True, "expected_revision": seen}
    command = RevertEntry(handle=wanted.id, entry_kind=Kind.DATASET, history_id=wanted.history_id, **named)
    await done(house, caller, command)
    return well(f"{wanted.id} is described as it was at {wanted.history_id} of its history.")


@router.post("/register/version", summary="Make the next version of a dataset")
async def version(wanted: About, caller: AsWriter, house: Here, seen: Seen) -> Body:
    """Make the next version of a dataset, with a place of its own for its files; none is copied."""
    return await versioned(house, caller, Kind.DATASET, wanted, seen)


@router.post("/metadata/validate-metadata", summary="Look at a dataset's description")
async def validate(described: dict[str, Any], caller: AsReader, house: Here) -> Body:
    """Whether a dataset that is described so could be registered."""
    format_ = parsed(CollectionFormat, described)
    if wrong := faults(CollectionFormat.model_validate(format_)):
        return both(f"Validation Error: {'; '.join(wrong)}", success=False)
    with Soft(INVALID) as no:
        asked = Check(kind=Kind.DATASET, info=parsed(DatasetInfo, info_of(format_)))
        await told(house, caller, "/entries/validate", asked.model_dump(mode="json"))
        return both("It can be registered.")
    return both(f"Validation Error: {no.detail}", success=False)


@router.get("/metadata/dataset-schema", summary="Show the JSON schema of a dataset's description")
async def schema() -> Body:
    """The JSON schema; needs no token."""
    return {"json_schema": CollectionFormat.model_json_schema()}


@router.post("/registry/items/list", summary="List datasets")
async def page(wanted: Paging, caller: AsReader, house: Here) -> Body:
    """Datasets that you may read."""
    found = await page_of(house, caller, wanted.listing(Kind.DATASET))
    return listed(found.items, found.next)


@router.get("/registry/items/fetch-dataset", summary="Show a dataset")
async def fetch(caller: AsReader, house: Here, answer: Response, handle_id: str) -> Body:
    """A dataset with its history."""
    with meaning({"registry:no-such-entry": 400, "gateway:invalid": 400}):
        there = await entry_of(house, caller, handle_id, Kind.DATASET)
    if there.seed:
        raise DetailError(400, f"{handle_id} is a seed item: it says nothing yet.")
    answer.headers["ETag"] = revision_tag(there.revision)
    return well(f"Found {handle_id}.", item=flat(there), roles=[role.value for role in there.roles], locked=there.locked)


def _place(there: EntrySeen) -> Body:
    return {"handle": there.handle, "s3_location": (there.info or {})["s3"]}


def _later(path: str, what: str) -> None:
    async def not_yet(_caller: AsReader) -> Body:
        raise refuse("gateway:not-yet", f"{what} are not offered here yet.")

    router.add_api_route(path, not_yet, methods=["POST"], summary="Not offered yet")


for path, what in LATER:
    _later(path, what)
