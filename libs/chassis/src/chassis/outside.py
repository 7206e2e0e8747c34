"""Fetching from addresses that people write: only where the settings allow, over connections to checked addresses alone."""

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from pydantic import Field, field_validator

from chassis.addresses import Rules, Target, not_allowed, read_hosts, read_networks
from chassis.refusal import Refusal, Trouble, refuse
from chassis.settings import Settings
from contracts.problem import FieldError

log = logging.getLogger(__name__)

REDIRECTS = 5
TRIED = 4
"""Addresses of a name that are tried."""
MOVED = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
BACK_LATER = frozenset({408, 425, 429}) | frozenset(range(500, 600))
PACKED = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".br", ".z")
"""Endings of files that servers like to call encoded although they are just what they are."""
DESCRIPTION = ("application/json", "application/*+json", "text/json")
DESCRIPTION_LIMIT = 1 << 20

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name; `socket.gaierror` if there is none."""


class OutsideSettings(Settings):
    """What may be fetched from outside. By default nothing."""

    outside_hosts: str = ""
    """Hosts that may be reached, separated by commas: names, `*.example.org`, `host:8443`, or `*` for every public host."""
    outside_http: bool = False
    """Fetch `http:` addresses, too."""
    outside_networks: str = ""
    """Networks (CIDR, separated by commas) beside the public ones that hosts named in `OUTSIDE_HOSTS` may be in."""
    outside_ca: Path | None = None
    """Certificates (PEM) to believe beside the usual ones."""
    outside_file_limit: int = Field(1 << 30, ge=1)
    """Bytes of a file."""
    outside_types: str = "*/*"
    """Media types of files, separated by commas: `text/*, application/zip`."""
    outside_connect: float = Field(10.0, gt=0)
    """Seconds for a connection."""
    outside_silence: float = Field(30.0, gt=0)
    """Seconds that an address may keep silent."""
    outside_describe: float = Field(10.0, gt=0)
    """Seconds for a description."""
    outside_within: float = Field(3600.0, gt=0)
    """Seconds for a file."""
    outside_patience: float = Field(3600.0, ge=0)
    """Seconds that a run waits for an address that is away, before it fails."""

    @field_validator("outside_hosts")
    @classmethod
    def _hosts(cls, text: str) -> str:
        read_hosts(text)
        return text

    @field_validator("outside_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        read_networks(text)
        return text


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address has, while it comes."""

    url: str
    """Where it was in the end."""
    media_type: str
    blocks: AsyncIterator[bytes]


