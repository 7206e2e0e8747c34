"""YAML and JSON as people write it: with lines, with types, and with nothing in it that grows or runs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import ConstructorError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chassis.refusal import Refusal, refuse
from contracts.problem import FieldError
from registry.workflows.findings import SPECIFICATION

Place = tuple[str | int, ...]
CORE = "tag:yaml.org,2002:"
DEEPEST = 64
NODES = 100_000
"""Values that a document may hold once every alias stands for what it means."""
SIZE = 5 << 20


@dataclass(frozen=True)
class Document:
    """A parsed file, still knowing where everything stands in it."""

    path: str
    root: Node
    kind: str
    """Problem type of what is wrong in it."""

    def refusal(self, detail: str, node: Node | None = None, place: Place = ()) -> Refusal:
        """A refusal that points at a node."""
        error = FieldError(detail=detail, file=self.path, line=line(node) if node else None, field=spelled(place))
        where = f"{self.path}, line {error.line}" if error.line else self.path
        return refuse(self.kind, f"{where}: {detail}", error)

    def nodes(self) -> Iterator[tuple[Place, Node, Node]]:
        """Every value with its place, and the node to point at for it: its key, or itself in a list."""
        yield from _walk((), self.root, self.root)

    def nearest(self, place: Sequence[str | int]) -> Node:
        """The node to point at for a place, or for what comes nearest to it."""
        best, reached = self.root, -1
        for known, pointer, _node in self.nodes():
            if len(known) > reached and known == tuple(place[: len(known)]):
                best, reached = pointer, len(known)
        return best

    def field(self, at: int, column: int | None = None, *, whole: bool = False) -> str | None:
        """The field that begins on a line (and column, if one does); `whole` means the value that begins there."""
        there = [(p, pointer, node) for p, pointer, node in self.nodes() if p and at in {line(pointer), line(node)}]
        keys = [p for p, pointer, _ in there if _starts(pointer, at, column)]
        values = [p for p, _, node in there if _starts(node, at, column)]
        known = [p for p, pointer, _ in there if line(pointer) == at]
        mappings = [p for p, pointer, node in there if _starts(pointer, at, column) and isinstance(node, MappingNode)]
        for found in (mappings, values) if whole else (keys, values, known):
            if found:
                return spelled(found[0])
        return None

    def value(self) -> Any:
        """All of it as Python values that JSON knows too."""
        return self._value(self.root, ())

    def _value(self, node: Node, place: Place) -> Any:
        if not isinstance(node, ScalarNode) and str(node.tag) not in {f"{CORE}seq", f"{CORE}map"}:
            raise self.refusal(f"not a value that JSON can hold: {node.tag}", node, place)
        if isinstance(node, SequenceNode):
            return [self._value(child, (*place, i)) for i, child in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return {key: self._value(child, (*place, key)) for key, child in self._pairs(node, place)}
        return self._scalar(node, place)

    def _pairs(self, node: MappingNode, place: Place) -> Iterator[tuple[str, Node]]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, child in node.value:
            if str(key.tag) == f"{CORE}merge":
                for part in child.value if isinstance(child, SequenceNode) else [child]:
                    if not isinstance(part, MappingNode):
                        raise self.refusal("only a mapping can be merged", key, place)
                    merged = {**dict(self._pairs(part, place)), **merged}
                continue
            if not isinstance(key, ScalarNode) or str(key.tag) != f"{CORE}str":
                raise self.refusal("a key must be text; put it in quotes", key, place)
            if key.value in own:
                raise self.refusal(f"{key.value!r} is there twice", key, place)
            own[key.value] = child
        yield from {**merged, **own}.items()

    def _scalar(self, node: Node, place: Place) -> Any:
        constructor = YAML(typ="safe", pure=True).constructor
        try:
            match str(node.tag).removeprefix(CORE):
                # a date is text here: neither JSON nor the workflow languages have one
                case "str" | "timestamp" if not node.value or "\x00" not in node.value:
                    return node.value
                case "null":
                    return None
                case "bool":
                    return constructor.construct_yaml_bool(node)
                case "int":
                    return constructor.construct_yaml_int(node)
                case "float" if math.isfinite(number := constructor.construct_yaml_float(node)):
                    return number
        except (ValueError, ConstructorError):
            pass
        raise self.refusal(f"not a value that JSON can hold: {str(node.value)[:40]!r}", node, place)


class _DeepError(Exception):
    """There are more levels than anybody needs."""


class _Shallow(Composer):
    """Stops at the first level too many, before the parser has spent its time on all of them."""

    level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.level += 1
        if self.level > DEEPEST:
            raise _DeepError
        node = super().compose_node(parent, index)
        self.level -= 1
        return node


def read(path: str, content: bytes, kind: str = SPECIFICATION, size: int = SIZE) -> Document:
    """Parse one document; refused with its line if it is not YAML, too large, too deep, or grows by its aliases."""

    def wrong(detail: str, at: int | None = None) -> Refusal:
        where = f"{path}, line {at}" if at else path
        return refuse(kind, f"{where}: {detail}", FieldError(detail=detail, file=path, line=at))

    if len(content) > size:
        raise wrong(f"larger than {size} bytes, which is the limit")
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.Composer = _Shallow
        root = yaml.compose(content.decode("utf-8-sig"))
        nodes, depth = _measure(root, {}) if root is not None else (0, 0)
    except UnicodeDecodeError:
        raise wrong("not text in UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise wrong(f"not valid YAML: {error.problem or error.context}", mark.line + 1 if mark else None) from None
    except _DeepError:
        raise wrong(f"nested deeper than {DEEPEST} levels") from None
    except RecursionError:
        raise wrong("nested too deeply, or contains itself") from None
    except (YAMLError, ValueError) as error:
        raise wrong(f"not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if root is None:
        raise wrong("empty")
    if depth > DEEPEST:
        raise wrong(f"nested deeper than {DEEPEST} levels")
    if nodes > NODES:
        raise wrong(f"its aliases stand for more than {NODES} values, or it has so many")
    return Document(path, root, kind)


def _starts(node: Node, at: int, column: int | None) -> bool:
    return (line(node), int(node.start_mark.column) + 1) == (at, column)


def line(node: Node) -> int:
    """Where a node begins; lines count from 1."""
    return int(node.start_mark.line) + 1


def spelled(place: Place) -> str | None:
    """A place as people write it: `steps[0].run`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or None


def _walk(place: Place, pointer: Node, node: Node) -> Iterator[tuple[Place, Node, Node]]:
    yield place, pointer, node
    if isinstance(node, SequenceNode):
        for i, child in enumerate(node.value):
            yield from _walk((*place, i), child, child)
    elif isinstance(node, MappingNode):
        for key, child in node.value:
            yield from _walk((*place, str(key.value)), key, child)


def _measure(node: Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values a node stands for and how deep they go; each alias is looked at once."""
    if id(node) in known:
        if known[id(node)] == (0, 0):
            raise RecursionError
        return known[id(node)]
    known[id(node)] = (0, 0)
    if isinstance(node, SequenceNode):
        children = list(node.value)
    elif isinstance(node, MappingNode):
        children = [part for pair in node.value for part in pair]
    else:
        children = []
    parts = [_measure(child, known) for child in children]
    known[id(node)] = 1 + sum(n for n, _ in parts), 1 + max((d for _, d in parts), default=0)
    return known[id(node)]
