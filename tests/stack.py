"""Production in small: four processes on RabbitMQ, PostgreSQL, Neo4j, S3, Keycloak's tokens and a REANA stand-in."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import neo4j
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text

from chassis import keys
from chassis.database import driver_url, make_engine
from tests.measuring import measured
from tests.servers import server, servers

SERVICES = ("registry", "executor", "provenance", "gateway")
TOKEN = "user-reprovena"


@dataclass
class Stack:
    """The four services and the stand-in, each a process in a folder."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"t{uuid4().hex[:10]}")
    environments: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the gateway is."""
        return self.urls["gateway"]

    # -- what the servers give ---------------------------------------------------------------------

    def prepare(self) -> None:
        """A virtual host, four databases, an empty graph, keys."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._virtual_host()
        asyncio.run(self._databases(create=True))
        where, who = _plain(server("neo4j_url")), _user(server("neo4j_url"))
        with neo4j.GraphDatabase.driver(where, auth=who) as driver, driver.session() as session:
            session.run("MATCH (n) DETACH DELETE n").consume()
        key = keys.signing_key(self.folder / "caller.pem")
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "caller.pub").write_bytes(public)

    def _virtual_host(self) -> None:
        with self._management() as http:
            http.put(f"/api/vhosts/{self.name}").raise_for_status()
            for account in ("admin", *servers("amqp_urls")):
                rights = {"configure": ".*", "write": ".*", "read": ".*"}
                http.put(f"/api/permissions/{self.name}/{account}", json=rights).raise_for_status()

    def _management(self) -> httpx.Client:
        told = urlsplit(server("amqp_management_url"))
        base = told._replace(netloc=told.netloc.rpartition("@")[2]).geturl()
        return httpx.Client(base_url=base, auth=(told.username or "", told.password or ""), timeout=30)

    async def _databases(self, *, create: bool) -> None:
        engine = make_engine(driver_url(server("postgres_url")), 1)
        async with engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for service in SERVICES:
                if create:
                    await connection.execute(text(f'create database "{self.name}_{service}"'))
                else:
                    await connection.execute(text(f'drop database if exists "{self.name}_{service}" with (force)'))
        await engine.dispose()

    def _environment(self, service: str) -> dict[str, str]:
        amqp = urlsplit(servers("amqp_urls")[service])._replace(path=f"/{self.name}").geturl()
        postgres = urlsplit(server("postgres_url"))._replace(path=f"/{self.name}_{service}").geturl()
        own: dict[str, str] = {
            "STATE": str(self.folder / service),
            "DATABASE_URL": postgres,
            "BUS_URL": amqp,
            "FILES_URL": f"s3://{server('s3_bucket')}",
            "S3_ENDPOINT": server("s3_endpoint"),
            "S3_ACCESS_KEY": server("s3_access_key"),
            "S3_SECRET_KEY": server("s3_secret_key"),
            "S3_REGION": server("s3_region"),
            "PORT": urlsplit(self.urls[service]).netloc.rpartition(":")[2] if service in self.urls else "0",
            "RUN_LEASE": "3",
            **self.settings,
        }
        if service != "gateway":
            own["CALLER_PUBLIC_KEY"] = str(self.folder / "caller.pub")
        if service == "executor":
            own |= {"RUNNER_URL": self.urls["reana"], "REANA_ACCESS_TOKEN": TOKEN}
        if service == "provenance":
            own |= {"GRAPH_URL": server("neo4j_url")}
        if service == "gateway":
            own |= {
                "CALLER_KEY": str(self.folder / "caller.pem"),
                "ISSUER_URL": server("keycloak_url"),
                **{f"{other.upper()}_URL": self.urls[other] for other in SERVICES if other != "gateway"},
            }
        return own

    # -- processes ---------------------------------------------------------------------------------

    def start(self) -> "Stack":
        """Prepare, migrate and start everything; return when every door answers."""
        self.prepare()
        self.start_reana()
        for service in SERVICES:
            self.start_service(service, migrate=True)
        for service in SERVICES:
            self.ready(service)
        return self

    def start_reana(self) -> None:
        """Start the stand-in, on the port it had before."""
        port = urlsplit(self.urls["reana"]).port if "reana" in self.urls else _free_port()
        command = [sys.executable, "-m", "tests.reana.standin", "--port", str(port), "--folder", str(self.folder / "reana")]
        self._spawn("reana", [*command, "--token", TOKEN], {})
        self.urls["reana"] = f"http://127.0.0.1:{port}"
        _until(lambda: _answers(f"{self.urls['reana']}/api/ping"), 30, "the stand-in")

    def start_service(self, service: str, *, migrate: bool = False) -> None:
        """Start one service."""
        environment = self._environment(service)
        if migrate:
            subprocess.run(
                [sys.executable, "-m", service, "migrate"], env=self._whole(environment), check=True, timeout=120,
                stdout=subprocess.DEVNULL, stderr=(self.folder / f"{service}.log").open("ab"),
            )  # fmt: skip
        note = self.folder / service / f"{service}.json"
        note.unlink(missing_ok=True)
        self._spawn(service, [sys.executable, "-m", service, "serve"], environment)
        _until(note.exists, 60, service, self.processes[service])
        self.urls[service] = json.loads(note.read_text())["url"]

    def ready(self, service: str, within: float = 60) -> None:
        """Wait until every door of a service answers."""
        _until(lambda: _answers(f"{self.urls[service]}/readyz"), within, service, self.processes[service])

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=self._whole(environment), stdout=log, stderr=log, start_new_session=True
            )

    def _whole(self, own: dict[str, str]) -> dict[str, str]:
        return os.environ | measured() | own

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def stop(self) -> dict[str, int]:
        """End all in order, then give back what the servers gave; exit codes by name."""
        codes = {}
        for name in ("gateway", "registry", "executor", "provenance", "reana"):
            if (process := self.processes.get(name)) is not None:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                try:
                    codes[name] = process.wait(40)
                except subprocess.TimeoutExpired:
                    process.kill()
                    codes[name] = process.wait()
        with contextlib.suppress(Exception):
            asyncio.run(self._databases(create=False))
        with contextlib.suppress(Exception), self._management() as http:
            http.delete(f"/api/vhosts/{self.name}")
        return codes

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    # -- users -------------------------------------------------------------------------------------

    def token(self, name: str) -> str:
        """Log in with Keycloak as one of its demo users (`user1` … `user5`)."""
        answer = httpx.post(
            f"{server('keycloak_url')}/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "reprovena",
                "username": name,
                "password": name.replace("user", "password"),
            },
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def client(self, name: str = "user1") -> httpx.Client:
        """A client that logs in for each request anew when its token gets old."""
        return httpx.Client(base_url=self.url, auth=_Login(self, name), timeout=60)


class _Login(httpx.Auth):
    """A token that is renewed before it ends."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.stack, self.name, self.token, self.until = stack, name, "", 0.0

    def auth_flow(self, request: httpx.Request):
        """Put a fresh token on the request."""
        if time.monotonic() > self.until:
            self.token, self.until = self.stack.token(self.name), time.monotonic() + 120
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


def _plain(url: str) -> str:
    told = urlsplit(url)
    return told._replace(netloc=told.netloc.rpartition("@")[2]).geturl()


def _user(url: str) -> tuple[str, str]:
    told = urlsplit(url)
    return told.username or "", told.password or ""


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _until(holds, within: float, what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + within
    while not holds():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError(f"{what} is not ready")
        time.sleep(0.1)
