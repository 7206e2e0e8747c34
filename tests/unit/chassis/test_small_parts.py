"""The chassis' small parts: callers, keys, trouble, problems, settings, the doors that are not there."""

import asyncio
import logging
import stat
from uuid import uuid4

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from fastapi import FastAPI, HTTPException
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from chassis import keys, logs
from chassis.callers import INSIDE, Callers
from chassis.database import open_database
from chassis.files import Folder, collect, once, open_files, stream
from chassis.problems import speak_problems
from chassis.refusal import Forged, Refusal, Trouble, refuse
from chassis.settings import Settings
from chassis.telemetry import Telemetry
from chassis.testing import somebody
from chassis.trouble import is_trouble
from contracts.executor import StopRun


@pytest.fixture
def callers(tmp_path) -> Callers:
    """The gateway's signature."""
    return Callers.with_key(keys.signing_key(tmp_path / "key"))


def test_a_signed_command_is_proven_and_nothing_else(callers):
    """What the gateway signed is believed; unsigned, altered, or signed by another is forged."""
    signed = callers.sign(StopRun(run=uuid4()), somebody())
    callers.prove(signed)

    stranger = Callers.with_key(Ed25519PrivateKey.generate()).sign(StopRun(run=uuid4()), somebody())
    for command in (StopRun(run=uuid4()), signed.model_copy(update={"run": uuid4()}), stranger):
        with pytest.raises(Forged):
            callers.prove(command)


def test_a_token_of_the_bus_is_none_of_the_inside_and_the_other_way_round(callers):
    """Signature and token have different audiences; neither is any good as the other."""
    signed, token = callers.sign(StopRun(run=uuid4()), somebody()), callers.token(somebody())

    assert callers.read(token) == somebody()
    with pytest.raises(jwt.PyJWTError):
        callers.read(signed.proof)
    with pytest.raises(Forged):
        callers.prove(signed.model_copy(update={"proof": token}))


def test_a_token_of_the_inside_ends_soon(callers):
    """An old one is not read."""
    claims = jwt.decode(callers.token(somebody()), callers.public, ["EdDSA"], audience=INSIDE)
    assert claims["exp"] - claims["iat"] == 60
    old = jwt.encode(claims | {"exp": claims["iat"] - 60}, callers.private, "EdDSA")
    with pytest.raises(jwt.ExpiredSignatureError):
        callers.read(old)


def test_who_only_verifies_cannot_sign(callers):
    """A service without the key says so."""
    with pytest.raises(RuntimeError, match="no key"):
        Callers(callers.public).token(somebody())


def test_keys_are_made_once_and_ours_alone(tmp_path):
    """The first writer wins, everybody reads the same, nobody else can."""
    made = [keys.password(tmp_path / "p") for _ in range(3)]

    assert len(set(made)) == 1
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_another_kind_of_key_is_refused(tmp_path):
    """An RSA key does not sign callers."""
    other = generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key").write_bytes(other)
    with pytest.raises(TypeError, match="another kind of key"):
        keys.signing_key(tmp_path / "key")


def caused_by(error: BaseException) -> RuntimeError:
    """An error with a cause."""
    try:
        raise RuntimeError("outer") from error
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Trouble("away"), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (httpx.ConnectError("no"), True),
        (httpx.HTTPStatusError("x", request=None, response=httpx.Response(503)), True),
        (httpx.HTTPStatusError("x", request=None, response=httpx.Response(429)), True),
        (httpx.HTTPStatusError("x", request=None, response=httpx.Response(404)), False),
        (asyncpg.DeadlockDetectedError("d"), True),
        (asyncpg.TooManyConnectionsError("t"), True),
        (asyncpg.LockNotAvailableError("l"), True),
        (asyncpg.AdminShutdownError("s"), True),
        (asyncpg.UniqueViolationError("u"), False),
        (OperationalError("s", {}, Exception("gone")), True),
        (IntegrityError("s", {}, asyncpg.UniqueViolationError("u")), False),
        (DBAPIError("s", {}, Exception("x"), connection_invalidated=True), True),
        (caused_by(ConnectionResetError()), True),
        (caused_by(KeyError("x")), False),
        (ValueError("x"), False),
        (None, False),
    ],
    ids=repr,
)  # fmt: skip
def test_trouble_passes_and_bugs_do_not(error, expected):
    """What will pass by itself is told from what will not, also through its causes."""
    assert is_trouble(error) is expected


