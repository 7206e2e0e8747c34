"""Production in small: four processes on RabbitMQ, PostgreSQL, Neo4j, S3, Keycloak's tokens and a REANA stand-in."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import neo4j
import psutil
from cryptography.hazmat.primitives import serialization
from deploy.services.machine import some_port
from sqlalchemy import URL, text

from chassis import keys
from chassis.database import driver_url, make_engine
from tests.logins import Login
from tests.measuring import measured
from tests.servers import server
from tests.vhost import VirtualHost

SERVICES = ("registry", "executor", "provenance", "gateway")
TOKEN = "user-reprovena"


@dataclass(frozen=True)
class Usage:
    """What a process has used: seconds of a core, and bytes of memory."""

    seconds: float
    memory: int


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
        self.vhost.make()
        asyncio.run(self._databases(create=True))
        where, who = _plain(server("neo4j_url")), _user(server("neo4j_url"))
        with neo4j.GraphDatabase.driver(where, auth=who) as driver, driver.session() as session:
            session.run("MATCH (n) DETACH DELETE n").consume()
        key = keys.signing_key(self.folder / "caller.pem")
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "caller.pub").write_bytes(public)

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

    def database(self, service: str) -> URL:
        """A service's own database."""
        return driver_url(self._database(service))

    def _database(self, service: str) -> str:
        return urlsplit(server("postgres_url"))._replace(path=f"/{self.name}_{service}").geturl()

    @property
    def vhost(self) -> VirtualHost:
        """Where its messages are."""
        return VirtualHost(self.name)

    def _environment(self, service: str) -> dict[str, str]:
        own: dict[str, str] = {
            "STATE": str(self.folder / service),
            "DATABASE_URL": self._database(service),
            "BUS_URL": self.vhost.url(service),
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
        self.urls |= {service: f"http://127.0.0.1:{some_port()}" for service in SERVICES}
        with ThreadPoolExecutor() as starters:
            list(starters.map(partial(self.start_service, migrate=True), SERVICES))
        for service in SERVICES:
            self.ready(service)
        return self

    def start_reana(self) -> None:
        """Start the stand-in, on the port it had before."""
        port = urlsplit(self.urls["reana"]).port if "reana" in self.urls else some_port()
        command = [sys.executable, "-m", "tests.reana.standin", "--port", str(port), "--folder", str(self.folder / "reana")]
        self._spawn("reana", [*command, "--token", TOKEN], {})
        self.urls["reana"] = f"http://127.0.0.1:{port}"
        _until(lambda: _answers(f"{self.urls['reana']}/api/ping"), 180, "the stand-in", self.processes["reana"])

    def start_service(self, service: str, *, migrate: bool = False) -> None:
        """Start one service."""
        if migrate:
            self.order(service, "migrate")
        note = self.folder / service / f"{service}.json"
        note.unlink(missing_ok=True)
        self.launch(service)
        _until(note.exists, 180, service, self.processes[service])
        self.urls[service] = json.loads(note.read_text())["url"]

    def launch(self, service: str) -> None:
        """Start one service, and do not wait for it."""
        self._spawn(service, [sys.executable, "-m", service, "serve"], self._environment(service))

    def order(self, service: str, *words: str) -> None:
        """Do what `python -m <service> …` does beside serving; an error if it does not end well."""
        with (self.folder / f"{service}.log").open("ab") as log:
            command, environment = [sys.executable, "-m", service, *words], self._whole(self._environment(service))
            subprocess.run(command, env=environment, check=True, timeout=180, stdout=log, stderr=log)

    def ready(self, service: str, within: float = 180) -> None:
        """Wait until every door of a service answers."""
        _until(lambda: _answers(f"{self.urls[service]}/readyz"), within, service, self.processes[service])

    def is_ready(self, service: str) -> bool:
        """Whether every door of a service answers."""
        return _answers(f"{self.urls[service]}/readyz")

    def is_alive(self, service: str) -> bool:
        """Whether its process serves."""
        return _answers(f"{self.urls[service]}/livez")

    def doors(self) -> dict[str, str]:
        """What each service says of its doors."""
        found = {}
        for service in SERVICES:
            try:
                found[service] = httpx.get(f"{self.urls[service]}/readyz", timeout=10).text
            except httpx.HTTPError as error:
                found[service] = repr(error)
        return found

    def usage(self, service: str) -> Usage:
        """What a service's process has used so far."""
        process = psutil.Process(self.processes[service].pid)
        times = process.cpu_times()
        return Usage(times.user + times.system, process.memory_info().rss)

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
                    codes[name] = process.wait(120)
                except subprocess.TimeoutExpired:
                    process.kill()
                    codes[name] = process.wait()
        with contextlib.suppress(Exception):
            asyncio.run(self._databases(create=False))
        with contextlib.suppress(Exception):
            self.vhost.drop()
        return codes

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def client(self, name: str = "user1") -> httpx.Client:
        """A client that logs in as one of Keycloak's demo users (`user1` … `user5`), and again when its token gets old."""
        return httpx.Client(base_url=self.url, auth=Login(name), timeout=120)  # requests wait for up to 60 s there


def _plain(url: str) -> str:
    told = urlsplit(url)
    return told._replace(netloc=told.netloc.rpartition("@")[2]).geturl()


def _user(url: str) -> tuple[str, str]:
    told = urlsplit(url)
    return told.username or "", told.password or ""


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
