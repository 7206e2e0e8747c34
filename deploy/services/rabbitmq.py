"""RabbitMQ from the system's packages: an administrator, an account for each service, and one for a stranger."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from deploy.services.machine import HOST, Place, answers, find, opened

SERVICES = ("registry", "executor", "provenance", "gateway")
STRANGER = "stranger"
ALL = {"configure": ".*", "write": ".*", "read": ".*"}
OWN = r"^(amq\.gen-.*|stranger\..*)$"
GUEST = {"configure": OWN, "write": r"^(platform|amq\.gen-.*|stranger\..*)$", "read": r"^(platform|amq\.gen-.*|stranger\..*)$"}
"""A foreign publisher may speak to the platform's exchange and bind queues of its own to it; nothing else."""

CONFIGURATION = """\
listeners.tcp.1 = {host}:{port}
management.tcp.ip = {host}
management.tcp.port = {web}
default_user = admin
default_pass = {password}
disk_free_limit.absolute = 50MB
"""


def up(place: Place) -> dict[str, Any]:
    """Start it, and say where it is."""
    how = "apt-get install rabbitmq-server"
    program = find("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server", how=how)
    epmd = find("epmd", "/usr/lib/erlang/bin/epmd", how=how)
    names, broker = place.server("epmd"), place.server("rabbitmq")
    for folder in (names.folder, broker.folder):
        folder.mkdir(exist_ok=True)
    there = broker.running()
    port = place.port("amqp", 18672, running=there)
    web = place.port("rabbitmq_web", 18673, running=there)
    cluster = place.port("rabbitmq_cluster", 18674, running=there)
    register = place.port("epmd", 18675, running=names.running())
    password = place.secret("rabbitmq_admin")
    if not names.running():  # Erlang's register of names, which would otherwise stay behind
        names.start([epmd, "-port", str(register), "-address", HOST])
        names.ready(lambda: opened(register), 20)
    if not there:
        text = CONFIGURATION.format(host=HOST, port=port, web=web, password=password)
        _private(broker.folder / "rabbitmq.conf", text)
        (broker.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        broker.start([program], environment(broker.folder, register, cluster), cwd=broker.folder)
    api = f"http://{HOST}:{web}/api"
    broker.ready(lambda: opened(port) and answers(f"{api}/overview", auth=("admin", password)), 180)
    accounts = {name: place.secret(f"rabbitmq_{name}") for name in (*SERVICES, STRANGER)}
    make_accounts(api, password, accounts)
    return {
        "amqp_url": f"amqp://admin:{password}@{HOST}:{port}/",
        "amqp_urls": {name: f"amqp://{name}:{secret}@{HOST}:{port}/" for name, secret in accounts.items()},
        "amqp_management_url": f"http://admin:{password}@{HOST}:{web}",
    }


def environment(folder: Path, register: int, cluster: int) -> dict[str, str]:
    """All that keeps a broker within its folder and on this machine."""
    return {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": "reprovena@localhost",
        "RABBITMQ_BASE": str(folder),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(folder / "beam.pid"),
        "RABBITMQ_DIST_PORT": str(cluster),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": str(register),
    }


def make_accounts(api: str, password: str, accounts: Mapping[str, str]) -> None:
    """Accounts by name and password, made by the administrator."""
    with httpx.Client(base_url=api, auth=("admin", password), timeout=20) as client:
        for name, secret in accounts.items():
            client.put(f"/users/{name}", json={"password": secret, "tags": ""}).raise_for_status()
            rights = GUEST if name == STRANGER else ALL
            client.put(f"/permissions/%2F/{name}", json=rights).raise_for_status()


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def down(place: Place) -> bool:
    """End it."""
    was = place.server("rabbitmq").stop()
    return place.server("epmd").stop() or was
