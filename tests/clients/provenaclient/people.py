"""Whoever uses the client: accounts of the platform at PLATFORM_URL, and things that all suites need."""

import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import methods
import pytest
from provenaclient import ProvenaClient
from provenaclient.auth.helpers import HttpxBearerAuth
from provenaclient.auth.manager import AuthManager
from provenaclient.utils.config import APIOverrides, Config
from ProvenaInterfaces.AuthAPI import UserLinkUserAssignRequest
from ProvenaInterfaces.RegistryModels import ModelDomainInfo, OrganisationDomainInfo, PersonDomainInfo

URL = os.environ.get("PLATFORM_URL", "http://127.0.0.1:8000")
ISSUER = os.environ.get("PLATFORM_ISSUER", f"{URL}/auth/realms/reprovena")
CALLED = os.environ.get("PLATFORM_CALLED")
"""Where to write down which methods were called."""
APIS = {
    "datastore_api": "datastore",
    "auth_api": "auth",
    "registry_api": "registry",
    "prov_api": "prov",
    "search_api": "search",
    "handle_service_api": "handle",
    "jobs_service_api": "jobs",
}


methods.watch()


def pytest_sessionfinish() -> None:
    """Write down which methods were called."""
    if CALLED:
        Path(CALLED).write_text(json.dumps(sorted(methods.CALLED)))


class Token(AuthManager):
    """Somebody who is logged in."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.force_refresh()

    def force_refresh(self) -> None:
        """Log in again."""
        answer = httpx.post(
            f"{ISSUER}/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "integration-tests",
                "username": self.name,
                "password": f"{self.name}-secret",
            },
            timeout=60,
        )
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def get_token(self) -> str:
        """The token."""
        return self.token

    def get_auth(self) -> HttpxBearerAuth:
        """The token, as a request takes it."""
        return HttpxBearerAuth(token=self.token)


def client(name: str) -> ProvenaClient:
    """The published client in somebody's hands."""
    overrides = APIOverrides(**{f"{field}_endpoint_override": f"{URL}/{path}" for field, path in APIS.items()})
    return ProvenaClient(auth=Token(name), config=Config(domain="localhost", realm_name="reprovena", api_overrides=overrides))


@dataclass
class Person:
    """Somebody with the client, and as what they are registered."""

    client: ProvenaClient
    person: str
    organisation: str


async def linked(name: str) -> Person:
    """Somebody whose account is linked to a person."""
    it = client(name)
    found = await it.auth_api.get_link_lookup_username()
    about = OrganisationDomainInfo(display_name=f"{name}'s", name=f"{name}'s institute", ror="https://ror.org/05a28rw58")
    organisation = await it.registry.organisation.create_item(about)
    assert organisation.created_item is not None
    person = found.person_id
    if person is None:
        who = PersonDomainInfo(
            display_name=name, email=f"{name}@example.org", first_name=name, last_name="Test", ethics_approved=True
        )
        made = await it.registry.person.create_item(who)
        assert made.created_item is not None
        person = made.created_item.id
        await it.auth_api.post_link_assign(UserLinkUserAssignRequest(person_id=person))
    return Person(it, person, organisation.created_item.id)


@pytest.fixture
async def ada() -> Person:
    """An administrator."""
    return await linked("ada")


@pytest.fixture
async def bob() -> Person:
    """Somebody who registers things."""
    return await linked("bob")


@pytest.fixture
def zoe() -> ProvenaClient:
    """Somebody without any role."""
    return client("zoe")


@pytest.fixture
def word() -> Callable[[], str]:
    """Words that nobody used before."""
    return lambda: f"w{uuid.uuid4().hex[:12]}"


def model(word: str, **more: Any) -> ModelDomainInfo:
    """A model."""
    told = {
        "display_name": f"Model {word}",
        "name": word,
        "description": "Waves",
        "documentation_url": "https://example.org/docs",
        "source_url": "https://example.org/source",
    }
    return ModelDomainInfo(**(told | more))
