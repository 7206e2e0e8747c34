"""Shows a token with each request, and renews it in time or when it is refused."""

# Made from `reprovena.aio` by `make client`; change it there.

import time
from collections.abc import Callable

import httpx

from reprovena.errors import ProblemError
from reprovena.sync.hands import Flow, Lock
from reprovena.tokens import CLIENT, EARLY, Tokens, read_tokens, refresh_grant

Reload = Callable[[], Tokens | None]


class Bearer(httpx.Auth):
    """Shows the token with each request, and renews it in time or when it is refused."""

    def __init__(
        self,
        tokens: Tokens,
        url: httpx.URL,
        *,
        keep: Callable[[Tokens], None] | None = None,
        reload: Reload | None = None,
        client: str = CLIENT,
        timeout: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the tokens, the token endpoint, what is to be told of new tokens, who may have newer ones, and its seconds."""
        self.tokens = tokens
        self._url, self._keep, self._reload, self._client, self._clock = url, keep, reload, client, clock
        # A request of the flow's own has none unless it says so.
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
        self._turn = Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Flow:
        """Renew a token that is about to end, show it, and try once more with a new one if it is refused."""
        renewed = False
        if self._old() and self.tokens.refresh_token:
            # One at a time: a refresh token may be good only once.
            with self._turn:
                if renewed := self._old():
                    self._take((yield self._renewal()))
        shown = self.tokens.token
        request.headers["Authorization"] = f"Bearer {shown}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and self.tokens.refresh_token and not renewed:
            response.read()
            with self._turn:
                if self.tokens.token == shown:
                    self._take((yield self._renewal()))
            # Also if there is no new token: the last answer of this flow is the one that the caller gets.
            request.headers["Authorization"] = f"Bearer {self.tokens.token}"
            yield request

    def _old(self) -> bool:
        return self.tokens.expires_at is not None and self.tokens.expires_at - EARLY < self._clock()

    def _renewal(self) -> httpx.Request:
        form = refresh_grant(self.tokens.refresh_token or "", self._client)
        return httpx.Request("POST", self._url, data=form, extensions=self._extensions)

    def _take(self, response: httpx.Response) -> None:
        response.read()
        try:
            fresh = read_tokens(response, self._clock())
        except ProblemError:
            # Another process may have renewed it. If not, the request goes on with the token there is: its own
            # refusal says more than this one.
            newer = self._reload() if self._reload else None
            if newer is not None and newer.token != self.tokens.token:
                self.tokens = newer
            return
        self.tokens = fresh if fresh.refresh_token else Tokens(fresh.token, self.tokens.refresh_token, fresh.expires_at)
        if self._keep:
            self._keep(self.tokens)
