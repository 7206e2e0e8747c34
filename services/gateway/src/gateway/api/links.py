"""Where an answer leads to, for the API's documentation (OpenAPI links)."""

from typing import Any

JOB = "$response.body#/job/id"


def _link(operation: str, parameters: dict[str, str], body: dict[str, str] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"operationId": operation, "parameters": parameters}
    return told | {"requestBody": body} if body else told


def to_workflow(at: str) -> dict[str, Any]:
    """Links of an answer in which a workflow's id is there."""
    to = {"path.workflow": at}
    return {
        "show the workflow": _link("workflow_v1_workflows__workflow__get", to),
        "download its specification": _link("specification_v1_workflows__workflow__specification_get", to),
        "change it": _link("update_v1_workflows__workflow__patch", to),
        "remove it": _link("delete_v1_workflows__workflow__delete", to),
        "run it": _link("start_v1_runs_post", {}, {"workflow": at}),
        "list its runs": _link("runs_v1_runs_get", {"query.workflow": at}),
    }


def to_run(at: str) -> dict[str, Any]:
    """Links of an answer in which a run's id is there."""
    to = {"path.run": at}
    return {
        "show the run": _link("run_v1_runs__run__get", to),
        "list its steps": _link("steps_v1_runs__run__steps_get", to),
        "list its outputs": _link("outputs_v1_runs__run__outputs_get", to),
        "download its outputs": _link("archive_v1_runs__run__archive_get", to),
        "read its log": _link("logs_v1_runs__run__logs_get", to),
        "export its provenance": _link("provenance_v1_runs__run__provenance_get", to),
        "draw it": _link("drawing_v1_runs__run__drawing_get", to),
        "stop it": _link("stop_v1_runs__run__stop_post", to),
        "run it again": _link("restart_v1_runs__run__restart_post", to),
        "remove it": _link("delete_v1_runs__run__delete", to),
    }


def to_job(at: str = JOB) -> dict[str, Any]:
    """Links of an answer in which a job's id is there."""
    return {"show the job": _link("job_v1_jobs__job__get", {"path.job": at})}


def to_upload(at: str) -> dict[str, Any]:
    """Links of an answer in which an upload's id is there."""
    return {"show the upload": _link("shown_v1_uploads__upload__get", {"path.upload": at})}
