"""Tokens, errors and lost connections."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from reprovena import Damaged, ProblemError, Reprovena, RunOutput, Tokens, Unreachable, WrongUse
from reprovena.downloads import inside
from reprovena.events import Decoder, Lines

RUN = "01890b3c-0000-7000-8000-0000000000aa"
WORKFLOW = "01890b3c-0000-7000-8000-000000000001"


def say(seq: int, status: str) -> bytes:
    """Write one event."""
    return f'id: {seq}\nevent: run\ndata: {{"seq": {seq}, "status": "{status}"}}\n\n'.encode()


class Pieces(httpx.SyncByteStream):
    """A stream that breaks off, or not."""

    def __init__(self, *pieces: bytes, broken: bool = True) -> None:
        self.pieces, self.broken = pieces, broken

    def __iter__(self) -> Any:
        yield from self.pieces
        if self.broken:
            message = "gone"
            raise httpx.ReadError(message)


def test_a_token_that_is_about_to_end_is_renewed_and_kept(server: Any) -> None:
    """A token is renewed before it is too old, and whoever keeps tokens is told."""
    kept: list[Tokens] = []
    old = Tokens("old", "r", expires_at=1.0)
    client = Reprovena(token=old, keep=kept.append, transport=httpx.MockTransport(server))

    client.me()

    assert server.last("GET", "/v1/me").headers["Authorization"] == "Bearer t1"
    assert [tokens.token for tokens in kept] == ["t1"]


def test_a_refused_token_is_renewed_once(server: Any) -> None:
    """A token that the server refuses is renewed and the request repeated, with its body, once."""

    def refuse(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] == "Bearer old":
            return httpx.Response(401, json={"title": "No valid token", "detail": "expired"})
        return httpx.Response(201, json={"id": "u", "name": "x", "size": len(request.content)})

    server.on("POST", "/v1/uploads", refuse)
    client = Reprovena(token=Tokens("old", "r"), transport=httpx.MockTransport(server))

    upload = client.upload(Path(__file__))

    assert upload.size == Path(__file__).stat().st_size


def test_a_token_that_cannot_be_renewed_tells_the_servers_word(server: Any) -> None:
    """A refresh token that is no longer good leaves the request's own refusal."""
    server.on("GET", "/v1/me", lambda _: httpx.Response(401, json={"title": "No valid token", "detail": "expired"}))
    server.on("POST", "/auth/.*", lambda _: httpx.Response(400, json={"error": "invalid_grant"}))
    client = Reprovena(token=Tokens("old", "r"), transport=httpx.MockTransport(server))

    with pytest.raises(ProblemError, match="expired") as caught:
        client.me()

    assert caught.value.status == 401


def test_a_problem_keeps_its_fields(server: Any, client: Reprovena) -> None:
    """An error holds what the server said, field by field."""
    document = {
        "type": "urn:problem:registry:invalid-specification",
        "title": "The specification is not valid",
        "status": 422,
        "detail": "two faults",
        "errors": [{"detail": "no such field", "file": "digits.cwl", "line": 7, "field": "steps"}],
        "job": "j",
    }
    server.on("GET", "/v1/me", lambda _: httpx.Response(422, json=document))

    with pytest.raises(ProblemError) as caught:
        client.me()

    error = caught.value
    assert (error.kind, error.status, error.job) == ("registry:invalid-specification", 422, "j")
    assert (error.errors[0].file, error.errors[0].line, error.errors[0].field) == ("digits.cwl", 7, "steps")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>hello</html>"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(302, headers={"Location": "/elsewhere"}),
        httpx.Response(500, json=["no", "object"]),
    ],
)
def test_what_is_not_reprovena_is_told(server: Any, client: Reprovena, answer: httpx.Response) -> None:
    """Another server's answer is a problem with words, not a fault of the client."""
    server.on("GET", "/v1/me", lambda _: answer)

    with pytest.raises(ProblemError) as caught:
        client.me()

    assert caught.value.title


def test_no_answer_is_unreachable() -> None:
    """A server that is away is told as that."""

    def refuse(_: httpx.Request) -> httpx.Response:
        message = "connection refused"
        raise httpx.ConnectError(message)

    with pytest.raises(Unreachable, match="connection refused"):
        Reprovena(token="t", transport=httpx.MockTransport(refuse)).me()


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://[::1"])
def test_an_address_that_is_none_is_wrong_use(url: str) -> None:
    """An address that cannot be one is refused before anything is sent."""
    with pytest.raises(WrongUse):
        Reprovena(url)


def test_watching_goes_on_where_the_connection_was_lost(server: Any, client: Reprovena, pauses: list[float]) -> None:
    """After a lost connection the server is asked for what came after the last event, and nothing comes twice."""
    answers = iter(
        [
            httpx.Response(200, stream=Pieces(say(1, "queued"), say(2, "running")[:9])),
            httpx.Response(200, stream=Pieces(b'event: problem\ndata: {"status": 503, "title": "away"}\n\n', broken=False)),
            httpx.Response(503, json={"title": "away", "detail": "starting"}),
            httpx.Response(200, stream=Pieces(say(1, "queued"), say(2, "running"), broken=False)),
            httpx.Response(200, stream=Pieces(say(3, "finished"), b"event: end\ndata: {}\n\n", broken=False)),
        ]
    )
    server.on("GET", f"/v1/runs/{RUN}/events", lambda _: next(answers))

    heard = [(event.kind, event.seq, event.status) for event in client.watch(RUN)]

    assert heard == [("run", "1", "queued"), ("run", "2", "running"), ("run", "3", "finished"), ("end", "3", "")]
    assert [one.headers.get("Last-Event-ID") for one in server.asked] == [None, "1", "1", "1", "2"]
    assert pauses == [0.5, 1.0, 2.0, 0.5]


