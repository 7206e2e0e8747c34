"""The issuer of our own over HTTP, with its logins in a real database."""

import asyncio
import base64
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from sqlalchemy import text
from tests.forms import Browser, forms
from tests.integration.gateway.pretend import Settings, World, executor, provenance, registry

from chassis import logs
from chassis.testing import a_house
from gateway.access import devices
from gateway.access.accounts import ISSUER
from gateway.access.clients import DEVICE
from gateway.access.opening import keyring
from gateway.access.passwords import Guard
from gateway.service import gateway
from gateway.unit import GatewayHouse

ACCOUNTS = """\
clients:
  robot: {secret: hush, grants: [client_credentials], roles: [prov-api], groups: [machines]}
  closed: {secret: hush, grants: [password, refresh_token]}
  elsewhere: {audience: [somebody-else]}
users:
  ada: {password: engine, groups: [/physics], roles: [admin], email: ada@example.org, name: Ada Lovelace}
  gone: {password: x, enabled: false}
  open: {}
"""
REALM = "/auth/realms/reprovena"
SERVICE = f"{REALM}/protocol/openid-connect"
PASSWORD = {"grant_type": "password", "client_id": "reprovena", "username": "ada", "password": "engine"}
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
Json = dict[str, Any]


def settings(database_url: str, folder: Path, **more: Any) -> Settings:
    accounts = folder / "accounts.yaml"
    if not accounts.exists():
        accounts.write_text(ACCOUNTS)
    told = {"database_url": database_url, "files_url": f"file:{folder}/files", "state": folder, "accounts_file": accounts}
    return Settings(**(told | {"world": World()} | more))


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[GatewayHouse]:
    async with a_house(gateway, settings(database_url, tmp_path), registry(), executor(), provenance()) as found:
        assert found.parts.issuer
        found.parts.issuer.guard = Guard(0.01, 0.05)
        yield found


