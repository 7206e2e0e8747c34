"""Questions to other services are asked in somebody's name, and their problems passed on."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from chassis import keys
from chassis.callers import Callers
from chassis.refusal import Refusal
from chassis.testing import somebody
from contracts.problem import Problem
from gateway.backends import Backend

PROBLEM = {"content-type": "application/problem+json"}


@pytest.fixture
def callers(tmp_path: Path) -> Callers:
    return Callers.with_key(keys.signing_key(tmp_path / "key.pem"))


def backend(callers: Callers, answer: Callable[[httpx.Request], httpx.Response]) -> Backend:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://executor/base")
    return Backend("executor", http, callers)


async def test_a_question_carries_who_asks(callers: Callers) -> None:
    """With the short token, and without the values that were not given."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"a": 1})

    told = await backend(callers, answer).json(somebody("ada", "physics"), "/runs", {"name": "x&y", "status": None})

    assert told == {"a": 1}
    assert callers.read(seen[0].headers["authorization"].removeprefix("Bearer ")) == somebody("ada", "physics")
    assert str(seen[0].url) == "http://executor/base/runs?name=x%26y"


async def test_a_problem_is_passed_on_as_it_is(callers: Callers) -> None:
    """Type, status and fields."""
    no = Problem.of("executor:no-such-run", "no run 1")
    asked = backend(callers, lambda _: httpx.Response(404, content=no.model_dump_json(), headers=PROBLEM))

    with pytest.raises(Refusal) as told:
        await asked.json(somebody(), "/runs/1")

    assert told.value.problem == no


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_service_that_is_away_is_unavailable(callers: Callers, status: int) -> None:
    """By an answer of somebody between, or by none."""

    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    for answer in (lambda _: httpx.Response(status, text="oops"), nobody):
        with pytest.raises(Refusal, match="executor") as told:
            await backend(callers, answer).json(somebody(), "/runs")
        assert told.value.problem.type.endswith("gateway:unavailable")


async def test_what_only_we_can_have_done_wrong_is_a_fault_of_ours(callers: Callers) -> None:
    """A refused internal token, an answer that is no problem, a problem that cannot be read."""
    no = Problem.of("gateway:unauthenticated", "x").model_dump_json()
    for answer in (
        httpx.Response(401, content=no, headers=PROBLEM),
        httpx.Response(500, text="<html>"),
        httpx.Response(404, content=b"{}", headers=PROBLEM),
    ):
        with pytest.raises(RuntimeError):
            await backend(callers, lambda _, answer=answer: answer).json(somebody(), "/runs")
