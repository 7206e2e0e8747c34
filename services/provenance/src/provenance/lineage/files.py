"""Where a content was seen: every file that had it, with what used or wrote it, as far as the caller's tenants say so."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.listing import make_cursor, read_cursor, wrong_cursor
from chassis.refusal import refuse
from contracts.ids import run_id, step_id
from contracts.lineage import FileUse
from contracts.message import Caller
from contracts.problem import FieldError
from provenance.lineage.files_queries import NEWEST, Use, run_of, uses
from provenance.records.mapping import EMPTY

LIST = "files"


class FileUses(BaseModel):
    """A part of the list; `next` leads to the one after it."""

    model_config = ConfigDict(frozen=True)
    items: tuple[FileUse, ...]
    next: str | None


async def found(session: AsyncSession, caller: Caller, sha256: str, limit: int, after: str | None) -> FileUses:
    """Everything that a content took part in, the newest first. A digest shows nothing of what others know of it."""
    digest = sha256.removeprefix("sha256:").lower()
    if digest == EMPTY:
        text = "every empty file has this content, so it tells nothing of any"
        raise refuse("gateway:invalid", text, FieldError(detail=text, field="sha256"))
    rows = await uses(session, digest, caller.tenants, _place(after) if after else NEWEST, limit + 1)
    following = make_cursor(LIST, *rows[limit - 1].place) if len(rows) > limit else None
    return FileUses(items=tuple(map(_shown, rows[:limit])), next=following)


def _place(after: str) -> tuple[str, ...]:
    """The place a cursor stands for; one that was not made here is refused before the database meets it."""
    order, known = read_cursor(after)
    if order != LIST or len(known) != len(NEWEST):
        raise wrong_cursor()
    try:
        seq, file, link_seq, link = int(known[0]), UUID(known[1]), int(known[2]), UUID(known[3])
    except ValueError:
        raise wrong_cursor() from None
    if not (0 <= seq < 2**63 and 0 <= link_seq < 2**63):
        raise wrong_cursor()
    return str(seq), str(file), str(link_seq), str(link)


def _shown(use: Use) -> FileUse:
    run = run_of(use.file)
    step = use.activity.removeprefix(step_id(run, "")) if run and use.activity and use.activity != run_id(run) else None
    role = use.link.get("prov:role")
    return FileUse(
        file=use.file,
        path=str(use.said.get("reprovena:path") or use.file),
        size=use.said.get("reprovena:size"),
        media_type=use.said.get("reprovena:mediaType"),
        relation={"wasGeneratedBy": "generated"}.get(use.relation, use.relation) if use.relation else None,
        role=", ".join(role) if isinstance(role, list) else role,
        run=run,
        run_name=use.run_said.get("reprovena:name"),
        run_number=use.run_said.get("reprovena:number"),
        run_status=use.run_said.get("reprovena:status"),
        step=step,
        activity=use.activity,
        at=use.at(),
        by=use.by,
        tenant=use.tenant,
    )
