"""What people send as a workflow, made one bundle: a single file or a zip, its language and its main file found."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chassis.bundles import Limits, fault, unpack
from chassis.refusal import Refusal, refuse
from contracts.problem import FieldError
from contracts.vocabulary import Engine

CWL = re.compile(rb"""^[ \t{,]*["']?cwlVersion["']?[ \t]*:""", re.MULTILINE)
WORKFLOW = re.compile(rb"""^[ \t{,]*["']?class["']?[ \t]*:[ \t]*["']?Workflow\b""", re.MULTILINE)
SINGLE = (".cwl", ".yaml", ".yml", ".json")
REANA = ("reana.yaml", "reana.yml")
USUAL = ("main.cwl", "workflow.cwl")
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
READABLE = 256 * 1024
"""Bytes of a reana.yaml that is looked into."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by path, the language and the main one."""

    files: Mapping[str, bytes]
    engine: Engine
    main: str


def bundle(
    name: str, content: bytes, *, engine: Engine | None, main: str | None, limit: int, before: str | None = None
) -> Bundle:
    """A specification as it was sent; `before` is the main file of the version that it replaces."""
    if content.startswith(ZIP) or name.lower().endswith(".zip"):
        files, top = _bare(_useful(unpack(content, Limits(size=limit))))
        main = main.removeprefix(top) if main and top else main
    else:
        base = re.split(r"[/\\]", name)[-1]
        if "." not in base and CWL.search(content):
            base = f"{base or 'workflow'}.cwl"  # a stream has no name to speak of
        if not base.lower().endswith(SINGLE) or fault(base) is not None:
            error = FieldError(detail="send a .cwl, .yaml, .yml or .json file, or a .zip", field="spec")
            raise refuse("gateway:unsupported-media-type", f"{base!r} is no specification", error)
        files = {base: content}
    if not files:
        raise _no("the zip is empty", "spec")
    if main is not None and main not in files:
        raise _no(f"there is no {main!r} in the bundle", "main")
    found = main or (before if before in files else None) or _main(files, engine)
    if main is None and found.rpartition("/")[2] in REANA:
        return _reana(files, found, engine)
    return Bundle(files, engine or _engine(files, found), found)


def _useful(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without what some systems put into every zip."""
    return {
        path: content for path, content in files.items() if not path.startswith("__MACOSX/") and not path.endswith(".DS_Store")
    }


def _bare(files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """Without the one folder that holds everything, so that a zipped folder is the same as its zipped content."""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        return files, ""
    top = f"{tops.pop()}/"
    return {path.removeprefix(top): content for path, content in files.items()}, top


def _main(files: Mapping[str, bytes], engine: Engine | None) -> str:
    """The file that is run: a reana.yaml, else the only CWL workflow nearest to the top, else the only CWL file there."""
    if engine is not Engine.CWL and (found := next((name for name in REANA if name in files), None)):
        return found
    described = {path: content for path, content in files.items() if path.lower().endswith(SINGLE) and CWL.search(content)}
    if not described:
        if len(files) == 1:
            return next(iter(files))
        raise _no("which file is run? There is no reana.yaml and no CWL document", "main")
    depth = min(path.count("/") for path in described)
    near = {path: content for path, content in described.items() if path.count("/") == depth}
    flows = [path for path, content in near.items() if WORKFLOW.search(content)]
    for candidates in ([path for path in near if path in USUAL], flows, list(near)):
        if len(candidates) == 1:
            return candidates[0]
    raise _no(f"which file is run? There are {', '.join(sorted(flows or near))}", "main")


def _engine(files: Mapping[str, bytes], main: str) -> Engine:
    """The language of a file, as it says itself."""
    if CWL.search(files[main]):
        return Engine.CWL
    kind = _table(files[main]).get("type")
    if isinstance(kind, str) and kind in set(Engine):
        return Engine(kind)
    if main.endswith(".cwl"):
        return Engine.CWL
    raise _no("which language is it? There is no `cwlVersion` and no `workflow: {type: …}`", "engine")


def _reana(files: Mapping[str, bytes], main: str, engine: Engine | None) -> Bundle:
    """A reana.yaml: of a CWL workflow it only names the file, any other it describes."""
    told = _table(files[main])
    kind = engine or _engine(files, main)
    if kind is Engine.CWL:
        file = str(told.get("file", ""))
        if file not in files:
            raise _no(f"{main} names {file!r}, which is not in the bundle", "spec", file=main)
        return Bundle(files, kind, file)
    return Bundle(files, kind, main)


def _table(content: bytes) -> dict[str, object]:
    """The `workflow` part of a reana.yaml; nothing, if it cannot be read (the registry says why)."""
    if len(content) > READABLE:
        return {}
    try:
        told = YAML(typ="safe", pure=True).load(content)
        return dict(told["workflow"])
    except (YAMLError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _no(detail: str, field: str, *, file: str | None = None) -> Refusal:
    kind = "registry:unsupported-engine" if field == "engine" else "registry:invalid-specification"
    return refuse(kind, detail, FieldError(detail=detail, field=field, file=file))
