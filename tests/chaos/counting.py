"""What became of every order, read from the services' own databases, the bus and the runner: *sent, done, lost, doubled*."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import text
from tests.stack import SERVICES, Stack

from chassis.database import make_engine
from contracts.ids import step_id

ENDED = {"finished", "failed", "stopped"}
RUNS, REGISTRATIONS = "runs", "registrations"
COUNTED = 6.0
"""Seconds in which RabbitMQ has surely counted its queues anew; it does so every five."""
ENDINGS = ("executor.run-finished.v1", "executor.run-failed.v1", "executor.run-stopped.v1")


@dataclass(frozen=True)
class Order:
    """One order that the gateway took, and how it ended."""

    kind: str
    at: datetime
    name: str
    faults: tuple[str, ...] = ()
    """What keeps it from being done."""
    twice: tuple[str, ...] = ()
    """What was done more than once."""


@dataclass
class Told:
    """All that the servers know after a session."""

    jobs: list[dict[str, Any]]
    workflows: list[dict[str, Any]]
    runs: dict[str, dict[str, Any]]
    ends: Counter[str]
    steps: dict[str, int]
    records: dict[str, int]
    captured: dict[str, bool]
    facts: list[dict[str, Any]]
    begun: Counter[str]
    parked: dict[str, list[str]]
    waiting: dict[str, int] = field(default_factory=dict)


async def rows(stack: Stack, service: str, statement: str) -> list[dict[str, Any]]:
    """What a service's database says."""
    engine = make_engine(stack.database(service), 1)
    try:
        async with engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(statement))).mappings()]
    finally:
        await engine.dispose()


async def unsettled(stack: Stack) -> dict[str, int]:
    """What still waits for something, by what it is; empty once everything has come to its end."""
    found: dict[str, int] = {}
    for service in SERVICES:
        found[f"{service} outbox"] = len(await rows(stack, service, "select id from bus.outbox"))
    found["jobs"] = len(await rows(stack, "gateway", "select id from gateway.jobs where status not in ('SUCCEEDED', 'FAILED')"))
    live = "select id from executor.runs where status not in ('finished', 'failed', 'stopped', 'deleted')"
    found["runs"] = len(await rows(stack, "executor", live))
    found["answers"] = await owed(stack)
    found |= {f"queue {name}": count for name, count in stack.vhost.queues().items()}
    return {name: count for name, count in found.items() if count}


def settle(stack: Stack, within: float) -> None:
    """Wait until everything has come to its end, and stays so while queues are counted: a message may be younger than that."""
    now = time.monotonic()
    end, since = now + within, now
    while (now := time.monotonic()) < since + COUNTED:
        if left := asyncio.run(unsettled(stack)):
            since = time.monotonic()
            if now > end:
                raise TimeoutError(f"not everything came to its end: {left}")
        time.sleep(1)


async def owed(stack: Stack) -> int:
    """Answers that provenance has yet to give: none once the graph has all that the ledger has."""
    return len(await rows(stack, "provenance", "select id from provenance.owed"))


async def records(stack: Stack) -> dict[str, int]:
    """The ledger's records, and the last revision of each."""
    last = "select record, max(revision) as revision from provenance.records group by record"
    return {row["record"]: row["revision"] for row in await rows(stack, "provenance", last)}


async def told(stack: Stack) -> Told:
    """Ask everybody."""
    jobs = "select id, kind, cast(about as text) as about, status, created, heard from gateway.jobs"
    moves = "select cast(run as text) as run, status from executor.changes where place is null"
    runs = await rows(stack, "executor", "select cast(id as text) as id, status, state from executor.runs")
    changes = await rows(stack, "executor", moves)
    steps = await rows(stack, "executor", "select run, place, revision from executor.steps")
    captures = await rows(stack, "provenance", "select cast(run as text) as run, said from provenance.captures")
    parked = {
        service: [
            f"{row['queue']} {row['reason']}: {row['error']}" for row in await rows(stack, service, "select * from bus.parked")
        ]
        for service in SERVICES
    }
    begun: Counter[str] = Counter()
    for flow in httpx.get(f"{stack.urls['reana']}/control", timeout=30).json()["workflows"]:
        begun[flow["name"].partition(".")[0].removeprefix("rp-")] += "running" in flow["changes"]
    return Told(
        jobs=await rows(stack, "gateway", jobs),
        workflows=await rows(stack, "registry", "select handle, name, state from registry.workflows"),
        runs={row["id"]: row for row in runs},
        ends=Counter(row["run"] for row in changes if row["status"] in ENDED),
        steps={step_id(row["run"], row["place"]): row["revision"] for row in steps},
        records=await records(stack),
        captured={row["run"]: row["said"] for row in captures},
        facts=stack.vhost.tapped(),
        begun=begun,
        parked=parked,
    )  # fmt: skip


