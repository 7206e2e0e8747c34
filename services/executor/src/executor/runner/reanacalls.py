"""Calls to one REANA: in threads of their own, each with a deadline, none faster than it allows, failures told apart."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from bravado.exception import HTTPError
from bravado.requests_client import RequestsClient
from reana_commons.api_client import BaseAPIClient

from chassis.files import CHUNK, stream
from chassis.refusal import Trouble
from chassis.trouble import pause
from executor.runner.settings import RunnerSettings

log = logging.getLogger(__name__)

TRIES = 4
PAUSE = 0.5
"""Seconds before a question is asked again; twice as long each time."""
LONGEST = 60.0
"""Seconds that a `Retry-After` is believed."""


class Away(Trouble):
    """REANA is away, busy or broken: it may be asked again later. `status` is nothing where it did not answer at all."""

    def __init__(self, text: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(text)
        self.status, self.wait = status, wait


class Denied(Exception):
    """REANA says no, and will say so again."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Bucket:
    """Lets so many calls a second through, evenly; whoever was told to wait makes everybody wait."""

    def __init__(self, rate: float) -> None:
        self._gap, self._next = 1 / rate, 0.0

    async def take(self) -> None:
        """Wait for one's turn."""
        now = time.monotonic()
        turn = max(self._next, now)
        self._next = turn + self._gap
        await asyncio.sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long."""
        self._next = max(self._next, time.monotonic() + seconds)


class Bounded(RequestsClient):
    """REANA's own client, but it knows certificates and does not wait for ever."""

    def __init__(self, verify: bool | str, timeout: float) -> None:
        super().__init__()
        self.ssl_verify: Any = verify
        self._timeout = timeout

    def separate_params(self, request_params: MutableMapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Give every request its time-outs."""
        params, options = super().separate_params(request_params)
        return params, {"connect_timeout": min(self._timeout, 10.0), "timeout": self._timeout, **options}


class Calls:
    """One REANA. Its client knows only one for each process: the last one opened."""

    def __init__(self, url: str, settings: RunnerSettings) -> None:
        self.url = url.rstrip("/")
        self.count = 0
        """Requests made so far."""
        self._limit = settings.reana_timeout
        self._bucket = Bucket(settings.reana_rate)
        verify: bool | str = str(settings.reana_ca) if settings.reana_ca else settings.reana_verify
        self._pool = ThreadPoolExecutor(settings.reana_threads, thread_name_prefix="reana")
        os.environ["REANA_SERVER_URL"] = self.url  # reana-client reads it there, anew for each call
        BaseAPIClient("reana-server", http_client=Bounded(verify, settings.reana_timeout))
        for loud in ("urllib3", "bravado", "bravado_core", "swagger_spec_validator", "httpx"):
            logging.getLogger(loud).setLevel(logging.ERROR)  # they print addresses, and tokens stand in addresses
        timeout = httpx.Timeout(settings.reana_timeout, connect=min(10.0, settings.reana_timeout))
        self._http = httpx.AsyncClient(base_url=f"{self.url}/api", verify=_certificates(settings), timeout=timeout)

    async def close(self) -> None:
        """Hang up."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        await self._http.aclose()

    async def read(self, function: Callable[..., Any], token: str, *arguments: Any, **named: Any) -> Any:
        """Ask; ask again for a while if REANA is away. A question changes nothing, so it may be asked twice."""
        for last in (*([False] * (TRIES - 1)), True):
            try:
                return await self.once(function, token, *arguments, **named)
            except Away as away:
                if last or (away.wait or 0) > PAUSE * 2**TRIES:
                    raise
                wait = away.wait or pause(PAUSE, 0, PAUSE)
            await asyncio.sleep(wait)
        raise AssertionError

    async def once(self, function: Callable[..., Any], token: str, *arguments: Any, **named: Any) -> Any:
        """Call a function of reana-client once, for what must not be done twice blindly."""
        await self._bucket.take()
        self.count += 1
        call = partial(function, *arguments, access_token=token, **named)
        try:
            async with asyncio.timeout(self._limit * 4):
                return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except Exception as error:
            told = self._told(error, token)
        if told is None:
            raise TypeError(f"{function.__name__}: REANA's answer is not what its API says")
        raise told  # outside of the handler: the original names the token in its address

    def _told(self, error: Exception, token: str) -> Exception | None:
        seen: BaseException | None = error
        while seen is not None:
            if isinstance(seen, HTTPError):
                return self._answered(seen.response.status_code, str(error), seen.response.headers, token)
            seen = seen.__cause__ or seen.__context__
        if isinstance(error, TimeoutError):
            return Away("REANA did not answer in time")
        if isinstance(error, OSError | ValueError):  # requests' own errors are the first; no JSON is the second
            return Away(f"REANA cannot be reached: {type(error).__name__}")
        log.error("REANA's answer", extra={"error": _masked(repr(error), token)})
        return None

    def _answered(self, status: int, text: str, headers: Any, token: str) -> Exception:
        text = _masked(text, token)
        if status == 429 or status >= 500:
            wait = _seconds(headers.get("Retry-After")) if status in {429, 503} else None
            if wait is not None:
                self._bucket.hold(wait)
            return Away(f"REANA answered {status}: {text}"[:500], status, wait)
        return Denied(status, text)

    async def upload(self, token: str, workflow: str, name: str, source: Path) -> None:
        """Stream a file of the disk into a workspace, its length told first: REANA takes a chunked body for an empty one."""
        size = (await asyncio.to_thread(source.stat)).st_size
        for last in (*([False] * (TRIES - 1)), True):  # it only overwrites, so it may be done twice
            try:
                answer = await self._send(
                    token,
                    "POST",
                    f"/workflows/{workflow}/workspace",
                    params={"file_name": name},
                    headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
                    content=stream(source),
                )
                await answer.aclose()
            except Away as away:
                if last:
                    raise
                wait = away.wait or pause(PAUSE, 0, PAUSE)
            else:
                return
            await asyncio.sleep(wait)

    async def download(self, token: str, workflow: str, name: str) -> AsyncIterator[bytes]:
        """Stream a file of a workspace. `FileNotFoundError` if there is none."""
        try:
            answer = await self._send(token, "GET", f"/workflows/{workflow}/workspace/{quote(name)}")
        except Denied as no:
            if no.status in {400, 404}:
                raise FileNotFoundError(name) from None
            raise
        try:
            if answer.headers.get("content-type", "").startswith("application/zip") and not name.endswith(".zip"):
                raise FileNotFoundError(name)  # a folder, or a name that is a pattern
            async for block in answer.aiter_bytes(CHUNK):
                yield block
        except httpx.TransportError as error:
            lost = Away(f"REANA broke off a download: {type(error).__name__}")
        else:
            return
        finally:
            await answer.aclose()
        raise lost

    async def stands(self) -> None:
        """Raise if REANA does not answer; this asks for no token."""
        await (await self._send(None, "GET", "/ping")).aclose()

    async def _send(self, token: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        await self._bucket.take()
        self.count += 1
        params = {**more.pop("params", {}), **({"access_token": token} if token else {})}
        lost: Exception
        try:
            request = self._http.build_request(method, f"{self.url}/api{path}", params=params, **more)
            answer = await self._http.send(request, stream=True)
            if answer.is_success:
                return answer
            await answer.aread()
            await answer.aclose()
            lost = self._answered(answer.status_code, _message(answer), answer.headers, token or "")
        except httpx.TransportError as error:
            lost = Away(f"REANA cannot be reached: {type(error).__name__}")
        raise lost


def _certificates(settings: RunnerSettings) -> Any:
    return httpx.create_ssl_context(verify=str(settings.reana_ca)) if settings.reana_ca else settings.reana_verify


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _masked(text: str, token: str) -> str:
    return text.replace(token, "…") if token else text


def _seconds(told: str | None) -> float | None:
    """The seconds that REANA asks to wait."""
    try:
        return min(max(float(told or ""), 0.1), LONGEST)
    except ValueError:
        return None
