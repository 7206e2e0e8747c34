"""Makes calls over a connection, waiting for each answer. Everything that an asynchronous twin would do otherwise is here."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import httpx

from reprovena.calls import PATIENCE, Call
from reprovena.errors import Unreachable, WrongUse

T = TypeVar("T")
CHUNK = 256 * 1024
SILENCE = 45.0
"""Seconds without a sign of life (one comes every 15) after which an event stream is given up."""


class Chunks:
    """A file's bytes, read anew each time they are asked for, so that a request can be repeated."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path = path

    def __iter__(self) -> Iterator[bytes]:
        """Read the file piece by piece."""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def address(url: str) -> httpx.URL:
    """Read a server's address, without a slash at its end."""
    try:
        parsed = httpx.URL(url if "://" in url else f"http://{url}")
    except httpx.InvalidURL as error:
        msg = f"{url!r} is not an address: {error}"
        raise WrongUse(msg) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        msg = f"{url!r} is not an address; one looks like http://127.0.0.1:8000"
        raise WrongUse(msg)
    return parsed.copy_with(path=parsed.path.rstrip("/") or "/", query=None, fragment=None)


def loopback(url: httpx.URL) -> bool:
    """Tell whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"


class Transport:
    """One server, one connection pool."""

    def __init__(
        self, url: httpx.URL, *, auth: httpx.Auth | None = None, door: httpx.BaseTransport | None = None, timeout: float = 30.0
    ) -> None:
        """Open nothing yet: the first call does."""
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
