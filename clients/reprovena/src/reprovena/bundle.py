"""Packs a specification with exactly what it needs; the same content always gives the same zip."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reprovena.errors import WrongUse

LIMIT = 1000
"""Files; the server takes no more."""
_DAY_ONE = (1980, 1, 1, 0, 0, 0)
_IGNORED = {"__pycache__"}
_MAINS = ("main.cwl", "workflow.cwl", "reana.yaml", "reana.yml")
_WORKFLOWS = {".cwl", ".yaml", ".yml", ".json"}
_POINTERS = {"run", "$import", "$include", "$mixin"}


@dataclass(frozen=True)
class Bundle:
    """What is sent: a file name, its bytes, and where in it the specification is."""

    name: str
    content: bytes
    media_type: str
    main: str | None


def bundle(path: Path, main: str | None = None) -> Bundle:
    """Pack a folder whole (without hidden files), or a file with the files that it names."""
    if path.is_dir():
        files = dict(_folder(path))
        if main is not None and main not in files:
            msg = f"{main} is not in {path}"
            raise WrongUse(msg)
        return _packed(path.resolve().name, files, main or _guess(path.resolve().name, files))
    if not path.is_file():
        msg = f"{path} is not there"
        raise WrongUse(msg)
    if path.suffix == ".zip":
        return Bundle(path.name, path.read_bytes(), "application/zip", main)
    needed = _needed(path.resolve())
    if len(needed) == 1:
        return Bundle(path.name, path.read_bytes(), "application/octet-stream", None)
    root = Path(commonpath([file.parent for file in needed]))
    files = {file.relative_to(root).as_posix(): file for file in needed}
    return _packed(path.stem, files, path.resolve().relative_to(root).as_posix())


def pack(files: Mapping[str, Path]) -> bytes:
    """Write a zip: sorted, with one date for all, so that only the content matters."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DAY_ONE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if files[name].stat().st_mode & 0o100 else 0o644) << 16
            archive.writestr(entry, files[name].read_bytes())
    return buffer.getvalue()


def _packed(name: str, files: Mapping[str, Path], main: str | None) -> Bundle:
    if not files:
        msg = f"{name} holds no files"
        raise WrongUse(msg)
    if len(files) > LIMIT:
        msg = f"{name} holds {len(files)} files; a workflow may have {LIMIT}"
        raise WrongUse(msg)
    return Bundle(f"{name}.zip", pack(files), "application/zip", main)


def _folder(folder: Path) -> Iterator[tuple[str, Path]]:
    root = folder.resolve()
    for file in sorted(root.rglob("*")):
        parts = file.relative_to(root).parts
        hidden = any(part.startswith(".") or part in _IGNORED for part in parts)
        # A link may stand for a file of the folder, never for one outside.
        if not hidden and file.is_file() and file.resolve().is_relative_to(root):
            yield "/".join(parts), file


def _guess(name: str, files: Mapping[str, Path]) -> str | None:
    """Find the specification among a folder's files; the server guesses better than a bad guess."""
    for candidate in (f"{name}.cwl", *_MAINS):
        if candidate in files:
            return candidate
    tops = [path for path in files if "/" not in path and path.endswith(".cwl")]
    flows = [path for path in tops if (_read(files[path]) or {}).get("class") == "Workflow"]
    return next((only[0] for only in (tops, flows) if len(only) == 1), None)


def _needed(main: Path) -> list[Path]:
    """Follow what a specification names, from file to file."""
    found, waiting = [main], [main]
    while waiting:
        file = waiting.pop()
        document = _read(file) if file.suffix in _WORKFLOWS else None
        for name in _named(document) if document else ():
            other = _beside(file, name)
            for real in _files(other) if other else ():
                if real not in found:
                    found.append(real)
                    waiting.append(real)
    return found


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return None  # the server says what is wrong with it, with the line
    return document if isinstance(document, Mapping) else {"$graph": document} if isinstance(document, list) else None


def _named(value: Any) -> Iterator[str]:
    """List the files that a document names: CWL's pointers and Files, and what REANA's `workflow` and `inputs` list."""
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    if not isinstance(value, Mapping):
        return
    if value.get("class") in {"File", "Directory"}:
        yield from (value[key] for key in ("path", "location") if isinstance(value.get(key), str))
    for key, item in value.items():
        if key in _POINTERS and isinstance(item, str):
            yield item
        elif key in {"files", "directories", "file"} and isinstance(item, str | list):
            yield from (name for name in ([item] if isinstance(item, str) else item) if isinstance(name, str))
        if key != "outputs":
            yield from _named(item)


def _beside(file: Path, name: str) -> Path | None:
    parts = urlsplit(name)
    if parts.scheme or not parts.path or "\0" in name:
        return None
    return (file.parent / parts.path).resolve()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (file.resolve() for _, file in _folder(path))
