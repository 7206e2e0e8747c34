"""Workflows registered, changed and deleted, each answered once."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis.bundles import pack
from chassis.refusal import Trouble
from contracts.ids import uuid7
from contracts.registry import RegisterWorkflow
from registry.workflows import checker
from registry.workflows.checker import answer, check_due, examine
from registry.workflows.findings import Finding

from .conftest import TOOL, WRONG, Desk, a_desk


async def due(desk: Desk) -> bool:
    """One turn of the checker."""
    return await check_due(desk.house)


async def test_a_valid_workflow_is_there_with_its_handle_and_values(desk: Desk):
    """Registered, said and served alike, at revision 1."""
    fact = await desk.register(inputs=await desk.file("x: 0x10"))

    assert fact.subject == "registry.workflow-registered.v1"
    workflow = fact.workflow
    assert (workflow.handle, workflow.revision, workflow.values, fact.tenant) == ("10378.1/1", 1, {"x": 16}, "physics")
    assert [p.name for p in workflow.parameters] == ["x"]
    assert await desk.get(f"/workflows/{workflow.id}") == workflow.model_dump(mode="json")


async def test_an_invalid_specification_is_refused_with_line_and_field_and_frees_its_name(desk: Desk):
    """Nothing of it stays."""
    fact = await desk.register(spec=await desk.spec(WRONG))

    assert fact.subject == "registry.command-refused.v1"
    assert fact.problem.type == "urn:problem:registry:invalid-specification"
    assert [(e.file, e.line, e.field) for e in fact.problem.errors] == [("main.cwl", 6, "foo")]
    assert fact.problem.job == fact.job
    assert (await desk.get("/workflows"))["items"] == []
    assert (await desk.register()).subject == "registry.workflow-registered.v1"


async def test_a_bundle_that_leads_out_of_its_folder_is_refused(desk: Desk):
    """The child looks at the zip with suspicion."""
    bundle = pack({"main.cwl": TOOL.encode(), "aa/b": b""}).replace(b"aa/b", b"../b")

    assert (await desk.register(spec=await desk.file(bundle))).problem.status == 422


async def test_an_input_file_that_does_not_fit_is_refused_with_its_line(desk: Desk):
    """The inputs are held against what the specification takes."""
    fact = await desk.register(inputs=await desk.file("x: 1\nnope: 2"))

    assert fact.problem.type == "urn:problem:registry:invalid-inputs"
    assert fact.problem.errors[0].line == 2


async def test_of_two_at_once_one_gets_the_name(desk: Desk):
    """And the other hears so at once, not after the check."""
    spec = await desk.spec()

    facts = await asyncio.gather(*(desk.register(spec=spec) for _ in range(6)))

    assert sorted(f.subject.split(".")[1] for f in facts) == ["command-refused"] * 5 + ["workflow-registered"]
    assert {f.problem.type for f in facts if hasattr(f, "problem")} == {"urn:problem:registry:duplicate-workflow"}


async def test_a_name_belongs_to_a_tenant_and_a_version(desk: Desk):
    """The same name is free to other tenants and for other versions."""
    facts = [await desk.register(), await desk.register(version="2"), await desk.other("eve", "biology").register()]

    assert [f.subject for f in facts] == ["registry.workflow-registered.v1"] * 3


async def test_another_tenants_workflow_does_not_exist(desk: Desk):
    """Missing and foreign look the same, in routes and in commands."""
    workflow = (await desk.register()).workflow.id
    eve = desk.other("eve", "biology")

    seen = [await eve.get(f"/workflows/{one}") for one in (workflow, uuid7())]
    told = [await eve.update(workflow, name="mine"), await eve.delete(workflow)]

    assert {s["type"] for s in seen} | {f.problem.type for f in told} == {"urn:problem:registry:no-such-workflow"}
    assert (await eve.get("/workflows"))["items"] == []


async def test_nobody_registers_for_a_tenant_that_is_not_theirs(desk: Desk):
    """The command's tenant must be one of the caller's."""
    command = RegisterWorkflow(
        workflow=uuid7(), name="w", version="1", engine="cwl", spec=await desk.spec(), main="main.cwl", tenant="biology"
    )

    assert (await desk.ask(command)).problem.type == "urn:problem:gateway:forbidden"


async def test_pages_follow_each_other(desk: Desk):
    """Newest first, filtered by name and version, each once."""
    for n in range(5):
        await desk.register(version=str(n))

    first = await desk.get("/workflows", name="w", limit=3)
    second = await desk.get("/workflows", name="w", limit=3, after=first["next"])

    assert [w["version"] for w in first["items"] + second["items"]] == ["4", "3", "2", "1", "0"]
    assert second["next"] is None
    assert [w["version"] for w in (await desk.get("/workflows", version="3"))["items"]] == ["3"]


async def test_a_change_of_content_is_checked_and_a_bad_one_changes_nothing(desk: Desk):
    """What is registered stays as it is until something valid takes its place."""
    before = (await desk.register()).workflow

    refused = await desk.update(before.id, version="2", spec=await desk.spec(WRONG))
    kept = await desk.get(f"/workflows/{before.id}")
    updated = await desk.update(before.id, version="2", spec=await desk.spec(TOOL.replace("x: int", "y: string")))

    assert refused.problem.errors[0].field == "foo"
    assert kept == before.model_dump(mode="json")
    assert (updated.revision, updated.workflow.version, updated.workflow.parameters[0].name) == (2, "2", "y")
    assert updated.workflow.handle == before.handle
    assert (await desk.register(version="1")).workflow.version == "1"


async def test_a_new_name_takes_effect_at_once_and_must_be_free(desk: Desk):
    """No check, but the same uniqueness."""
    first, second = (await desk.register()).workflow, (await desk.register(version="2")).workflow

    taken = await desk.update(second.id, version="1")
    renamed = await desk.update(second.id, name="other")

    assert taken.problem.type == "urn:problem:registry:duplicate-workflow"
    assert (renamed.revision, renamed.workflow.name, first.revision) == (2, "other", 1)
    assert (await desk.register(version="2")).workflow.version == "2"


async def test_whoever_saw_an_older_revision_is_refused(desk: Desk):
    """`expected_revision` guards against changes one has not seen."""
    workflow = (await desk.register()).workflow.id
    await desk.update(workflow, version="2", expected_revision=1)

    fact = await desk.update(workflow, version="3", expected_revision=1)

    assert (fact.problem.type, fact.problem.status) == ("urn:problem:registry:changed-meanwhile", 409)


async def test_a_deleted_workflow_is_gone_and_its_handle_is_not_given_again(desk: Desk):
    """Its name is free, its handle is not."""
    first = (await desk.register()).workflow

    fact = await desk.delete(first.id)
    second = (await desk.register()).workflow

    assert (fact.subject, fact.revision, fact.workflow.handle) == ("registry.workflow-deleted.v1", 2, first.handle)
    assert second.handle != first.handle
    assert (await desk.get(f"/workflows/{first.id}"))["status"] == 404
    assert (await desk.delete(first.id)).problem.type == "urn:problem:registry:no-such-workflow"


async def test_a_check_that_was_killed_is_made_again_and_answered_once(database_url: str, tmp_path: Path):
    """Between check and commit nothing is lost; whoever comes back late with an old lease says nothing."""
    async with a_desk(database_url, tmp_path, loops=False) as desk:
        job = await desk.send(
            RegisterWorkflow(workflow=uuid7(), name="w", version="1", engine="cwl", spec=await desk.spec(), main="main.cwl")
        )
        async with asyncio.timeout(60):
            while True:
                async with desk.house.work() as unit:
                    if taken := await unit.workflows.lease(60):
                        break
                await asyncio.sleep(0.02)
        entry, stale = taken
        finding = await examine(desk.house, entry.change.content)  # here the process dies
        assert not await due(desk)
        async with desk.house.work() as unit:
            await unit.session.execute(text("update registry.workflows set leased_until = now()"))

        assert await due(desk)
        await answer(desk.house, entry.id, stale, finding)
        await answer(desk.house, entry.id, stale, Finding())

        assert (await desk.answer(job)).subject == "registry.workflow-registered.v1"
        assert not await due(desk)


async def test_a_check_that_goes_on_keeps_its_lease(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However long a check takes, its lease is renewed while its process lives."""
    monkeypatch.setattr(checker, "LEASE", 3.0)
    async with a_desk(database_url, tmp_path, loops=False) as desk:
        begun, go_on, real = asyncio.Event(), asyncio.Event(), desk.house.forks.call

        async def slow(*told, **named):
            begun.set()
            await go_on.wait()
            return await real(*told, **named)

        async def leased():
            async with desk.house.work() as unit:
                return await unit.session.scalar(text("select max(leased_until) from registry.workflows"))

        monkeypatch.setattr(desk.house.forks, "call", slow)
        registering = asyncio.create_task(desk.register())
        while not begun.is_set():
            checking = asyncio.create_task(due(desk))
            await asyncio.wait([checking, asyncio.create_task(begun.wait())], return_when=asyncio.FIRST_COMPLETED)
        first = await leased()
        async with asyncio.timeout(60):
            while await leased() == first:
                await asyncio.sleep(0.1)
        go_on.set()

        assert await checking
        assert (await registering).subject == "registry.workflow-registered.v1"


