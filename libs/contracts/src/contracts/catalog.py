"""Every message by its subject: for schemas, AsyncAPI pages, carriers and tests."""

from contracts import access, entries, executor, groups, model_runs, outcomes, provenance, refusals, registry
from contracts.message import Message


def _messages() -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for module in (registry, entries, groups, access, model_runs, outcomes, executor, provenance, refusals):
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, Message) and "subject" in thing.__dict__:
                found[thing.subject] = thing
    return dict(sorted(found.items()))


CATALOG = _messages()
