"""Whose turn a run is: claims on runs by lease, for the loops that submit them, fetch for them and bring them to their end."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

TURN = text("select pg_advisory_xact_lock(7263543)")
BUSY = text(
    """select count(*) from executor.runs where status in ('pending', 'running')
    or (status = 'queued' and leased_until > now() and not files @? '$[*] ? (!exists(@.content))')"""
)
CLAIM_QUEUED = text(
    """update executor.runs set attempted = true, leased_by = :owner, leased_until = now() + make_interval(secs => :seconds)
    where id = any(array(
        select id from executor.runs
        where status = 'queued' and due <= now() and (leased_until is null or leased_until < now())
            and not stop_asked and not files @? '$[*] ? (!exists(@.content))'
        order by priority desc, due, id limit :limit for update skip locked))
    returning id"""
)
CLAIM_STOPPED = text(
    """update executor.runs set leased_by = :owner, leased_until = now() + make_interval(secs => :seconds)
    where id = any(array(
        select id from executor.runs
        where status = 'queued' and stop_asked and due <= now() and (leased_until is null or leased_until < now())
        order by due, id limit :limit for update skip locked))
    returning id"""
)
FETCHING = text("select pg_advisory_xact_lock(7263544)")
CLAIM_AWAITING = text(
    """with busy as (
        select tenant from executor.runs
        where status = 'queued' and leased_by = :owner and leased_until > now() and files @? '$[*] ? (!exists(@.content))'
        group by tenant having count(*) >= :share)
    update executor.runs set leased_by = :owner, leased_until = now() + make_interval(secs => :seconds)
    where id = any(array(
        select id from executor.runs
        where status = 'queued' and due <= now() and (leased_until is null or leased_until < now())
            and files @? '$[*] ? (!exists(@.content))' and tenant not in (select tenant from busy)
        order by priority desc, due, id limit 1 for update skip locked))
    returning id"""
)
CLAIM_ENDING = text(
    """update executor.runs set leased_by = :owner, leased_until = now() + make_interval(secs => :seconds)
    where id = any(array(
        select id from executor.runs
        where ((status in ('pending', 'running') and ending is not null) or (delete_asked and status <> 'deleted'))
            and due <= now() and (leased_until is null or leased_until < now())
        order by due, id limit :limit for update skip locked))
    returning id"""
)
CLAIM_LEFTOVER = text(
    """update executor.runs set leased_by = :owner, leased_until = now() + make_interval(secs => :seconds)
    where id = any(array(
        select id from executor.runs
        where leftover is not null and (leftover_due is null or leftover_due <= now())
            and due <= now() and (leased_until is null or leased_until < now())
        order by leftover_due, id limit :limit for update skip locked))
    returning id"""
)
RENEW = text(
    """update executor.runs set leased_until = now() + make_interval(secs => :seconds)
    where id = :run and leased_by = :owner returning 1"""
)
LATER = text(
    """update executor.runs set leased_by = null, leased_until = null, failures = failures + :failed,
        due = now() + make_interval(secs => :seconds)
    where id = :run and leased_by = :owner returning failures"""
)


class Claims:
    """Claims in a transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def claim_queued(self, owner: UUID, seconds: float, at_once: int, most: int) -> list[UUID]:
        """Take queued runs that are due, no more than still fit, nor `most`; several processes take turns to count."""
        await self.session.execute(TURN)
        free = min(at_once - int(await self.session.scalar(BUSY) or 0), most)
        if free <= 0:
            return []
        told = {"owner": owner, "seconds": seconds, "limit": free}
        return list(await self.session.scalars(CLAIM_QUEUED, told))

    async def claim_stopped(self, owner: UUID, seconds: float, most: int) -> list[UUID]:
        """Take queued runs that are to be stopped, and that the runner may know of."""
        return list(await self.session.scalars(CLAIM_STOPPED, {"owner": owner, "seconds": seconds, "limit": most}))

    async def claim_awaiting(self, owner: UUID, seconds: float, share: int) -> UUID | None:
        """Take a queued run that is due and waits for files from outside, of a tenant with less than `share` in this hand."""
        await self.session.execute(FETCHING)
        told = {"owner": owner, "seconds": seconds, "share": share}
        return next(iter(await self.session.scalars(CLAIM_AWAITING, told)), None)

    async def claim_ending(self, owner: UUID, seconds: float, limit: int) -> list[UUID]:
        """Take runs whose outputs are to be fetched, or that are to be removed."""
        return list(await self.session.scalars(CLAIM_ENDING, {"owner": owner, "seconds": seconds, "limit": limit}))

    async def claim_leftover(self, owner: UUID, seconds: float, limit: int) -> list[UUID]:
        """Take deleted runs whose files are to go now."""
        return list(await self.session.scalars(CLAIM_LEFTOVER, {"owner": owner, "seconds": seconds, "limit": limit}))

    async def renew(self, run: UUID, owner: UUID, seconds: float) -> bool:
        """Keep a claim; say whether it is still ours."""
        return await self.session.scalar(RENEW, {"run": run, "owner": owner, "seconds": seconds}) is not None

    async def later(self, run: UUID, owner: UUID, seconds: float, *, failed: bool) -> int:
        """Give a claim back for a while; say how often it failed by a fault of ours."""
        told = {"run": run, "owner": owner, "seconds": seconds, "failed": int(failed)}
        return int(await self.session.scalar(LATER, told) or 0)