async def waits(desk: Desk) -> bool:
    """Whether a change waits to be checked."""
    async with desk.house.work() as unit:
        return bool(await unit.session.scalar(text("select count(*) from registry.workflows where change is not null")))


async def test_what_is_being_checked_is_neither_changed_nor_deleted(database_url: str, tmp_path: Path):
    """A second change waits for the first to be decided; the workflow is served as it was."""
    async with a_desk(database_url, tmp_path, loops=False) as desk:
        registering = asyncio.create_task(desk.register())
        while not await due(desk):
            await asyncio.sleep(0.02)
        before = (await registering).workflow
        updating = asyncio.create_task(desk.update(before.id, spec=await desk.spec(TOOL + "doc: new\n")))
        async with asyncio.timeout(60):
            while not await waits(desk):
                await asyncio.sleep(0.02)

        told = [await desk.delete(before.id), await desk.update(before.id, name="x")]
        served = await desk.get(f"/workflows/{before.id}")
        assert await due(desk)

        assert {f.problem.type for f in told} == {"urn:problem:registry:being-checked"}
        assert served == before.model_dump(mode="json")
        assert (await updating).revision == 2


async def test_a_check_that_never_ends_is_refused_for_it(database_url: str, tmp_path: Path):
    """After its attempts, the specification is told why it is not taken."""
    async with a_desk(database_url, tmp_path, check_timeout=0.001, check_attempts=2) as desk:
        fact = await desk.register()

        assert fact.problem.type == "urn:problem:registry:invalid-specification"
        assert "takes longer than 0.001 s" in fact.problem.detail
        assert (await desk.get("/workflows"))["items"] == []


async def test_a_check_that_falls_over_is_refused_without_its_insides(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """The traceback is in the log, not in the problem."""
    monkeypatch.setattr(checker, "CHILD", "registry.workflows.validation:gone")

    fact = await desk.register()

    assert "fell over" in fact.problem.detail
    assert "Traceback" not in fact.problem.detail


async def test_trouble_with_the_files_never_counts(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The check comes back until the store does."""
    monkeypatch.setattr(checker, "AGAIN", 0.0)
    async with a_desk(database_url, tmp_path, check_attempts=1) as desk:
        store, times = desk.house.files.get, 0

        def away(key: str):
            nonlocal times
            times += 1
            if times < 4:
                msg = "the store is away"
                raise Trouble(msg)
            return store(key)

        monkeypatch.setattr(desk.house.files, "get", away)

        assert (await desk.register()).subject == "registry.workflow-registered.v1"
        assert times >= 4


async def test_the_child_can_neither_connect_nor_start_anything(desk: Desk):
    """Whatever a specification would talk cwltool into, the process it happens in cannot do it."""
    for probe in ("probe_connect", "probe_start"):
        text = await desk.house.forks.call(f"tests.integration.registry.probes:{probe}", "")
        assert "may not do this" in text
