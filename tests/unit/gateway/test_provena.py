"""Provena's shapes and codes, made of ours."""

import json
from datetime import UTC, date, datetime

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from chassis.refusal import Refusal, Trouble, refuse
from contracts.datasets import CollectionFormat, faults
from contracts.entries import Versioning
from contracts.ids import uuid7
from contracts.kinds import KINDS, Kind
from contracts.message import Caller
from contracts.problem import FieldError, Problem
from contracts.views import EntrySeen
from contracts.vocabulary import JobStatus
from gateway.access.roles import caller_of
from gateway.facades.provena import auth, datasets, registry
from gateway.facades.provena.doors import role
from gateway.facades.provena.errors import DetailError, Soft, meaning, told, wrong
from gateway.facades.provena.hosts import api_of, below
from gateway.facades.provena.lodging import failed, settled
from gateway.facades.provena.printing import both, described_roles, imported, job_row, lineage, listed
from gateway.facades.provena.shapes import Filter, GeneralList, Launch, Sorting

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = Caller(
    issuer="https://issuer.example.org",
    subject="7f",
    name="Ada Lovelace",
    username="ada",
    tenants=("physics",),
    roles=("entity-registry-read",),
)


def entry(**more: object) -> EntrySeen:
    base = {"handle": "10378.1/1", "kind": Kind.STUDY, "tenant": "t", "owner": "ada", "created": 1, "updated": 2}
    return EntrySeen.model_validate(base | more)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refuse("gateway:unauthenticated", "no"), 401),
        (refuse("gateway:forbidden", "no"), 401),
        (refuse("registry:no-access", "no"), 401),
        (refuse("registry:locked", "no"), 401),
        (refuse("registry:not-owner", "no"), 401),
        (refuse("registry:not-linked", "no"), 400),
        (refuse("registry:no-such-entry", "no"), 400),
        (refuse("registry:not-newest", "no"), 400),
        (refuse("registry:duplicate-group", "no"), 400),
        (refuse("registry:no-such-group", "no"), 400),
        (refuse("provenance:beyond-depth", "no"), 400),
        (refuse("gateway:not-found", "no"), 400),
        (refuse("gateway:not-yet", "no"), 501),
        (refuse("gateway:too-large", "no"), 413),
        (Trouble("away"), 503),
        (RuntimeError("bug"), 500),
        (DetailError(403, "no"), 403),
    ],
)
def test_problems_have_the_original_s_codes(error: Exception, code: int) -> None:
    """What the domain does not take is 400, who may not is 401, and the body is `detail`."""
    answer = told(error)
    assert answer.status_code == code
    assert isinstance(json.loads(answer.body)["detail"], str)
    assert ("www-authenticate" in answer.headers) == (code == 401)


def test_faulty_fields_are_told_with_their_places() -> None:
    """422 is FastAPI's list, whether the door found the fault or the registry."""
    here = told(wrong("too short", "body", "name"))
    there = told(refuse("gateway:invalid", "not valid: name", FieldError(detail="too short", field="name")))
    assert here.status_code == there.status_code == 422
    expected = {"detail": [{"loc": ["body", "name"], "msg": "too short", "type": "value_error"}]}
    assert json.loads(here.body) == json.loads(there.body) == expected


def test_some_problems_mean_something_else_in_places() -> None:
    """Within `meaning` a problem has another code, within `Soft` it is told with 200; others pass both."""
    with pytest.raises(DetailError) as no, meaning({"registry:locked": 400}, "so: "):
        raise refuse("registry:locked", "it is locked")
    assert (no.value.status, no.value.detail) == (400, "so: it is locked")
    with Soft(["registry:invalid-entry"]) as soft:
        raise refuse("registry:invalid-entry", "does not hold", FieldError(detail="no such model", field="software_id"))
    assert soft.detail == "does not hold; software_id: no such model"
    with pytest.raises(Refusal), Soft(["registry:invalid-entry"]):
        raise refuse("registry:locked", "it is locked")


