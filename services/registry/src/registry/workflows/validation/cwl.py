"""CWL, judged by cwltool and schema-salad themselves on a bundle that they see only through us."""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from cwltool.builder import INPUT_OBJ_VOCAB
from cwltool.context import LoadingContext
from cwltool.errors import WorkflowException
from cwltool.load_tool import load_tool
from cwltool.process import Process, get_schema, shortname
from cwltool.workflow import default_make_tool
from ruamel.yaml.nodes import MappingNode
from schema_salad.exceptions import SchemaSaladException, ValidationException
from schema_salad.fetcher import Fetcher
from schema_salad.sourceline import SourceLine
from schema_salad.validate import validate_ex

from chassis.placeholders import without
from chassis.refusal import Refusal, refuse
from contracts.problem import FieldError
from contracts.registry import Parameter
from registry.workflows.findings import MOST, SPECIFICATION, summary
from registry.workflows.validation import platform
from registry.workflows.validation.documents import Document
from registry.workflows.validation.references import ROOM, VERSIONS, address, collect, path_of

TOOLS = 1000
"""Processes that a specification may unfold into."""
OURS = re.compile(rf"(?:file://)?(?:\.\./|/)*{ROOM}/")
PLACE = re.compile(r"^\s*(?P<file>[^\s:]+):(?P<line>\d+):(?P<column>\d+):\s*", re.MULTILINE)
ABSENT = re.compile(r"[Mm]issing required field [`'\"](\w+)|^\"(\w+)\" section is not valid")
NOISE = re.compile(r"\x1b\[[0-9;]*m")


def warm() -> None:
    """Parse CWL's own schema once."""
    for version in VERSIONS:
        get_schema(version)


class Cwl:
    """A bundle's CWL, loaded."""

    def __init__(self, files: Mapping[str, bytes], main: str) -> None:
        self.documents = collect(files, main)
        document = self.documents[main]
        self.placeholders = platform.placeholders(document)
        if self.placeholders:
            plain = without(files[main].decode("utf-8-sig"), document.root)
            files = {**files, main: plain.encode()}
        self.tool = _load(files, main, self.documents)
        platform.check_types(document, self.placeholders, {one.name: one.type for one in self.parameters()})

    def parameters(self) -> tuple[Parameter, ...]:
        """The inputs of the process as people write them."""
        return tuple(self._parameter(shortname(one["id"]), one) for one in self.tool.tool["inputs"])

    def _parameter(self, name: str, one: Mapping[str, Any]) -> Parameter:
        placeholder = self.placeholders.get(name)
        return Parameter(
            name=name,
            type=spelled(one["type"]),
            required="default" not in one and not _nullable(one["type"]) and placeholder is None,
            label=_text(one.get("label") or one.get("doc")),
            from_platform=placeholder.url if placeholder else None,
        )

    def misfit(self, name: str, value: Any) -> str | None:
        """Why a value cannot be given to an input; nothing if it can."""
        return _misfit(self.tool, name, value)


def spelled(kind: Any) -> str:
    """A CWL type in its short form: `int?`, `File[]`, `enum [a, b]`."""
    match kind:
        case str():
            return kind.rsplit("#", 1)[-1]
        case {"type": "array", "items": items}:
            inner = spelled(items)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case {"type": "enum", "symbols": symbols}:
            return f"enum [{', '.join(shortname(symbol) for symbol in symbols)}]"
        case {"type": "record", "fields": fields}:
            inside = ", ".join(f"{shortname(field['name'])}: {spelled(field['type'])}" for field in fields)
            return f"record {{{inside}}}"
        case {"type": inner}:
            return spelled(inner)
        case list():
            some = [spelled(one) for one in kind if one != "null"]
            words = " | ".join(some)
            return words if len(some) == len(kind) else f"({words})?" if len(some) > 1 else f"{words}?"
    return str(kind)


def _nullable(kind: Any) -> bool:
    return kind == "null" or (isinstance(kind, list) and "null" in kind)


def _text(said: Any) -> str | None:
    text = "\n".join(said) if isinstance(said, list) else said
    return str(text).strip().split("\n")[0][:200] if text else None


def _load(files: Mapping[str, bytes], main: str, documents: Mapping[str, Document]) -> Process:
    root = documents[main].root
    keys = {key.value for key, _ in root.value} if isinstance(root, MappingNode) else set()
    if not keys & {"class", "$graph"}:
        raise documents[main].refusal("a CWL document needs a field 'class'", root)
    if "cwlVersion" not in keys:
        raise documents[main].refusal(f"a CWL document needs a field 'cwlVersion', one of {', '.join(VERSIONS)}", root)
    for name in ("cwltool", "salad", "rdflib.term"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    context = LoadingContext(
        {
            "fetcher_constructor": _fetcher(files),
            "construct_tool_object": _Maker(documents),
            # jshint would run the platform's node on the user's text
            "disable_js_validation": True,
            "skip_schemas": True,
            "strict": True,
            "do_validate": True,
        }
    )
    try:
        return load_tool(address(main), context)
    except (SchemaSaladException, WorkflowException) as error:
        raise _refusal(error, documents) from None
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, AssertionError) as error:
        # cwltool trips over some documents that its schema lets pass
        raise refuse(SPECIFICATION, f"{main}: not valid CWL, cwltool cannot load it: {_tidy(str(error))[:300]}") from None


