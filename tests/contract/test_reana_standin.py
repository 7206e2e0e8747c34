"""The stand-in answers in the shapes of REANA's own OpenAPI file, and the runner talks only to a REANA it can trust."""

import datetime as dt
import ipaddress
import json
import re
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest

pytest.importorskip("reana_client", reason="`make install PRODUCTION=1` brings the client of REANA")
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.reana.answers import TABLE
from tests.reana.process import StandIn

from chassis.refusal import Trouble
from executor.runner import RunnerSettings
from executor.runner.reanacalls import Calls

SPEC: dict[str, Any] = json.loads((files("reana_commons") / "openapi_specifications/reana_server.json").read_text())
SERIAL = {
    "inputs": {"parameters": {"n": 1}},
    "workflow": {"type": "serial", "specification": {"steps": [{"environment": "x", "commands": ["echo ${n} > a"]}]}},
}


@pytest.fixture(scope="module")
def standin(session_folder: Path) -> Iterator[StandIn]:
    """The stand-in."""
    server = StandIn(session_folder / "shapes").start()
    yield server
    server.stop()


def nullable(schema: Any) -> Any:
    """Swagger's `x-nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: nullable(one) for key, one in schema.items()}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("x-nullable") is True else plain


class Asking:
    """Asks as a user, and holds every answer against REANA's own description."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, params={"access_token": f"user-{uuid4()}"})
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """An answer with that status, its shape checked."""
        answer = self.http.request(method, path, **more)
        assert answer.status_code == status, answer.text
        described = next(p for p in SPEC["paths"] if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", p), path))
        schema = SPEC["paths"][described][method.lower()]["responses"][str(status)].get("schema")
        self.seen.add((method, described))
        if answer.headers["content-type"] != "application/json":
            return answer.content
        if schema is not None:
            jsonschema.validate(answer.json(), nullable(schema))
        assert "message" in answer.json() or status < 400
        return answer.json()


def _open_and_close(ask: Asking, one: str) -> None:
    assert ask("GET", "/api/workflows", params={"type": "interactive", "page": 1, "size": 5})["total"] == 0
    assert ask("POST", f"{one}/open/jupyter", json={})["path"].startswith("/")
    assert ask("GET", "/api/workflows", params={"type": "interactive", "page": 1, "size": 5})["total"] == 1
    for path in ("open/rstudio", "open/jupyter"):
        ask("POST", f"{one}/{path}", 404, json={})
    ask("POST", f"{one}/close/", json={})
    ask("POST", f"{one}/close/", 404, json={})


def test_every_answer_has_the_shape_that_reana_describes(standin: StandIn) -> None:
    """All routes, good answers and bad."""
    ask = Asking(standin.url)
    ask("GET", "/api/ping")
    assert ask("GET", "/api/you")["reana_server_version"] == "0.9.4"
    assert ask("GET", "/api/info")["default_kubernetes_memory_limit"]["value"] == "4Gi"
    ask("POST", "/api/workflows", 403, params={"workflow_name": "a.b"}, json=SERIAL)
    ask("POST", "/api/workflows", 400, params={"workflow_name": "a"}, json={})
    ask("POST", "/api/workflows", 500, params={"workflow_name": "a"}, json={"workflow": {"type": "make"}})
    made = ask("POST", "/api/workflows", 201, params={"workflow_name": "a"}, json=SERIAL | {"more": 1})
    assert made["workflow_name"] == "a.1"
    one = f"/api/workflows/{made['workflow_id']}"
    kind = {"Content-Type": "application/octet-stream"}
    ask("POST", f"{one}/workspace", params={"file_name": "/d/f"}, content=b"1", headers=kind)
    ask("POST", f"{one}/workspace", params={"file_name": "empty"}, content=iter([b"1"]), headers=kind)
    ask("POST", f"{one}/workspace", 400, params={"file_name": "../f"}, content=b"1", headers=kind)
    ask("POST", f"{one}/workspace", 400, params={"file_name": "f"}, content=b"1")
    ask("POST", f"{one}/start", 400, json={"input_parameters": {"zz": 1}})
    started = ask("POST", f"{one}/start", json={"input_parameters": {"n": 5}})
    assert (started["workflow_name"], started["run_number"], started["status"]) == ("a", "1", "queued")
    assert "already" in ask("POST", f"{one}/start", 403, json={})["message"]
    while (status := ask("GET", f"{one}/status"))["status"] != "finished":
        assert status["status"] in {"queued", "pending", "running"}
    assert status["progress"]["finished"]["total"] == 1
    logs = json.loads(ask("GET", f"{one}/logs")["logs"])
    assert [job["job_name"] for job in logs["job_logs"].values()] == [""]
    assert json.loads(ask("GET", f"{one}/logs", content=json.dumps(["no"]))["logs"])["workflow_logs"] is None
    assert ask("GET", "/api/workflows", params={"type": "batch", "include_progress": True, "page": 1, "size": 5})["total"] == 1
    _open_and_close(ask, one)
    ask("GET", "/api/workflows", 400, params={"type": "batch", "size": 0})
    ask("GET", "/api/workflows", 400, params={"type": "batch", "status": "dancing"})
    assert ask("GET", f"{one}/specification")["parameters"] == {"n": 5}
    sizes = {item["name"]: item["size"]["raw"] for item in ask("GET", f"{one}/workspace")["items"]}
    assert sizes["a"] == 2
    assert sizes["empty"] == 0  # a body without a length
    assert ask("GET", f"{one}/workspace/a") == b"5\n"
    assert ask("GET", f"{one}/workspace/d")[:2] == b"PK"
    ask("GET", f"{one}/workspace/none", 404)
    ask("GET", f"{one}/disk_usage")
    assert "is not running" in ask("PUT", f"{one}/status", 409, params={"status": "stop"})["message"]
    ask("PUT", f"{one}/status", params={"status": "deleted"}, json={"workspace": True})
    ask("GET", f"{one}/workspace", 404)
    unknown = f"/api/workflows/{uuid4()}"
    for status_code, path in ((404, "status"), (404, "logs"), (403, "specification"), (403, "disk_usage")):
        assert "REANA_WORKON" in ask("GET", f"{unknown}/{path}", status_code)["message"]
    ask("POST", f"{unknown}/start", 403, json={})
    assert httpx.get(f"{standin.url}/api/you").status_code == 401
    assert httpx.get(f"{standin.url}/api/you", params={"access_token": "x"}).json() == {"message": "Token not valid."}

    assert len(ask.seen) == len(TABLE)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with a certificate that nobody knows, and the certificate."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reana.test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "reana.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(private)
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps({"email": "a", "message": "OK", "status": "200"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", pem
    server.shutdown()
    server.server_close()


async def test_a_reana_is_believed_by_its_certificate(secure: tuple[str, Path]) -> None:
    """reana-client itself believes everybody; here an unknown certificate is refused, and one that is named is taken."""
    from reana_client.api import client

    url, pem = secure
    strangers = Calls(url, RunnerSettings(reana_timeout=60))
    with pytest.raises(Trouble):
        await strangers.stands()
    with pytest.raises(Trouble):
        await strangers.once(client.get_workflow_status, "t", "w")
    await strangers.close()

    known = Calls(url, RunnerSettings(reana_timeout=60, reana_ca=pem))
    await known.stands()
    assert (await known.once(client.ping, "t"))["status"] == "Connected"
    await known.close()

    careless = Calls(url, RunnerSettings(reana_timeout=60, reana_verify=False))
    await careless.stands()
    await careless.close()
