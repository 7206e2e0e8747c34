"""One look at all live runs of a REANA: a list for each account, details only of what changed, ends only when they hold."""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from reana_client.api import client

from chassis.refusal import Trouble
from chassis.trouble import pause
from contracts.vocabulary import RunStatus, StepStatus
from executor.runner.reanacalls import Calls, Denied
from executor.runner.reanalogs import Job, verdicts
from executor.runner.reanalook import ENDS, ENGINE_LOG, LIVE, STATUSES, Ending, Facts, Item, changed, failure, item_of, steps_of
from executor.runner.reanaread import Reading
from executor.runner.reanatickets import Ticket
from executor.runner.reanatimes import Clock
from executor.runner.reanatokens import Tokens
from executor.runner.reanausers import Users
from executor.runner.seen import Known, Look, StepSeen
from executor.runner.settings import RunnerSettings
from executor.runner.watch import late

log = logging.getLogger(__name__)

PAGE = 100
BUDGET = 5.0
"""Seconds that one look goes on asking for details; the rest comes with the next."""
AGAIN = 2
"""Readings after the end that must agree with the one before."""
PATIENCE = 30
"""Readings after which an end is believed that is still not complete."""
LONGEST = 20.0
"""Seconds until a REANA that was away is asked again, at most."""
MEMOS = 4096
TEXTS = 4 << 20
"""Characters of one run's logs that are kept until they are in the file store."""
ALL_TEXTS = 16 * TEXTS
"""Characters of all runs' logs that are kept; beyond it, the oldest are asked for once more."""


@dataclass
class Memo:
    """What this process remembers of a run; without it, more is asked."""

    facts: Facts | None = None
    cursor: str | None = None
    """Of the last look."""
    told: dict[str, StepSeen] = field(default_factory=dict)
    """The steps as of the last look."""
    texts: dict[str, str] = field(default_factory=dict)
    """Logs by their paths."""
    size: int = 0
    """Characters of these."""
    ended: Item | None = None
    mark: str = ""
    same: int = -1
    read: int = 0
    next: float = 0.0


@dataclass
class Account:
    """When the runs of one account are looked at again."""

    next: float = 0.0
    failures: int = 0


def vanished(no: Denied) -> bool:
    """Whether REANA says that there is no such workflow."""
    return no.status in {403, 404} and "does not exist" in str(no)


