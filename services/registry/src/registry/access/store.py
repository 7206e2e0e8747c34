"""The statements of groups and requests for roles."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from contracts.access import AccessRequest, RequestState
from contracts.groups import Group, GroupWithMembers, Member
from registry.access.rows import GroupRow, MemberRow, RequestRow
from registry.entries.rows import among

FREEZE = text("lock table registry.groups in share row exclusive mode")


class Groups:
    """Groups in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def freeze(self) -> None:
        """Let nobody else write groups until the transaction ends."""
        await self._session.execute(FREEZE)

    async def add(self, group: Group) -> bool:
        """Write a group; say whether its id was free."""
        row = upsert(GroupRow).values(group.model_dump(include=set(Group.model_fields))).on_conflict_do_nothing()
        return await self._session.scalar(row.returning(col(GroupRow.id))) is not None

    async def hold(self, group: str) -> Group | None:
        """A group, held until the transaction ends."""
        row = await self._session.scalar(select(GroupRow).where(col(GroupRow.id) == group).with_for_update())
        return row.group() if row else None

    async def put(self, group: Group) -> None:
        """Describe a group that is held anew."""
        await self._session.merge(GroupRow.model_validate(group.model_dump(include=set(Group.model_fields))))
        await self._session.flush()

    async def remove(self, groups: Collection[str]) -> None:
        """Remove groups with their memberships."""
        await self._session.execute(delete(GroupRow).where(among(col(GroupRow.id), groups)))

    async def join(self, group: str, member: Member) -> bool:
        """Put somebody into a group; say whether they were not in it."""
        row = upsert(MemberRow).values(grp=group, **member.model_dump()).on_conflict_do_nothing()
        return await self._session.scalar(row.returning(col(MemberRow.username))) is not None

    async def leave(self, group: str, usernames: Collection[str]) -> set[str]:
        """Take people out of a group; those who were in it."""
        gone = delete(MemberRow).where(col(MemberRow.grp) == group, among(col(MemberRow.username), usernames))
        return set(await self._session.scalars(gone.returning(col(MemberRow.username))))

    async def add_all(self, groups: Sequence[GroupWithMembers]) -> None:
        """Write new groups with their members."""
        rows = [group.model_dump(include=set(Group.model_fields)) for group in groups]
        members = [{"grp": group.id, **member.model_dump()} for group in groups for member in group.users]
        for table, each in ((GroupRow, rows), (MemberRow, members)):
            if each:
                await self._session.execute(insert(table), each)

    async def every(self) -> list[GroupWithMembers]:
        """All groups with their members, by id."""
        groups = list(await self._session.scalars(select(GroupRow).order_by(col(GroupRow.id))))
        users: dict[str, list[Member]] = {row.id: [] for row in groups}
        for row in await self._session.scalars(select(MemberRow).order_by(col(MemberRow.number))):
            users[row.grp].append(row.member())
        return [GroupWithMembers(**row.group().model_dump(), users=tuple(users[row.id])) for row in groups]

    async def find(self, group: str) -> GroupWithMembers | None:
        """A group with its members, in the order of their coming."""
        row = await self._session.get(GroupRow, group)
        if row is None:
            return None
        query = select(MemberRow).where(col(MemberRow.grp) == group).order_by(col(MemberRow.number))
        members = tuple(member.member() for member in await self._session.scalars(query))
        return GroupWithMembers(**row.group().model_dump(), users=members)

    async def listed(self, username: str | None = None) -> list[Group]:
        """All groups, or those that somebody is in, by id."""
        query = select(GroupRow).order_by(col(GroupRow.id))
        if username is not None:
            query = query.join(MemberRow).where(col(MemberRow.username) == username)
        return [row.group() for row in await self._session.scalars(query)]


class Requests:
    """Requests for roles in the database, within a transaction of the caller's."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, request: AccessRequest) -> AccessRequest:
        """Write a request; it gets its number."""
        row = RequestRow(**request.model_dump(exclude={"request_id"}))
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        return row.request()

    async def turn(self, username: str) -> None:
        """Let one's own requests be written one after the other."""
        turn = func.pg_advisory_xact_lock(func.hashtext(f"registry.access_requests {username}"))
        await self._session.execute(select(turn))

    async def hold(self, username: str, request: int) -> AccessRequest | None:
        """A request of somebody's, held until the transaction ends."""
        query = select(RequestRow).where(col(RequestRow.request_id) == request, col(RequestRow.username) == username)
        row = await self._session.scalar(query.with_for_update().execution_options(populate_existing=True))
        return row.request() if row else None

    async def put(self, request: AccessRequest) -> None:
        """Store what has become of a request that is held."""
        await self._session.merge(RequestRow(**request.model_dump()))
        await self._session.flush()

    async def remove(self, request: int) -> None:
        """Remove a request."""
        await self._session.execute(delete(RequestRow).where(col(RequestRow.request_id) == request))

    async def listed(self, username: str | None = None, *, pending: bool = False) -> list[AccessRequest]:
        """Requests, everybody's or somebody's, newest first."""
        query = select(RequestRow).order_by(col(RequestRow.request_id).desc())
        if username is not None:
            query = query.where(col(RequestRow.username) == username)
        if pending:
            query = query.where(col(RequestRow.state) == RequestState.PENDING_APPROVAL.value)
        return [row.request() for row in await self._session.scalars(query)]