def test_watching_gives_up_when_patience_ends(server: Any, client: Reprovena) -> None:
    """A connection that does not come back is told, in the end."""
    answers = iter([httpx.Response(200, stream=Pieces(say(1, "running")))])
    server.on("GET", f"/v1/runs/{RUN}/events", lambda _: next(answers, httpx.Response(503, text="away")))

    with pytest.raises(Unreachable, match="lost"):
        list(client.watch(RUN, patience=0.1))


def test_watching_a_server_that_never_answered_fails_at_once(server: Any, client: Reprovena, pauses: list[float]) -> None:
    """The first connection must come about."""
    server.on("GET", f"/v1/runs/{RUN}/events", lambda _: httpx.Response(503, text="away"))

    with pytest.raises(ProblemError):
        list(client.watch(RUN))

    assert pauses == []


def test_a_download_is_whole_or_not_at_all(server: Any, client: Reprovena, tmp_path: Path) -> None:
    """Bytes that are not those the server named leave the old file as it was."""
    target = tmp_path / "report.png"
    target.write_bytes(b"old")
    answer = httpx.Response(200, content=b"other", headers={"ETag": f'"{"0" * 64}"'})
    server.on("GET", f"/v1/runs/{RUN}/outputs/report.png", lambda _, **__: answer)

    with pytest.raises(Damaged):
        client.download(RUN, "report.png", target)

    assert [path.name for path in tmp_path.iterdir()] == ["report.png"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\etc\\passwd", "a/../../b"])
def test_no_output_leaves_its_folder(name: str, tmp_path: Path) -> None:
    """Whatever the server calls an output, it lies in the folder one named."""
    assert inside(tmp_path, name).resolve().is_relative_to(tmp_path.resolve())


def test_a_registration_that_takes_longer_is_waited_for(server: Any, client: Reprovena, tmp_path: Path) -> None:
    """A job instead of a workflow is followed to its end."""
    spec = tmp_path / "one.cwl"
    spec.write_text("cwlVersion: v1.2\nclass: CommandLineTool\n")
    server.on("POST", "/v1/workflows", lambda _: httpx.Response(202, json={"job": server.job("IN_PROGRESS")}))

    assert client.register_workflow(spec).id == WORKFLOW


def test_a_job_that_fails_is_its_problem(server: Any, client: Reprovena) -> None:
    """Waiting for a failed job raises what it failed of."""
    told = {"type": "urn:problem:registry:duplicate-workflow", "title": "Taken", "status": 409, "detail": "digits:1.0"}
    server.on("GET", "/v1/jobs/.*", lambda _: httpx.Response(200, json=server.job("FAILED", problem=told)))

    with pytest.raises(ProblemError, match=r"digits:1\.0") as caught:
        client.settle("j")

    assert caught.value.kind == "registry:duplicate-workflow"


def test_lists_go_on_from_page_to_page(server: Any, client: Reprovena) -> None:
    """A list asks for the next page only when it is needed."""
    pages: dict[str | None, Any] = {
        None: {"items": [{"id": "1"}, {"id": "2"}], "next": "c"},
        "c": {"items": [{"id": "3"}], "next": None},
    }
    server.on("GET", "/v1/jobs", lambda request: httpx.Response(200, json=pages[request.url.params.get("after")]))

    assert [job.id for job in client.jobs()] == ["1", "2", "3"]
    assert [job.id for job in client.jobs(limit=2)] == ["1", "2"]
    assert len(server.asked) == 3


def test_events_are_read_over_any_cut() -> None:
    """However the bytes are cut, the messages are the same; a line separator in JSON does not end a line."""
    text = b': hi\r\nid: 7\r\nevent: step\r\ndata: {"a":\r\ndata: "\xe2\x80\xa8"}\r\n\r\n'
    for size in (1, 2, 5, len(text)):
        lines, decoder = Lines(), Decoder()
        cut = [text[start : start + size] for start in range(0, len(text), size)]
        heard = [message for piece in cut for line in lines.feed(piece) if (message := decoder.feed(line))]

        assert [(one.event, one.id, one.data) for one in heard] == [("step", "7", '{"a":\n"\u2028"}')]


def test_a_file_may_be_an_earlier_runs_output_by_name(server: Any, client: Reprovena) -> None:
    """Runs are named by workflow, version and number, wherever a run is meant."""
    client.start_run("digits:1.0", {}, {"model.json": RunOutput("digits:1.0#1", "model")})

    body = json.loads(server.last("POST", "/v1/runs").content)
    assert body == {"workflow": WORKFLOW, "inputs": {}, "files": {"model.json": {"run": RUN, "output": "model"}}}
