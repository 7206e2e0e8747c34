"""What a request that went wrong leaves behind: an answer, and one line."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import Histogram

from chassis.problems import speak_problems
from chassis.refusal import Trouble
from chassis.web import Told

SECONDS = Histogram("told_seconds", "for this test", ["method", "path", "status"], registry=None)


@pytest.mark.parametrize(("error", "status"), [(Trouble("away"), 503), (ZeroDivisionError("a fault"), 500)])
async def test_what_goes_wrong_is_answered_and_logged_once(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of it reaches the web server, which would write its own traceback for each."""
    app = FastAPI()

    @app.get("/")
    async def fail() -> None:
        raise error

    speak_problems(app)
    house: Any = SimpleNamespace(service=SimpleNamespace(name="one"), telemetry=SimpleNamespace(requests=SECONDS))
    app.add_middleware(Told, house=house)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://one") as client:
        answer = await client.get("/")

    assert answer.status_code == status
    assert answer.json()["type"].startswith("urn:problem:gateway:")
    assert [bool(record.exc_info) for record in caplog.records if record.name == "chassis.problems"] == [True]
