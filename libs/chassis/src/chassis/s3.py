"""The file store in a bucket of an S3 server: boto3 in threads of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from chassis.refusal import Trouble
from chassis.s3upload import Upload
from chassis.settings import Settings
from chassis.streams import CHUNK, KEY, Bytes, checked_key, fresh_key
from contracts.message import FileRef

TRIES = 4
"""Times that a stream is taken up again where it broke, in a row."""
MISSING = frozenset({"NoSuchKey", "NotFound", "404"})
LATER = frozenset({403, 404, 408, 429})
"""Besides 5xx. Without a bucket or an account, it is the server's keeper who mends; what waits for it is not at fault."""
PASSES = frozenset({"SlowDown", "RequestTimeout"})
UNSATISFIABLE = 416

Answer = TypeVar("Answer")


class S3Files:
    """Files as objects of a bucket. What is uploaded is checked by the server against our SHA-256."""

    def __init__(self, client: Any, links: Any, bucket: str, prefix: str, threads: int) -> None:
        self.client, self.bucket, self._links = client, bucket, links
        self._prefix = f"{prefix}/" if prefix else ""
        self._threads = ThreadPoolExecutor(threads, "s3")

    def _place(self, key: str) -> str:
        return self._prefix + checked_key(key)

    async def call(self, what: Callable[..., Answer], *told: Any, **named: Any) -> Answer:
        """Ask the server, in a thread; what is its trouble is ours."""

        def ask() -> Answer:
            try:
                return what(*told, **named)
            except (BotoCoreError, ClientError, OSError) as error:
                raise _meant(error) from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)

    async def put(self, content: Bytes, *, media_type: str = "application/octet-stream", limit: int | None = None) -> FileRef:
        """Hash and send on the way, a large file in parts; whatever goes wrong, nothing stays behind."""
        key = fresh_key()
        upload = Upload(self, self._place(key), media_type, limit)
        try:
            async for block in content:
                await upload.take(block)
            await upload.end()
        except BaseException:
            await asyncio.shield(asyncio.create_task(upload.abandon()))
            raise
        return FileRef(key=key, sha256=upload.digest.hexdigest(), size=upload.size, media_type=media_type)

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> Bytes:
        """Stream a part of a file, by default all of it; taken up again where a connection broke."""
        if end is not None and end <= start:
            await self.size(key)
            return
        at, tries = start, 0
        while body := await self._open(key, at, end):
            try:
                while True:
                    try:
                        block = await self.call(body.read, CHUNK)
                    except Trouble:
                        tries += 1
                        if tries == TRIES:
                            raise
                        break
                    if not block:
                        return
                    at, tries = at + len(block), 0
                    yield block
            finally:
                body.close()
            if end is not None and at >= end:
                return

    async def _open(self, key: str, start: int, end: int | None) -> Any:
        """The bytes from there on; nothing if the file ends before."""
        place = self._place(key)
        some = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
        try:
            return (await self.call(self.client.get_object, Bucket=self.bucket, Key=place, **some))["Body"]
        except ClientError as error:
            if _status(error) == UNSATISFIABLE:
                return None
            raise

    async def size(self, key: str) -> int:
        """Bytes of a file."""
        try:
            head = await self.call(self.client.head_object, Bucket=self.bucket, Key=self._place(key))
            return int(head["ContentLength"])
        except FileNotFoundError:  # an answer without a body: it may be the bucket, or our account, that is not there
            if body := await self._open(key, 0, 1):
                body.close()
            raise

    async def delete(self, key: str) -> None:
        """Remove a file if it is there."""
        if KEY.fullmatch(key):
            await self.call(self.client.delete_object, Bucket=self.bucket, Key=self._place(key))

    async def presign(self, key: str, name: str, seconds: int) -> str | None:
        """A link that needs no account, for so long; it downloads, whatever the file is."""
        shown = f"attachment; filename*=UTF-8''{quote(name.rpartition('/')[2], safe='')}"
        told = {"Bucket": self.bucket, "Key": self._place(key), "ResponseContentDisposition": shown}
        return str(await self.call(self._links.generate_presigned_url, "get_object", Params=told, ExpiresIn=seconds))

    async def ping(self) -> None:
        """Raise if the bucket does not answer."""
        try:
            await self.call(self.client.head_bucket, Bucket=self.bucket)
        except FileNotFoundError as error:
            msg = f"the file store has no bucket {self.bucket} for us"
            raise Trouble(msg) from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _meant(error: Exception) -> Exception:
    """What an error of the library means here: no such file, trouble, or a fault of ours."""
    fault = error
    if isinstance(error, ClientError):
        code, status = error.response.get("Error", {}).get("Code", ""), _status(error)
        if status == 404 and code in MISSING:
            return FileNotFoundError(str(error))
        if status >= 500 or status in LATER or code in PASSES:
            return Trouble(f"the file store says {status} {code}")
    elif not isinstance(error, ParamValidationError):
        return Trouble(f"the file store does not answer: {error}")
    return fault


def open_s3(url: str, settings: Settings) -> S3Files:
    """The bucket of an address `s3://bucket[/prefix]`."""
    where = urlsplit(url)
    if not where.netloc:
        msg = f"FILES_URL={url} names no bucket; use s3://<bucket>"
        raise ValueError(msg)
    if (settings.s3_access_key is None) != (settings.s3_secret_key is None):
        msg = "S3_ACCESS_KEY and S3_SECRET_KEY belong together"
        raise ValueError(msg)
    client = _client(settings, settings.s3_endpoint)
    public = settings.s3_public_endpoint
    links = client if public in {None, settings.s3_endpoint} else _client(settings, public)
    return S3Files(client, links, where.netloc, where.path.strip("/"), settings.s3_threads)


def _client(settings: Settings, endpoint: str | None) -> Any:
    secret = settings.s3_secret_key
    manner = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint else "auto"},
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=settings.s3_threads,
        request_checksum_calculation="when_required",  # we send our own, SHA-256
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=manner,
    )
