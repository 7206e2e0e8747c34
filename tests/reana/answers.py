"""The answers of the REANA stand-in, as REANA 0.9.4 gives them."""

import fnmatch
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.reana.world import Workflow, World

LIVE = {"created", "queued", "pending", "running", "finished", "failed", "stopped", "deleted"}
NO_SUCH = (
    "REANA_WORKON is set to {}, but that workflow does not exist. "
    "Please set your REANA_WORKON environment variable appropriately."
)


class No(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def world_of(request: Request) -> World:
    return request.app.state.world


def owner_of(request: Request) -> str:
    token = request.query_params.get("access_token")
    if not token:
        raise No(401, "User not signed in")
    owner = world_of(request).user(token)
    if owner is None:
        raise No(403, "Token not valid.")
    return owner


def wanted(request: Request, status: int = 404) -> Workflow:
    named = request.path_params["id"]
    found = world_of(request).find(owner_of(request), named)
    if found is None:
        raise No(status, NO_SUCH.format(named))
    return found


def within_quota(request: Request) -> None:
    if owner_of(request) in world_of(request).over_quota:
        raise No(403, "User quota exceeded.\nResource: disk, usage: 648 KiB out of 195.31 KiB used (332%)\nPlease see: <docs>")


async def body(request: Request) -> Any:
    content = await request.body()
    return json.loads(content) if content else {}


async def ping(request: Request) -> Response:
    return JSONResponse({"message": "OK", "status": "200"})


async def you(request: Request) -> Response:
    owner = owner_of(request)
    usage = {"raw": 0, "human_readable": "0 Bytes"}
    quota = {"cpu": {"usage": usage}, "disk": {"usage": usage}}
    told = {"email": f"{owner}@example.org", "full_name": "", "username": "", "reana_server_version": "0.9.4"}
    token = {"value": request.query_params["access_token"], "status": "active", "requested_at": "2026-01-01T00:00:00"}
    return JSONResponse({**told, "reana_token": token, "quota": quota})


async def create(request: Request) -> Response:
    owner, name, spec = owner_of(request), request.query_params.get("workflow_name") or "workflow", await body(request)
    within_quota(request)
    if "." in name:
        raise No(403, f'Workflow name {name} contains illegal character "."')
    if "workflow" not in spec:
        raise No(400, "'workflow' is a required property")
    if spec["workflow"].get("type") not in {"serial", "cwl", "yadage", "snakemake"}:
        raise No(500, "Unknown workflow type.")
    made = world_of(request).create(owner, name, spec)
    told = {"message": "Workflow workspace created", "workflow_id": made.id, "workflow_name": made.full_name}
    return JSONResponse(told, 201)


async def upload(request: Request) -> Response:
    flow, name = wanted(request), request.query_params.get("file_name", "").lstrip("/")
    within_quota(request)
    if request.headers.get("content-type") != "application/octet-stream":
        raise No(400, "Wrong Content-Type, only application/octet-stream is allowed")
    if not name:
        raise No(400, "No file_name was given")
    if ".." in Path(name).parts:
        raise No(400, "'..' is not a valid path component")
    if flow.status == "deleted":
        raise No(500, "Workspace is gone")
    content = b"" if "content-length" not in request.headers else await request.body()  # a chunked body arrives empty
    path = flow.workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return JSONResponse({"message": f"{name} has been successfully uploaded."})


def check(flow: Workflow, given: dict[str, Any]) -> None:
    kind, spec = flow.spec["workflow"]["type"], flow.spec["workflow"].get("specification") or {}
    declared = (flow.spec.get("inputs") or {}).get("parameters") or {}
    for name in given:
        if name not in declared:
            raise No(400, f'Input parameter "{name}" is not present in reana.yaml')
    if kind == "serial" and not all("environment" in step for step in spec.get("steps", [{}])):
        raise No(400, "'environment' is a required property")
    if kind == "yadage" and not (flow.workspace / flow.spec["workflow"]["file"]).is_file():
        raise No(400, f"Workflow file {flow.spec['workflow']['file']} does not exist")


def submitted(flow: Workflow) -> Response:
    number = f"{flow.major}.{flow.minor}" if flow.minor else str(flow.major)
    told = {"message": "Workflow submitted.", "workflow_id": flow.id, "workflow_name": flow.name, "status": flow.status}
    return JSONResponse({**told, "run_number": number, "user": flow.owner})


async def start(request: Request) -> Response:
    flow, told = wanted(request, 403), await body(request)
    within_quota(request)
    if told.get("restart"):
        if flow.status not in {"finished", "failed"}:
            raise No(403, "Only finished or failed workflows can be restarted.")
        flow = world_of(request).restart(flow)
    elif flow.status != "created":
        raise No(403, f"Workflow {flow.full_name} is already {flow.status} and cannot be started again.")
    check(flow, told.get("input_parameters") or {})
    flow.given = told.get("input_parameters") or {}
    world_of(request).begin(flow)
    return submitted(flow)


async def set_status(request: Request) -> Response:
    flow, word, world = wanted(request), request.query_params["status"], world_of(request)
    if word == "stop":
        if flow.status != "running":
            raise No(409, f"Workflow {flow.id} is not running.")
        await world.stop(flow)
    elif word == "deleted":
        if flow.status == "running":
            raise No(500, f"Workflow {flow.id} cannot be deleted as it is currently running.")
        if not (await body(request)).get("workspace"):
            raise No(400, "workspace must be true")
        await world.delete(flow)
    else:
        raise No(500, f"{word!r} is not one of ['start', 'stop', 'deleted']")
    told = {"message": f"Workflow successfully {word}", "workflow_id": flow.id, "workflow_name": flow.full_name}
    return JSONResponse({**told, "status": flow.status, "user": flow.owner})


def progress(world: World, flow: Workflow) -> dict[str, Any]:
    jobs = world.seen_jobs(flow)

    def some(*statuses: str) -> dict[str, Any]:
        ids = [job.id for job in jobs if not statuses or job.status in statuses]
        return {"total": len(ids), "job_ids": ids}

    last = jobs[-1] if jobs else None
    return {
        "run_started_at": world.local(flow.started),
        "run_finished_at": world.local(flow.finished),
        "run_stopped_at": world.local(flow.stopped),
        "total": {"total": len((flow.spec["workflow"].get("specification") or {}).get("$graph", "x")) - 1, "job_ids": []},
        "running": some(),
        "finished": some("finished"),
        "failed": some("failed"),
        "current_step_name": last.name if last else None,
        "current_command": last.cmd if last else None,
    }


def row(world: World, flow: Workflow) -> dict[str, Any]:
    created = flow.created.strftime("%Y-%m-%dT%H:%M:%S")
    return {"id": flow.id, "name": flow.full_name, "status": flow.status, "created": created, "user": flow.owner}


def job_logs(world: World, flow: Workflow, steps: list[str]) -> dict[str, Any]:
    return {
        job.id: {
            "workflow_uuid": flow.id,
            "job_name": job.name,
            "compute_backend": "Kubernetes",
            "backend_job_id": f"reana-run-job-{job.id}",
            "docker_img": job.image,
            "cmd": job.cmd,
            "status": job.status,
            "logs": job.said,
            "started_at": world.local(job.started),
            "finished_at": world.local(job.finished),
        }
        for job in world.seen_jobs(flow)
        if not steps or job.name in steps
    }


async def status(request: Request) -> Response:
    flow, world = wanted(request), world_of(request)
    return JSONResponse({**row(world, flow), "progress": progress(world, flow), "logs": json.dumps(job_logs(world, flow, []))})


async def logs(request: Request) -> Response:
    flow, world = wanted(request), world_of(request)
    steps = await body(request) or []
    told = list(job_logs(world, flow, steps).items())
    if size := int(request.query_params.get("size") or 0):
        first = (int(request.query_params.get("page") or 1) - 1) * size
        told = told[first : first + size]
    engine = flow.log if flow.finished and world.settled(flow) else ""
    text = json.dumps({"workflow_logs": None if steps else engine, "job_logs": dict(told), "engine_specific": None})
    return JSONResponse({"workflow_id": flow.id, "workflow_name": flow.full_name, "user": flow.owner, "logs": text})


def paged(request: Request, items: list[Any]) -> dict[str, Any]:
    size, page = request.query_params.get("size"), int(request.query_params.get("page") or 1)
    if size is not None and int(size) < 1:
        raise No(400, "Field 'size': Must be at least 1.")
    first = (page - 1) * int(size) if size else 0
    some = items[first : first + int(size)] if size else items
    more = size is not None and first + int(size) < len(items)
    return {"items": some, "page": page, "size": size, "total": len(items), "has_next": more, "has_prev": page > 1}


async def listed(request: Request) -> Response:
    owner, world, query = owner_of(request), world_of(request), request.query_params
    if query.get("type") not in {"batch", "interactive"}:
        raise No(400, "Field 'type': Must be one of: batch, interactive.")
    words = set(query["status"].split(",")) if query.get("status") else LIVE
    if not words <= LIVE:
        raise No(400, "Malformed request.")
    mine = [flow for flow in world.workflows.values() if flow.owner == owner and flow.status in words]
    found = mine if query["type"] == "batch" else [flow for flow in mine if flow.session is not None]
    if name := query.get("workflow_id_or_name"):
        found = [flow for flow in found if name in {flow.id, flow.name}]
    found.sort(key=lambda flow: (flow.created, flow.id), reverse=query.get("sort") != "asc")
    told = paged(request, found)
    wants = query.get("include_progress", "").lower() == "true"
    told["items"] = [
        {
            **row(world, flow),
            "launcher_url": None,
            "size": {"raw": -1, "human_readable": ""},
            "progress": progress(world, flow) if wants else {"total": progress(world, flow)["total"]},
            **(session(flow) if query["type"] == "interactive" else {}),
        }
        for flow in told["items"]
    ]
    return JSONResponse({**told, "user_has_workflows": bool(world.workflows)})


def session(flow: Workflow) -> dict[str, Any]:
    return {"session_type": "jupyter", "session_uri": flow.session, "session_status": "running"}


async def open_session(request: Request) -> Response:
    flow, kind = wanted(request), request.path_params["kind"]
    within_quota(request)
    if kind != "jupyter":
        raise No(404, f"Interactive session type {kind} not found, try with one of: ['jupyter']")
    if flow.session is not None or flow.status == "deleted":
        raise No(404, f"Interactive session for workflow {flow.full_name} cannot be opened.")
    flow.session = f"/{flow.id}"
    return JSONResponse({"path": flow.session})


async def close_session(request: Request) -> Response:
    flow = wanted(request)
    if flow.session is None:
        raise No(404, f"Workflow {flow.full_name} has no open interactive session.")
    flow.session = None
    return JSONResponse({"message": "The interactive session has been closed"})


async def specification(request: Request) -> Response:
    flow = wanted(request, 403)
    return JSONResponse({"specification": flow.spec, "parameters": flow.given})


def matching(flow: Workflow, pattern: str) -> dict[str, Path]:
    files = flow.files()
    return {
        n: p for n, p in files.items() if n == pattern or n.startswith(pattern.rstrip("/") + "/") or fnmatch.fnmatch(n, pattern)
    }


async def files(request: Request) -> Response:
    flow, pattern = wanted(request), request.query_params.get("file_name")
    if flow.status == "deleted":
        raise No(404, "Workspace does not exist.")
    found = matching(flow, pattern) if pattern else flow.files()
    rows = [
        {"name": name, "last-modified": "2026-01-01T00:00:00", "size": {"raw": path.stat().st_size, "human_readable": ""}}
        for name, path in found.items()
    ]
    return JSONResponse(paged(request, rows))


async def download(request: Request) -> Response:
    flow, name = wanted(request), request.path_params["path"]
    found = matching(flow, name) if flow.status != "deleted" else {}
    if not found:
        raise No(404, f"{name} does not exist.")
    if len(found) == 1 and (name in found or "*" in name):
        content, mood = next(iter(found.values())).read_bytes(), world_of(request).mood
        if mood.spoil > 0 and content:
            mood.spoil -= 1
            content = bytes([content[0] ^ 1]) + content[1:]
        return Response(
            content,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
            media_type="application/octet-stream",
        )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for one, path in found.items():
            target.write(path, one)
    return Response(made.getvalue(), media_type="application/zip")


async def disk_usage(request: Request) -> Response:
    flow = wanted(request, 403)
    size = sum(path.stat().st_size for path in flow.files().values()) if flow.status != "deleted" else 0
    info = [{"name": "", "size": {"raw": size, "human_readable": ""}}]
    return JSONResponse({"workflow_id": flow.id, "workflow_name": flow.name, "user": flow.owner, "disk_usage_info": info})


async def info(request: Request) -> Response:
    owner_of(request)
    told = {
        "compute_backends": {"title": "List of supported compute backends", "value": ["kubernetes"]},
        "default_kubernetes_memory_limit": {"title": "Default memory limit for Kubernetes jobs", "value": "4Gi"},
        "kubernetes_max_memory_limit": {"title": "Maximum allowed memory limit for Kubernetes jobs", "value": "10Gi"},
    }
    return JSONResponse(told)


TABLE = [
    ("info", "/api/info", info, "GET"),
    ("ping", "/api/ping", ping, "GET"),
    ("you", "/api/you", you, "GET"),
    ("create", "/api/workflows", create, "POST"),
    ("list", "/api/workflows", listed, "GET"),
    ("upload", "/api/workflows/{id}/workspace", upload, "POST"),
    ("files", "/api/workflows/{id}/workspace", files, "GET"),
    ("download", "/api/workflows/{id}/workspace/{path:path}", download, "GET"),
    ("start", "/api/workflows/{id}/start", start, "POST"),
    ("status", "/api/workflows/{id}/status", status, "GET"),
    ("set_status", "/api/workflows/{id}/status", set_status, "PUT"),
    ("open", "/api/workflows/{id}/open/{kind}", open_session, "POST"),
    ("close", "/api/workflows/{id}/close/", close_session, "POST"),
    ("logs", "/api/workflows/{id}/logs", logs, "GET"),
    ("specification", "/api/workflows/{id}/specification", specification, "GET"),
    ("disk_usage", "/api/workflows/{id}/disk_usage", disk_usage, "GET"),
]