class Sweep:
    """Looks at live runs."""

    def __init__(self, calls: Calls, settings: RunnerSettings, tokens: Tokens, users: Users, clock: Clock) -> None:
        self._calls, self._settings, self._tokens, self._users, self._clock = calls, settings, tokens, users, clock
        self._memos: OrderedDict[UUID, Memo] = OrderedDict()
        self._accounts: defaultdict[str | None, Account] = defaultdict(Account)
        self.reading = Reading(calls)

    def memo(self, run: UUID) -> Memo:
        """What is remembered of a run."""
        memo = self._memos.setdefault(run, Memo())
        self._memos.move_to_end(run)
        if len(self._memos) > MEMOS:
            self._memos.popitem(last=False)
        return memo

    def forget(self, run: UUID) -> None:
        """Remember nothing of a run."""
        self._memos.pop(run, None)

    async def look(self, known: Mapping[UUID, Known]) -> dict[UUID, Look]:
        """News of the runs, account by account; whoever waited longest is first. One account's trouble is its own."""
        runs: defaultdict[str | None, dict[UUID, tuple[Ticket, str]]] = defaultdict(dict)
        for run, one in known.items():
            if not one.cursor.startswith("end:"):
                ticket = Ticket.read(one.runner_id)
                runs[ticket.account][run] = ticket, one.cursor
        news: dict[UUID, Look] = {}
        until = time.monotonic() + BUDGET
        for name in sorted(runs, key=lambda name: self._accounts[name].next):
            account, now = self._accounts[name], time.monotonic()
            if now < account.next or now > until:
                continue
            try:
                token = await self._tokens.of(name)
                news |= await self._account(token, runs[name], until)
            except Exception as error:  # a fault of ours, too, holds up this account alone
                account.failures += 1
                account.next = time.monotonic() + pause(max(self._settings.reana_every, 0.5), account.failures, LONGEST)
                ours = not isinstance(error, Denied | Trouble)
                level = logging.ERROR if ours else logging.WARNING
                told = {"account": name, "error": str(error)}
                log.log(level, "no look at runs on REANA", extra=told, exc_info=error if ours else None)
            else:
                account.failures, account.next = 0, now + self._settings.reana_every
        return news

    async def _account(self, token: str, runs: Mapping[UUID, tuple[Ticket, str]], until: float) -> dict[UUID, Look]:
        wanted = {ticket.workflow for run, (ticket, _) in runs.items() if self.memo(run).ended is None}
        items = await self._list(token, wanted) if wanted else {}
        room = asyncio.Semaphore(self._settings.reana_threads)

        async def one(run: UUID, ticket: Ticket, cursor: str) -> Look | None:
            async with room:
                if time.monotonic() > until:
                    return None
                return await self._run(token, run, ticket, cursor, items.get(ticket.workflow))

        looks = await asyncio.gather(*(one(run, *told) for run, told in runs.items()), return_exceptions=True)
        news: dict[UUID, Look] = {}
        for run, look in zip(runs, looks, strict=True):
            if isinstance(look, BaseException):
                if not isinstance(look, Exception):
                    raise look
                log.warning("a run on REANA could not be read", extra={"run": str(run), "error": str(look)})
            elif look is not None:
                news[run] = look
        return news

    async def _list(self, token: str, wanted: set[str]) -> dict[str, Item]:
        """Live workflows page by page, until all that are wanted were there; sessions of people are none."""
        found: dict[str, Item] = {}
        page = 0
        while True:
            page += 1
            told = await self._calls.read(
                client.get_workflows, token, type="batch", page=page, size=PAGE, status=list(LIVE), include_progress=True
            )
            found |= {str(one["id"]): item_of(one) for one in told if str(one["id"]) in wanted}
            if len(told) < PAGE or len(found) == len(wanted):
                return found

    async def _run(self, token: str, run: UUID, ticket: Ticket, cursor: str, item: Item | None) -> Look | None:
        memo = self.memo(run)
        try:
            item = item or memo.ended or item_of(await self._calls.read(client.get_workflow_status, token, ticket.workflow))
            self._clock.check(item.started, item.created)
            status = STATUSES.get(item.status, RunStatus.PENDING)
            if status is RunStatus.DELETED:
                return Look(cursor, RunStatus.FAILED, reason="its workflow was deleted in REANA", gone=True)
            if status is RunStatus.PENDING or time.monotonic() < memo.next:
                return None
            if status is RunStatus.RUNNING:
                if cursor == f"seen:{item.mark}" and not self._overdue(item, ticket):
                    return None
                return await self._live(token, run, ticket, cursor, item)
            memo.ended = item
            return await self._ended(token, run, ticket, cursor, item)
        except Denied as no:
            if vanished(no):
                await self._users.check(token, ticket)
                return Look(cursor, RunStatus.FAILED, reason="REANA knows nothing of its workflow any more", gone=True)
            raise

    def _overdue(self, item: Item, ticket: Ticket) -> bool:
        started, stopped = self._clock.utc(item.started), self._clock.utc(item.stopped)
        if started is None or ticket.timeout is None:
            return False
        end = stopped.timestamp() if stopped else time.time()
        return end - started.timestamp() >= ticket.timeout

    async def _live(self, token: str, run: UUID, ticket: Ticket, cursor: str, item: Item) -> Look | None:
        if self._overdue(item, ticket):
            await self._calls.read(client.stop_workflow, token, ticket.workflow, False)  # noqa: FBT003 - its own signature
            return None
        memo = self.memo(run)
        began = time.monotonic()
        facts, jobs, _ = await self._details(token, ticket, memo)
        memo.next = time.monotonic() + 3 * (time.monotonic() - began)  # what is slow to tell is not asked all the time
        steps = tuple(steps_of(jobs, facts, self._clock, {}, ""))
        done = sum(job.status in ENDS for job in jobs)
        behind = len(jobs) < item.counts[0] or done < item.counts[1] + item.counts[2]
        return await self._told(token, memo, cursor, item, f"seen:{item.mark}{'?' if behind else ''}", steps)

    async def _told(
        self, token: str, memo: Memo, cursor: str, item: Item, later: str, steps: tuple[StepSeen, ...]
    ) -> Look | None:
        """The news of a run that goes on, as far as anybody can see."""
        fresh = changed(steps, memo.told if memo.cursor == cursor else {})
        memo.cursor, memo.told = later, {step.place: step for step in steps}
        if later == cursor and not fresh:
            return None
        look = Look(later, RunStatus.RUNNING, started=self._clock.utc(item.started), steps=fresh)
        return look if cursor else await self._with_surroundings(token, memo, look)

    async def _ended(self, token: str, run: UUID, ticket: Ticket, cursor: str, item: Item) -> Look | None:
        """The end of a run, once its logs have been complete and alike for a while; before that, it goes on."""
        memo = self.memo(run)
        facts, jobs, engine = await self._details(token, ticket, memo)
        mark = hashlib.sha256(repr((jobs, engine)).encode()).hexdigest()[:16]
        memo.same, memo.mark = (memo.same + 1 if memo.mark == mark else 0), mark
        memo.read += 1
        whole = bool(engine) and all(job.status in ENDS for job in jobs)
        if memo.same < AGAIN or not (whole or memo.read > PATIENCE):
            memo.next = time.monotonic() + self._settings.reana_settle
            steps = tuple(steps_of(jobs, facts, self._clock, verdicts(engine), engine))
            return await self._told(token, memo, cursor, item, f"seen:{mark}", steps)
        return await self._final(token, run, ticket, cursor, item, facts, jobs, engine)

    async def _final(
        self, token: str, run: UUID, ticket: Ticket, cursor: str, item: Item, facts: Facts, jobs: tuple[Job, ...], engine: str
    ) -> Look:
        memo, status, reason = self.memo(run), STATUSES[item.status], None
        end = item.finished or item.stopped
        ending = Ending(StepStatus.STOPPED if status is RunStatus.STOPPED else StepStatus.FAILED, None, end)
        if status is RunStatus.STOPPED and self._overdue(item, ticket):
            status, reason = RunStatus.FAILED, late(ticket.timeout or 0)
            ending = Ending(StepStatus.FAILED, reason, end, late=True)
        steps = tuple(steps_of(jobs, facts, self._clock, verdicts(engine), engine, ending))
        if status is RunStatus.FAILED and reason is None:
            reason = failure(steps, engine)
        outputs = () if item.status == "stopped" else await self.reading.outputs(token, run, ticket, facts, steps, engine)
        look = Look(
            f"end:{item.status}",
            status,
            reason=reason,
            started=self._clock.utc(item.started),
            ended=self._clock.utc(end),
            steps=changed(steps, memo.told if memo.cursor == cursor else {}),
            outputs=outputs,
            log=ENGINE_LOG if engine else None,
        )
        look = look if cursor else await self._with_surroundings(token, memo, look)
        memo.facts, memo.told = None, {}  # nobody asks again, unless this look was lost
        return look

    async def _details(self, token: str, ticket: Ticket, memo: Memo) -> tuple[Facts, tuple[Job, ...], str]:
        if memo.facts is None:
            memo.facts = await self.reading.facts(token, ticket)
        facts = memo.facts
        jobs, engine, texts = await self.reading.logs(token, ticket)
        size = sum(map(len, texts.values()))
        memo.texts, memo.size = (texts, size) if size <= TEXTS else ({}, 0)
        self._make_room()
        return facts, jobs, engine

    def _make_room(self) -> None:
        """Let go of the oldest logs that are too many."""
        held = sum(memo.size for memo in self._memos.values())
        for memo in self._memos.values():
            if held <= ALL_TEXTS:
                return
            held -= memo.size
            memo.texts, memo.size = {}, 0

    async def _with_surroundings(self, token: str, memo: Memo, look: Look) -> Look:
        """With the first news comes what never changes."""
        if memo.facts is None:
            return look
        where = await self.reading.environment(token, memo.facts.engine)
        return replace(look, inputs=memo.facts.inputs, environment=where)
