"""Logging in, as programs do it: the same with the issuer of our own and with a real Keycloak that has our realm."""

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from tests.e2e.test_command import words_of
from tests.forms import Browser, forms
from tests.keycloak import keeper
from tests.running import Platform
from tests.servers import server

Json = dict[str, Any]
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SECRET = "a secret of prov-api"
ASKER = "asks-what-tokens-are-worth"
ACCOUNTS = f"clients:\n  prov-api: {{secret: {SECRET}, grants: [client_credentials], roles: [prov-api]}}\n"
ACCOUNTS += f"  {ASKER}: {{secret: {SECRET}, grants: [client_credentials]}}\n"


@dataclass(frozen=True)
class Realm:
    """An issuer, and a platform that believes it."""

    name: str
    url: str
    platform: Platform
    secret: str
    """Of the service `prov-api`."""


def _own(folder: Path) -> tuple[Platform, str, str]:
    accounts = folder / "accounts.yaml"
    accounts.write_text(ACCOUNTS)
    platform = Platform(folder, {"DEMO_ACCOUNTS": "true", "ACCOUNTS_FILE": str(accounts)}).start()
    return platform, f"{platform.url}/auth/realms/reprovena", SECRET


def _keycloak(folder: Path) -> tuple[Platform, str, str]:
    url = server("keycloak_url")
    with keeper(url) as http:
        clients = http.get("clients", params={"clientId": "prov-api"}).json()
        # Keycloak tells a service only of tokens that are for it, too
        mapper = {"name": "self", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper"}
        mapper |= {"config": {"included.client.audience": ASKER, "access.token.claim": "true"}}
        asker = {"clientId": ASKER, "publicClient": False, "secret": SECRET, "serviceAccountsEnabled": True}
        made = http.post("clients", json=asker | {"protocolMappers": [mapper]})
        assert made.status_code in {201, 409}, made.text  # 409: an earlier session was ended suddenly
    platform = Platform(folder, {"ISSUER_URL": url, "TOKEN_AUDIENCE": "reprovena-api"}).start()
    return platform, url, clients[0]["secret"]


@pytest.fixture(scope="module", params=["own", "keycloak"])
def realm(request: pytest.FixtureRequest, session_folder: Path) -> Iterator[Realm]:
    """An issuer with the well-known accounts of the demonstration."""
    folder = session_folder / f"identity-{request.param}"
    folder.mkdir()
    platform, url, secret = {"own": _own, "keycloak": _keycloak}[request.param](folder)
    try:
        yield Realm(request.param, url, platform, secret)
        assert platform.stop() == 0
    finally:
        if request.param == "keycloak":
            with keeper(url) as http:
                for client in http.get("clients", params={"clientId": ASKER}).json():
                    http.delete(f"clients/{client['id']}")
        if platform.process is not None and platform.process.poll() is None:
            platform.kill()


@dataclass
class Program:
    """A program that reads discovery and knows nothing else."""

    http: httpx.AsyncClient
    realm: Realm
    discovery: Json

    async def ask(self, endpoint: str, **form: str) -> httpx.Response:
        """Post a form."""
        return await self.http.post(self.discovery[endpoint], data=form)

    async def tokens(self, **form: str) -> Json:
        """Get tokens."""
        answer = await self.ask("token_endpoint", **form)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def login(self, name: str, client: str = "reprovena", **more: str) -> Json:
        """With a password."""
        password = name.replace("user", "password")
        return await self.tokens(grant_type="password", client_id=client, username=name, password=password, **more)

    async def me(self, token: str) -> httpx.Response:
        """Whom the platform takes the bearer for."""
        return await self.http.get(f"{self.realm.platform.url}/v1/me", headers={"Authorization": f"Bearer {token}"})

    async def caller(self, told: Json) -> Json:
        """The same, of tokens that are good."""
        answer = await self.me(told["access_token"])
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


@pytest.fixture
async def program(realm: Realm) -> AsyncIterator[Program]:
    async with httpx.AsyncClient(timeout=60) as http:
        found = (await http.get(f"{realm.url}/.well-known/openid-configuration")).json()
        yield Program(http, realm, found)


async def test_discovery_names_what_programs_need(program: Program) -> None:
    """Both issuers describe themselves by the same words, at the same addresses of their realm."""
    for name, place in {
        "token_endpoint": "token",
        "device_authorization_endpoint": "auth/device",
        "authorization_endpoint": "auth",
        "jwks_uri": "certs",
        "userinfo_endpoint": "userinfo",
        "introspection_endpoint": "token/introspect",
        "revocation_endpoint": "revoke",
        "end_session_endpoint": "logout",
    }.items():
        assert program.discovery[name] == f"{program.realm.url}/protocol/openid-connect/{place}"
    assert {"password", "refresh_token", "client_credentials", "authorization_code", DEVICE} <= set(
        program.discovery["grant_types_supported"]
    )
    realm = (await program.http.get(program.realm.url)).json()
    assert {"realm", "public_key", "token-service"} <= set(realm)


async def test_old_programs_verify_with_the_realms_own_key(program: Program) -> None:
    """They read `public_key` of the realm's document."""
    realm = (await program.http.get(program.realm.url)).json()
    token = (await program.login("user1"))["access_token"]
    pem = f"-----BEGIN PUBLIC KEY-----\n{realm['public_key']}\n-----END PUBLIC KEY-----"

    claims = jwt.decode(token, pem, ["RS256"], issuer=program.discovery["issuer"], audience="reprovena-api")

    assert (claims["preferred_username"], claims["typ"], claims["azp"]) == ("user1", "Bearer", "reprovena")


@pytest.mark.parametrize(("name", "group", "admin"), [("user1", "group1", True), ("user5", "group2", False)])
async def test_a_password_says_who_in_which_roles(program: Program, name: str, group: str, admin: bool) -> None:
    """The platform sees the same person, whoever the issuer is."""
    caller = await program.caller(await program.login(name))

    assert (caller["issuer"], caller["name"]) == (program.discovery["issuer"], f"User {name[-1]}")
    assert (caller["email"], caller["tenants"]) == (f"{name}@example.org", [group, f"~{name}"])
    usual = {"reprov_user", "entity-registry-read", "entity-registry-write"}
    ranks = {"reprov_admin", "reprovena_admin", "entity-registry-admin", "sys-admin-write", "job-service-read"}
    assert usual <= set(caller["roles"])
    assert ranks & set(caller["roles"]) == (ranks if admin else set())


async def test_a_wrong_password_is_refused(program: Program) -> None:
    """In OAuth's words."""
    form = {"grant_type": "password", "client_id": "reprovena", "username": "user3", "password": "wrong"}

    answer = await program.ask("token_endpoint", **form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_login_is_refreshed_and_ended(program: Program) -> None:
    """Until somebody logs out; a refresh token opens nothing else."""
    told = await program.login("user2")
    again = {"grant_type": "refresh_token", "client_id": "reprovena", "refresh_token": told["refresh_token"]}

    fresh = await program.tokens(**again)
    ended = await program.ask("end_session_endpoint", client_id="reprovena", refresh_token=fresh["refresh_token"])
    late = await program.ask("token_endpoint", **again)

    assert (await program.caller(fresh))["tenants"] == ["group1", "~user2"]
    assert (await program.me(told["refresh_token"])).status_code == 401
    assert ended.status_code == 204
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


async def test_an_offline_login_lasts_until_it_is_revoked(program: Program) -> None:
    """Its roles stay with it."""
    told = await program.login("user2", "integration-tests", scope="openid offline_access")
    again = {"grant_type": "refresh_token", "client_id": "integration-tests", "refresh_token": told["refresh_token"]}

    fresh = await program.tokens(**again)
    revoked = await program.ask("revocation_endpoint", client_id="integration-tests", token=told["refresh_token"])
    late = await program.ask("token_endpoint", **again)

    assert (told["refresh_expires_in"], "offline_access" in fresh["scope"].split()) == (0, True)
    assert "reprov_user" in (await program.caller(fresh))["roles"]
    assert revoked.status_code == 200
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


async def let_in(program: Program, device: Json, name: str, *, yes: bool) -> httpx.Response:
    """Somebody opens the page, logs in, and allows or denies."""
    async with httpx.AsyncClient(timeout=60) as http:
        browser = Browser(http)
        page = await browser.open(device["verification_uri_complete"])
        if program.realm.name == "own":
            return await browser.send("allow" if yes else "deny", username=name, password=name.replace("user", "password"))
        page = await browser.send(username=name, password=name.replace("user", "password"))
        return await browser.send("accept" if yes else "cancel") if forms(page) else page


@pytest.mark.parametrize("client", ["reprovena", "client-tools", "automated-access"])
async def test_a_device_is_let_in_by_its_user(program: Program, client: str) -> None:
    """It waits, somebody allows it in a browser without scripts, and it gets its tokens once."""
    told = {"client_id": client, "scope": "openid roles offline_access" if client == "automated-access" else "openid"}
    device = (await program.ask("device_authorization_endpoint", **told)).json()
    code = {"grant_type": DEVICE, "client_id": client, "device_code": device["device_code"]}
    waiting = await program.ask("token_endpoint", **code)
    early = waiting
    for _ in range(20):  # a busy machine may leave the pause between two questions without meaning to
        if early.json()["error"] == "authorization_pending":
            early = await program.ask("token_endpoint", **code)

    page = await let_in(program, device, "user1", yes=True)
    assert page.status_code == 200, page.text
    end = time.monotonic() + 60
    while (answer := await program.ask("token_endpoint", **code)).status_code != 200 and time.monotonic() < end:
        assert answer.json()["error"] in {"slow_down", "authorization_pending"}, answer.text
        time.sleep(device["interval"])  # as the protocol asks of programs

    assert {"device_code", "user_code", "verification_uri"} <= set(device)
    assert (device["expires_in"], device["interval"]) == (600, 5)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    assert (early.status_code, early.json()["error"]) == (400, "slow_down")
    caller = await program.caller(answer.json())
    assert (caller["tenants"], "reprov_admin" in caller["roles"]) == (["group1", "~user1"], True)
    again = await program.ask("token_endpoint", **code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_device_is_sent_away(program: Program) -> None:
    """It is told so."""
    device = (await program.ask("device_authorization_endpoint", client_id="client-tools", scope="openid")).json()
    await let_in(program, device, "user2", yes=False)

    answer = await program.ask("token_endpoint", grant_type=DEVICE, client_id="client-tools", device_code=device["device_code"])

    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")


@pytest.fixture
def environment(realm: Realm, tmp_path: Path) -> dict[str, str]:
    """Of somebody who uses the command and has not logged in yet."""
    told = {"REPROVENA_URL": realm.platform.url, "REPROVENA_CONFIG": str(tmp_path / "credentials.json"), "NO_COLOR": "1"}
    return {**os.environ, **told, "REPROVENA_PASSWORD": "password1"}


def said(environment: dict[str, str], *words: str) -> Json:
    """What the command answers as JSON."""
    done = subprocess.run(words_of(*words, "--json"), env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


async def test_the_command_logs_in_with_the_issuer_that_it_is_told(program: Program, environment: dict[str, str]) -> None:
    """By password: the token is kept, renewed by that issuer when it is old, and revoked there at the end."""
    place = Path(environment["REPROVENA_CONFIG"])
    said(environment, "login", "--issuer", program.realm.url, "-u", "user1")
    me = said(environment, "whoami")
    kept = json.loads(place.read_text())
    (account,) = kept["servers"].values()
    place.write_text(json.dumps(kept | {"servers": {program.realm.platform.url: account | {"expires_at": 1.0}}}))

    again = said(environment, "whoami")
    (renewed,) = json.loads(place.read_text())["servers"].values()
    said(environment, "logout")
    late = {"grant_type": "refresh_token", "client_id": "reprovena", "refresh_token": renewed["refresh_token"]}

    assert me["tenants"] == again["tenants"] == ["group1", "~user1"]
    assert renewed["token"] != account["token"]
    assert (await program.ask("token_endpoint", **late)).json()["error"] == "invalid_grant"


async def test_the_command_is_let_in_as_a_device(program: Program, environment: dict[str, str]) -> None:
    """It says where to go, waits until somebody has allowed it there, and is whoever that was."""
    words = words_of("login", "--device", "--issuer", program.realm.url, "--json")
    login = await asyncio.create_subprocess_exec(
        *words, env=environment | {"COLUMNS": "500"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert login.stderr is not None
    async with asyncio.timeout(300):
        while (where := re.search(r"Open (\S+)", (await login.stderr.readline()).decode())) is None:
            assert not login.stderr.at_eof()
        await let_in(program, {"verification_uri_complete": where[1]}, "user1", yes=True)
        stdout, stderr = await login.communicate()

    assert login.returncode == 0, stderr.decode()
    assert json.loads(stdout)["url"] == program.realm.platform.url
    assert said(environment, "whoami")["tenants"] == ["group1", "~user1"]


async def test_a_service_speaks_in_its_own_name(program: Program) -> None:
    """With its secret, and in the role of its own."""
    told = await program.tokens(grant_type="client_credentials", client_id="prov-api", client_secret=program.realm.secret)
    wrong = await program.ask("token_endpoint", grant_type="client_credentials", client_id="prov-api", client_secret="wrong")

    caller = await program.caller(told)

    assert (caller["tenants"], "prov-api" in caller["roles"]) == (["~service-account-prov-api"], True)
    assert "reprov_user" not in caller["roles"]
    assert "refresh_token" not in told
    assert wrong.status_code == 401


async def test_a_service_asks_what_a_token_is_worth(program: Program) -> None:
    """A good one says whose it is, another one nothing."""
    service = {"client_id": ASKER, "client_secret": SECRET}
    told = await program.tokens(grant_type="client_credentials", **service)

    good = (await program.ask("introspection_endpoint", **service, token=told["access_token"])).json()
    bad = (await program.ask("introspection_endpoint", **service, token=told["access_token"][:-9])).json()
    stranger = await program.ask("introspection_endpoint", client_id="reprovena", token=told["access_token"])

    assert (good["active"], good["username"], good["client_id"]) == (True, f"service-account-{ASKER}", ASKER)
    assert bad == {"active": False}
    assert stranger.status_code in {401, 403}


async def test_userinfo_says_who_one_is(program: Program) -> None:
    """To whoever bears a token that was asked for with `openid`."""
    told = await program.login("user5", scope="openid")

    answer = await program.http.get(
        program.discovery["userinfo_endpoint"], headers={"Authorization": f"Bearer {told['access_token']}"}
    )

    assert answer.json()["preferred_username"] == "user5"
    assert answer.json()["sub"] == (await program.caller(told))["subject"]
    assert [name.removeprefix("/") for name in answer.json()["groups"]] == ["group2"]
