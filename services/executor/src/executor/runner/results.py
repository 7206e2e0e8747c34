"""The results of a run, each known as the step output it is."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from executor.runner.facts import clean
from executor.runner.inside import plain_files
from executor.runner.occurrences import Occurrences, path_of
from executor.runner.seen import OutputSeen
from executor.runner.workspace import Workspace


def cwl_outputs(before: Any, after: Any, workspace: Workspace, files: Occurrences) -> tuple[OutputSeen, ...]:
    """Follow every file from where its step wrote it to the outputs' folder it was moved to."""
    found: list[OutputSeen] = []
    for role, value in (after or {}).items():
        for source, target in _pairs((before or {}).get(role), value):
            seen = files.at(source)
            path = Path(target)
            if seen is None or not path.is_relative_to(workspace.outputs):
                continue
            leaves = seen.sha256 is None
            if leaves:  # a link out of the workspace was followed when it was moved; its content is none of ours
                path.unlink(missing_ok=True)
            name = str(path.relative_to(workspace.outputs))
            file = seen.model_copy(update={"role": role, "path": clean(name)})
            there = None if leaves or clean(name) != name else str(path.relative_to(workspace.folder))
            found.append(OutputSeen(file, there))
    return tuple(found)


def _pairs(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """Old location and new path of every file of two values of one shape."""
    if isinstance(after, list) and isinstance(before, list):
        for old, new in zip(before, after, strict=False):
            yield from _pairs(old, new)
    elif isinstance(after, Mapping) and isinstance(before, Mapping):
        if after.get("class") == "File":
            yield str(before["location"]), _path(after)
            yield from _pairs(before.get("secondaryFiles") or [], after.get("secondaryFiles") or [])
        elif after.get("class") == "Directory":
            yield from _folder(before, _path(after))
        else:
            for name, new in after.items():
                yield from _pairs(before.get(name), new)


def _folder(before: Mapping[str, Any], target: str) -> Iterator[tuple[str, str]]:
    """Files of a folder that was moved, or of one that an expression put together."""
    location = str(before.get("location", ""))
    folder = path_of(location)
    if folder is not None:
        for path in plain_files(Path(target)):
            yield str(Path(folder) / path.relative_to(target)), str(path)
        return
    for entry in before.get("listing") or []:
        there = str(PurePosixPath(target) / str(entry["basename"]))
        if entry["class"] == "File":
            yield str(entry["location"]), there
            for second in entry.get("secondaryFiles") or []:
                yield str(second["location"]), str(PurePosixPath(target) / str(second["basename"]))
        else:
            yield from _folder(entry, there)


def _path(value: Mapping[str, Any]) -> str:
    return path_of(str(value.get("location", ""))) or str(value.get("path", ""))