@pytest.fixture
async def http(house: GatewayHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with over(house) as found:
        yield found


def over(house: GatewayHouse) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=house.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


async def ask(
    http: httpx.AsyncClient, where: str = "token", *, auth: tuple[str, str] | None = None, **form: str
) -> httpx.Response:
    """Post a form to the issuer."""
    return await http.post(f"{SERVICE}/{where}", data=form, **({"auth": auth} if auth else {}))


async def login(http: httpx.AsyncClient, **more: str) -> Json:
    """Tokens for Ada."""
    answer = await ask(http, **(PASSWORD | more))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def me(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


def denied(answer: httpx.Response, error: str, status: int = 400) -> None:
    """Refused in OAuth's words, and not to be kept."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.json()["error_description"]
    assert answer.headers["cache-control"] == "no-store"


# -- a password, and what it leads to


async def test_a_password_gives_tokens_that_are_believed(http: httpx.AsyncClient) -> None:
    """The program gets both tokens, the platform knows who it is."""
    told = await login(http, scope="openid")

    caller = (await me(http, told["access_token"])).json()
    identity = jwt.decode(told["id_token"], options={"verify_signature": False})

    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, "openid profile email roles")
    assert (caller["issuer"], caller["name"], caller["email"]) == (ISSUER, "Ada Lovelace", "ada@example.org")
    assert (caller["tenants"], caller["roles"]) == (["physics", "~ada"], ["admin"])
    assert (identity["aud"], identity["typ"], identity["sub"]) == ("reprovena", "ID", caller["subject"])
    assert (identity["given_name"], identity["family_name"]) == ("Ada", "Lovelace")


async def test_only_access_tokens_open_the_platform(http: httpx.AsyncClient) -> None:
    """Tokens to refresh or to identify with do not, nor one for somebody else."""
    told = await login(http, scope="openid")
    other = await login(http, client_id="elsewhere")

    for token in (told["id_token"], told["refresh_token"], other["access_token"]):
        assert (await me(http, token)).status_code == 401
    denied(
        await ask(http, grant_type="refresh_token", client_id="reprovena", refresh_token=told["access_token"]), "invalid_grant"
    )


@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({"password": "wrong"}, "invalid_grant", 400),
        ({"username": "nobody"}, "invalid_grant", 400),
        ({"username": "gone", "password": "x"}, "invalid_grant", 400),
        ({"username": "open", "password": "plain"}, "invalid_grant", 400),
        ({"password": ""}, "invalid_request", 400),
        ({"client_id": "unknown"}, "invalid_client", 401),
        ({"client_id": "closed"}, "invalid_client", 401),
        ({"client_id": "closed", "client_secret": "wrong"}, "invalid_client", 401),
        ({"client_id": "client-tools"}, "unauthorized_client", 400),
        ({"client_id": ""}, "invalid_request", 400),
        ({"scope": "everything"}, "invalid_scope", 400),
        ({"grant_type": "implicit"}, "unsupported_grant_type", 400),
        ({"grant_type": ""}, "invalid_request", 400),
    ],
)
async def test_no_token_without_the_right_words(http: httpx.AsyncClient, form: dict[str, str], error: str, status: int) -> None:
    """An unknown name and a wrong password are answered alike."""
    denied(await ask(http, **(PASSWORD | form)), error, status)


async def test_bad_forms_are_refused(http: httpx.AsyncClient) -> None:
    """JSON, a field given twice, and a form that never ends."""
    denied(await http.post(f"{SERVICE}/token", json=PASSWORD), "invalid_request")
    twice = "grant_type=password&client_id=reprovena&username=ada&username=bob&password=engine"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    denied(await http.post(f"{SERVICE}/token", content=twice, headers=kind), "invalid_request")
    assert (await http.post(f"{SERVICE}/token", content="a=" + "x" * 100_000, headers=kind)).status_code == 413


async def test_guessing_gets_slower(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """Each failure for a name makes the next answer for it later; the right password ends that."""
    assert house.parts.issuer
    house.parts.issuer.guard = Guard(0.05, 0.2)
    for _ in range(3):
        denied(await ask(http, **(PASSWORD | {"password": "wrong"})), "invalid_grant", 400)

    began = time.monotonic()
    await login(http)

    assert time.monotonic() - began >= 0.2
    assert house.parts.issuer.guard._failures == {}


# -- logins that last


async def again(http: httpx.AsyncClient, token: str, client: str = "reprovena", **more: str) -> httpx.Response:
    return await ask(http, grant_type="refresh_token", client_id=client, refresh_token=token, **more)


async def test_a_refresh_sees_the_account_as_it_is_now(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """New groups appear; a changed password, another name or a closed account ends old logins."""
    path, told = house.settings.accounts_file, await login(http)
    path.write_text(ACCOUNTS.replace("[/physics]", "[/physics, /maths]"))

    fresh = (await again(http, told["refresh_token"])).json()

    assert (await me(http, fresh["access_token"])).json()["tenants"] == ["physics", "maths", "~ada"]
    for change in (("engine", "other engine"), ("Lovelace", "Lovelace, enabled: false"), ("ada:", "edith:")):
        path.write_text(ACCOUNTS.replace(*change))
        denied(await again(http, fresh["refresh_token"]), "invalid_grant")
    path.write_text(ACCOUNTS)
    assert (await again(http, fresh["refresh_token"])).status_code == 200


async def test_a_login_belongs_to_its_program(http: httpx.AsyncClient) -> None:
    """Another one cannot use it, cannot end it, and nobody widens it."""
    token = (await login(http))["refresh_token"]

    denied(await again(http, token, "closed", client_secret="hush"), "invalid_grant")
    denied(await again(http, token, "api"), "invalid_grant")
    denied(await ask(http, "logout", client_id="api", refresh_token=token), "invalid_grant")
    denied(await ask(http, "revoke", client_id="api", token=token), "invalid_grant")
    denied(await again(http, token, scope="offline_access"), "invalid_scope")
    for other in (token[:-1] + ("a" if token[-1] != "a" else "b"), "x", "x.y", token.split(".")[0], "\x00." * 40):
        denied(await again(http, other), "invalid_grant")
    assert (await again(http, token)).status_code == 200


async def test_a_login_ends_when_it_is_told_to(http: httpx.AsyncClient) -> None:
    """By logout, by revoking either token, or by the page that an identity token leads to."""
    told = [await login(http, scope="openid") for _ in range(4)]

    ended = await ask(http, "logout", client_id="reprovena", refresh_token=told[0]["refresh_token"])
    await ask(http, "revoke", client_id="reprovena", token=told[1]["refresh_token"])
    await ask(http, "revoke", client_id="reprovena", token=told[2]["access_token"])
    there = {"post_logout_redirect_uri": "http://localhost:3000/bye?x=1", "state": "a b"}
    sent = await http.get(f"{SERVICE}/logout", params={"id_token_hint": told[3]["id_token"]} | there)

    assert ended.status_code == 204
    assert (sent.status_code, sent.headers["location"]) == (303, "http://localhost:3000/bye?x=1&state=a+b")
    for one in told:
        denied(await again(http, one["refresh_token"]), "invalid_grant")
    assert (await ask(http, "revoke", client_id="reprovena", token="never heard of")).status_code == 200
    elsewhere = {"id_token_hint": told[3]["id_token"], "post_logout_redirect_uri": "https://evil.example"}
    assert (await http.get(f"{SERVICE}/logout", params=elsewhere)).status_code == 400
    assert (await http.get(f"{SERVICE}/logout", params={"id_token_hint": told[3]["access_token"]})).status_code == 400


async def test_a_login_ends_with_time_unless_it_is_used(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """Each use moves its end; an offline one lasts far longer."""
    one, offline = await login(http), await login(http, scope="offline_access")
    assert (one["refresh_expires_in"], offline["refresh_expires_in"]) == (30 * 24 * 3600, 0)

    async def move(days: int) -> None:
        async with house.work() as unit:
            told = {"span": timedelta(days=days)}
            await unit.session.execute(text("update gateway.logins set expires = expires - cast(:span as interval)"), told)

    for _ in range(3):
        await move(20)
        assert (await again(http, one["refresh_token"])).status_code == 200
    await move(31)

    denied(await again(http, one["refresh_token"]), "invalid_grant")
    assert (await again(http, offline["refresh_token"])).status_code == 200


async def test_logins_and_devices_outlive_the_process(database_url: str, tmp_path: Path) -> None:
    """Another process with the same database knows them, and keys stay what they were."""
    told = settings(database_url, tmp_path)
    async with a_house(gateway, told, registry(), executor(), provenance()) as first, over(first) as http:
        tokens = await login(http, scope="offline_access")
        device = (await ask(http, "auth/device", client_id="reprovena")).json()

    async with a_house(gateway, told, registry(), executor(), provenance()) as second, over(second) as http:
        assert (await me(http, tokens["access_token"])).status_code == 200
        assert (await again(http, tokens["refresh_token"])).status_code == 200
        await allow(http, device)
        assert (await poll(http, device)).status_code == 200


async def test_secrets_are_not_in_the_database(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """Whoever reads it cannot log in with what it says."""
    told, device = await login(http), (await ask(http, "auth/device", client_id="reprovena")).json()

    async with house.work() as unit:
        rows = [str((await unit.session.execute(text(f"select * from gateway.{one}"))).all()) for one in ("logins", "devices")]

    assert told["refresh_token"].split(".")[1] not in rows[0]
    assert device["device_code"] not in rows[1]


# -- services


async def test_a_service_speaks_in_its_own_name(http: httpx.AsyncClient) -> None:
    """With its secret, in the form or by HTTP Basic; it gets no login."""
    for told in ({"client_id": "robot", "client_secret": "hush"}, {"auth": ("robot", "hush")}):
        answer = await ask(http, grant_type="client_credentials", **told)
        assert "refresh_token" not in answer.json()
        caller = (await me(http, answer.json()["access_token"])).json()
        assert (caller["tenants"], caller["roles"]) == (["machines", "~service-account-robot"], ["prov-api"])

    denied(await ask(http, grant_type="client_credentials", auth=("robot", "wrong")), "invalid_client", 401)
    denied(await ask(http, grant_type="client_credentials", client_id="reprovena"), "unauthorized_client")


async def test_services_may_ask_what_a_token_is_worth(http: httpx.AsyncClient) -> None:
    """Tokens of ended logins are worth nothing; programs without a secret are not told."""
    told = await login(http)

    async def worth(token: str) -> Json:
        found: Json = (await ask(http, "token/introspect", auth=("robot", "hush"), token=token)).json()
        return found

    assert (await worth(told["access_token"]))["preferred_username"] == "ada"
    assert (await worth(told["refresh_token"]))["active"] is True
    assert await worth("rubbish") == {"active": False}
    denied(await ask(http, "token/introspect", client_id="reprovena", token=told["access_token"]), "invalid_client", 401)
    await ask(http, "logout", client_id="reprovena", refresh_token=told["refresh_token"])
    assert await worth(told["access_token"]) == await worth(told["refresh_token"]) == {"active": False}


# -- devices


async def poll(http: httpx.AsyncClient, device: Json, client: str = "reprovena", **more: str) -> httpx.Response:
    return await ask(http, grant_type=DEVICE, client_id=client, device_code=device["device_code"], **more)


async def allow(http: httpx.AsyncClient, device: Json, button: str = "allow", password: str = "engine") -> httpx.Response:
    browser = Browser(http)
    await browser.open(device["verification_uri_complete"])
    return await browser.send(button, username="ada", password=password)


async def test_a_device_is_let_in(http: httpx.AsyncClient) -> None:
    """It waits, somebody allows it on a page, and it gets its tokens once."""
    device = (await ask(http, "auth/device", client_id="reprovena", scope="openid offline_access")).json()
    assert device["verification_uri"] == f"http://127.0.0.1:8000{REALM}/device"
    assert (device["expires_in"], device["interval"]) == (600, 5)
    denied(await poll(http, device), "authorization_pending")

    page = await allow(http, device)

    assert (page.status_code, "may work in your name" in page.text) == (200, True)
    told = (await poll(http, device)).json()
    assert {"openid", "offline_access"} <= set(told["scope"].split())
    assert (await me(http, told["access_token"])).json()["tenants"] == ["physics", "~ada"]
    denied(await poll(http, device), "invalid_grant")


async def test_a_device_that_asks_too_often_is_slowed_down(
    house: GatewayHouse, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has to leave a pause, longer with each question that comes too early."""
    monkeypatch.setattr(devices, "PAUSE", 40)  # so that a busy machine still comes too early
    device = (await ask(http, "auth/device", client_id="reprovena")).json()
    denied(await poll(http, device), "authorization_pending")

    denied(await poll(http, device), "slow_down")
    denied(await poll(http, device), "slow_down")

    async with house.work() as unit:
        row = await unit.logins.device(device["device_code"])
        assert row.pause == devices.PAUSE + 2 * devices.SLOWER
        row.asked = datetime.now(UTC) - timedelta(seconds=row.pause)
    denied(await poll(http, device), "authorization_pending")


async def test_a_device_is_sent_away_or_comes_too_late(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """Both are told as what they are."""
    sent, late, changed = [(await ask(http, "auth/device", client_id="reprovena")).json() for _ in range(3)]
    await allow(http, sent, "deny", "")
    await allow(http, changed)
    async with house.work() as unit:
        (await unit.logins.device(late["device_code"])).expires = datetime.now(UTC) - timedelta(seconds=1)
    house.settings.accounts_file.write_text(ACCOUNTS.replace("engine", "other engine"))

    denied(await poll(http, sent), "access_denied")
    denied(await poll(http, sent), "invalid_grant")
    denied(await poll(http, late), "expired_token")
    denied(await poll(http, changed), "access_denied")
    assert (await http.get(late["verification_uri_complete"])).status_code == 404


async def test_a_device_code_belongs_to_its_program(http: httpx.AsyncClient) -> None:
    """Another program, or the same one without its verifier, gets nothing."""
    device = (
        await ask(http, "auth/device", client_id="reprovena", code_challenge=CHALLENGE, code_challenge_method="S256")
    ).json()
    await allow(http, device)

    denied(await poll(http, device, "client-tools"), "invalid_grant")
    denied(await poll(http, device), "invalid_grant")
    assert (await poll(http, device, code_verifier=VERIFIER)).status_code == 200
    for method in ("plain", ""):
        told = {"client_id": "reprovena", "code_challenge": VERIFIER, "code_challenge_method": method}
        denied(await ask(http, "auth/device", **told), "invalid_request")
    denied(await ask(http, "auth/device", client_id="api"), "unauthorized_client")


async def test_many_devices_wait_and_no_more(house: GatewayHouse, http: httpx.AsyncClient, monkeypatch) -> None:
    """Nobody fills the table."""
    monkeypatch.setattr(devices, "WAITING", 2)
    for _ in range(2):
        assert (await ask(http, "auth/device", client_id="reprovena")).status_code == 200

    denied(await ask(http, "auth/device", client_id="reprovena"), "temporarily_unavailable")


async def test_a_wrong_password_leaves_the_device_waiting(http: httpx.AsyncClient) -> None:
    """The page says so and asks again."""
    device = (await ask(http, "auth/device", client_id="reprovena")).json()

    page = await allow(http, device, password="wrong")

    assert (page.status_code, "Name or password is wrong" in page.text) == (403, True)
    assert forms(page)[0].fields["username"] == "ada"
    denied(await poll(http, device), "authorization_pending")


async def test_codes_may_be_typed_and_not_guessed(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """In small letters and with blanks; after many wrong ones nobody is heard for a while."""
    device = (await ask(http, "auth/device", client_id="reprovena")).json()
    browser = Browser(http)
    await browser.open(device["verification_uri"])

    page = await browser.send(user_code=device["user_code"].lower().replace("-", " "))

    assert (page.status_code, device["user_code"] in page.text) == (200, True)
    house.parts.tries.most = 3
    wrong = [await http.get(device["verification_uri"], params={"user_code": f"BBBB-BBB{n}"}) for n in "BCDFG"]
    assert [answer.status_code for answer in wrong] == [404, 404, 404, 429, 429]
    assert int(wrong[-1].headers["retry-after"]) > 1
    assert (await http.get(device["verification_uri_complete"])).status_code == 429


async def test_no_other_site_lets_a_device_in(http: httpx.AsyncClient) -> None:
    """A form without the page's cookie, with another one, or from elsewhere changes nothing."""
    device = (await ask(http, "auth/device", client_id="reprovena")).json()
    page = await http.get(device["verification_uri_complete"])
    told = forms(page)[0].fields | {"username": "ada", "password": "engine", "answer": "allow"}
    url = device["verification_uri"]

    policy, cookie = page.headers["content-security-policy"], page.headers["set-cookie"]
    assert all(word in policy for word in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"))
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict"))
    refused = [
        await http.post(url, data=told, headers={"Origin": "http://evil.example"}),
        await http.post(url, data=told, headers={"Origin": "null"}),
        await http.post(url, data=told | {"page": "x" * 43}),
        await http.post(url, data={name: value for name, value in told.items() if name != "page"}),
        await http.post(url, json=told),
        await http.post(url, data=told, headers={"Cookie": ""}),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403, 403, 400, 403]
    assert (await http.get(url, headers={"Host": "rebound.example"})).status_code == 404
    denied(await poll(http, device), "authorization_pending")


async def test_what_people_type_is_shown_as_text(http: httpx.AsyncClient) -> None:
    """No markup gets into a page."""
    device = (await ask(http, "auth/device", client_id="reprovena")).json()
    browser = Browser(http)
    await browser.open(device["verification_uri_complete"])

    page = await browser.send("allow", username='"><script>alert(1)</script>', password="x")

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


# -- browsers


async def code(http: httpx.AsyncClient, **more: str) -> httpx.Response:
    """Ada logs in on the page; the answer that sends her back."""
    told = {"response_type": "code", "client_id": "api", "redirect_uri": "http://localhost:3000/cb?x=1", "state": "s t"}
    told |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "scope": "openid", "nonce": "n"} | more
    page = await http.get(f"{SERVICE}/auth", params={name: value for name, value in told.items() if value})
    if page.status_code != 200:
        return page
    fields = forms(page)[0].fields | {"username": "ada", "password": "engine"}
    return await http.post(str(page.url), data=fields)


async def exchange(http: httpx.AsyncClient, answer: httpx.Response, **more: str) -> httpx.Response:
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    form = {"redirect_uri": "http://localhost:3000/cb?x=1", "code_verifier": VERIFIER, "client_id": "api"} | more
    return await ask(http, grant_type="authorization_code", code=told["code"][0], **form)


async def test_a_browser_brings_a_code(http: httpx.AsyncClient) -> None:
    """The program exchanges it for tokens that name its nonce."""
    answer = await code(http)
    told = parse_qs(urlsplit(answer.headers["location"]).query)

    assert answer.status_code == 303
    assert (told["x"], told["state"], told["iss"]) == (["1"], ["s t"], [ISSUER])
    tokens = (await exchange(http, answer)).json()
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["nonce"] == "n"
    assert (await me(http, tokens["access_token"])).status_code == 200


async def test_a_stolen_code_ends_the_login(http: httpx.AsyncClient) -> None:
    """The second use is refused, and what the first one got is over."""
    answer = await code(http)
    tokens = (await exchange(http, answer)).json()

    denied(await exchange(http, answer), "invalid_grant")

    denied(await again(http, tokens["refresh_token"], "api"), "invalid_grant")


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "w" * 64}, {"redirect_uri": "http://localhost:3000/"}, {"client_id": "data-store-ui"}]
)
async def test_a_code_is_for_who_asked_for_it(http: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    """With the verifier, the address and the program that it was asked with."""
    denied(await exchange(http, await code(http), **wrong), "invalid_grant")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_a_program_is_told_what_it_asked_wrongly(http: httpx.AsyncClient, wrong: dict[str, str], error: str) -> None:
    """Through the browser, at its own address."""
    answer = await code(http, **wrong)

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [error]


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://evil.example"},
        {"client_id": "nobody"},
        {"client_id": "client-tools"},
        {"nonce": "\x00"},
        {"state": "x" * 3000},
    ],
)
async def test_nobody_is_sent_to_strangers(http: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    """An address that is not the program's is told to the person instead."""
    answer = await code(http, **wrong)

    assert (answer.status_code, "location" in answer.headers) == (400, False)


# -- what everybody may know


async def test_discovery_leads_to_all_of_it(http: httpx.AsyncClient) -> None:
    """Every address that it names is there, and the realm shows the key that signs."""
    told = (await http.get(f"{REALM}/.well-known/openid-configuration")).json()
    realm = (await http.get(REALM)).json()
    pem = f"-----BEGIN PUBLIC KEY-----\n{realm['public_key']}\n-----END PUBLIC KEY-----"
    token = (await login(http))["access_token"]

    for name, url in told.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            answer = await http.get(url)
            assert answer.status_code != 404, (name, url)
    assert jwt.decode(token, pem, ["RS256"], audience="reprovena-api", issuer=told["issuer"])["preferred_username"] == "ada"
    assert realm["token-service"] == f"http://127.0.0.1:8000{SERVICE}"


async def test_userinfo_says_who_one_is(http: httpx.AsyncClient) -> None:
    """To whoever bears the token, by GET and POST."""
    headers = {"Authorization": f"Bearer {(await login(http))['access_token']}"}

    told = [(await http.request(method, f"{SERVICE}/userinfo", headers=headers)).json() for method in ("GET", "POST")]

    assert told[0] == told[1]
    assert (told[0]["preferred_username"], told[0]["groups"]) == ("ada", ["/physics"])
    denied(await http.get(f"{SERVICE}/userinfo"), "invalid_token", 401)
    denied(await http.get(f"{SERVICE}/userinfo", headers={"Authorization": "Bearer x"}), "invalid_token", 401)


async def test_an_operator_changes_keys_while_it_runs(house: GatewayHouse, http: httpx.AsyncClient) -> None:
    """Old tokens stay good as long as their key is published, and end when it is withdrawn."""
    old = (await login(http))["access_token"]
    keyring(house.settings).rotate()
    new = (await login(http))["access_token"]

    published = [key["kid"] for key in (await http.get(f"{SERVICE}/certs")).json()["keys"]]
    assert [jwt.get_unverified_header(token)["kid"] for token in (new, old)] == published
    assert [(await me(http, token)).status_code for token in (old, new)] == [200, 200]

    keyring(house.settings).rotate(withdraw=True)

    assert [(await me(http, token)).status_code for token in (old, new)] == [401, 401]
    assert (await me(http, (await login(http))["access_token"])).status_code == 200


async def test_nothing_secret_is_logged(http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """Neither tokens nor codes nor passwords, whatever goes wrong with them."""
    caplog.set_level(logging.DEBUG)
    told = await login(http, scope="openid offline_access")
    device = (await ask(http, "auth/device", client_id="reprovena", scope="openid")).json()
    await allow(http, device, password="almost-engine")
    await allow(http, device)
    tokens = (await poll(http, device)).json()
    back = await code(http)
    await exchange(http, back)
    changed = told["access_token"][:-4] + "AAAA"
    for token in (told["access_token"], changed, "rub.bish.token", tokens["id_token"]):
        await me(http, token)
        await ask(http, "token/introspect", auth=("robot", "hush"), token=token)
        await ask(http, "revoke", client_id="reprovena", token=token)
    for token in (told["refresh_token"], tokens["refresh_token"] + "x"):
        await again(http, token)
    await ask(http, grant_type="client_credentials", auth=("robot", "hush"))

    lines = "\n".join(logs.Lines().format(record) for record in caplog.records if record.name.split(".")[0] != "httpx")
    secret = [one[name] for one in (told, tokens) for name in ("access_token", "refresh_token", "id_token")]
    secret += [part for one in secret for part in one.split(".")[1:] if len(part) > 10]
    secret += [device["device_code"], device["user_code"], "engine", "hush", "rub.bish", changed, VERIFIER]
    secret += parse_qs(urlsplit(back.headers["location"]).query)["code"]
    assert '"answered"' in lines
    assert [one for one in secret if one in lines] == []


async def test_many_log_in_at_once(http: httpx.AsyncClient) -> None:
    """Everybody gets a login of their own."""
    told = await asyncio.gather(*(login(http) for _ in range(12)))

    assert len({one["session_state"] for one in told}) == 12
    assert len(json.dumps(told)) > 0