def judged(found: Told, names: Iterable[str]) -> list[Order]:
    """Every run that was ordered, and every registration that a client was told of."""
    said: dict[tuple[str, str], set[str]] = {}
    for fact in found.facts:
        body = json.loads(fact["payload"])
        about = body["workflow"]["name"] if "workflow" in body and "name" in body["workflow"] else body.get("run")
        about = about["id"] if isinstance(about, dict) else about
        said.setdefault((fact["routing_key"], str(about)), set()).add(body["id"])
    orders = [_run(job, found, said) for job in found.jobs if job["kind"] == "executor.start-run"]
    first = {}
    for job in found.jobs:
        for news in job["heard"].values():
            if job["kind"] == "registry.register-workflow" and (name := news["result"].get("name")):
                first.setdefault(name, []).append(job)
    return orders + [_registration(name, first.get(name, []), found, said) for name in sorted(names)]


def _run(job: Mapping[str, Any], found: Told, said: Mapping[tuple[str, str], set[str]]) -> Order:
    name = str(job["about"])
    run, ends = found.runs.get(name), {end: said.get((end, name), set()) for end in ENDINGS}
    record, captured = f"run/{name}", said.get(("provenance.run-captured.v1", name), set())
    steps = {step: revision for step, revision in found.steps.items() if step.startswith(f"{record}/step/")}
    faults = {
        f"its job is {job['status']}": job["status"] != "SUCCEEDED",
        f"it is {run['status'] if run else 'not there'}: {run['state'].get('reason') if run else ''}": run is None
        or run["status"] != "finished",
        "its end was not said": not any(ends.values()),
        "RunCaptured was not said": not captured or not found.captured.get(name),
        "the ledger has not its last revision": run is not None and found.records.get(record) != run["state"]["revision"],
        "the ledger has not all its steps": len(steps) == 0 or any(found.records.get(s) != r for s, r in steps.items()),
    }
    twice = {
        "ended": found.ends[name] > 1 or sum(map(len, ends.values())) > 1,
        "captured": len(captured) > 1,
        "begun on REANA": found.begun[name] > 1,
    }
    return Order(RUNS, job["created"], name, _true(faults), _true(twice))


def _registration(name: str, jobs: list[dict[str, Any]], found: Told, said: Mapping[tuple[str, str], set[str]]) -> Order:
    there = [one for one in found.workflows if one["name"] == name]
    facts = said.get(("registry.workflow-registered.v1", name), set())
    faults = {
        f"{[one['state'] for one in there]}": not there or there[0]["state"] != "ready",
        "it was not said": not facts,
        "no job of it succeeded": not any(job["status"] == "SUCCEEDED" for job in jobs),
        "it is not in the ledger": not there or f"workflow/{there[0]['handle']}" not in found.records,
    }
    twice = {"there": len(there) > 1, "said": len(facts) > 1, "done": len(jobs) > 1}
    at = min((job["created"] for job in jobs), default=datetime.now(UTC))
    return Order(REGISTRATIONS, at, name, _true(faults), _true(twice))


def _true(told: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(what for what, holds in told.items() if holds)


def until(holds: Callable[[], bool], within: float, what: Callable[[], str]) -> None:
    """Wait until it holds; where it does not, say what there is instead."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what())
        time.sleep(0.5)
