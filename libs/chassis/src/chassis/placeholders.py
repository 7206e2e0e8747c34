"""`valueFromPlatform`: a key of ours on CWL inputs, found in a parsed document and taken out of its text. Pure.

Documents are given as YAML's nodes (`ruamel.yaml` composes them), of which only kind, value and place are looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KEY = "valueFromPlatform"
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Said:
    """The key as it stands on an input."""

    name: str
    """Of the input."""
    place: Place
    """Of the key in the document."""
    pairs: list[tuple[Any, Any]]
    """What is said of the input."""
    number: int
    """Of the key among them."""
    braces: bool
    """Whether they stand in braces, with commas between them."""

    @property
    def key(self) -> Any:
        """The key's node."""
        return self.pairs[self.number][0]

    @property
    def value(self) -> Any:
        """The value's node."""
        return self.pairs[self.number][1]

    @property
    def span(self) -> tuple[int, int]:
        """Its characters; in braces with the comma that parts it from a neighbour."""
        start, end = _start(self.key), _end(self.value)
        if self.braces and self.number + 1 < len(self.pairs):
            end = _start(self.pairs[self.number + 1][0])
        elif self.braces and self.number:
            start = _end(self.pairs[self.number - 1][1])
        return start, end


def said(root: Any, part: str = "main") -> Iterator[Said]:
    """Every such key on an input of the process that is run: the document, or that part of it."""
    if root is None:  # an empty document
        return
    for above, process in _processes(root, part):
        for place, name, one in _inputs(_child(process, "inputs"), (*above, "inputs")):
            if one.id == "mapping":
                for number, (key, _) in enumerate(one.value):
                    if key.value == KEY:
                        yield Said(name, (*place, KEY), one.value, number, bool(one.flow_style))


def without(text: str, root: Any, part: str = "main") -> str:
    """The text as CWL knows it: blanks in the place of our keys, everything else where it was."""
    letters = list(text)
    for start, end in {one.span for one in said(root, part)}:
        letters[start:end] = ["\n" if letter == "\n" else " " for letter in letters[start:end]]
    return "".join(letters)


def _inputs(node: Any, above: Place) -> Iterator[tuple[Place, str, Any]]:
    if node is not None and node.id == "mapping":
        yield from (((*above, str(key.value)), str(key.value), one) for key, one in node.value)
    elif node is not None and node.id == "sequence":
        yield from (((*above, number), _id(one), one) for number, one in enumerate(node.value))


def _processes(root: Any, part: str) -> Iterator[tuple[Place, Any]]:
    graph = _child(root, "$graph")
    if graph is None or graph.id != "sequence":
        yield (), root
        return
    yield from ((("$graph", number), one) for number, one in enumerate(graph.value) if _id(one) == part)


def _child(node: Any, name: str) -> Any:
    pairs = node.value if node.id == "mapping" else ()
    return next((child for key, child in pairs if key.value == name), None)


def _id(node: Any) -> str:
    found = _child(node, "id")
    return str(found.value).rpartition("#")[2] if found is not None and found.id == "scalar" else ""


def _start(node: Any) -> int:
    return int(node.start_mark.index)


def _end(node: Any) -> int:
    return int(node.end_mark.index)
