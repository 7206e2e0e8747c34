"""The words between services: subjects, schemas that only grow, the topology, the AsyncAPI pages."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.asyncapi import document
from chassis.bus.topology import queues
from contracts import CATALOG, Command, Event, FileRef, Message, uuid7
from contracts.executor import StartRun, StopRun
from contracts.ids import run_id, step_id
from contracts.problem import PREFIX, TYPES, Problem
from contracts.topology import QUEUES
from onebox import commands
from onebox.serving import SERVICES

FROZEN = json.loads((Path(__file__).parent / "schemas" / "messages.json").read_text())
NAMES = {service.name for service in SERVICES}
pytestmark = pytest.mark.presto


def growth(old: dict, new: dict, path: str = "") -> list[str]:
    """What a reader of the old schema could stumble over in messages of the new one, and the other way round."""
    found = []
    for name in old.get("properties", {}):
        if name not in new.get("properties", {}):
            found.append(f"{path}.{name} is gone")
        else:
            found += growth(old["properties"][name], new["properties"][name], f"{path}.{name}")
    if added := set(new.get("required", ())) - set(old.get("required", ())):
        found.append(f"{path} newly requires {sorted(added)}")
    for word in ("type", "format", "const", "$ref", "pattern", "maxLength", "maximum"):
        if old.get(word) != new.get(word):
            found.append(f"{path} {word}: {old.get(word)} -> {new.get(word)}")
    if gone := set(map(str, old.get("enum", ()))) - set(map(str, new.get("enum", ()))):
        found.append(f"{path} no longer knows {sorted(gone)}")
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), dict) and isinstance(new.get(word), dict):
            found += growth(old[word], new[word], f"{path}[]")
    for one, other in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
        found += growth(one, other, path)
    for name, part in old.get("$defs", {}).items():
        found += growth(part, new.get("$defs", {}).get(name, {}), f"{path}#{name}")
    return found


@pytest.mark.parametrize("subject", sorted(FROZEN))
def test_messages_only_grow(subject):
    """A published message keeps its fields; new ones are optional."""
    assert subject in CATALOG, f"{subject} is gone; publish it until nobody hears it"
    assert growth(FROZEN[subject], CATALOG[subject].model_json_schema(), subject) == []


def test_schemas_are_committed():
    """`make schemas` has been run since the last change."""
    assert json.loads(commands.schemas()) == FROZEN


def test_a_change_that_is_not_additive_is_found():
    """The comparison fails on a field that is gone, that becomes required, or that changes its type."""
    old = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
    new = {"properties": {"a": {"type": "integer"}, "c": {"type": "string"}}, "required": ["a", "c"]}

    assert growth(old, new) == [".a type: string -> integer", ".b is gone", " newly requires ['c']"]


def test_the_topology_is_committed():
    """Who hears what is written down as the services have it."""
    assert queues(SERVICES) == QUEUES


def test_every_command_has_one_hearer_and_belongs_to_its_receiver():
    """A command's subject begins with the only service that hears it; a fact's with its speaker."""
    for kind in CATALOG.values():
        owner = kind.subject.split(".")[0]
        hearers = [s.name for s in SERVICES for one in s.subscriptions if one.message is kind]
        if issubclass(kind, Command):
            assert hearers == [owner], kind.subject
        else:
            speakers = [s.name for s in SERVICES if kind in (*s.says, s.refused, s.parked)]
            assert speakers == [owner], kind.subject


def test_refusals_and_parkings_settle_jobs():
    """Whatever any service refuses or sets aside, the gateway hears of it."""
    gateway = next(service for service in SERVICES if service.name == "gateway")
    heard = {s.message for s in gateway.subscriptions}

    assert heard >= {kind for service in SERVICES for kind in (service.refused, service.parked)}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@pytest.mark.filterwarnings("error")
def test_the_asyncapi_page_describes_what_is_heard_and_said(service):
    """Each service's AsyncAPI 3 document names all its queues and all it says once, with their payloads."""
    page = document(service)
    text = json.dumps(page)

    assert page["asyncapi"].startswith("3.0")
    for s in service.subscriptions:
        assert s.timer or service.queue(s) in text
    for said in service.says:
        assert said.subject in text


