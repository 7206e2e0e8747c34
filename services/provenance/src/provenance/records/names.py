"""Ids that only records know, and how every id is spelt as a name in a document."""

from urllib.parse import quote, unquote
from uuid import UUID

ITEMS = "urn:reprovena:"
"""Namespace of ids: what follows it is an id, percent-encoded."""
TERMS = "urn:reprovena:ns#"
"""Namespace of the attributes and types that PROV does not define."""
SAFE = "/:@+~"
"""Characters of an id that every format can write beside letters, digits and `-._`."""


def engine_id(run: UUID) -> str:
    """The software as it ran one run; its steps know it without knowing which software that was."""
    return f"run/{run}/engine"


def parameter_id(run: UUID, name: str) -> str:
    """A value that a run was given."""
    return f"run/{run}/parameter/{name}"


def stop_id(run: UUID) -> str:
    """The request that ended a run before its time."""
    return f"run/{run}/stop"


def results_id(run: UUID) -> str:
    """What a run declares as its results, taken together."""
    return f"run/{run}/results"


def software_id(name: str, version: str) -> str:
    """A release of a piece of software, shared by all runs that it ran."""
    return f"software/{name}/{version}"


def tenant_id(tenant: str) -> str:
    """An organisation on whose behalf an account acts."""
    return f"tenant/{tenant}"


def local_name(item: str) -> str:
    """An id as the local part of a name (`run/1/out/train%5B1%5D/model.bin`)."""
    return quote(item, safe=SAFE)


def iri(item: str) -> str:
    """An id as an IRI."""
    return ITEMS + local_name(item)


def item(name: str) -> str:
    """The id that an IRI or a local name stands for."""
    return unquote(name.removeprefix(ITEMS))


def last_part(item: str) -> str:
    """What an id ends with: the name a person would use."""
    return item.rstrip("/").rsplit("/", 1)[-1]
