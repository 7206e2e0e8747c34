"""One suite for every file store: whole, in part, refused, broken off, gone."""

import asyncio
import hashlib
import os
from abc import abstractmethod
from typing import Any

import pytest

from chassis.files import CHUNK, Bytes, Files, collect, once
from chassis.refusal import Refusal

MUCH = 20 * (1 << 20) + 17
"""More than two parts of a large upload, and not a whole number of anything."""


async def blocks(content: bytes, size: int) -> Bytes:
    """Bytes in blocks of some size."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def breaks(content: bytes, error: BaseException) -> Bytes:
    """A stream that fails after so many bytes."""
    async for block in blocks(content, CHUNK):
        yield block
    raise error


class FilesSuite:
    """Inherit, and give a fixture `files` (an empty store)."""

    @abstractmethod
    async def there(self, files: Any) -> int:
        """How many things the store holds, unfinished ones counted."""

    async def whole(self, files: Files, key: str, **part: int) -> bytes:
        """All that a get brings."""
        return await collect(files.get(key, **part), 1 << 30)

    @pytest.mark.parametrize("size", [0, 1, 70_000, MUCH])
    async def test_what_is_put_can_be_got(self, files: Files, size: int) -> None:
        """A file comes back byte by byte, and its reference says its size, digest and kind."""
        content = os.urandom(size)

        ref = await files.put(blocks(content, 100_003), media_type="text/csv")

        assert (ref.size, ref.sha256, ref.media_type) == (size, hashlib.sha256(content).hexdigest(), "text/csv")
        assert await self.whole(files, ref.key) == content
        assert await files.size(ref.key) == size

    @pytest.mark.parametrize("size", [8 << 20, 16 << 20])
    async def test_a_file_may_end_where_a_part_does(self, files: Files, size: int) -> None:
        """Sizes at the seams of an upload in parts are no special case."""
        ref = await files.put(once(bytes(size)))

        assert await files.size(ref.key) == ref.size == size

    async def test_the_same_bytes_are_two_files(self, files: Files) -> None:
        """Content is never looked up by its hash: to know bytes gives nobody a file."""
        one, other = await files.put(once(b"same")), await files.put(once(b"same"))
        assert one.key != other.key

        await files.delete(one.key)

        assert await self.whole(files, other.key) == b"same"

    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, 1), (3, 7), (5, None), (0, None), (9, 10), (9, 99), (10, None), (42, None), (42, 50), (4, 4), (6, 2)],
    )
    async def test_a_part_of_a_file(self, files: Files, start: int, end: int | None) -> None:
        """A range is start included, end not; beyond the end there is nothing."""
        ref = await files.put(once(b"0123456789"))

        assert await self.whole(files, ref.key, start=start, end=end) == b"0123456789"[start:end]

    async def test_an_empty_file_has_no_parts(self, files: Files) -> None:
        """A range of nothing is nothing."""
        ref = await files.put(once(b""))

        assert await self.whole(files, ref.key, start=0, end=10) == b""
        assert await self.whole(files, ref.key, start=5) == b""

    async def test_a_large_part_crosses_blocks(self, files: Files) -> None:
        """A range that spans blocks and parts is exact."""
        content = os.urandom(MUCH)
        ref = await files.put(blocks(content, CHUNK))

        assert await self.whole(files, ref.key, start=CHUNK - 1, end=MUCH - 1) == content[CHUNK - 1 : MUCH - 1]

    async def test_a_reader_may_leave(self, files: Files) -> None:
        """Whoever stops reading disturbs nobody."""
        ref = await files.put(blocks(bytes(MUCH), CHUNK))

        for _ in range(20):
            reader = files.get(ref.key)
            assert await anext(reader)
            await reader.aclose()  # type: ignore[attr-defined]

        assert await files.size(ref.key) == MUCH

    async def test_what_is_not_there(self, files: Files) -> None:
        """A missing file says so, at once and for whatever is asked of it; to remove it is fine."""
        ref = await files.put(once(b"short-lived"))
        await files.delete(ref.key)
        await files.delete(ref.key)

        for part in ({}, {"start": 3}, {"start": 5, "end": 2}):
            with pytest.raises(FileNotFoundError):
                await self.whole(files, ref.key, **part)
        with pytest.raises(FileNotFoundError):
            await files.size(ref.key)

    @pytest.mark.parametrize("key", ["", ".", "..", "../secret", "/etc/passwd", "a/../../b", "part", "no-such-file", "a\x00b"])
    async def test_other_peoples_keys_lead_nowhere(self, files: Files, key: str) -> None:
        """A key that the store did not make reaches nothing, and removes nothing."""
        ref = await files.put(once(b"mine"))

        for question in (files.size, lambda key: self.whole(files, key)):
            with pytest.raises(FileNotFoundError):
                await question(key)
        await files.delete(key)

        assert await self.whole(files, ref.key) == b"mine"

    @pytest.mark.parametrize("limit", [0, 10, MUCH - 1])
    async def test_more_than_the_limit_is_refused(self, files: Files, limit: int) -> None:
        """A stream that goes on after its limit is refused, and leaves nothing."""
        before = await self.there(files)

        with pytest.raises(Refusal) as refused:
            await files.put(blocks(bytes(MUCH), CHUNK), limit=limit)

        assert refused.value.problem.status == 413
        assert await self.there(files) == before

    async def test_the_limit_itself_is_fine(self, files: Files) -> None:
        """Just as much as the limit is stored."""
        assert (await files.put(once(b"12345"), limit=5)).size == 5

    @pytest.mark.parametrize("size", [1000, MUCH])
    async def test_a_stream_that_breaks_leaves_nothing(self, files: Files, size: int) -> None:
        """Half a file is no file."""
        before = await self.there(files)

        with pytest.raises(ConnectionError):
            await files.put(breaks(bytes(size), ConnectionError("gone")))

        assert await self.there(files) == before

    @pytest.mark.parametrize("wait", [0.0, 0.02, 0.05, 0.1])
    async def test_an_upload_that_is_cancelled_leaves_nothing(self, files: Files, wait: float) -> None:
        """Whoever hangs up in the middle leaves nothing behind, whichever request was under way."""

        async def without_end() -> Bytes:
            while True:
                yield bytes(3 << 20)
                await asyncio.sleep(0.001)

        before = await self.there(files)
        upload = asyncio.create_task(files.put(without_end()))
        await asyncio.sleep(wait)

        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

        assert await self.there(files) == before

    async def test_many_at_once(self, files: Files) -> None:
        """Uploads and downloads side by side keep to themselves."""
        contents = [os.urandom(200_000 + n) for n in range(24)]

        refs = await asyncio.gather(*(files.put(blocks(content, 65_536)) for content in contents))

        assert await asyncio.gather(*(self.whole(files, ref.key) for ref in refs)) == contents

    async def test_it_answers(self, files: Files) -> None:
        """A store that works says so."""
        await files.ping()
