"""`valueFromPlatform` on CWL inputs: where the platform finds a file that the caller does not give."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ruamel.yaml.nodes import Node, ScalarNode

from chassis.addresses import LONGEST, UNWRITTEN
from chassis.placeholders import KEY, Said, said
from chassis.refusal import refuse
from contracts.problem import FieldError
from registry.workflows.findings import MOST, SPECIFICATION, summary
from registry.workflows.validation.documents import Document, line, spelled

FORM = re.compile(r"\{\{ *https?://[^\s/?#{}@]+[^\s{}#@]* *\}\}", re.IGNORECASE)
"""`{{https://…}}`: no braces, no user, no fragment."""
TYPES = frozenset({"File", "File?"})


@dataclass(frozen=True)
class Placeholder:
    """One such key."""

    url: str
    said: Said


def placeholders(document: Document) -> dict[str, Placeholder]:
    """Those of the process that is run, by input; refused with its line if one is not what it should be."""
    found, errors = {}, []
    for one in said(document.root):
        if wrong := _wrong(one.value):
            errors.append(_error(document, one, wrong))
        else:
            found[one.name] = Placeholder(one.value.value.strip()[2:-2].strip(), one)
    _refuse(errors)
    return found


def check_types(document: Document, found: Mapping[str, Placeholder], types: Mapping[str, str]) -> None:
    """Refuse a placeholder on an input that takes no file."""
    _refuse(
        [
            _error(document, one.said, f"is for inputs of the type File, this one is {types.get(name)}")
            for name, one in found.items()
            if types.get(name) not in TYPES
        ]
    )


def _wrong(value: Node) -> str | None:
    if not isinstance(value, ScalarNode) or str(value.tag) != "tag:yaml.org,2002:str":
        return 'must be text in quotes, such as "{{https://catalogue.example.org/datasets/v1/1}}"'
    text = value.value.strip()
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not FORM.fullmatch(text) or UNWRITTEN.search(text[2:-2].strip()):
        return f"must be an https: address in double braces, such as {{{{https://…}}}}, not {text[:200]!r}"
    return None


def _error(document: Document, one: Said, wrong: str) -> FieldError:
    return FieldError(detail=f"{one.name}: {KEY} {wrong}", file=document.path, line=line(one.key), field=spelled(one.place))


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise refuse(SPECIFICATION, summary("not valid CWL", errors), *errors[:MOST])
