"""What a CWL document leads to, and whether all of it lies in the bundle. Looked at before cwltool looks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit
from uuid import uuid4

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from registry.workflows.validation.documents import Document, Place, read

IMPORTS = frozenset({"$import", "$mixin"})
VERSIONS = ("v1.0", "v1.1", "v1.2")
FILES = frozenset({"File", "Directory"})
ROOM = uuid4().hex
BASE = f"file:///{ROOM}/"
"""Where the bundle seems to lie. There is no such folder: nothing is read from the disk by mistake."""


@dataclass(frozen=True)
class Reference:
    """One document's word for another file."""

    place: Place
    node: Node
    to: str
    kind: str
    """`import`, `include`, `run`, `file`."""


def address(path: str) -> str:
    """A bundle's file as a URI."""
    return BASE + quote(path)


def path_of(uri: str) -> str | None:
    """The bundle's path for a URI; nothing if it is not one of the bundle's."""
    return unquote(urldefrag(uri)[0].removeprefix(BASE)) if uri.startswith(BASE) else None


def collect(files: Mapping[str, bytes], main: str) -> dict[str, Document]:
    """Every CWL document that the main one leads to; refused if anything is remote, outside, missing or circular."""
    found: dict[str, Document] = {}
    _visit(files, main, (), found)
    return found


def _visit(files: Mapping[str, bytes], path: str, trail: tuple[str, ...], found: dict[str, Document]) -> None:
    document = found[path] = read(path, files[path])
    trail = (*trail, path)
    for place, pointer, node in document.nodes():
        if place and place[-1] == "cwlVersion" and isinstance(node, ScalarNode) and node.value not in VERSIONS:
            raise document.refusal(f"cwlVersion {node.value} is not taken; use one of {', '.join(VERSIONS)}", pointer, place)
        if place and place[-1] in {"$base", "cwl:tool"}:
            raise document.refusal(f"{place[-1]} is not taken here", pointer, place)
    for reference in _references(document):
        target = _target(document, reference, files)
        whole = "#" not in reference.to
        if target in trail and (reference.kind == "import" or (reference.kind == "run" and whole)):
            circle = " → ".join((*trail[trail.index(target) :], target))
            raise document.refusal(f"leads in a circle: {circle}", reference.node, reference.place)
        if reference.kind in {"import", "run"} and target not in found:
            _visit(files, target, trail, found)


def _references(document: Document) -> Iterator[Reference]:
    for place, pointer, node in document.nodes():
        if isinstance(node, MappingNode):
            yield from _file(place, node)
        if not place or not isinstance(node, ScalarNode):
            continue
        if place[-1] in IMPORTS:
            yield Reference(place, pointer, node.value, "import")
        elif place[-1] == "$include":
            yield Reference(place, pointer, node.value, "include")
        elif place[-1] == "run" and len(place) > 2 and place[-3] == "steps" and not node.value.startswith("#"):
            yield Reference(place, pointer, node.value, "run")


def _file(place: Place, node: MappingNode) -> Iterator[Reference]:
    """What a literal File or Directory names, unless an expression says it when the workflow runs."""
    pairs = [(key, child) for key, child in node.value if isinstance(key, ScalarNode) and isinstance(child, ScalarNode)]
    parts = {key.value: (key, child) for key, child in pairs}
    kind = parts.get("class")
    if kind is None or kind[1].value not in FILES:
        return
    for name in ("location", "path"):
        if name in parts and not any(sign in parts[name][1].value for sign in ("$(", "${", "_:")):
            key, child = parts[name]
            yield Reference((*place, name), key, child.value, "file" if kind[1].value == "File" else "folder")


def _target(document: Document, reference: Reference, files: Mapping[str, bytes]) -> str:
    """The bundle's path that a reference means."""
    if urlsplit(reference.to).scheme or reference.to.startswith(("/", "\\")):
        raise document.refusal(f"points out of the bundle: {reference.to}", reference.node, reference.place)
    target = path_of(urljoin(address(document.path), reference.to))
    if target is None:
        raise document.refusal(f"points out of the bundle: {reference.to}", reference.node, reference.place)
    if reference.kind == "folder":
        there = not target or any(path.startswith(target.rstrip("/") + "/") for path in files)
    else:
        there = target in files
    if not there:
        raise document.refusal(f"not in the bundle: {target}", reference.node, reference.place)
    return target