class _Maker:
    """Makes processes as cwltool does, notices circles and explosions, and looks at the defaults."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self.documents, self.trail, self.made = documents, list[str](), 0

    def __call__(self, what: Any, context: LoadingContext) -> Process:
        self.made += 1
        name = str(what.get("id"))
        if name in self.trail:
            circle = " → ".join(_tidy(one) for one in (*self.trail[self.trail.index(name) :], name))
            raise refuse(SPECIFICATION, f"a workflow contains itself: {circle}")
        if self.made > TOOLS:
            raise refuse(SPECIFICATION, f"unfolds into more than {TOOLS} processes")
        self.trail.append(name)
        tool = default_make_tool(what, context)
        self.trail.pop()
        for one in tool.tool["inputs"]:
            if one.get("default") is not None and (wrong := _misfit(tool, shortname(one["id"]), one["default"])):
                place = SourceLine(one, "default", ValidationException)
                detail = f"the default of {shortname(one['id'])!r} does not fit its type {spelled(one['type'])}: {wrong}"
                error = _error(detail, place.file(), place.start(), self.documents)
                raise refuse(SPECIFICATION, summary("not valid CWL", [error]), error)
        return tool


def _misfit(tool: Process, name: str, value: Any) -> str | None:
    record: Any = tool.names.get_name("input_record_schema", None)
    kinds = {field.name: field.type for field in record.fields}
    try:
        validate_ex(kinds[name], value, vocab=INPUT_OBJ_VOCAB, logger=logging.getLogger("salad"))
    except ValidationException as error:
        return re.sub(r"^tried \S+ but ", "", _tidy(str(error)))[:300]
    return None


def _fetcher(files: Mapping[str, bytes]) -> type[Fetcher]:
    class Bundle(Fetcher):  # type: ignore[misc]  # the library has no types for us
        """The bundle is all there is: no disk, no network."""

        def __init__(self, cache: Any, _session: Any = None) -> None:
            self.cache = cache

        def fetch_text(self, url: str, content_types: list[str] | None = None) -> str:  # noqa: ARG002
            path = path_of(url)
            if path is None or path not in files:
                msg = f"not in the bundle: {path or url}"
                raise ValidationException(msg)
            return files[path].decode("utf-8-sig")

        def check_exists(self, url: str) -> bool:
            return path_of(url) in files

        def urljoin(self, base_url: str, url: str) -> str:
            return url if url.startswith("_:") else urljoin(base_url, url)

    return Bundle


def _refusal(error: BaseException, documents: Mapping[str, Document]) -> Refusal:
    while isinstance(error, WorkflowException) and isinstance(error.__cause__, SchemaSaladException | WorkflowException):
        error = error.__cause__
    errors = list(dict.fromkeys(_errors(error, documents)))[:MOST]
    return refuse(SPECIFICATION, summary("not valid CWL", errors), *errors)


def _errors(error: BaseException, documents: Mapping[str, Document]) -> Iterator[FieldError]:
    if not isinstance(error, SchemaSaladException):
        yield _from_text(str(error), documents)
        return
    for leaf in error.leaves() or [error]:
        if leaf.file:
            yield _error(leaf.message, leaf.file, leaf.start, documents)
        else:
            yield _from_text(leaf.message or str(leaf), documents)


def _from_text(text: str, documents: Mapping[str, Document]) -> FieldError:
    """An error that says its place only in its words."""
    text = NOISE.sub("", text).strip()
    found = PLACE.search(text)
    if found is None:
        return FieldError(detail=_tidy(text))
    words = " ".join(PLACE.sub(" ", text).split())
    return _error(words, found["file"], (int(found["line"]), int(found["column"])), documents)


def _error(detail: str, file: str | None, start: tuple[int, int] | None, documents: Mapping[str, Document]) -> FieldError:
    path = _tidy(file) if file else None
    line, column = start or (None, None)
    document = documents.get(path) if path else None
    absent = ABSENT.search(detail)
    field = document.field(line, column, whole=absent is not None) if document and line else None
    if absent:
        field = ".".join(filter(None, (field, absent[1] or absent[2])))
    return FieldError(detail=_tidy(detail), file=path, line=line, field=field)


def _tidy(text: str) -> str:
    """Without our made-up folder, without colours, on one line."""
    return " ".join(OURS.sub("", NOISE.sub("", text)).split())
