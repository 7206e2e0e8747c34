"""Who may do what at Provena's addresses, as its test wants it: a row for each route that is not of one kind."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.e2e.provena_matrix import (
    ADMIN,
    ANYBODY,
    KEEPS,
    LISTS,
    NEVER,
    OPEN,
    PROXIES,
    READ,
    READS,
    WRITE,
    WRITES,
    Json,
    Route,
    Row,
    common,
    handle,
    job,
    of_kind,
    system,
)

from contracts.kinds import Kind


def _item(place: str, **more: Any) -> Callable[[Any], Json]:
    return lambda things: {"params": {place: things.ids[Kind.DATASET], **more}}


def _dataset(**more: Any) -> Callable[[Any], Json]:
    return lambda things: {"json": {"id": things.ids[Kind.DATASET], "reason": "a test", **more}}


def _run() -> Callable[[Any], Json]:
    return lambda things: {"json": things.record}


def _session(things: Any) -> Json:
    return {"params": {"session_id": things.session}}


def _batch(things: Any) -> Json:
    return {"json": {"batch_id": things.batch}}


GENERAL: Mapping[Route, Row] = {
    ("POST", "/registry/registry/general/list"): Row(
        READ, lambda _: {"json": {"page_size": 100, "sort_by": {"sort_type": "CREATED_TIME", "ascending": False}}}, LISTS
    ),
    ("GET", "/registry/registry/general/fetch"): Row(READ, _item("id"), READS),
    ("DELETE", "/registry/registry/general/delete"): Row(ADMIN),
    ("GET", "/registry/registry/general/about/version"): Row(READ),
    ("POST", "/registry/registry/entity/dataset/user/releases"): Row(
        READ, lambda things: {"json": {"filter_by": {"release_reviewer": things.ids[Kind.PERSON]}}}, ("403",) * 4
    ),
    ("GET", "/registry/admin/export"): Row(ADMIN),
    ("POST", "/registry/admin/import"): Row(ADMIN),
    ("POST", "/registry/admin/restore_from_table"): Row(ADMIN),
    ("POST", "/registry/admin/restore-prov-graph"): Row(ADMIN),
    **{(method, f"/registry/registry/general/proxy/{what}"): Row(READ) for method, what in PROXIES},
    ("GET", "/search/search/entity-registry"): Row(
        READ, lambda things: {"params": {"query": things.word, "subtype_filter": "DATASET"}}, LISTS
    ),
}
DATASTORE: Mapping[Route, Row] = {
    ("POST", "/datastore/register/mint-dataset"): Row(WRITE),
    ("POST", "/datastore/register/update-metadata"): Row(
        WRITE,
        lambda things: {
            "params": {"handle_id": things.ids[Kind.DATASET], "reason": "a test"},
            "json": things.info[Kind.DATASET],
        },
        WRITES,
    ),
    ("PUT", "/datastore/register/revert-metadata"): Row(WRITE, _dataset(history_id=0), WRITES),
    ("POST", "/datastore/register/version"): Row(WRITE, _dataset(), KEEPS),
    ("POST", "/datastore/metadata/validate-metadata"): Row(READ),
    ("POST", "/datastore/registry/items/list"): Row(READ, lambda _: {"json": {"page_size": 40}}, LISTS),
    ("GET", "/datastore/registry/items/fetch-dataset"): Row(READ, _item("handle_id"), READS),
    ("POST", "/datastore/registry/items/generate-presigned-url"): Row(READ),
    ("POST", "/datastore/registry/credentials/generate-read-access-credentials"): Row(READ),
    ("POST", "/datastore/registry/credentials/generate-write-access-credentials"): Row(READ),
    **{
        (method, f"/{api}/release/{what}"): Row(READ)
        for api in ("datastore", "auth")
        for method, what in (
            ("PUT", "action-approval-request"),
            ("POST", "approval-request"),
            ("POST", "sys-reviewers/add"),
            ("DELETE", "sys-reviewers/delete"),
            ("GET", "sys-reviewers/list"),
        )
    },
}
PROV: Mapping[Route, Row] = {
    ("POST", "/prov/model_run/register"): Row(WRITE, _run(), READS),
    ("POST", "/prov/model_run/register_batch"): Row(WRITE),
    ("POST", "/prov/model_run/register_sync"): Row(ADMIN),
    ("POST", "/prov/model_run/edit/link_to_study"): Row(
        WRITE,
        lambda things: {"params": {"model_run_id": things.ids[Kind.MODEL_RUN], "study_id": things.ids[Kind.STUDY]}},
        WRITES,
    ),
    ("POST", "/prov/model_run/update"): Row(
        WRITE,
        lambda things: {
            "json": {"model_run_id": things.ids[Kind.MODEL_RUN], "reason": "a test", "record": things.record},
        },
        WRITES,
    ),
    ("POST", "/prov/model_run/delete"): Row(ADMIN),
    ("POST", "/prov/admin/store_record"): Row(ADMIN),
    ("POST", "/prov/admin/store_records"): Row(ADMIN),
    ("POST", "/prov/admin/store_all_registry_records"): Row(ADMIN),
    ("DELETE", "/prov/graph/admin/clear"): Row(ADMIN),
    **{
        ("GET", f"/prov/explore/{what}"): Row(READ, _item("starting_id"), OPEN)
        for what in (
            "upstream",
            "downstream",
            *(f"special/{side}_{of}" for side in ("contributing", "effected") for of in ("datasets", "agents")),
        )
    },
    ("POST", "/prov/explore/generate/report"): Row(READ),
    ("POST", "/prov/bulk/convert_model_runs/csv"): Row(READ),
    ("GET", "/prov/bulk/generate_template/csv"): Row(READ),
    ("GET", "/prov/bulk/regenerate_from_batch/csv"): Row(READ),
}
JOBS: Mapping[Route, Row] = {
    ("GET", "/jobs/jobs/user/fetch"): Row(ANYBODY, _session, NEVER),
    ("POST", "/jobs/jobs/user/list"): Row(ANYBODY, lambda _: {"json": {"limit": 100}}, ("hidden",) * 4),
    ("POST", "/jobs/jobs/user/list_batch"): Row(ANYBODY, _batch, NEVER),
    ("POST", "/jobs/jobs/user/retry"): Row(ANYBODY),
    ("GET", "/jobs/jobs/admin/fetch"): Row(job("read"), _session, OPEN),
    ("POST", "/jobs/jobs/admin/list"): Row(job("read"), lambda _: {"json": {"limit": 100}}, ("seen",) * 4),
    ("POST", "/jobs/jobs/admin/list_batch"): Row(job("read"), _batch, ("seen",) * 4),
    ("POST", "/jobs/jobs/admin/launch"): Row(job("read", "write")),
    ("POST", "/jobs/jobs/admin/retry"): Row(job("read", "write")),
}
HANDLE: Mapping[Route, Row] = {
    ("GET", "/handle/handle/get"): Row(handle("read")),
    ("GET", "/handle/handle/list"): Row(handle("read")),
    **{
        (method, f"/handle/handle/{what}"): Row(handle("read", "write"))
        for method, what in (
            ("POST", "mint"),
            ("POST", "add_value"),
            ("POST", "add_value_by_index"),
            ("POST", "modify_by_index"),
            ("PUT", "modify_by_index"),
            ("POST", "remove_by_index"),
        )
    },
}


def _group(things: Any) -> Json:
    return {"params": {"id": things.group}}


MEMBERS = ("401", "200", "200", "200")
AUTH: Mapping[Route, Row] = {
    **{
        (method, f"/auth/access-control/user/{what}"): Row(ANYBODY)
        for method, what in (
            ("POST", "request-change"),
            ("GET", "request-history"),
            ("GET", "pending-request-history"),
            ("GET", "generate-access-report"),
        )
    },
    **{
        ("GET", f"/auth/access-control/admin/{whose}{state}request-history"): Row(system("read"))
        for whose in ("all-", "user-")
        for state in ("pending-", "")
    },
    ("POST", "/auth/access-control/admin/add-note"): Row(system("write")),
    ("POST", "/auth/access-control/admin/change-request-state"): Row(system("write")),
    ("POST", "/auth/access-control/admin/delete-request"): Row(system("admin")),
    ("GET", "/auth/groups/user/list_groups"): Row(ANYBODY),
    ("GET", "/auth/groups/user/describe_group"): Row(ANYBODY, _group, OPEN),
    ("GET", "/auth/groups/user/list_user_membership"): Row(ANYBODY),
    ("GET", "/auth/groups/user/list_members"): Row(ANYBODY, _group, MEMBERS),
    ("GET", "/auth/groups/user/check_membership"): Row(ANYBODY, lambda told: {"params": {"group_id": told.group}}, OPEN),
    **{
        ("GET", f"/auth/groups/admin/{what}"): Row(system("read"))
        for what in ("list_groups", "describe_group", "list_members", "list_user_membership", "check_membership")
    },
    **{
        (method, f"/auth/groups/admin/{what}"): Row(system("write"))
        for method, what in (
            ("POST", "add_member"),
            ("DELETE", "remove_member"),
            ("POST", "remove_members"),
            ("POST", "add_group"),
            ("PUT", "update_group"),
        )
    },
    **{
        (method, f"/auth/groups/admin/{what}"): Row(system("admin"))
        for method, what in (("DELETE", "remove_group"), ("GET", "export"), ("POST", "import"), ("POST", "restore_from_table"))
    },
    ("GET", "/auth/link/user/lookup"): Row(ANYBODY, lambda told: {"params": {"username": told.owner}}, OPEN),
    ("POST", "/auth/link/user/assign"): Row(ANYBODY),
    ("POST", "/auth/link/user/validate"): Row(ANYBODY),
    ("GET", "/auth/link/admin/lookup"): Row(system("read")),
    ("GET", "/auth/link/admin/reverse_lookup"): Row(system("read")),
    ("POST", "/auth/link/admin/assign"): Row(system("write")),
    ("DELETE", "/auth/link/admin/clear"): Row(system("write")),
}
ROWS: Mapping[Route, Row] = {
    **common(),
    **{route: row for kind in Kind for route, row in of_kind(kind).items()},
    **GENERAL,
    **DATASTORE,
    **PROV,
    **JOBS,
    **HANDLE,
    **AUTH,
}
