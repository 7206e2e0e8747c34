"""Files in a bucket of a real S3 server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.contract.files import MUCH, FilesSuite, blocks
from tests.servers import server

from chassis.files import CHUNK, Folder, once, open_files
from chassis.refusal import Trouble
from chassis.s3 import S3Files
from chassis.settings import Settings


def settings(**more: Any) -> Settings:
    """How the real server is entered."""
    told = {name: server(name) for name in ("s3_endpoint", "s3_access_key", "s3_secret_key")}
    return Settings(**(told | more))


async def emptied(files: S3Files) -> None:
    """Remove a bucket and all that is in it."""
    for upload in (await files.call(files.client.list_multipart_uploads, Bucket=files.bucket)).get("Uploads", []):
        told = {"Bucket": files.bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        await files.call(files.client.abort_multipart_upload, **told)
    for one in await listed(files):
        await files.call(files.client.delete_object, Bucket=files.bucket, Key=one)
    await files.call(files.client.delete_bucket, Bucket=files.bucket)


async def listed(files: S3Files) -> list[str]:
    """The keys of a bucket."""
    told = await files.call(files.client.list_objects_v2, Bucket=files.bucket)
    return [one["Key"] for one in told.get("Contents", [])]


@pytest.fixture
async def files() -> AsyncIterator[S3Files]:
    """An empty bucket."""
    store = open_files(f"s3://t-{uuid4().hex}/some/prefix", settings())
    assert isinstance(store, S3Files)
    await store.call(store.client.create_bucket, Bucket=store.bucket)
    yield store
    await emptied(store)


class TestS3(FilesSuite):
    """The suite on S3."""

    async def there(self, files: Any) -> int:
        """Objects and unfinished uploads."""
        uploads = await files.call(files.client.list_multipart_uploads, Bucket=files.bucket)
        return len(await listed(files)) + len(uploads.get("Uploads", []))


async def test_keys_lie_under_the_prefix(files: S3Files) -> None:
    """Two platforms can share a bucket."""
    ref = await files.put(once(b"x"))

    assert await listed(files) == [f"some/prefix/{ref.key}"]


async def test_a_link_downloads_without_an_account(files: S3Files) -> None:
    """Whoever has the link gets the file, in part too, under its name and never shown as a page."""
    ref = await files.put(blocks(b"<b>0123456789</b>", 5), media_type="text/html")

    link = await files.presign(ref.key, "results/größe.html", 60)

    assert link is not None
    async with httpx.AsyncClient() as anybody:
        whole, part = await anybody.get(link), await anybody.get(link, headers={"Range": "bytes=3-5"})
        forged = await anybody.get(link.replace(ref.key[-4:], "0000"))
    assert (whole.status_code, whole.content) == (200, b"<b>0123456789</b>")
    assert (part.status_code, part.content) == (206, b"012")
    assert whole.headers["content-disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.html"
    assert forged.status_code in {403, 404}


async def test_a_link_ends(files: S3Files) -> None:
    """A link is good for so many seconds only."""
    ref = await files.put(once(b"x"))
    link = await files.presign(ref.key, "x", 1)
    await asyncio.sleep(2.2)

    async with httpx.AsyncClient() as anybody:
        assert (await anybody.get(str(link))).status_code == 403


async def test_links_name_the_public_address(files: S3Files) -> None:
    """Clients are sent to the address that they can reach."""
    store = open_files(f"s3://{files.bucket}", settings(s3_public_endpoint="https://files.example.org"))
    ref = await files.put(once(b"x"))

    assert str(await store.presign(ref.key, "x", 60)).startswith(f"https://files.example.org/{files.bucket}/{ref.key}?")


async def test_a_server_that_is_away_is_trouble() -> None:
    """Nobody who listens is trouble, which comes back, and no fault."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        store = open_files("s3://bucket", Settings(s3_endpoint=away, s3_access_key="k", s3_secret_key="s"))

        for question in (store.ping, lambda: store.put(once(b"x")), lambda: store.put(blocks(bytes(MUCH), CHUNK))):
            with pytest.raises(Trouble):
                await question()


@pytest.mark.parametrize("wrong", [{"s3_secret_key": "wrong"}, {"s3_access_key": "nobody"}])
async def test_a_server_that_lets_us_not_in_is_trouble(files: S3Files, wrong: dict[str, str]) -> None:
    """A wrong key is its keeper's to mend; what waits for it comes back."""
    store = open_files(f"s3://{files.bucket}", settings(**wrong))
    ref = await files.put(once(b"x"))

    for question in (store.ping, lambda: store.put(once(b"x")), lambda: store.size(ref.key), lambda: store.delete(ref.key)):
        with pytest.raises(Trouble):
            await question()


async def test_a_missing_bucket_is_trouble(tmp_path: Path) -> None:
    """No bucket is not the same as no file."""
    store = open_files(f"s3://no-{uuid4().hex}", settings())
    key = (await Folder(tmp_path).put(once(b"x"))).key

    for question in (store.ping, lambda: store.put(once(b"x")), lambda: store.size(key)):
        with pytest.raises(Trouble):
            await question()


async def test_a_download_goes_on_where_the_connection_broke(files: S3Files) -> None:
    """A server that hangs up in the middle costs the reader nothing."""
    content = bytes(range(256)) * (MUCH // 256)
    ref = await files.put(blocks(content, CHUNK))
    bodies: list[Any] = []
    usual = files.client.get_object

    class Breaks:
        """A body that breaks after two reads."""

        def __init__(self, body: Any) -> None:
            self.body, self.reads = body, 0

        def read(self, size: int) -> bytes:
            """Twice only."""
            self.reads += 1
            if self.reads > 2:
                raise ConnectionResetError
            return bytes(self.body.read(size))

        def close(self) -> None:
            """As ever."""
            self.body.close()

    def get_object(**told: Any) -> dict[str, Any]:
        bodies.append(Breaks(usual(**told)["Body"]))
        return {"Body": bodies[-1]}

    files.client.get_object = get_object
    assert await TestS3().whole(files, ref.key) == content
    assert len(bodies) > 5


def test_half_an_account_is_refused() -> None:
    """A key without its secret is a mistake that is told at start."""
    with pytest.raises(ValueError, match="belong together"):
        open_files("s3://bucket", Settings(s3_access_key="k"))


def test_an_address_without_a_bucket_is_refused() -> None:
    """An address that names no bucket is told at start."""
    with pytest.raises(ValueError, match="no bucket"):
        open_files("s3:", Settings())
