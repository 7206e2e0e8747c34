"""The gateway believes a real Keycloak with the realm that we ship, and nobody else."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.integration.gateway.pretend import Settings, World, executor, provenance, registry
from tests.servers import server

from chassis.testing import a_house
from gateway.access import tokens
from gateway.service import gateway
from gateway.unit import GatewayHouse

Json = dict[str, Any]
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Keycloak:
    """The realm, for people and for its administrator."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http, self.realm = http, server("keycloak_url")
        self.service = f"{self.realm}/protocol/openid-connect"
        self.admin = self.realm.replace("/realms/", "/admin/realms/")

    async def ask(self, url: str, **form: str) -> httpx.Response:
        """Post a form."""
        return await self.http.post(url, data=form)

    async def login(self, name: str, client: str = "reprovena", **more: str) -> Json:
        """Tokens for a user of the demonstration."""
        password = name.replace("user", "password")
        told = {"grant_type": "password", "client_id": client, "username": name, "password": password} | more
        answer = await self.ask(f"{self.service}/token", **told)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def keeper(self) -> dict[str, str]:
        """The administrator's headers."""
        master = f"{self.realm.rpartition('/')[0]}/master/protocol/openid-connect/token"
        told = {"username": server("keycloak_admin"), "password": server("keycloak_admin_password")}
        answer = await self.ask(master, grant_type="password", client_id="admin-cli", **told)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def make(self, what: str, told: Json) -> str:
        """Make something in the realm; its address."""
        answer = await self.http.post(f"{self.admin}/{what}", json=told, headers=await self.keeper())
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def remove(self, address: str) -> None:
        """Remove it."""
        await self.http.delete(address, headers=await self.keeper())


@pytest.fixture
async def keycloak() -> AsyncIterator[Keycloak]:
    """A real one."""
    async with httpx.AsyncClient(timeout=30) as http:
        yield Keycloak(http)


@pytest.fixture
async def house(keycloak: Keycloak, database_url: str, tmp_path) -> AsyncIterator[GatewayHouse]:
    """A gateway that believes it."""
    settings = Settings(
        database_url=database_url,
        files_url=f"file:{tmp_path}/files",
        state=tmp_path,
        issuer_url=keycloak.realm,
        token_audience="reprovena-api",
        world=World(),
    )
    async with a_house(gateway, settings, registry(), executor(), provenance()) as found:
        yield found


