"""Which user of REANA a token opens: another user's sees none of the workflows that were submitted with the one before."""

import json
from hashlib import sha256
from typing import Any

from bravado.exception import HTTPError
from reana_client.api import client

from chassis.refusal import Trouble
from executor.runner.reanacalls import Calls
from executor.runner.reanatickets import Ticket

MOST = 4096
"""Tokens of which this process remembers the user."""


class Users:
    """The users of one REANA, each asked for once for each token."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._known: dict[bytes, str] = {}

    async def of(self, token: str) -> str:
        """A digest of who the token's user is."""
        key = sha256(token.encode()).digest()
        if key not in self._known:
            told = await self._calls.read(_you, token)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = sha256(str(told.get("email")).encode()).hexdigest()[:16]
        return self._known[key]

    async def check(self, token: str, ticket: Ticket) -> None:
        """Raise if the token is another user's, and so sees nothing of the workflow; one of the right user mends it."""
        if ticket.user is not None and await self.of(token) != ticket.user:
            raise Trouble(f"the REANA token of {ticket.account or 'the platform'} is now another REANA user's than the run")


def _you(access_token: str) -> Any:
    """Who the token's user is; the client's own `ping` hides why it failed."""
    try:
        told, _ = client.current_rs_api_client.api.get_you(access_token=access_token).result()
    except HTTPError as error:
        raise ValueError(json.loads(error.response.text)["message"]) from error
    return told
