"""The routes that the original has, each of them there under its method."""

import pytest
from fastapi.routing import APIRoute

from contracts.kinds import KINDS, Kind
from gateway.facades.provena import auth, datasets, handles, jobs, prov, registry, search

LEVELS = ("general", "read", "write", "admin")
COMMON = ["GET /", "GET /admin/config", "GET /admin/sentry-debug"]
CHECKED = [*COMMON, *(f"GET /check-access/check-{level}-access" for level in LEVELS)]
RELEASES = [
    "POST /release/approval-request",
    "PUT /release/action-approval-request",
    "GET /release/sys-reviewers/list",
    "POST /release/sys-reviewers/add",
    "DELETE /release/sys-reviewers/delete",
]
READ = [
    *("GET fetch", "POST list", "GET schema", "GET ui_schema", "POST validate", "DELETE delete"),
    *("GET auth/evaluate", "GET auth/configuration", "PUT auth/configuration", "GET auth/roles"),
    *("PUT locks/lock", "PUT locks/unlock", "GET locks/history", "GET locks/locked", "GET proxy/fetch"),
]
STANDARD = [*READ, "POST seed", "PUT update", "POST create", "PUT revert"]
PROXIED = [*READ, "POST proxy/seed", "POST proxy/create", "PUT proxy/update", "PUT proxy/revert"]
KIND_ROUTES = {
    Kind.ORGANISATION: STANDARD,
    Kind.PERSON: STANDARD,
    Kind.STUDY: STANDARD,
    Kind.MODEL: [*STANDARD, "POST version"],
    Kind.MODEL_RUN_WORKFLOW_TEMPLATE: [*STANDARD, "POST version"],
    Kind.DATASET_TEMPLATE: [*STANDARD, "POST version"],
    Kind.DATASET: [*PROXIED, "POST proxy/version", "POST user/releases"],
    Kind.MODEL_RUN: PROXIED,
    Kind.CREATE: READ,
    Kind.VERSION: READ,
}
ROUTES = {
    prov: [
        *CHECKED,
        *(f"POST /model_run/{what}" for what in ("register", "register_batch", "register_sync", "update", "delete")),
        "POST /model_run/edit/link_to_study",
        *("GET /explore/upstream", "GET /explore/downstream"),
        *(f"GET /explore/special/{how}_{what}" for how in ("contributing", "effected") for what in ("datasets", "agents")),
        "POST /explore/generate/report",
        *("GET /bulk/generate_template/csv", "POST /bulk/convert_model_runs/csv", "GET /bulk/regenerate_from_batch/csv"),
        *(f"POST /admin/{what}" for what in ("store_record", "store_records", "store_all_registry_records")),
        "DELETE /graph/admin/clear",
    ],
    registry: [
        *CHECKED,
        *("POST /registry/general/list", "GET /registry/general/fetch", "GET /registry/general/proxy/fetch"),
        *("DELETE /registry/general/delete", "GET /registry/general/about/version"),
        *("GET /admin/export", "POST /admin/import", "POST /admin/restore_from_table", "POST /admin/restore-prov-graph"),
        *(
            f"{method} /registry/{KINDS[kind].prefix}/{path}"
            for kind, routes in KIND_ROUTES.items()
            for method, path in (one.split() for one in routes)
        ),
    ],
    datasets: [
        *CHECKED,
        *("POST /register/mint-dataset", "POST /register/update-metadata", "PUT /register/revert-metadata"),
        *("POST /register/version", "POST /metadata/validate-metadata", "GET /metadata/dataset-schema"),
        *("POST /registry/items/list", "GET /registry/items/fetch-dataset", "POST /registry/items/generate-presigned-url"),
        *(f"POST /registry/credentials/generate-{how}-access-credentials" for how in ("read", "write")),
        *RELEASES,
    ],
    auth: [
        *COMMON,
        *("GET /check-access/public", "GET /check-access/general"),
        *(f"GET /access-control/user/{what}" for what in ("request-history", "pending-request-history")),
        *("POST /access-control/user/request-change", "GET /access-control/user/generate-access-report"),
        *(
            f"GET /access-control/admin/{what}"
            for what in (
                "all-pending-request-history",
                "all-request-history",
                "user-pending-request-history",
                "user-request-history",
            )
        ),
        *(f"POST /access-control/admin/{what}" for what in ("add-note", "change-request-state", "delete-request")),
        *(
            f"GET /groups/{who}/{what}"
            for who in ("user", "admin")
            for what in ("list_groups", "describe_group", "list_user_membership", "list_members", "check_membership")
        ),
        *("POST /groups/admin/add_member", "DELETE /groups/admin/remove_member", "POST /groups/admin/remove_members"),
        *("POST /groups/admin/add_group", "PUT /groups/admin/update_group", "DELETE /groups/admin/remove_group"),
        *("GET /groups/admin/export", "POST /groups/admin/import", "POST /groups/admin/restore_from_table"),
        *("GET /link/user/lookup", "POST /link/user/assign", "POST /link/user/validate"),
        *("GET /link/admin/lookup", "GET /link/admin/reverse_lookup", "POST /link/admin/assign", "DELETE /link/admin/clear"),
        *RELEASES,
    ],
    jobs: [
        *CHECKED,
        "POST /jobs/admin/launch",
        *("GET /jobs/admin/fetch", "POST /jobs/admin/list", "POST /jobs/admin/list_batch", "POST /jobs/admin/retry"),
        *("GET /jobs/user/fetch", "POST /jobs/user/list", "POST /jobs/user/list_batch", "POST /jobs/user/retry"),
    ],
    search: [*CHECKED, "GET /search/entity-registry"],
    handles: [
        *CHECKED,
        *(f"POST /handle/{what}" for what in ("mint", "add_value", "add_value_by_index", "remove_by_index")),
        *("PUT /handle/modify_by_index", "POST /handle/modify_by_index", "GET /handle/get", "GET /handle/list"),
    ],
}


@pytest.mark.parametrize("api", ROUTES, ids=lambda api: api.router.prefix)
def test_every_route_of_the_original_is_there(api: object) -> None:
    """None is answered 404 or 405; each API has its documents."""
    prefix: str = api.router.prefix
    there = {f"{method} {route.path}" for route in api.router.routes for method in route.methods}

    wanted = {f"{one.split()[0]} {prefix}{one.split()[1]}" for one in ROUTES[api]}
    assert wanted - there == set()
    assert {f"GET {prefix}/openapi.json", f"GET {prefix}/docs", f"GET {prefix}/redoc"} <= there
    assert all(isinstance(route, APIRoute) for route in api.router.routes)
