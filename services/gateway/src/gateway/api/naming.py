"""Names of files in a zip: those that no folder may have are written in another way, and nothing is left out."""

import re
from collections.abc import Collection
from hashlib import sha256
from urllib.parse import quote

from chassis.bundles import fault

TOLD = "renamed.json"
"""The file in a zip that says by their new names what renamed files were called."""
UNWRITTEN = re.compile(r"[\x00-\x1f\x7f%:\\\ud800-\udfff]")


def zip_names(paths: Collection[str]) -> dict[str, str]:
    """A name in a zip for each path: itself where it may be one; none that is new is another's, nor another's folder."""
    names = {path: path for path in paths if fault(path) is None}
    files, folders = set(names), {folder for name in names for folder in _folders(name)}
    for path in paths:
        if path not in names:
            names[path] = name = _free(_written(path), files, folders)
            files.add(name)
            folders.update(_folders(name))
    return names


def free_name(wanted: str, names: Collection[str]) -> str:
    """A name that is not among those of a zip, nor a folder of them."""
    return _free(wanted, set(names), {folder for name in names for folder in _folders(name)})


def _written(path: str) -> str:
    """A path with its odd characters as `%` and their numbers; what has still no good name is called by its digest."""
    name = UNWRITTEN.sub(lambda found: quote(found[0], safe="", errors="surrogatepass"), path)
    if fault(name) is None:
        return name
    return f"renamed/{sha256(path.encode(errors='surrogatepass')).hexdigest()[:32]}"


def _free(wanted: str, files: set[str], folders: set[str]) -> str:
    name, number = wanted, 1
    while name in files or name in folders or not files.isdisjoint(_folders(name)):
        number += 1
        name = f"{number}-{wanted}"
    return name


def _folders(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
