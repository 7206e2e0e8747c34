"""A client of ReProv as its users write one: `requests`, the table of addresses, and nothing of this repository."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests


class ReProvError(Exception):
    """The service says `success: false`."""


class ReProvClient:
    """Every address of the service as a method; answers are whole envelopes."""

    def __init__(self, base_url: str, token: str, timeout: float = 120) -> None:
        self.base_url, self.timeout = base_url.rstrip("/"), timeout
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def from_keycloak(
        cls,
        base_url: str,
        keycloak_token_url: str,
        client_id: str,
        username: str,
        password: str,
        client_secret: str = "",
        timeout: float = 120,
    ) -> "ReProvClient":
        """A client that has logged in with a password."""
        form = {"grant_type": "password", "client_id": client_id, "username": username, "password": password}
        if client_secret:
            form["client_secret"] = client_secret
        answer = requests.post(keycloak_token_url, data=form, timeout=timeout)
        answer.raise_for_status()
        return cls(base_url, answer.json()["access_token"], timeout)

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        answer = self.session.request(method, f"{self.base_url}{path}", timeout=self.timeout, **more)
        answer.raise_for_status()
        return answer

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        told = self._ask(method, path, **more).json()
        if told.get("success") is False:
            raise ReProvError(told["message"])
        return dict(told)

    def _save(self, path: str, out_path: str | Path) -> dict[str, Any] | Path:
        answer = self._ask("GET", path)
        if "application/json" in answer.headers.get("content-type", ""):
            return dict(answer.json())
        Path(out_path).write_bytes(answer.content)
        return Path(out_path)

    def _send(self, method: str, path: str, params: dict[str, Any], spec_file: Any, input_file: Any) -> dict[str, Any]:
        given = {"spec_file": spec_file, "input_file": input_file}
        with ExitStack() as stack:
            files = {
                name: stack.enter_context(Path(file).open("rb")) if isinstance(file, str | Path) else file
                for name, file in given.items()
                if file is not None
            }
            known = {name: value for name, value in params.items() if value is not None}
            return self._json(method, path, params=known, files=files or None)

    def register_workflow(self, name: str, version: Any, spec_file: Any, input_file: Any = None) -> dict[str, Any]:
        """Register a workflow."""
        params = {"name": name, "version": version}
        return self._send("POST", "/workflow_registry/register/", params, spec_file, input_file)

    def list_workflows(self) -> dict[str, Any]:
        """All workflows."""
        return self._json("GET", "/workflow_registry/")

    def get_workflow(self, registry_id: int) -> dict[str, Any]:
        """One workflow."""
        return self._json("GET", f"/workflow_registry/{registry_id}")

    def update_workflow(
        self, registry_id: int, name: str | None = None, version: Any = None, spec_file: Any = None, input_file: Any = None
    ) -> dict[str, Any]:
        """Change a workflow."""
        params = {"name": name, "version": version}
        return self._send("PUT", f"/workflow_registry/update/{registry_id}", params, spec_file, input_file)

    def delete_workflow(self, registry_id: int) -> dict[str, Any]:
        """Remove a workflow."""
        return self._json("DELETE", f"/workflow_registry/delete/{registry_id}")

    def execute_workflow(self, registry_id: int) -> dict[str, Any]:
        """Execute a workflow."""
        return self._json("POST", f"/workflow_execution/execute/{registry_id}")

    def list_executions(self) -> dict[str, Any]:
        """All executions."""
        return self._json("GET", "/workflow_execution/")

    def get_execution(self, execution_id: int) -> dict[str, Any]:
        """One execution."""
        return self._json("GET", f"/workflow_execution/{execution_id}")

    def get_execution_logs(self, execution_id: int) -> dict[str, Any]:
        """Its steps' logs."""
        return self._json("GET", f"/workflow_execution/{execution_id}/logs")

    def delete_executions(self, registry_id: int | None = None, reana_name: str | None = None) -> dict[str, Any]:
        """Delete executions."""
        params = {"registry_id": registry_id, "reana_name": reana_name}
        known = {name: value for name, value in params.items() if value is not None}
        return self._json("DELETE", "/workflow_execution/delete/", params=known)

    def download_inputs(self, execution_id: int, out_path: str | Path) -> dict[str, Any] | Path:
        """Its inputs."""
        return self._save(f"/workflow_execution/inputs/{execution_id}", out_path)

    def download_outputs(self, execution_id: int, out_path: str | Path = "outputs.zip") -> dict[str, Any] | Path:
        """Its outputs."""
        return self._save(f"/workflow_execution/outputs/{execution_id}", out_path)

    def capture_provenance(self, execution_id: int) -> dict[str, Any]:
        """Capture its provenance."""
        return self._json("GET", f"/provenance/capture/{execution_id}")

    def export_provenance_json(self, execution_id: int) -> dict[str, Any]:
        """Its provenance as PROV-JSON."""
        return dict(self._ask("GET", f"/provenance/json/{execution_id}").json())

    def draw_provenance(self, execution_id: int, out_path: str | Path) -> dict[str, Any] | Path:
        """Its provenance as a picture."""
        return self._save(f"/provenance/draw/{execution_id}", out_path)
