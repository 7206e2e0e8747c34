"""People in the real Keycloak for as long as a test needs them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from tests.servers import server


def keeper(url: str) -> httpx.Client:
    """The administrator of a Keycloak, at the realm that this is the address of."""
    root, _, name = url.rpartition("/realms/")
    told = {"username": server("keycloak_admin"), "password": server("keycloak_admin_password"), "client_id": "admin-cli"}
    with httpx.Client(timeout=60) as http:
        got = http.post(f"{root}/realms/master/protocol/openid-connect/token", data=told | {"grant_type": "password"})
    headers = {"Authorization": f"Bearer {got.raise_for_status().json()['access_token']}"}
    return httpx.Client(base_url=f"{root}/admin/realms/{name}/", headers=headers, timeout=60)


@contextmanager
def people(url: str, roles: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Accounts `<name>` with the password `<name>-secret`, an e-mail address and exactly these roles of the realm."""
    with keeper(url) as http:
        for name, wanted in roles.items():
            _remove(http, name)  # an earlier session was ended suddenly
            _make(http, name, wanted)
    try:
        yield
    finally:
        with keeper(url) as http:
            for name in roles:
                _remove(http, name)


def _make(http: httpx.Client, name: str, roles: Sequence[str]) -> None:
    told: dict[str, Any] = {
        "username": name,
        "enabled": True,
        "email": f"{name}@example.org",
        "emailVerified": True,
        "firstName": name.title(),
        "lastName": "Test",
        "credentials": [{"type": "password", "value": f"{name}-secret", "temporary": False}],
    }
    at = f"{http.post('users', json=told).raise_for_status().headers['location']}/role-mappings/realm"
    there = {one["name"]: one for one in http.get("roles", params={"max": 500}).raise_for_status().json()}
    had = http.get(at).raise_for_status().json()
    http.request("DELETE", at, json=had).raise_for_status()
    http.post(at, json=[there[role] for role in roles]).raise_for_status()


def _remove(http: httpx.Client, name: str) -> None:
    for one in http.get("users", params={"username": name, "exact": True}).raise_for_status().json():
        http.delete(f"users/{one['id']}").raise_for_status()
