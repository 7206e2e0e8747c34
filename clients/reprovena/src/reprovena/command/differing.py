"""Draws how two runs differ, as a tree."""

import json
from typing import Any

from rich.text import Text
from rich.tree import Tree

from reprovena.command.words import plain, seconds, size
from reprovena.compared import Compared, Difference, RunSide, Section

MARKS = {"changed": "~", "added": "+", "removed": "-", "unknown": "?", "same": "="}
STYLES = {"changed": "yellow", "added": "green", "removed": "red", "unknown": "magenta", "same": "dim"}
WIDEST = 60
"""Characters of a value; `--json` has all of it."""


def drawn(found: Difference, *, everything: bool) -> Tree:
    """Draw what differs, and what does not if everything is wanted."""
    trunk = Tree(plain(f"{_side(found.run)} → {_side(found.other)}", "bold"), guide_style="dim")
    for name, section in found.sections.items():
        if section.counts:
            branch = trunk.add(plain(f"{name}  ", "bold").append_text(_summary(section)))
            for item in section.items:
                if everything or item.state != "same":
                    branch.add(_line(name, item))
    return trunk


def _side(side: RunSide) -> str:
    took = f" in {seconds(side.duration)}" if side.duration is not None else ""
    return f"{side.reference} ({side.status}{took})"


def _summary(section: Section) -> Text:
    words = [f"{count} {'the same' if state == 'same' else state}" for state, count in section.counts.items() if count]
    order = [*MARKS, ""]
    words.sort(key=lambda word: order.index(word.split(" ", 1)[1].replace("the same", "same")))
    return plain(", ".join(words), "dim")


def _line(section: str, item: Compared) -> Text:
    line = plain(f"{MARKS.get(item.state, ' ')} ", STYLES.get(item.state, "")).append_text(plain(item.name))
    describe = {"steps": _step, "inputs": _file, "outputs": _file}.get(section, _value)
    return line.append_text(plain(f"  {describe(item)}".rstrip(), STYLES.get(item.state, "")))


def _value(item: Compared) -> str:
    return _sides(item, _short)


def _file(item: Compared) -> str:
    role = f"({item.role}) " if item.role else ""
    if item.state == "unknown":
        return f"{role}nobody knows the bytes of both"
    return role + _sides(item, lambda file: f"sha256:{str(file.get('sha256') or '?')[:12]} {size(file.get('size'))}".strip())


def _step(item: Compared) -> str:
    def told(step: Any) -> str:
        words = [str(step.get("status") or "")]
        if step.get("exit_code"):
            words.append(f"exit code {step['exit_code']}")
        if isinstance(step.get("duration"), int | float):
            words.append(f"in {seconds(step['duration'])}")
        return " ".join(word for word in words if word)

    more = [word for word in item.differs if word not in {"status", "exit_code"}]
    lines = "".join(f"; {word} {_short(item.run.get(word))} → {_short(item.other.get(word))}" for word in more)
    return _sides(item, told, always=True) + lines


def _sides(item: Compared, told: Any, *, always: bool = False) -> str:
    if item.state == "added" or item.run is None:
        return str(told(item.other))
    if item.state == "removed" or item.other is None or (item.state == "same" and not always):
        return str(told(item.run))
    return f"{told(item.run)} → {told(item.other)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