async def test_every_error_of_a_web_door_is_a_problem():
    """Refusals, invalid requests, HTTP errors, trouble and faults; a fault tells an id to quote and no detail."""
    app = FastAPI()
    speak_problems(app)

    @app.get("/{what}")
    async def fail(what: str, number: int = 0) -> None:
        raise {
            "refusal": refuse("executor:no-such-run", "none"),
            "http": HTTPException(418, "teapot"),
            "trouble": Trouble("away"),
            "fault": RuntimeError("a secret"),
            "unauthenticated": refuse("gateway:unauthenticated", "no token"),
        }[what]

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answers = {what: await client.get(f"/{what}") for what in ("refusal", "http", "trouble", "fault", "unauthenticated")}
        invalid = await client.get("/refusal", params={"number": "x"})

    assert {what: answer.status_code for what, answer in answers.items()} == {
        "refusal": 404, "http": 418, "trouble": 503, "fault": 500, "unauthenticated": 401,
    }  # fmt: skip
    assert {answer.headers["content-type"] for answer in answers.values()} == {"application/problem+json"}
    assert "secret" not in answers["fault"].text
    assert answers["fault"].json()["instance"] in answers["fault"].text
    assert answers["unauthenticated"].headers["www-authenticate"] == "Bearer"
    assert answers["trouble"].headers["retry-after"]
    assert invalid.json()["errors"][0]["field"] == "query.number"


async def test_a_file_over_its_limit_leaves_nothing(tmp_path):
    """Refused with the limit named; no part of it stays."""
    folder = Folder(tmp_path / "files")
    with pytest.raises(Refusal, match="10 bytes"):
        await folder.put(once(b"x" * 11), limit=10)
    with pytest.raises(Refusal, match="3 bytes"):
        await collect(once(b"xxxx"), 3)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_file_is_kept_whole_and_read_in_parts(tmp_path):
    """Digest and size are of what came in; any range comes out; deleting twice is fine."""
    folder = Folder(tmp_path / "files")
    (tmp_path / "in").write_bytes(bytes(range(256)) * 5000)
    ref = await folder.put(stream(tmp_path / "in", chunk=1000))
    part = b"".join([block async for block in folder.get(ref.key, start=255, end=258)])

    assert (ref.size, await folder.size(ref.key), part) == (1_280_000, 1_280_000, b"\xff\x00\x01")
    await folder.ping()
    await folder.delete(ref.key)
    await folder.delete(ref.key)
    with pytest.raises(FileNotFoundError):
        await folder.size(ref.key)


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "a/../../secret", "", "."])
async def test_a_key_leads_nowhere_else(tmp_path, key):
    """Keys stay inside the store."""
    (tmp_path / "secret").write_text("x")
    folder = Folder(tmp_path / "files")
    with pytest.raises(FileNotFoundError):
        [block async for block in folder.get(key)]


@pytest.mark.parametrize("url", ["gopher://x", "mysql://x", "nothing"])
async def test_doors_that_are_not_there_say_what_is(url, tmp_path):
    """An unknown scheme is refused with those there are."""
    with pytest.raises(ValueError, match="FILES_URL"):
        open_files(url)
    with pytest.raises(ValueError, match="DATABASE_URL"):
        async with open_database(url, pool=2, password_file=tmp_path / "p"):
            pass


def test_children_are_given_little(monkeypatch):
    """Of the platform's environment only what the setting names."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("SECRET_OF_OURS", "x")

    assert "SECRET_OF_OURS" not in Settings().environment_for_children()
    assert Settings(child_environment=("LANG",)).environment_for_children() == {"LANG": "C.UTF-8"}


def test_a_log_line_cannot_be_forged(capsys):
    """Line breaks in what somebody sent stay inside their line; fields and errors are there."""
    import json

    before = logging.getLogger().handlers[:]
    logs.set_up("info")
    token = logs.within(job="j1", nothing=None)
    try:
        try:
            raise ValueError('evil\n{"level": "info"}')
        except ValueError:
            logging.getLogger("t").exception("name %s", "a\nb\u2028c\x85d", extra={"run": "r1"})
    finally:
        logs.context.reset(token)
        logging.getLogger().handlers[:] = before
    lines = capsys.readouterr().err.splitlines()

    assert len(lines) == 1
    told = json.loads(lines[0])
    assert (told["message"], told["job"], told["run"], told["level"]) == ("name a\nb\u2028c\x85d", "j1", "r1", "error")
    assert "evil" in told["exception"]


async def test_traces_go_where_the_setting_says():
    """With an endpoint, a handler's span is exported and a message carries the trace; without one, nothing happens."""
    received: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
        received.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    telemetry = Telemetry("executor", f"http://127.0.0.1:{port}/v1/traces")
    app = FastAPI()
    telemetry.web(app)
    with telemetry.delivery("executor.stop-run", StopRun(run=uuid4())):
        headers = telemetry.headers()
    telemetry.attach(headers)
    await asyncio.to_thread(telemetry.close)
    server.close()

    assert "traceparent" in headers
    assert b"executor.stop-run" in b"".join(received)
    assert Telemetry("executor").headers() == {}
    assert b'deliveries_total{consumer="executor.stop-run"} 1.0' in telemetry.exposition()
