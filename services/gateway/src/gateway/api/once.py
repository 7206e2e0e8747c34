"""`Idempotency-Key`: a request that is sent again under its key is not done again, and gets the same answer."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Response

from chassis.problems import response
from chassis.refusal import Refusal, refuse
from contracts.ids import user_id
from contracts.message import Caller
from contracts.problem import FieldError
from contracts.vocabulary import JobStatus
from gateway.api.doors import AsUser, Here, Wait
from gateway.jobs.model import Job
from gateway.jobs.waiting import reached
from gateway.requests.store import Request as Known
from gateway.unit import GatewayHouse, GatewayUnit

GRACE = 10.0
"""Seconds beyond its waiting that the first request has to answer; then another one may."""
KEPT = ("location", "etag")
"""Headers that belong to an answer."""
KEY = r"^[!-~]([ -~]*[!-~])?$"


class Taken(Exception):
    """Somebody used the key in this moment."""


@dataclass
class Once:
    """One request of somebody's; without a key it is done as often as it is asked."""

    house: GatewayHouse
    caller: Caller
    key: str | None
    within: float
    _digest: str = field(default="", init=False)
    _mine: bool = field(default=False, init=False)

    @property
    def _owner(self) -> str:
        return user_id(self.caller.issuer, self.caller.subject)

    async def do(
        self,
        asked: str,
        begin: Callable[[], Awaitable[Job]],
        until: JobStatus,
        answer: Callable[[Job], Awaitable[Response]],
    ) -> Response:
        """Begin a job and answer for it; or answer for the one that the same request has begun, or as it was answered."""
        if self.key is None:
            return await answer(await begin())
        found = await self.known(asked)
        if isinstance(found, Response):
            return found
        try:
            made = await answer(await begin() if found is None else await self._reached(found, until))
            await self._keep(made)
        except Taken:
            raise _in_flight() from None
        except Refusal as no:
            # what was refused before anything was made leaves the key free
            if self._mine and no.problem.status < 500:
                await self._keep(response(no.problem))
            raise
        finally:
            await self._leave()
        return made

    async def known(self, asked: str) -> Response | UUID | None:
        """How the same request was answered, or the job that it became; nothing if it is the first one."""
        self._digest = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
        if self.key is None:
            return None
        async with self.house.work() as unit:
            there: Known | None = await unit.requests.find(self._owner, self.key)
            if there is None:
                return None
            if there.digest != self._digest:
                error = FieldError(detail="belongs to another request; take a new one", field="Idempotency-Key")
                raise refuse("gateway:key-reused", "you have used this key for another request", error)
            if there.answer is not None:
                return _again(there.answer)
            if there.waited_for or not await unit.requests.resume(self._owner, self.key, self.within + GRACE):
                raise _in_flight()
        self._mine = True
        return there.job

    async def bind(self, unit: GatewayUnit, job: UUID | None) -> None:
        """Note the request in the transaction of what it makes."""
        if self.key is None:
            return
        if not await unit.requests.take(self._owner, self.key, self._digest, self.within + GRACE, job):
            raise Taken
        self._mine = True

    async def settle(self, unit: GatewayUnit, answer: Response) -> None:
        """Note a request and its answer in the transaction of what it makes."""
        if self.key is None:
            return
        if not await unit.requests.take(self._owner, self.key, self._digest, 0):
            raise _in_flight()
        await unit.requests.answer(self._owner, self.key, _written(answer))

    async def _reached(self, job: UUID, until: JobStatus) -> Job:
        found = await reached(self.house, job, until, self.within)
        if found.problem is not None:
            raise Refusal(found.problem)
        return found

    async def _keep(self, answer: Response) -> None:
        assert self.key is not None  # noqa: S101 - asked only where there is one
        async with self.house.work() as unit:
            await unit.requests.answer(self._owner, self.key, _written(answer))
        self._mine = False

    async def _leave(self) -> None:
        """What could not be answered now is answered to whoever asks again."""
        if self._mine and self.key is not None:
            async with self.house.work() as unit:
                await unit.requests.leave(self._owner, self.key)


def _written(answer: Response) -> str:
    told = {
        "status": answer.status_code,
        "headers": {name: value for name, value in answer.headers.items() if name in KEPT},
        "media_type": answer.media_type,
        "body": bytes(answer.body).decode(),
    }
    return json.dumps(told)


def _again(told: dict[str, object]) -> Response:
    headers = {**dict(told["headers"]), "Idempotency-Replayed": "true"}  # type: ignore[call-overload]
    return Response(str(told["body"]), int(str(told["status"])), headers, str(told["media_type"]))


def _in_flight() -> Refusal:
    return refuse("gateway:in-flight", "the same request is being answered; ask again in a moment")


def _once(
    caller: AsUser,
    house: Here,
    within: Wait,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=255,
            pattern=KEY,
            description="A name of your own for this request, such as a UUID; sent again with it, it is not done again",
        ),
    ] = None,
) -> Once:
    return Once(house, caller, idempotency_key, within)


AsOnce = Annotated[Once, Depends(_once)]
"""The request, which is done once if it carries a key."""


async def forget_requests(house: GatewayHouse) -> bool:
    """Forget the requests that are older than the setting says."""
    async with house.work() as unit:
        await unit.requests.forget(house.settings.idempotency_days)
    return False
