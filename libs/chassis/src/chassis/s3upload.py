"""One upload to S3: at once if it is small, in parts if it is large, and taken back whole if it fails."""

import asyncio
import hashlib
import logging
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chassis.streams import too_large

if TYPE_CHECKING:
    from chassis.s3 import S3Files

log = logging.getLogger(__name__)
PART = 8 << 20
"""Bytes of a part, and the most that is sent without parts."""
GROWS = 1000
"""Parts after which they are twice as large: S3 takes ten thousand."""
AT_ONCE = 2
"""Parts on their way at a time: what a put holds in memory."""


class Upload:
    """What is on its way to a place in a bucket. Every request is a task that is waited for, also when we are cancelled."""

    def __init__(self, store: "S3Files", place: str, media_type: str, limit: int | None) -> None:
        self.digest, self.size = hashlib.sha256(), 0
        self._store, self._limit, self._media_type = store, limit, media_type
        self._where = {"Bucket": store.bucket, "Key": place}
        self._held = bytearray()
        self._begun: asyncio.Task[dict[str, Any]] | None = None
        self._parts: list[asyncio.Task[dict[str, Any]]] = []
        self._last: asyncio.Task[Any] | None = None

    async def take(self, block: bytes) -> None:
        """Hash some bytes, and send a part once there is enough of it."""
        self.size += len(block)
        if self._limit is not None and self.size > self._limit:
            raise too_large(self._limit)
        self.digest.update(block)
        self._held += block
        while len(self._held) > (part := PART << len(self._parts) // GROWS):
            await self._send(bytes(self._held[:part]))
            del self._held[:part]

    def _ask(self, what: Callable[..., Any], **told: Any) -> asyncio.Task[Any]:
        return asyncio.create_task(self._store.call(what, **self._where, **told))

    async def _send(self, part: bytes) -> None:
        client = self._store.client
        if self._begun is None:
            self._begun = self._ask(client.create_multipart_upload, ContentType=self._media_type, ChecksumAlgorithm="SHA256")
        upload = (await asyncio.shield(self._begun))["UploadId"]
        if len(self._parts) >= AT_ONCE:
            await asyncio.shield(self._parts[-AT_ONCE])
        number = len(self._parts) + 1
        told = {"UploadId": upload, "PartNumber": number, "Body": part, "ChecksumSHA256": _sum(hashlib.sha256(part).digest())}
        self._parts.append(self._ask(client.upload_part, **told))

    async def end(self) -> None:
        """Send the rest, and make it one."""
        client = self._store.client
        if self._begun is None:
            told = {"ContentType": self._media_type, "ChecksumSHA256": _sum(self.digest.digest())}
            self._last = self._ask(client.put_object, Body=bytes(self._held), **told)
        else:
            await self._send(bytes(self._held))
            answers = [await asyncio.shield(part) for part in self._parts]
            whole = {
                "Parts": [
                    {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer.get("ChecksumSHA256", "")}
                    for number, answer in enumerate(answers, 1)
                ]
            }
            upload = self._begun.result()["UploadId"]
            self._last = self._ask(client.complete_multipart_upload, UploadId=upload, MultipartUpload=whole)
        await asyncio.shield(self._last)

    async def abandon(self) -> None:
        """Take everything back. What cannot be, because the server is away, is logged."""
        told = [task for task in (self._begun, *self._parts, self._last) if task]
        await asyncio.gather(*told, return_exceptions=True)
        client = self._store.client
        back = []
        if self._begun and not self._begun.exception():
            back.append(self._ask(client.abort_multipart_upload, UploadId=self._begun.result()["UploadId"]))
        if self._last:
            back.append(self._ask(client.delete_object))
        for error in await asyncio.gather(*back, return_exceptions=True):
            if isinstance(error, Exception) and not isinstance(error, FileNotFoundError):
                log.warning("an upload stays behind", extra={"place": self._where["Key"], "error": repr(error)})


def _sum(digest: bytes) -> str:
    return b64encode(digest).decode()