async def me(house: GatewayHouse, token: str) -> httpx.Response:
    """Whom the gateway takes the bearer of a token for."""
    transport = httpx.ASGITransport(app=house.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


async def believed(house: GatewayHouse, token: str) -> Json:
    """The caller that a token makes."""
    answer = await me(house, token)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refused(house: GatewayHouse, token: str, why: str) -> None:
    """The gateway does not believe it, and says why."""
    answer = await me(house, token)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:problem:gateway:unauthenticated")
    assert why in answer.json()["detail"]


@pytest.mark.parametrize(("name", "group", "admin"), [("user1", "group1", True), ("user5", "group2", False)])
async def test_groups_become_tenants_and_roles_are_the_realms(
    house: GatewayHouse, keycloak: Keycloak, name: str, group: str, admin: bool
) -> None:
    """Whoever logs in with a password acts for the realm's groups, in the realm's roles."""
    caller = await believed(house, (await keycloak.login(name))["access_token"])

    assert (caller["issuer"], caller["name"]) == (keycloak.realm, f"User {name[-1]}")
    assert caller["email"] == f"{name}@example.org"
    assert caller["tenants"] == [group, f"~{name}"]
    assert "reprov_user" in caller["roles"]
    assert ("reprov_admin" in caller["roles"]) == ("reprovena_admin" in caller["roles"]) == admin


async def test_a_nested_group_keeps_its_path(house: GatewayHouse, keycloak: Keycloak) -> None:
    """Two groups of the same name in different places are two tenants."""
    name = uuid4().hex
    groups = [await keycloak.make("groups", {"name": f"{place}-{name}"}) for place in ("a", "b")]
    user = {"username": name, "enabled": True, "email": f"{name}@example.org", "firstName": "N", "lastName": "N"}
    secret = {"credentials": [{"type": "password", "value": name, "temporary": False}]}
    headers = await keycloak.keeper()
    for group in groups:
        made = await keycloak.http.post(f"{group}/children", json={"name": "readers"}, headers=headers)
        assert made.status_code == 201, made.text
    user["groups"] = [f"/{place}-{name}/readers" for place in ("a", "b")]
    person = await keycloak.make("users", user | secret)
    try:
        caller = await believed(house, (await keycloak.login(name))["access_token"])
    finally:
        for address in (person, *groups):
            await keycloak.remove(address)

    assert sorted(caller["tenants"]) == [f"a-{name}/readers", f"b-{name}/readers", f"~{name}"]


async def test_every_client_that_logs_in_with_a_password_is_believed(house: GatewayHouse, keycloak: Keycloak) -> None:
    """ReProv's client and that of integration tests get the same tokens."""
    for client in ("api", "integration-tests"):
        caller = await believed(house, (await keycloak.login("user2", client, client_secret=""))["access_token"])
        assert (caller["tenants"], "reprov_user" in caller["roles"]) == (["group1", "~user2"], True)


async def test_a_service_speaks_in_its_own_name(house: GatewayHouse, keycloak: Keycloak) -> None:
    """Confidential clients have secrets of their own, and two of them a role."""
    headers = await keycloak.keeper()
    for name, role in (("prov-api", True), ("data-store-api", True), ("registry-api", False)):
        found = (await keycloak.http.get(f"{keycloak.admin}/clients", params={"clientId": name}, headers=headers)).json()[0]
        told = {"client_id": name, "client_secret": found["secret"], "grant_type": "client_credentials"}
        token = (await keycloak.ask(f"{keycloak.service}/token", **told)).json()["access_token"]

        caller = await believed(house, token)

        assert caller["tenants"] == [f"~service-account-{name}"]
        assert (name in caller["roles"]) == role


async def test_programs_may_log_in_by_device(keycloak: Keycloak) -> None:
    """The device grant begins for each client that has it, and waits for its user."""
    for client in ("reprovena", "client-tools", "automated-access", "admin-tools"):
        told = {"client_id": client, "scope": "openid roles offline_access"}
        begun = (await keycloak.ask(f"{keycloak.service}/auth/device", **told)).json()
        assert (begun["expires_in"], begun["interval"]) == (600, 5)

        code = {"grant_type": DEVICE, "client_id": client, "device_code": begun["device_code"]}
        asked = await keycloak.ask(f"{keycloak.service}/token", **code)

        assert asked.json()["error"] == "authorization_pending"


async def test_the_realm_shows_its_key(keycloak: Keycloak) -> None:
    """Old clients read the public key from the realm's own document."""
    assert {"realm", "public_key", "token-service"} <= set((await keycloak.http.get(keycloak.realm)).json())


async def test_the_issuer_may_have_two_addresses(keycloak: Keycloak) -> None:
    """Tokens name the issuer as clients reach it; its keys may be asked for where the gateway reaches it."""
    outside = keycloak.realm.replace("127.0.0.1", "localhost")
    told = {"grant_type": "password", "client_id": "reprovena", "username": "user1", "password": "password1"}
    token = (await keycloak.ask(f"{outside}/protocol/openid-connect/token", **told)).json()["access_token"]

    keys = tokens.FetchedKeys(outside, keycloak.http, reached=keycloak.realm)
    caller = await tokens.Tokens(keys).caller(token)

    assert (caller.issuer, keys.url) == (outside, outside)


async def test_other_tokens_are_refused(house: GatewayHouse, keycloak: Keycloak) -> None:
    """A token to log in or to refresh with, one for somebody else, and one of another realm open nothing."""
    told = await keycloak.login("user1", scope="openid")
    await refused(house, told["id_token"], "not")
    await refused(house, told["refresh_token"], "not signed")
    await refused(house, (await keycloak.login("user1", "admin-cli"))["access_token"], "not valid")
    await refused(house, (await keycloak.keeper())["Authorization"].split()[1], "key that the issuer does not have")


async def test_forged_tokens_are_refused(house: GatewayHouse, keycloak: Keycloak) -> None:
    """Neither changed claims, nor another's signature under a known name, nor none at all is believed."""
    token = (await keycloak.login("user2"))["access_token"]
    head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    claims["realm_access"]["roles"].append("reprovena_admin")
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    changed = jwt.encode(claims, own, "RS256", headers={"kid": head["kid"]})

    await refused(house, changed, "not valid")
    await refused(house, ".".join([*changed.split(".")[:2], token.split(".")[2]]), "not valid")
    await refused(house, jwt.encode(claims, None, "none", headers={"kid": head["kid"]}), "not signed")


@pytest.mark.timeout(180)
async def test_tokens_end(house: GatewayHouse, keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is good for as long as its issuer says."""
    monkeypatch.setattr(tokens, "SKEW", 0)
    audience = {"included.custom.audience": "reprovena-api", "access.token.claim": "true"}
    mapper = {"name": "a", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper", "config": audience}
    client = {"publicClient": True, "directAccessGrantsEnabled": True, "protocolMappers": [mapper]}
    for lifespan in (2, 8, 32):  # seconds; a busy machine may take longer than a short one to ask
        name = f"short-{uuid4().hex}"
        told = client | {"clientId": name, "attributes": {"access.token.lifespan": str(lifespan)}}
        address = await keycloak.make("clients", told)
        try:
            token = (await keycloak.login("user3", name))["access_token"]
        finally:
            await keycloak.remove(address)
        ends = jwt.decode(token, options={"verify_signature": False})["exp"]
        answer = await me(house, token)
        if time.time() < ends:
            break

    assert answer.status_code == 200, answer.text
    await asyncio.sleep(max(ends - time.time(), 0) + 0.5)
    await refused(house, token, "expired")


async def test_keys_may_change(house: GatewayHouse, keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is believed at once, the old one for as long as it is there, a removed one no longer than keys are kept."""
    monkeypatch.setattr(tokens, "AGAIN", 0)
    old = (await keycloak.login("user1"))["access_token"]
    await believed(house, old)
    key = {"priority": ["999"], "enabled": ["true"], "active": ["true"], "keySize": ["2048"], "algorithm": ["RS256"]}
    kind = {"providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider"}
    address = await keycloak.make("components", {"name": f"k-{uuid4().hex}", "config": key} | kind)
    try:
        new = (await keycloak.login("user1"))["access_token"]
        assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
        await believed(house, new)
        await believed(house, old)
    finally:
        await keycloak.remove(address)
    monkeypatch.setattr(tokens, "FRESH", -1)

    await refused(house, new, "key that the issuer does not have")
    await believed(house, old)
