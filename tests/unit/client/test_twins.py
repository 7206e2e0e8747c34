"""The client that waits and the one that does not are one client."""

import importlib.util
import inspect
import socket
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from tests.unit.client.conftest import RUN, TIMES, Server, events

from reprovena import AsyncReprovena, ProblemError, Reprovena, Tokens, Unreachable

TOOL = Path(__file__).parents[3] / "clients" / "reprovena" / "tools" / "twin.py"
NAMES = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}


def surface(kind: type) -> dict[str, list[str]]:
    """The public methods of a class, with the names of what they take."""
    found = inspect.getmembers(kind, inspect.isfunction)
    return {NAMES.get(name, name): list(inspect.signature(f).parameters) for name, f in found if not name.startswith("_")}


def test_the_waiting_client_is_made_from_the_other() -> None:
    """What is checked in is what the tool makes now: `make client` brings it up to date."""
    spec = importlib.util.spec_from_file_location("twin", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    made = tool.twins()

    assert len(made) >= 8
    assert [place.name for place, text in made.items() if place.read_text(encoding="utf-8") != text] == []


def test_both_offer_the_same() -> None:
    """Every method is there twice, and takes the same."""
    assert surface(AsyncReprovena) == surface(Reprovena)
    assert len(surface(Reprovena)) > 35


class Broken(httpx.AsyncByteStream):
    """A stream that says two things and breaks off."""

    async def __aiter__(self) -> Any:
        """Say them."""
        told = [("run", {"seq": n, "at": TIMES["started"], "status": "running"}) for n in (1, 2)]
        yield events(*told, end=False)
        message = "gone"
        raise httpx.ReadError(message)


@pytest.fixture
def client(server: Server, pauses: list[float]) -> AsyncReprovena:
    """The client that does not wait."""

    async def rest(seconds: float) -> None:
        pauses.append(seconds)

    return AsyncReprovena("http://127.0.0.1:8000", login=("ada", "right"), transport=httpx.MockTransport(server), sleep=rest)


async def test_it_logs_in_when_there_is_something_to_ask(server: Server, client: AsyncReprovena) -> None:
    """A name and a password are traded for a token with the first call, once."""
    async with client:
        assert (await client.me())["name"] == "demo"
        assert [flow.reference async for flow in client.workflows()] == ["digits:1.0"]
    assert sum(one.url.path.endswith("/token") for one in server.asked) == 1


async def test_files_go_and_come(client: AsyncReprovena, tmp_path: Path) -> None:
    """A file is sent as it is read, and fetched whole."""
    (tmp_path / "raw.csv").write_bytes(b"x" * 700_000)
    started = await client.start_run("digits:1.0", {}, {"raw.csv": tmp_path / "raw.csv"})
    assert started.run.id == RUN

    target = await client.download(RUN, "report.png", tmp_path / "out" / "report.png")

    assert target.read_bytes() == b"\x89PNG"
    assert [path.name for path in target.parent.iterdir()] == ["report.png"]


async def test_a_lost_stream_is_taken_up(server: Server, client: AsyncReprovena, pauses: list[float]) -> None:
    """After the last event it had, and nothing comes twice."""
    said = [httpx.Response(200, stream=Broken()), httpx.Response(503, json={"title": "away"})]
    whole = [("run", {"seq": n, "at": TIMES["started"], "status": "running"}) for n in (1, 2, 3)]
    server.on("GET", r"/v1/runs/[^/]+/events", lambda _: said.pop(0) if said else httpx.Response(200, content=events(*whole)))

    seen = [event.seq async for event in client.watch(RUN)]

    assert seen[:3] == ["1", "2", "3"]
    assert server.last("GET", r".*/events").headers["Last-Event-ID"] == "2"
    assert pauses == [0.5, 1.0]


async def test_tokens_are_renewed_once_for_many(server: Server) -> None:
    """Requests that come together renew an old token once: a refresh token may be good only once."""
    kept: list[Tokens] = []
    client = AsyncReprovena(token=Tokens("old", "r", expires_at=1.0), keep=kept.append, transport=httpx.MockTransport(server))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(client.me)

    assert len(kept) == 1
    assert {one.headers["Authorization"] for one in server.asked if one.url.path == "/v1/me"} == {f"Bearer {kept[0].token}"}


async def test_a_renewal_does_not_wait_for_ever() -> None:
    """An issuer that takes the connection and says nothing is told within the client's own time, by both clients."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}/realms/r"
        old = Tokens("old", "r", expires_at=1.0)

        with anyio.fail_after(60), pytest.raises(Unreachable, match="in time"):
            await AsyncReprovena(issuer, token=old, issuer_url=issuer, timeout=0.2).me()
        with anyio.fail_after(60), pytest.raises(Unreachable, match="in time"):
            waiting = Reprovena(issuer, token=old, issuer_url=issuer, timeout=0.2)
            await anyio.to_thread.run_sync(waiting.me, abandon_on_cancel=True)


async def test_trouble_and_refusals_are_told_alike(server: Server) -> None:
    """A problem is a ProblemError, a server that is away is Unreachable."""

    def away(_: httpx.Request) -> httpx.Response:
        message = "refused"
        raise httpx.ConnectError(message)

    with pytest.raises(ProblemError):
        await AsyncReprovena(token="t", transport=httpx.MockTransport(server)).specification("nothing")
    with pytest.raises(Unreachable):
        await AsyncReprovena(token="t", transport=httpx.MockTransport(away)).me()