def test_people_are_known_by_the_name_to_log_in_with() -> None:
    """Who acts is called by the username; without a role the door stays shut."""
    assert ADA.by_username().name == "ada"
    assert ADA.by_username().by_username() == ADA.by_username()
    assert role("entity-registry-read")(ADA).name == "ada"
    with pytest.raises(Refusal, match="entity-registry-write"):
        role("entity-registry-read", "entity-registry-write")(ADA)


def test_nobody_is_known_by_what_they_are_called() -> None:
    """A token that has no name to log in with speaks for its subject, whatever else it says of them."""
    eve = caller_of({"iss": "https://issuer.example.org", "sub": "9e", "name": "ada"})

    assert (eve.name, eve.by_username().name) == ("ada", "9e")


@pytest.mark.parametrize(
    ("host", "api"),
    [
        ("registry-api.example.org", "registry"),
        ("Registry-API.example.org:8443", "registry"),
        ("example.org", None),
        ("", None),
    ],
)
def test_a_host_name_leads_to_its_api(host: str, api: str | None) -> None:
    """The port and capitals do not matter; other names lead nowhere else."""
    scope = {"headers": [(b"host", host.encode())], "path": "/registry/general/list", "raw_path": b"/registry/general/list"}
    assert api_of({"registry": "registry-api.example.org"}, scope) == api
    if api:
        moved = below(scope, api)
        assert (moved["path"], moved["raw_path"]) == ("/registry/registry/general/list", b"/registry/registry/general/list")


def paths(router: object) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in router.routes:
        found.setdefault(route.path, set()).update(route.methods)
    return found


def test_every_kind_has_the_routes_that_it_is_to_have() -> None:
    """Reading is for all kinds, writing for those that people write, versions for those that have them."""
    there = paths(registry.router)
    for kind, facts in KINDS.items():
        at = f"/registry/registry/{facts.prefix}"
        for name in (
            "fetch",
            "list",
            "schema",
            "ui_schema",
            "validate",
            "auth/roles",
            "locks/history",
            "locks/locked",
            "delete",
        ):
            assert f"{at}/{name}" in there, (kind, name)
        assert there[f"{at}/auth/configuration"] == {"GET", "PUT"}
        for name in ("seed", "create", "update", "revert"):
            assert (f"{at}/{name}" in there) == facts.written, (kind, name)
        assert (f"{at}/version" in there) == (facts.written and facts.versioned), kind


def test_releases_are_at_both_addresses() -> None:
    """A client looks for them at the auth API; both say the same."""
    for method, path in (("POST", "/release/approval-request"), ("DELETE", "/release/sys-reviewers/delete")):
        assert method in paths(auth.router)[f"/auth{path}"] & paths(datasets.router)[f"/datastore{path}"]


def test_lists_tell_seeds_apart() -> None:
    """Seeds are counted on their own and have no name; the key to go on is passed through."""
    body = listed([entry(), entry(info={"display_name": "s", "title": "t", "description": "d"})], {"key": 1})
    assert (body["total_item_count"], body["complete_item_count"], body["seed_item_count"]) == (2, 1, 1)
    assert "display_name" not in body["seed_items"][0] and body["items"][0]["history"] == []
    assert body["pagination_key"] == {"key": 1} and body["status"]["success"]


def test_versions_are_told() -> None:
    """An item says where it stands among its versions, and which job tells of that."""
    job = uuid7()
    seen = entry(versioning=Versioning(version=2, previous_version="10378.1/0", reason="next"), version_job=job)
    item = listed([seen], None)["seed_items"][0]
    assert item["workflow_links"] == {"create_activity_workflow_id": None, "version_activity_workflow_id": str(job)}
    assert item["versioning_info"]["previous_version"] == "10378.1/0"


def test_only_datasets_have_roles_for_data() -> None:
    """Roles are those of the kind, each with what should be granted with it."""
    names = {one["role_name"]: one["also_grants"] for one in described_roles(Kind.DATASET)}
    assert set(names["dataset-data-write"]) == {"metadata-read", "metadata-write", "dataset-data-read"}
    assert [one["role_name"] for one in described_roles(Kind.STUDY)] == ["metadata-read", "metadata-write", "admin"]


