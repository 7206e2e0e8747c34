"""Real servers in containers, where a Docker engine answers and nothing else offers them (testcontainers).

Each is started when a test first asks for it and removed when the tests end. TEST_CONTAINERS=0 leaves them out.
"""

import atexit
import os
import secrets
from functools import cache
from typing import Any

import docker
from deploy.services import keycloak, rabbitmq
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy, LogMessageWaitStrategy, PortWaitStrategy

SECRET = secrets.token_urlsafe(18)
IMAGES = {
    "amqp": "docker.io/library/rabbitmq:4-management",
    "postgres": "docker.io/library/postgres:17",
    "neo4j": "docker.io/library/neo4j:5.26-community",
    "keycloak": f"quay.io/keycloak/keycloak:{keycloak.VERSION}",
    "s3": "docker.io/versity/versitygw:v1.8.0",
}


@cache
def engine() -> bool:
    """Whether a Docker engine (or podman's twin of it) answers."""
    if os.environ.get("TEST_CONTAINERS") == "0":
        return False
    try:
        return bool(docker.from_env(timeout=5).ping())
    except (DockerException, OSError):
        return False


def start(kind: str) -> dict[str, Any]:
    """A server of this kind and all that is known of it; nothing where there is no engine."""
    return STARTS[kind]() if engine() else {}


def _run(kind: str, *ports: int, ready: Any, **environment: str) -> tuple[DockerContainer, list[str]]:
    image = os.environ.get(f"TEST_IMAGE_{kind.upper()}") or IMAGES[kind]
    container = DockerContainer(image).with_exposed_ports(*ports).with_envs(**environment).waiting_for(ready)
    return _begun(container, *ports)


def _begun(container: DockerContainer, *ports: int) -> tuple[DockerContainer, list[str]]:
    container.start()
    atexit.register(container.stop)
    host = container.get_container_host_ip()
    return container, [f"{host}:{container.get_exposed_port(port)}" for port in ports]


def _amqp() -> dict[str, Any]:
    ready = LogMessageWaitStrategy("Server startup complete")
    told = {"RABBITMQ_DEFAULT_USER": "admin", "RABBITMQ_DEFAULT_PASS": SECRET}
    _container, (door, web) = _run("amqp", 5672, 15672, ready=ready, **told)
    names = (*rabbitmq.SERVICES, rabbitmq.STRANGER)
    rabbitmq.make_accounts(f"http://{web}/api", SECRET, dict.fromkeys(names, SECRET))
    return {
        "amqp_url": f"amqp://admin:{SECRET}@{door}/",
        "amqp_urls": {name: f"amqp://{name}:{SECRET}@{door}/" for name in names},
        "amqp_management_url": f"http://admin:{SECRET}@{web}",
    }


def _postgres() -> dict[str, Any]:
    ready = LogMessageWaitStrategy("database system is ready to accept connections", times=2)
    _container, (door,) = _run("postgres", 5432, ready=ready, POSTGRES_PASSWORD=SECRET)
    return {"postgres_url": f"postgresql://postgres:{SECRET}@{door}/postgres"}


def _neo4j() -> dict[str, Any]:
    _container, (door,) = _run("neo4j", 7687, ready=LogMessageWaitStrategy("Started."), NEO4J_AUTH=f"neo4j/{SECRET}")
    return {"neo4j_url": f"bolt://neo4j:{SECRET}@{door}"}


def _keycloak() -> dict[str, Any]:
    ready = HttpWaitStrategy(8080, "/realms/master").with_startup_timeout(300)
    told = {"KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": SECRET}
    image = os.environ.get("TEST_IMAGE_KEYCLOAK") or IMAGES["keycloak"]
    container = DockerContainer(image).with_exposed_ports(8080).with_envs(**told).with_command("start-dev").waiting_for(ready)
    _container, (door,) = _begun(container, 8080)
    keycloak.import_realm(f"http://{door}", SECRET)
    url = f"http://{door}/realms/{keycloak.NAME}"
    return {"keycloak_url": url, "keycloak_admin": "admin", "keycloak_admin_password": SECRET}


def _s3() -> dict[str, Any]:
    told = {"ROOT_ACCESS_KEY": "reprovena", "ROOT_SECRET_KEY": SECRET}
    image = os.environ.get("TEST_IMAGE_S3") or IMAGES["s3"]
    container = DockerContainer(image).with_exposed_ports(7070).with_envs(**told).with_command("--port :7070 posix /tmp")
    _container, (door,) = _begun(container.waiting_for(PortWaitStrategy(7070)), 7070)
    told_also = {"s3_access_key": "reprovena", "s3_secret_key": SECRET, "s3_region": "us-east-1"}
    return {"s3_endpoint": f"http://{door}", **told_also}


STARTS = {"amqp": _amqp, "postgres": _postgres, "neo4j": _neo4j, "keycloak": _keycloak, "s3": _s3}
