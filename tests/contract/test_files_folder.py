"""Files in a folder."""

from pathlib import Path
from typing import Any

import pytest
from tests.contract.files import FilesSuite

from chassis.files import Folder, once, open_files


class TestFolder(FilesSuite):
    """The suite on a folder of the disk."""

    @pytest.fixture
    def files(self, tmp_path: Path) -> Any:
        """An empty folder."""
        return open_files(f"file:{tmp_path}/files")

    async def there(self, files: Any) -> int:
        """Files, those that are being written counted."""
        return sum(path.is_file() for path in files.root.rglob("*"))

    async def test_a_folder_gives_no_links(self, files: Any) -> None:
        """Whoever wants a file of a folder asks the platform."""
        ref = await files.put(once(b"x"))

        assert await files.presign(ref.key, "x.txt", 60) is None

    async def test_nobody_else_reads_it(self, tmp_path: Path) -> None:
        """The folder is its owner's alone."""
        Folder(tmp_path / "files")

        assert (tmp_path / "files").stat().st_mode & 0o077 == 0


def test_other_addresses_are_refused() -> None:
    """An address that no store answers to is a mistake that names those that do."""
    with pytest.raises(ValueError, match="use file:<folder> or s3:"):
        open_files("ftp://files")
