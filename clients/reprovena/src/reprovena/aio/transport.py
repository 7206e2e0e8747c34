"""Makes calls over a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TypeVar

import httpx

from reprovena.address import loopback
from reprovena.aio.hands import Prepare
from reprovena.calls import PATIENCE, Call
from reprovena.errors import Unreachable

T = TypeVar("T")
SILENCE = 45.0
"""Seconds without a sign of life (one comes every 15) after which an event stream is given up."""


class AsyncTransport:
    """One server, one connection pool."""

    def __init__(
        self,
        url: httpx.URL,
        *,
        auth: httpx.Auth | None = None,
        door: httpx.AsyncBaseTransport | None = None,
        timeout: float = 30.0,
        prepare: Prepare | None = None,
    ) -> None:
        """Open nothing yet: the first call does, after what is to be done before it."""
        self._prepare = prepare
        self.name, self._timeout = str(url).rstrip("/"), timeout
        self.http = httpx.AsyncClient(
            base_url=url,
            auth=auth,
            transport=door,
            timeout=timeout,
            headers={"User-Agent": f"reprovena/{version('reprovena')}", "Accept": "application/json"},
            # A proxy never leads back to this machine.
            trust_env=not loopback(url),
        )

    async def ask(self, call: Call[T], *, auth: bool = True) -> T:
        """Make a call and read its answer."""
        if auth and self._prepare:
            await self._prepare()
        files: dict[str, tuple[str | None, bytes, str | None]] | None = None
        if call.data is not None or call.files is not None:
            files = {name: (None, value.encode(), None) for name, value in (call.data or {}).items()}
            files |= call.files or {}
        async with self._trouble():
            response = await self.http.request(
                call.method,
                call.path,
                params=dict(call.params) or None,
                json=call.json,
                content=call.content,
                data=call.form,
                files=files,
                headers=dict(call.headers),
                auth=httpx.USE_CLIENT_DEFAULT if auth else None,
                timeout=httpx.Timeout(max(self._timeout, call.wait + PATIENCE), connect=self._timeout),
            )
        return call.read(response)

    @asynccontextmanager
    async def stream(self, path: str, headers: dict[str, str], silence: float = SILENCE) -> AsyncIterator[httpx.Response]:
        """Open an answer that is read as it comes. The file store it may be sent on to gets no token."""
        if self._prepare:
            await self._prepare()
        timeout = httpx.Timeout(self._timeout, read=silence)
        opened = self.http.stream("GET", path, headers=headers, timeout=timeout, follow_redirects=True)
        async with self._trouble(), opened as response:
            if not response.is_success:
                await response.aread()
            yield response

    @asynccontextmanager
    async def _trouble(self) -> AsyncIterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            msg = f"{self.name} does not answer in time."
            raise Unreachable(msg) from error
        except httpx.RequestError as error:
            msg = f"{self.name} cannot be reached: {error or type(error).__name__}"
            raise Unreachable(msg) from error
