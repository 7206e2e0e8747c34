"""The methods that the published client offers, and which of them were called; `python methods.py` prints those it offers."""

import functools
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

from provenaclient import ProvenaClient, modules
from provenaclient.clients.client_helpers import ClientService
from provenaclient.modules.module_helpers import ModuleService
from provenaclient.modules.registry import RegistryBaseClass

CALLED: set[str] = set()
"""What was called so far, as `Class.method`."""
ROOTS = (ModuleService, ClientService, ProvenaClient, RegistryBaseClass)
"""Offer nothing that is called by itself."""


def classes() -> Iterator[type]:
    """All that somebody who has the client can hold in their hands."""
    for found in pkgutil.walk_packages(modules.__path__, f"{modules.__name__}."):
        for one in vars(importlib.import_module(found.name)).values():
            ours = inspect.isclass(one) and one.__module__ == found.name and issubclass(one, (ModuleService, ClientService))
            if ours and one not in ROOTS:
                yield one


def public(one: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The methods of a class that are there to be called, inherited ones included."""
    for name, method in inspect.getmembers(one, inspect.isfunction):
        if not name.startswith("_"):
            yield name, method


def offered() -> set[str]:
    """All methods, as `Class.method`."""
    return {f"{one.__name__}.{name}" for one in classes() for name, _method in public(one)}


def watch() -> None:
    """From now on every call is noted."""
    for one in classes():
        for name, method in public(one):
            setattr(one, name, _noting(f"{one.__name__}.{name}", method))


def _noting(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def called(*args: Any, **named: Any) -> Any:
        CALLED.add(name)
        return method(*args, **named)

    return called


if __name__ == "__main__":
    print(json.dumps(sorted(offered())))
