"""Lists: pages that lead to the next one, in the body and as a link."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from chassis.listing import make_cursor, read_cursor, wrong_cursor
from gateway.api.doors import Page

Item = TypeVar("Item")
LINKED: dict[str, Any] = {
    "headers": {"Link": {"description": 'The next page, as `<…>; rel="next"`, if there is one', "schema": {"type": "string"}}}
}
Some = Annotated[int | None, Query(ge=1, le=200, description="Things on a page, at most; nothing means all")]


def linked(request: Request, answer: Response, following: str | None) -> None:
    """Say where the next page is (RFC 8288)."""
    if following is not None:
        asked = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
        answer.headers["Link"] = f'<{request.url.path}?{urlencode([*asked, ("after", following)])}>; rel="next"'


def part(items: Sequence[Item], name: Callable[[Item], str], limit: int | None, after: str | None) -> Page[Item]:
    """A page of a list that is whole and only ever gets longer."""
    begin = 0
    if after is not None:
        kind, known = read_cursor(after)
        names = [name(item) for item in items]
        if kind != "whole" or len(known) != 1 or known[0] not in names:
            raise wrong_cursor()
        begin = names.index(known[0]) + 1
    some = items[begin : begin + limit] if limit else items[begin:]
    more = begin + len(some) < len(items)
    return Page[Any](items=list(some), next=make_cursor("whole", name(some[-1])) if more else None)