@dataclass(frozen=True)
class Outside:
    """The guarded way out. Nothing of ours goes with it: no proxy, no credentials, no cookies."""

    settings: OutsideSettings
    resolve: Resolve = field(default=resolve)

    @cached_property
    def rules(self) -> Rules:
        """Who may be reached."""
        told = self.settings
        return Rules(read_hosts(told.outside_hosts), read_networks(told.outside_networks), told.outside_http)

    async def check(self, url: str) -> None:
        """Refuse an address that could never be fetched; what can only be known by connecting is left for then."""
        try:
            await self._find(self.rules.target(url))
        except Trouble as away:
            log.info("not looked up", extra={"reason": str(away)})

    async def json(self, url: str) -> Any:
        """The JSON that an address has."""
        within = self.settings.outside_describe
        async with self.open(url, types=DESCRIPTION, limit=DESCRIPTION_LIMIT, within=within) as answer:
            content = b"".join([block async for block in answer.blocks])
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise unsuitable(f"{url} is not readable as JSON") from None

    @asynccontextmanager
    async def file(self, url: str) -> AsyncIterator[Answer]:
        """A file as a stream, within the limits of the settings."""
        told = self.settings
        types = tuple(part.strip().lower() for part in told.outside_types.split(",") if part.strip())
        async with self.open(url, types=types, limit=told.outside_file_limit, within=told.outside_within) as answer:
            yield answer

    @asynccontextmanager
    async def open(self, url: str, *, types: tuple[str, ...], limit: int, within: float) -> AsyncIterator[Answer]:
        """What an address has. `Refusal` for what will never come, `Trouble` for what may come later."""
        target = self.rules.target(url)
        try:
            async with asyncio.timeout(within), await self._client() as client:
                target, response = await self._follow(client, target, ", ".join(types))
                try:
                    yield _answer(target, response, types, limit)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise Trouble(f"{target.host} took longer than {within:g} s") from error
        except httpx.TransportError as error:
            raise Trouble(f"{target.host} does not answer: {error or type(error).__name__}") from error

    async def _client(self) -> httpx.AsyncClient:
        told = self.settings
        timeout = httpx.Timeout(told.outside_silence, connect=told.outside_connect)
        trusted = await asyncio.to_thread(_trusted, told.outside_ca)
        return httpx.AsyncClient(verify=trusted, trust_env=False, timeout=timeout, follow_redirects=False)

    async def _follow(self, client: httpx.AsyncClient, target: Target, accept: str) -> tuple[Target, httpx.Response]:
        """The last of a chain of addresses, each of them checked like the first."""
        response = await self._get(client, target, accept)
        for _ in range(REDIRECTS):
            if response.status_code not in MOVED:
                return target, response
            await response.aclose()
            client.cookies.clear()
            before, location = target.host, response.headers.get("location", "")
            try:
                target = self.rules.target(str(target.url.join(location)))
                response = await self._get(client, target, accept)
            except (Refusal, httpx.InvalidURL, ValueError) as no:
                raise not_allowed(f"{before} sends on to where the platform does not fetch from: {no}") from None
        if response.status_code not in MOVED:
            return target, response
        await response.aclose()
        raise unsuitable(f"{target.host} sends on and on; more than {REDIRECTS} times is not followed")

    async def _get(self, client: httpx.AsyncClient, target: Target, accept: str) -> httpx.Response:
        """Ask one of the checked addresses, in the name's name: a name that means another address by now means nothing."""
        addresses = self.rules.open(target, await self._find_all(target))
        headers = {
            "Host": target.authority,
            "Accept": accept,
            "Accept-Encoding": "identity",
            "User-Agent": "reprovena",
            "Connection": "close",
        }
        for number, address in enumerate(addresses[:TRIED], start=1):
            request = client.build_request(
                "GET", target.url.copy_with(host=str(address)), headers=headers, extensions={"sni_hostname": target.host}
            )
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise not_allowed(f"{target.host} has no certificate that can be believed") from error
                if number == min(len(addresses), TRIED):
                    raise
        raise Trouble(f"{target.host} has no address")

    async def _find(self, target: Target) -> None:
        self.rules.open(target, await self._find_all(target))

    async def _find_all(self, target: Target) -> Sequence[str]:
        try:
            async with asyncio.timeout(self.settings.outside_connect):
                return await self.resolve(target.host, target.port)
        except socket.gaierror as error:
            if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
                raise _not_found(f"there is no host {target.host}") from None
            raise Trouble(f"{target.host} cannot be looked up: {error.strerror}") from error
        except TimeoutError as error:
            raise Trouble(f"{target.host} cannot be looked up: no answer") from error


def unsuitable(detail: str) -> Refusal:
    """The refusal of what lies at an address."""
    return refuse("executor:outside-unsuitable", detail, FieldError(detail=detail))


def _not_found(detail: str) -> Refusal:
    return refuse("executor:outside-not-found", detail, FieldError(detail=detail))


def _answer(target: Target, response: httpx.Response, types: tuple[str, ...], limit: int) -> Answer:
    where, status = f"{target.url.copy_with(query=None)}", response.status_code
    if status in GONE:
        raise _not_found(f"{where} is not there (it answered {status})")
    if status in BACK_LATER:
        raise Trouble(f"{where} answered {status}")
    if status != 200:
        raise unsuitable(f"{where} answered {status}; only what everybody may read can be fetched")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/octet-stream"
    if not any(fnmatchcase(kind, pattern) for pattern in types):
        raise unsuitable(f"{where} is of the type {kind[:100]!r}; taken are {', '.join(types)}")
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"} and not target.url.path.lower().endswith(PACKED):
        raise unsuitable(f"{where} comes packed ({encoding[:40]!r}) although it was asked not to be")
    length = response.headers.get("content-length", "")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise _too_large(where, limit)
    return Answer(str(target.url), kind, _limited(response, where, limit))


async def _limited(response: httpx.Response, where: str, limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for block in response.aiter_raw(1 << 16):
        size += len(block)
        if size > limit:
            raise _too_large(where, limit)
        yield block


def _too_large(where: str, limit: int) -> Refusal:
    return unsuitable(f"{where} is larger than {limit} bytes, which is the limit")


def _trusted(more: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if more is not None:
        context.load_verify_locations(cafile=str(more))
    return context