def test_messages_are_frozen_and_deaf_to_what_they_do_not_know():
    """A message cannot be changed; a field from a later version does no harm."""
    command = StopRun.model_validate({"run": str(uuid7()), "from_the_future": 1})

    assert not hasattr(command, "from_the_future")
    with pytest.raises(ValidationError):
        command.run = uuid7()


def test_subjects_keep_to_their_grammar():
    """A class with a crooked subject cannot even be written."""
    with pytest.raises(TypeError, match="is not a subject"):

        class Crooked(Event):
            subject = "Executor.RunStarted"


def test_a_digest_covers_all_but_the_signature():
    """Whatever is changed in a command changes its digest; the signature itself does not."""
    command = StopRun(run=uuid7())

    assert command.model_copy(update={"proof": "x"}).digest() == command.digest()
    for change in ({"run": uuid7()}, {"job": uuid7()}, {"tenant": "t"}, {"id": uuid7()}):
        assert command.model_copy(update=change).digest() != command.digest()


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists, max_leaves=5),
        max_size=5,
    )
)
def test_a_message_survives_the_wire(parameters):
    """JSON out and in gives the same message, and the same digest."""
    spec = FileRef(key="k", sha256="0" * 64, size=1)
    workflow = {
        "id": uuid7(),
        "handle": "h/1",
        "name": "n",
        "version": "1",
        "revision": 1,
        "engine": "cwl",
        "spec": spec,
        "main": "m",
    }
    command = StartRun(run=uuid7(), workflow=workflow, parameters=parameters)

    again = StartRun.model_validate_json(command.model_dump_json())

    assert again == command
    assert again.digest() == command.digest()


def test_ids_are_ordered_by_time():
    """A later id is larger, to the millisecond, and is a UUID of version 7."""
    first, later = uuid7(), uuid7()

    assert first.version == later.version == 7
    assert first.int >> 80 <= later.int >> 80


def test_records_are_named_by_what_they_are():
    """A step's record names its run and its place."""
    run = uuid7()

    assert step_id(run, "train[1]/fit") == f"{run_id(run)}/step/train[1]/fit"


def test_problems_come_from_the_list():
    """Every problem type has a status and a title; an unlisted one is a fault."""
    for kind, (status, title) in TYPES.items():
        problem = Problem.of(kind, "why")
        assert (problem.type, problem.status, problem.title) == (PREFIX + kind, status, title)
        assert 400 <= status < 600
    with pytest.raises(KeyError):
        Problem.of("nobody:knows", "why")


def test_every_message_is_documented():
    """Each message says in a sentence what it is."""
    for kind in CATALOG.values():
        assert kind.__doc__ and kind.__doc__ != Message.__doc__, kind.subject


def test_the_table_of_messages_tells_who_hears_what() -> None:
    """Of each message that the page on the bus names: all who hear it. What it does not name is of a kind that it does."""
    page = (Path(__file__).parents[2] / "docs" / "architecture" / "bus.md").read_text()
    heard: defaultdict[str, set[str]] = defaultdict(set)
    for queue, subject in QUEUES.items():
        heard[subject].add(queue.partition(".")[0])
    named: dict[str, set[str]] = {}
    others: set[tuple[str, frozenset[str]]] = set()
    rows = re.findall(r"^\| (`(?:registry|executor|provenance)\..*?) \| .*? \| (.*?) \|$", page, re.MULTILINE)
    for messages, hearers in rows:
        first, *more = re.findall(r"`([a-z0-9.-]+)`", messages)
        service, told = first.partition(".")[0], set(hearers.split(", "))
        named |= dict.fromkeys([first, *(f"{service}.{one}.v1" for one in more)], told)
        if " and " in messages:
            others.add((service, frozenset(told)))

    assert {subject: heard[subject] for subject in named} == named
    kinds = {(subject.partition(".")[0], frozenset(who)) for subject, who in heard.items() if subject not in named}
    assert kinds == others | {(service, frozenset({"gateway"})) for service in NAMES}
