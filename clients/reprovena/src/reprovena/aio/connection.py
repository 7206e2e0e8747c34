"""A connection to a platform: who one is there, what was taken on, and lists page by page."""

import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self, TypeVar

import httpx

from reprovena import calls, issuer
from reprovena.address import address
from reprovena.aio.bearer import AsyncBearer, Reload
from reprovena.aio.hands import Sleep, sleep
from reprovena.aio.operators import AsyncOperators
from reprovena.aio.transport import AsyncTransport
from reprovena.calls import Call, Page
from reprovena.errors import ProblemError, Unreachable, raise_failed
from reprovena.issuer import DeviceCode, Endpoints
from reprovena.models import Document, Job
from reprovena.progress import Progress, quiet
from reprovena.tokens import CLIENT, Tokens

T = TypeVar("T")
WAIT = 20.0
"""Seconds that one answer is waited for on the server, at most."""


class AsyncConnection:
    """One server, and the token that is shown to it."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        token: str | Tokens | None = None,
        login: tuple[str, str] | None = None,
        issuer_url: str | None = None,
        realm: str = "reprovena",
        client_id: str = CLIENT,
        keep: Callable[[Tokens], None] | None = None,
        reload: Reload | None = None,
        progress: Progress = quiet,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 30.0,
        sleep: Sleep = sleep,
    ) -> None:
        """Take a token, or a name and a password to log in with at the first call.

        `keep` is told of every new one, `reload` may know one that another process has.
        """
        url = address(base_url)
        self.url = str(url).rstrip("/")
        self.endpoints = Endpoints.beside(self.url, realm) if issuer_url is None else Endpoints.of_issuer(issuer_url)
        self._client_id, self._keep, self._reload, self._sleep, self._progress = client_id, keep, reload, sleep, progress
        self._login, self._timeout = login, timeout
        self._wire = AsyncTransport(url, door=transport, timeout=timeout, prepare=self._prepare)
        self.operators = AsyncOperators(self._wire)
        if token is not None:
            self._show(Tokens(token) if isinstance(token, str) else token)

    async def __aenter__(self) -> Self:
        """Stay open for the length of the block."""
        await self._prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.http.aclose()

    async def login(self, user: str, password: str) -> Tokens:
        """Trade a password for a token, and use it from now on."""
        form = issuer.password_grant(user, password, self._client_id)
        return self._taken(await self._wire.ask(issuer.token(self.endpoints, form), auth=False))

    async def login_client(self, client_id: str, secret: str) -> Tokens:
        """Trade a service's secret for a token, and use it from now on; there is nothing to renew it with."""
        form = issuer.client_grant(client_id, secret)
        return self._taken(await self._wire.ask(issuer.token(self.endpoints, form), auth=False))

    async def login_device(self, show: Callable[[DeviceCode], object]) -> Tokens:
        """Have a login approved on another device (RFC 8628); `show` is told where, and the code to type there."""
        self.endpoints = await self._wire.ask(issuer.discovery(self.endpoints), auth=False)
        code = await self._wire.ask(issuer.device(self.endpoints, self._client_id), auth=False)
        show(code)
        until, pause = time.monotonic() + code.expires_in, code.interval
        form = issuer.device_grant(code.device_code, self._client_id)
        while time.monotonic() < until:
            await self._sleep(pause)
            try:
                return self._taken(await self._wire.ask(issuer.token(self.endpoints, form), auth=False))
            except Unreachable:
                pause = min(2 * pause, 60.0)
            except ProblemError as error:
                if error.type == "slow_down":
                    pause += 5.0
                elif error.type != "authorization_pending":
                    raise
        raise ProblemError(status=400, title="No token", detail="Nobody has approved the login in time.", type="expired_token")

    async def logout(self) -> None:
        """Ask the issuer to forget the token, and show it no more."""
        shown = self._wire.http.auth
        self._wire.http.auth = httpx.Auth()  # shows nothing
        if isinstance(shown, AsyncBearer) and shown.tokens.refresh_token:
            call = issuer.revocation(self.endpoints, shown.tokens.refresh_token, self._client_id)
            await self._wire.ask(call, auth=False)

    async def me(self) -> Document:
        """Ask who one is."""
        return await self._wire.ask(calls.me())

    def jobs(self, *, status: str | None = None, limit: int | None = None) -> AsyncIterator[Job]:
        """List jobs, page after page."""
        return self._pages(lambda after, size: calls.jobs(status=status, limit=size, after=after), limit)

    async def job(self, job: str, wait: float = 0.0) -> Job:
        """Fetch a job; `wait` asks the server to wait a little for its end."""
        return await self._wire.ask(calls.job(job, wait))

    async def settle(self, job: str, within: float = 120.0) -> Job:
        """Wait for a job's end; a failed one raises its problem."""
        until = time.monotonic() + within
        seen = await self.job(job, min(WAIT, within))
        while not seen.settled and time.monotonic() < until:
            await self._sleep(0.2)  # a server that does not wait must not be pressed
            seen = await self.job(job, min(WAIT, max(0.0, until - time.monotonic())))
        raise_failed(seen.id, seen.status, seen.problem)
        if not seen.settled:
            detail = f"Job {job} has not ended within {within:.0f} s; it goes on, and can be asked for later."
            raise ProblemError(status=504, title="Not yet", detail=detail, job=job)
        return seen

    async def _prepare(self) -> None:
        """Log in, if that was put off until there is something to ask."""
        if self._login is not None:
            given, self._login = self._login, None
            await self.login(*given)

    def _taken(self, tokens: Tokens) -> Tokens:
        self._show(tokens)
        if self._keep:
            self._keep(tokens)
        return tokens

    def _show(self, tokens: Tokens) -> None:
        url = httpx.URL(self.endpoints.token)
        self._wire.http.auth = AsyncBearer(
            tokens, url, keep=self._keep, reload=self._reload, client=self._client_id, timeout=self._timeout
        )

    async def _pages(self, page: Callable[[str | None, int | None], Call[Page[T]]], limit: int | None) -> AsyncIterator[T]:
        after: str | None = None
        left = limit
        while left is None or left > 0:
            # No server gives more than 200 at once.
            answer = await self._wire.ask(page(after, left if left is None else min(left, 200)))
            for item in answer.items[:left]:
                yield item
            left = None if left is None else left - len(answer.items)
            after = answer.next
            if after is None:
                return
