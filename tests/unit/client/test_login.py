"""Logging in by a device, logging out, and tokens that several commands share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.client.conftest import Server
from typer.testing import Result

from reprovena import DeviceCode, ProblemError, Reprovena, Tokens

Invoke = Callable[..., Result]
ISSUER = "http://127.0.0.1:8000/auth/realms/reprovena"
CODE = {
    "device_code": "secret",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{ISSUER}/device",
    "verification_uri_complete": f"{ISSUER}/device?user_code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 2,
}


@pytest.fixture
def answers(server: Server) -> list[str]:
    """What the token endpoint says next, until it gives a token; and an issuer that knows devices."""
    said: list[str] = []

    def token(_: httpx.Request) -> httpx.Response:
        if said:
            return httpx.Response(400, json={"error": said.pop(0)})
        return httpx.Response(200, json={"access_token": "t-device", "refresh_token": "r", "expires_in": 300})

    doors = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/tok", "device_authorization_endpoint": f"{ISSUER}/dev"}
    server.on("GET", r"/auth/.*/\.well-known/openid-configuration", lambda _: httpx.Response(200, json=doors))
    server.on("POST", r"/auth/realms/reprovena/dev", lambda _: httpx.Response(200, json=CODE))
    server.on("POST", r"/auth/realms/reprovena/tok", token)
    return said


def test_a_login_is_approved_elsewhere(server: Server, client: Reprovena, answers: list[str], pauses: list[float]) -> None:
    """The issuer's doors are found, the code is shown, and it is asked as often as the issuer allows until it is approved."""
    answers += ["authorization_pending", "slow_down", "authorization_pending"]
    shown: list[DeviceCode] = []

    tokens = client.login_device(shown.append)

    assert (tokens.token, shown[0].user_code) == ("t-device", "WDJB-MJHT")
    assert pauses == [2.0, 2.0, 7.0, 7.0]
    form = server.last("POST", r".*/tok").content.decode()
    assert "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code" in form
    assert "device_code=secret" in form


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant"])
def test_a_refused_device_is_told(client: Reprovena, answers: list[str], error: str) -> None:
    """What the issuer says no to is not asked for again."""
    answers += ["authorization_pending", error]

    with pytest.raises(ProblemError) as caught:
        client.login_device(lambda _code: None)

    assert caught.value.type == error


def test_an_issuer_without_devices_says_so(server: Server, client: Reprovena) -> None:
    """Discovery that names no such door is a clear answer, and so is an address without an issuer."""
    with pytest.raises(ProblemError, match="no issuer"):
        client.login_device(lambda _code: None)
    server.on("GET", r"/auth/.*/openid-configuration", lambda _: httpx.Response(200, json={"issuer": ISSUER}))
    with pytest.raises(ProblemError, match="lets nobody log in by a device"):
        client.login_device(lambda _code: None)


def test_the_command_logs_in_by_a_device(answers: list[str], invoke: Invoke, tmp_path: Path) -> None:
    """The address and the code go to the side, the answer is one document, and the token is kept."""
    answers += ["authorization_pending"]

    result = invoke("login", "--device", "--json", env={"REPROVENA_TOKEN": ""})

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"url": "http://127.0.0.1:8000", "user": "demo"}
    assert CODE["verification_uri_complete"] in result.stderr
    assert "WDJB-MJHT" in result.stderr
    kept = json.loads((tmp_path / "config" / "credentials.json").read_text())
    assert kept["servers"]["http://127.0.0.1:8000"]["token"] == "t-device"


def test_logging_out_tells_the_issuer(server: Server, invoke: Invoke, tmp_path: Path) -> None:
    """The refresh token is revoked there and forgotten here; an issuer that is away does not keep anybody in."""
    server.on("POST", r"/auth/.*/revoke", lambda _: httpx.Response(200))
    known = {"REPROVENA_TOKEN": "", "REPROVENA_PASSWORD": "right"}
    invoke("login", "-u", "ada", env=known)

    out = invoke("logout", env=known)

    assert out.exit_code == 0, out.output
    assert "token=r1" in server.last("POST", r".*/revoke").content.decode()
    assert json.loads((tmp_path / "config" / "credentials.json").read_text())["servers"] == {}
    invoke("login", "-u", "ada", env=known)
    server.on("POST", r"/auth/.*/revoke", lambda _: httpx.Response(503))
    again = invoke("logout", env=known)
    assert (again.exit_code, "could not be told" in again.stderr) == (0, True)


def test_a_token_that_another_command_renewed_is_taken(server: Server) -> None:
    """Where a refresh token was used up by another process, what that one kept is used."""

    def me(request: httpx.Request) -> httpx.Response:
        good = request.headers["Authorization"] == "Bearer theirs"
        return httpx.Response(200, json={"name": "demo"}) if good else httpx.Response(401, json={"title": "old"})

    server.on("GET", "/v1/me", me)
    server.on("POST", "/auth/.*", lambda _: httpx.Response(400, json={"error": "invalid_grant"}))
    more: dict[str, Any] = {"reload": lambda: Tokens("theirs", "r2"), "transport": httpx.MockTransport(server)}

    assert Reprovena(token=Tokens("old", "r"), **more).me()["name"] == "demo"
    assert Reprovena(token=Tokens("old", "r", expires_at=1.0), **more).me()["name"] == "demo"


def test_a_renewal_keeps_other_logins(server: Server, invoke: Invoke, tmp_path: Path) -> None:
    """A token renewed by one command does not undo what another wrote meanwhile, nor revive a logout."""
    place = tmp_path / "config" / "credentials.json"
    known = {"REPROVENA_TOKEN": "", "REPROVENA_PASSWORD": "right"}
    invoke("login", "-u", "ada", env=known)

    def meanwhile(_: httpx.Request) -> httpx.Response:
        document = json.loads(place.read_text())
        document["servers"]["http://other"] = {"user": "eve", "token": "e"}
        place.write_text(json.dumps(document))
        return httpx.Response(200, json={"access_token": "fresh", "refresh_token": "r9", "expires_in": 300})

    document = json.loads(place.read_text())
    document["servers"]["http://127.0.0.1:8000"]["expires_at"] = 1.0
    place.write_text(json.dumps(document))
    server.on("POST", "/auth/.*", meanwhile)

    assert invoke("whoami", env=known).exit_code == 0

    servers = json.loads(place.read_text())["servers"]
    assert (servers["http://127.0.0.1:8000"]["token"], servers["http://other"]["token"]) == ("fresh", "e")
