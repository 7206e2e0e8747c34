"""Makes calls over a connection."""

# Made from `reprovena.aio` by `make client`; change it there.

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TypeVar

import httpx

from reprovena.address import loopback
from reprovena.calls import PATIENCE, Call
from reprovena.errors import Unreachable
from reprovena.sync.hands import Prepare

T = TypeVar("T")
SILENCE = 45.0
"""Seconds without a sign of life (one comes every 15) after which an event stream is given up."""


class Transport:
    """One server, one connection pool."""

    def __init__(
        self,
        url: httpx.URL,
        *,
        auth: httpx.Auth | None = None,
        door: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
        prepare: Prepare | None = None,
    ) -> None:
        """Open nothing yet: the first call does, after what is to be done before it."""
        self._prepare = prepare
        self.name, self._timeout = str(url).rstrip("/"), timeout
        self.http = httpx.Client(
            base_url=url,
            auth=auth,
            transport=door,
            timeout=timeout,
            headers={"User-Agent": f"reprovena/{version('reprovena')}", "Accept": "application/json"},
            # A proxy never leads back to this machine.
            trust_env=not loopback(url),
        )

    def ask(self, call: Call[T], *, auth: bool = True) -> T:
        """Make a call and read its answer."""
        if auth and self._prepare:
            self._prepare()
        files: dict[str, tuple[str | None, bytes, str | None]] | None = None
        if call.data is not None or call.files is not None:
            files = {name: (None, value.encode(), None) for name, value in (call.data or {}).items()}
            files |= call.files or {}
        with self._trouble():
            response = self.http.request(
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

    @contextmanager
    def stream(self, path: str, headers: dict[str, str], silence: float = SILENCE) -> Iterator[httpx.Response]:
        """Open an answer that is read as it comes. The file store it may be sent on to gets no token."""
        if self._prepare:
            self._prepare()
        timeout = httpx.Timeout(self._timeout, read=silence)
        opened = self.http.stream("GET", path, headers=headers, timeout=timeout, follow_redirects=True)
        with self._trouble(), opened as response:
            if not response.is_success:
                response.read()
            yield response

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            msg = f"{self.name} does not answer in time."
            raise Unreachable(msg) from error
        except httpx.RequestError as error:
            msg = f"{self.name} cannot be reached: {error or type(error).__name__}"
            raise Unreachable(msg) from error
