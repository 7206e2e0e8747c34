"""Four processes on RabbitMQ: a foreign publisher, and an operator with the `reprovena` command."""

import asyncio
import json
import subprocess
import sys

import httpx
import pytest
from tests.processes import Processes
from tests.rabbit import a_host
from tests.running import ended, register, start

from chassis import keys

ACCOUNTS = """
users:
  ada: {password: ada-secret, groups: [physics], email: ada@example.org, name: Ada}
  opal: {password: opal-secret, groups: [keepers], name: Opal, roles: [reprovena_admin]}
"""
TOOL = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, "echo hello > out.txt"]
inputs: {}
outputs: {out: {type: File, outputBinding: {glob: out.txt}}}
"""
ISSUER = "https://lab.example.org"


@pytest.fixture
async def host():
    """A virtual host with an account for each service, and for a stranger."""
    async with a_host() as found:
        yield found


@pytest.fixture
async def processes(folder, host):
    """The services, each with its own account and database; only the gateway can sign."""
    accounts = {name: await host.account(name) for name in ("registry", "executor", "provenance", "gateway")}
    stranger = await host.account("lab")
    (folder / "accounts.yaml").write_text(ACCOUNTS)
    key = keys.signing_key(folder / "caller.pem")
    lab = {"issuer": ISSUER, "subject": "lab", "name": "The lab", "tenants": ["physics"]}
    settings = {name: {"BUS_URL": host.url(account)} for name, account in accounts.items()}
    settings["*"] = {
        "BUS_ACCOUNTS": json.dumps(accounts),
        "BUS_MANAGEMENT_URL": host.management,
        "FOREIGN_PUBLISHERS": json.dumps({stranger: lab}),
        "CALLER_PUBLIC_KEY": keys.public_pem(key.public_key()),
    }
    settings["gateway"] |= {"CALLER_KEY": str(folder / "caller.pem"), "ACCOUNTS_FILE": str(folder / "accounts.yaml")}
    found = Processes(folder, settings)
    try:
        yield await asyncio.to_thread(found.start)
    finally:
        codes = await asyncio.to_thread(found.stop)
    assert set(codes.values()) == {0}


def client(processes: Processes, name: str) -> httpx.Client:
    """Somebody, logged in."""
    url = processes.urls["gateway"]
    form = {"grant_type": "password", "client_id": "reprovena", "username": name, "password": f"{name}-secret"}
    answer = httpx.post(f"{url}/auth/realms/reprovena/protocol/openid-connect/token", data=form, timeout=120)
    answer.raise_for_status()
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}, timeout=120)


async def test_a_foreign_publisher_and_an_operator(processes, host):
    """The example restarts a run and reads its facts, mapped to an account; what strangers spoil is listed and dropped."""

    def run_one() -> dict:
        with client(processes, "ada") as ada:
            return ended(ada, start(ada, register(ada, "hello", {"hello.cwl": TOOL})))

    first = await asyncio.to_thread(run_one)
    assert first["status"] == "finished", first

    example = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "examples/foreign-publisher/restart.py", host.url(f"{host.name}-lab"), first["id"]],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    facts = [json.loads(line) for line in example.stdout.splitlines()]
    assert example.returncode == 0, example.stderr
    assert facts[0]["subject"] == "executor.run-queued.v1"
    assert facts[-1]["subject"] == "provenance.run-captured.v1"

    with client(processes, "ada") as ada:
        again = ada.get(f"/v1/runs/{facts[0]['run']}").json()
        job = ada.get(f"/v1/jobs/{facts[0]['job']}", params={"wait": 60}).json()
    assert (again["number"], again["status"], again["owner"]) == ("1.1", "finished", f"user/{ISSUER}/lab")
    assert (job["status"], job["kind"]) == ("SUCCEEDED", "executor.restart-run")

    await host.say("executor.stop-run.v1", b"rubbish", f"{host.name}-lab")
    await host.say("provenance.run-captured.v1", json.dumps({"id": facts[0]["job"]}).encode(), f"{host.name}-lab")
    await operators(processes)


async def operators(processes: Processes) -> None:
    """The operator's commands, as one uses them."""

    def command(*words: str, who: str = "opal") -> subprocess.CompletedProcess[str]:
        with client(processes, who) as somebody:
            token = somebody.headers["authorization"].removeprefix("Bearer ")
        url = processes.urls["gateway"]
        script = "from reprovena.command import app; app()"
        return subprocess.run(
            [sys.executable, "-c", script, "--url", url, "--token", token, "bus", *words],
            capture_output=True,
            text=True,
            timeout=300,
        )

    async with asyncio.timeout(180):  # each look is a process of its own
        while len(found := json.loads((await asyncio.to_thread(command, "parked", "--json")).stdout)["items"]) < 2:
            await asyncio.sleep(0.2)
    assert {item["id"].split("/")[0] for item in found} == {"executor", "gateway"}
    assert {item["reason"] for item in found} == {"cannot be read"}

    refused = await asyncio.to_thread(command, "parked", who="ada")
    assert refused.returncode == 3, refused.stdout

    ids = [item["id"] for item in found]
    assert json.loads((await asyncio.to_thread(command, "replay", ids[0], "--json")).stdout) == {"count": 1}
    async with asyncio.timeout(180):  # each look is a process of its own
        while len(found := json.loads((await asyncio.to_thread(command, "parked", "--json")).stdout)["items"]) < 2:
            await asyncio.sleep(0.2)
    ids = [item["id"] for item in found]
    assert json.loads((await asyncio.to_thread(command, "drop", "--yes", *ids, "--json")).stdout) == {"count": 2}
    assert "There are none" in (await asyncio.to_thread(command, "parked")).stdout
    assert "Every queue is heard" in (await asyncio.to_thread(command, "topology")).stdout
