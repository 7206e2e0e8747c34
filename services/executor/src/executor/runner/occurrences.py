"""Which file is which: every file that a run's steps touch is an outside file of the run, or was written by one step."""

import hashlib
import mimetypes
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from contracts.executor import FileSeen
from contracts.ids import input_id, output_id
from executor.runner.facts import clean
from executor.runner.inside import digest, inside, plain_files
from executor.runner.workspace import Brief, Workspace


def media_type(name: str) -> str:
    """What a file's name says of its content."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def path_of(location: str) -> str | None:
    """The local path a `file:` location means; nothing for other locations."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return unquote(parts.path + (f"#{parts.fragment}" if parts.fragment else ""))
    return location if location.startswith("/") else None


def files_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every File inside a CWL value, with its secondary files and those of its folders."""
    if isinstance(value, Mapping):
        kind = value.get("class")
        if kind == "File":
            yield value
            yield from files_in(value.get("secondaryFiles"))
        elif kind == "Directory":
            folder = path_of(str(value.get("location", value.get("path", ""))))
            if folder is not None and Path(folder).is_dir():
                yield from ({"class": "File", "location": path.as_uri()} for path in plain_files(Path(folder)))
            else:
                yield from files_in(value.get("listing"))
        else:
            for part in value.values():
                yield from files_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from files_in(part)


def has_files(value: Any) -> bool:
    """Whether a value holds a File or a Directory."""
    if isinstance(value, Mapping):
        return value.get("class") in {"File", "Directory"} or any(has_files(part) for part in value.values())
    return isinstance(value, list | tuple) and any(has_files(part) for part in value)


class Occurrences:
    """The files of one run, by where they lie now; threads share it."""

    def __init__(self, brief: Brief, workspace: Workspace) -> None:
        self.run: UUID = brief.run
        self._workspace = workspace
        self._origins = {staged.name: staged.origin for staged in brief.files}
        self._sources = {staged.name: staged.source for staged in brief.files}
        self._types = {staged.name: staged.content.media_type for staged in brief.files}
        self._known: dict[str, FileSeen] = {}
        self._writers: dict[str, str] = {}
        self._digests: set[str] = set()
        self._counted: set[str] = set()
        """Outside files that are the run's inputs; a file of the bundle is one only when it is used."""
        self._turn = threading.Lock()

    @property
    def outside(self) -> tuple[FileSeen, ...]:
        """The run's outside files, by name."""
        with self._turn:
            found = {seen.id: seen for seen in self._known.values() if seen.id in self._counted}
        return tuple(sorted(found.values(), key=lambda seen: seen.id))

    def staged(self) -> None:
        """Know every file that was brought in."""
        for path in plain_files(self._workspace.inputs):
            self.come_in(path)

    def come_in(self, path: Path, role: str | None = None, *, counts: bool = True) -> FileSeen:
        """Know an outside file, hashed; the same one again is the same. What does not count does when it is used."""
        known = self.at(str(path)) or self._outside(path)
        if role is not None and known.role is None and known.id not in self._writers:
            known = known.model_copy(update={"role": role})
        self._keep(str(path), known)
        if counts and known.id not in self._writers:
            self._counted.add(known.id)
        if known.sha256 and known.size:
            self._digests.add(known.sha256)
        return known

    def _outside(self, path: Path) -> FileSeen:
        name = self._name(path)
        if inside(self._workspace.folder, path) is None or not Path(path).is_file():
            return FileSeen(id=input_id(self.run, name), path=name)
        sha256, size = digest(self._workspace.folder, path)
        kind = self._types.get(name) or media_type(name)
        return FileSeen(
            id=input_id(self.run, name),
            path=name,
            size=size,
            sha256=sha256,
            media_type=media_type(name) if kind == "application/octet-stream" else kind,
            origin=self._origins.get(name) if path.is_relative_to(self._workspace.inputs) else None,
            source=self._sources.get(name) if path.is_relative_to(self._workspace.inputs) else None,
        )

    def _name(self, path: Path) -> str:
        """A staged file's name, a bundle file's path; a file from elsewhere keeps its whole path."""
        path = Path(clean(str(path)))
        if path.is_relative_to(self._workspace.inputs):
            return str(path.relative_to(self._workspace.inputs))
        if path.is_relative_to(self._workspace.spec):
            name = str(path.relative_to(self._workspace.spec))
            return f"spec/{name}" if name in self._origins else name
        return str(path)

    def used(self, value: Any, role: str | None = None) -> list[FileSeen]:
        """The occurrences that a value names; a file nobody knew yet comes in by it."""
        found: dict[str, FileSeen] = {}
        for file in files_in(value):
            location = str(file.get("location", file.get("path", "")))
            path = path_of(location)
            known = self.at(location)
            if known is None and path is not None:
                known = self.come_in(Path(path))
            if known is not None:
                self.use(known)
                found.setdefault(known.id, known.model_copy(update={"role": role}) if role else known)
        return list(found.values())

    def use(self, seen: FileSeen) -> None:
        """An outside file that is used is an input of the run."""
        if seen.id not in self._writers:
            with self._turn:
                self._counted.add(seen.id)

    def generated(self, place: str, outdir: str | None, value: Any, role: str | None, anew: bool = False) -> list[FileSeen]:
        """The files of a value that this step wrote, hashed; what it only passed on is not among them, unless it wrote anew."""
        found: dict[str, FileSeen] = {}
        for file in files_in(value):
            location = str(file.get("location", file.get("path", "")))
            path = path_of(location)
            seen = self.at(location)
            mine = seen is not None and self._writers.get(seen.id) == place
            if seen is None or (anew and not mine):
                seen = self._literal(place, file, role) if path is None else self.made(place, Path(path), outdir, role)
                self._keep(location, seen)
            elif not mine:
                continue
            found.setdefault(seen.id, seen)
        return list(found.values())

    def made(self, place: str, path: Path, outdir: str | None, role: str | None = None) -> FileSeen:
        """Know a file that a step wrote."""
        base = os.path.realpath(outdir) if outdir else ""
        absolute = Path(os.path.realpath(path.parent)) / path.name
        name = str(absolute.relative_to(base)) if base and absolute.is_relative_to(base) else path.name
        name = clean(name)
        seen = FileSeen(id=output_id(self.run, place, name), path=name, role=role, media_type=media_type(name))
        if inside(self._workspace.folder, path) is not None and path.is_file():
            sha256, size = digest(self._workspace.folder, path)
            seen = seen.model_copy(update={"sha256": sha256, "size": size, "from_outside": self._from_outside(sha256, size)})
        self._writers[seen.id] = place
        self._keep(str(path), seen)
        return seen

    def _literal(self, place: str, file: Mapping[str, Any], role: str | None) -> FileSeen:
        """A file that an expression made up: its content is in the value."""
        name = clean(str(file.get("basename") or str(file.get("location", "literal")).removeprefix("_:")))
        content = str(file.get("contents", "")).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        seen = FileSeen(
            id=output_id(self.run, place, name),
            path=name,
            role=role,
            media_type=media_type(name),
            sha256=sha256,
            size=len(content),
            from_outside=self._from_outside(sha256, len(content)),
        )
        self._writers[seen.id] = place
        return seen

    def _from_outside(self, sha256: str, size: int) -> bool:
        return size > 0 and sha256 in self._digests

    def writer(self, occurrence: str) -> str | None:
        """The place that wrote it; nothing for an outside file."""
        return self._writers.get(occurrence)

    def at(self, location: str) -> FileSeen | None:
        """What lies at a location, as it was named or as its links lead; the engine takes links away while it tidies up."""
        path = path_of(location)
        with self._turn:
            return self._known.get(path or location) or (self._known.get(os.path.realpath(path)) if path else None)

    def _keep(self, location: str, seen: FileSeen) -> None:
        path = path_of(location)
        with self._turn:
            self._known[path or location] = seen
            if path:
                self._known[os.path.realpath(path)] = seen