def test_jobs_are_printed_and_their_results_are_never_null() -> None:
    """A job that is done has an object as its result; one that failed says why."""
    job = settled(ADA, "REGISTRY_WAKE_UP", {"reason": None}, {}, "REGISTRY")
    row = job_row(job, {})
    assert (row["status"], row["result"], row["info"], row["gsi_status"]) == ("SUCCEEDED", {}, None, "ok")
    broken = failed(job, Problem.of("gateway:invalid", "the batch holds no model runs"))
    assert broken.status is JobStatus.FAILED
    assert job_row(broken, {})["info"] == "Job failed, err: the batch holds no model runs"


def test_lineage_has_its_links_under_both_names() -> None:
    """Nodes and links have exactly the fields that clients know, and the links stand twice."""
    node = {"id": "1/1", "item_category": "ENTITY", "item_subtype": "DATASET", "registered": True}
    link = {"type": "used", "source": "1/2", "target": "1/1"}
    body = lineage({"depth": 3, "nodes": [node], "links": [link]}, "upstream")
    assert body["record_count"] == 1 and body["graph"]["links"] == body["graph"]["edges"] == [link]
    assert set(body["graph"]["nodes"][0]) == {"id", "item_category", "item_subtype"}
    assert "depth 3" in body["status"]["details"]


def test_imports_are_told_with_the_items_that_failed() -> None:
    """A failure comes with the item it is about."""
    told_ = {"trial_mode": True, "old_size": 1, "new_size": 2, "deleted": 0, "overwritten": 0, "added": 1}
    body = imported(told_ | {"failures": [["no name", "1/1"]]}, [{"id": "1/1", "item_payload": {}}], registry=True)
    assert not body["status"]["success"]
    assert body["failure_list"] == [["no name", {"id": "1/1", "item_payload": {}}]]
    assert body["statistics"]["new_registry_size"] == 2
    assert imported(told_ | {"failures": []}, [], registry=False)["statistics"]["new_size"] == 2


def test_a_bare_status_holds_itself() -> None:
    """Clients look for the status at the top or below `status`."""
    assert both("no", success=False) == {"success": False, "details": "no", "status": {"success": False, "details": "no"}}


def test_what_excludes_each_other_is_refused() -> None:
    """`begins_with` needs its order, a kind excludes a release, one batch excludes another."""
    with pytest.raises(ValidationError, match="begins_with"):
        Sorting(begins_with="https://")
    with pytest.raises(ValidationError, match="release_status"):
        Filter(item_subtype=Kind.DATASET, release_status="PENDING")
    with pytest.raises(ValidationError, match="exclude"):
        Launch(job_type="EMAIL", job_sub_type="EMAIL_WAKE_UP", job_payload={}, request_batch_id=True, add_to_batch=uuid7())
    told_ = GeneralList.model_validate({"sort_by": {"ascending": False}, "pagination_key": {}, "page_size": 10**6})
    asked = told_.listing()
    assert (asked.sort, asked.after, asked.limit) == (None, None, 200)


def test_datasets_are_looked_at() -> None:
    """Approvals are obtained where relevant, and nothing is published before it is created."""
    fine = {"relevant": True, "obtained": True}
    no = {"relevant": False, "obtained": False}
    format_ = {
        "associations": {"organisation_id": "1/1"},
        "approvals": {
            "ethics_registration": fine,
            "ethics_access": no,
            "indigenous_knowledge": {"relevant": True, "obtained": False},
            "export_controls": {"relevant": False, "obtained": True},
        },
        "dataset_info": {
            "name": "n",
            "description": "d",
            "access_info": {"reposited": True},
            "publisher_id": "1/1",
            "created_date": {"relevant": True, "value": date(2024, 1, 2)},
            "published_date": {"relevant": True, "value": date(2024, 1, 1)},
            "license": "https://example.org/licence",
        },
    }
    found = faults(CollectionFormat.model_validate(format_))
    assert [one.split()[0] for one in found] == ["published_date", "indigenous_knowledge", "export_controls"]


def test_the_errors_of_a_body_are_fastapi_s() -> None:
    """What `wrong` makes is what FastAPI itself raises."""
    assert isinstance(wrong("no"), RequestValidationError)
