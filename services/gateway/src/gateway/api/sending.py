"""Streaming bytes out of the file store: whole, in part, or many as one zip that is never whole in memory."""

import json
import zipfile
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from chassis.files import Files, once
from chassis.problems import response
from chassis.refusal import refuse
from contracts.message import FileRef
from contracts.problem import Problem
from gateway.api.naming import TOLD, free_name, zip_names
from gateway.api.ranges import disposition, matches, part


async def send_file(
    request: Request, files: Files, content: FileRef, name: str, *, missing: str, shown: str | None = None
) -> Response:
    """A file as an answer: with its digest as ETag, in part where a part is asked for; to be shown, if `shown` says as what.

    Where links are switched on and the store gives them, the answer is a link to the store itself.
    """
    try:
        size = await files.size(content.key)
    except FileNotFoundError:
        raise refuse(missing, f"{name!r} is no longer kept") from None
    media_type = shown or content.media_type
    etag = f'"{content.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition("inline" if shown else "attachment", name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    seconds = request.app.state.house.settings.download_links
    if seconds and shown is None and (link := await files.presign(content.key, name, seconds)):
        return RedirectResponse(link, 307, {"ETag": etag, "Cache-Control": "no-store"})
    condition = request.headers.get("if-range")
    wanted = part(request.headers.get("range"), size) if condition in {None, etag} else None
    if wanted == "unsatisfiable":
        problem = Problem.of("gateway:range-not-satisfiable", f"the file has {size} bytes")
        return response(problem, {"Content-Range": f"bytes */{size}"})
    if wanted is None:
        whole = headers | {"Content-Length": str(size)}
        return StreamingResponse(files.get(content.key), headers=whole, media_type=media_type)
    some = {"Content-Length": str(wanted.end - wanted.start), "Content-Range": f"bytes {wanted.start}-{wanted.end - 1}/{size}"}
    bytes_ = files.get(content.key, start=wanted.start, end=wanted.end)
    return StreamingResponse(bytes_, 206, headers | some, media_type)


class _Sink:
    """A file that only takes, so that a zip is written as it is read."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, content: Any) -> int:
        """Take some bytes."""
        self._held += content
        return len(content)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def take(self) -> bytes:
        """What was written since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held


async def zipped(files: Files, contents: Iterable[tuple[str, str | bytes]]) -> AsyncIterator[bytes]:
    """A zip of files (path, and key or content), block by block; nothing is compressed, as most results are already.

    Files whose names no zip should have get others, and `renamed.json` beside them says which.
    """
    wanted = dict(contents)
    names = zip_names(wanted)
    renamed = {name: path for path, name in names.items() if name != path}
    entries = [(names[path], content) for path, content in wanted.items()]
    if renamed:
        entries.append((free_name(TOLD, names.values()), json.dumps(renamed, indent=2, sort_keys=True).encode()))
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # it needs write and flush
        for name, content in entries:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as target:
                async for block in once(content) if isinstance(content, bytes) else files.get(content):
                    target.write(block)
                    yield sink.take()
            yield sink.take()
    yield sink.take()
