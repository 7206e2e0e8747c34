"""A connection to a platform: who one is there, what was taken on, and lists page by page."""

# Made from `reprovena.aio` by `make client`; change it there.

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import httpx

from reprovena import calls, issuer
from reprovena.address import address
from reprovena.calls import Call, Page
from reprovena.errors import ProblemError, Unreachable, raise_failed
from reprovena.issuer import DeviceCode, Endpoints
from reprovena.models import Document, Job
from reprovena.progress import Progress, quiet
from reprovena.sync.bearer import Bearer, Reload
from reprovena.sync.hands import Sleep, sleep
from reprovena.sync.operators import Operators
from reprovena.sync.transport import Transport
from reprovena.tokens import CLIENT, Tokens

T = TypeVar("T")
WAIT = 20.0
"""Seconds that one answer is waited for on the server, at most."""


class Connection:
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
        transport: httpx.BaseTransport | None = None,
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
        self._wire = Transport(url, door=transport, timeout=timeout, prepare=self._prepare)
        self.operators = Operators(self._wire)
        if token is not None:
            self._show(Tokens(token) if isinstance(token, str) else token)

    def __enter__(self) -> Self:
        """Stay open for the length of the block."""
        self._prepare()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._wire.http.close()

    def login(self, user: str, password: str) -> Tokens:
        """Trade a password for a token, and use it from now on."""
        form = issuer.password_grant(user, password, self._client_id)
        return self._taken(self._wire.ask(issuer.token(self.endpoints, form), auth=False))

    def login_client(self, client_id: str, secret: str) -> Tokens:
        """Trade a service's secret for a token, and use it from now on; there is nothing to renew it with."""
        form = issuer.client_grant(client_id, secret)
        return self._taken(self._wire.ask(issuer.token(self.endpoints, form), auth=False))

    def login_device(self, show: Callable[[DeviceCode], object]) -> Tokens:
        """Have a login approved on another device (RFC 8628); `show` is told where, and the code to type there."""
        self.endpoints = self._wire.ask(issuer.discovery(self.endpoints), auth=False)
        code = self._wire.ask(issuer.device(self.endpoints, self._client_id), auth=False)
        show(code)
        until, pause = time.monotonic() + code.expires_in, code.interval
        form = issuer.device_grant(code.device_code, self._client_id)
        while time.monotonic() < until:
            self._sleep(pause)
            try:
                return self._taken(self._wire.ask(issuer.token(self.endpoints, form), auth=False))
            except Unreachable:
                pause = min(2 * pause, 60.0)
            except ProblemError as error:
                if error.type == "slow_down":
                    pause += 5.0
                elif error.type != "authorization_pending":
                    raise
        raise ProblemError(status=400, title="No token", detail="Nobody has approved the login in time.", type="expired_token")

    def logout(self) -> None:
        """Ask the issuer to forget the token, and show it no more."""
        shown = self._wire.http.auth
        self._wire.http.auth = httpx.Auth()  # shows nothing
        if isinstance(shown, Bearer) and shown.tokens.refresh_token:
            call = issuer.revocation(self.endpoints, shown.tokens.refresh_token, self._client_id)
            self._wire.ask(call, auth=False)

    def me(self) -> Document:
        """Ask who one is."""
        return self._wire.ask(calls.me())

    def jobs(self, *, status: str | None = None, limit: int | None = None) -> Iterator[Job]:
        """List jobs, page after page."""
        return self._pages(lambda after, size: calls.jobs(status=status, limit=size, after=after), limit)

    def job(self, job: str, wait: float = 0.0) -> Job:
        """Fetch a job; `wait` asks the server to wait a little for its end."""
        return self._wire.ask(calls.job(job, wait))

    def settle(self, job: str, within: float = 120.0) -> Job:
        """Wait for a job's end; a failed one raises its problem."""
        until = time.monotonic() + within
        seen = self.job(job, min(WAIT, within))
        while not seen.settled and time.monotonic() < until:
            self._sleep(0.2)  # a server that does not wait must not be pressed
            seen = self.job(job, min(WAIT, max(0.0, until - time.monotonic())))
        raise_failed(seen.id, seen.status, seen.problem)
        if not seen.settled:
            detail = f"Job {job} has not ended within {within:.0f} s; it goes on, and can be asked for later."
            raise ProblemError(status=504, title="Not yet", detail=detail, job=job)
        return seen

    def _prepare(self) -> None:
        """Log in, if that was put off until there is something to ask."""
        if self._login is not None:
            given, self._login = self._login, None
            self.login(*given)

    def _taken(self, tokens: Tokens) -> Tokens:
        self._show(tokens)
        if self._keep:
            self._keep(tokens)
        return tokens

    def _show(self, tokens: Tokens) -> None:
        url = httpx.URL(self.endpoints.token)
        self._wire.http.auth = Bearer(
            tokens, url, keep=self._keep, reload=self._reload, client=self._client_id, timeout=self._timeout
        )

    def _pages(self, page: Callable[[str | None, int | None], Call[Page[T]]], limit: int | None) -> Iterator[T]:
        after: str | None = None
        left = limit
        while left is None or left > 0:
            # No server gives more than 200 at once.
            answer = self._wire.ask(page(after, left if left is None else min(left, 200)))
            yield from answer.items[:left]
            left = None if left is None else left - len(answer.items)
            after = answer.next
            if after is None:
                return
