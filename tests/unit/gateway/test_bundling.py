"""What people send becomes one bundle with a language and a main file."""

import io
import zipfile

import pytest

from chassis.refusal import Refusal
from contracts.vocabulary import Engine
from gateway.api.bundling import Bundle, bundle

TOOL = b"cwlVersion: v1.2\nclass: CommandLineTool\n"
FLOW = b"cwlVersion: v1.2\nclass: Workflow\n"
SERIAL = b"version: 0.9\nworkflow:\n  type: serial\n  specification: {steps: []}\n"


def zipped(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def made(name: str, content: bytes, **more) -> Bundle:
    return bundle(name, content, **{"engine": None, "main": None, "limit": 1 << 20} | more)


@pytest.mark.parametrize(
    ("files", "engine", "main"),
    [
        ({"x.cwl": TOOL}, Engine.CWL, "x.cwl"),
        ({"a.cwl": TOOL, "b.cwl": FLOW, "run.py": b"1"}, Engine.CWL, "b.cwl"),
        ({"main.cwl": FLOW, "other.cwl": FLOW}, Engine.CWL, "main.cwl"),
        ({"flow.cwl": FLOW, "tools/main.cwl": FLOW}, Engine.CWL, "flow.cwl"),
        ({"reana.yaml": SERIAL, "code/a.py": b""}, Engine.SERIAL, "reana.yaml"),
        ({"reana.yaml": b"workflow: {type: cwl, file: w/x.cwl}\n", "w/x.cwl": FLOW}, Engine.CWL, "w/x.cwl"),
        ({"reana.yaml": b"workflow: {type: snakemake, file: Snakefile}", "Snakefile": b""}, Engine.SNAKEMAKE, "reana.yaml"),
        ({"top/a.cwl": FLOW, "top/data/x": b""}, Engine.CWL, "a.cwl"),
        ({"x.cwl": FLOW, "__MACOSX/._x.cwl": b"", ".DS_Store": b""}, Engine.CWL, "x.cwl"),
        ({"packed.json": b'{\n  "cwlVersion": "v1.2",\n "$graph": []}'}, Engine.CWL, "packed.json"),
    ],
)
def test_language_and_main_file_are_found(files: dict[str, bytes], engine: Engine, main: str) -> None:
    """A zip needs no explanation in the usual cases."""
    found = made("x.zip", zipped(**files))

    assert (found.engine, found.main) == (engine, main)


@pytest.mark.parametrize(("name", "content", "engine"), [("a.cwl", TOOL, Engine.CWL), ("reana.yaml", SERIAL, Engine.SERIAL)])
def test_a_single_file_is_a_bundle(name: str, content: bytes, engine: Engine) -> None:
    """A file by itself, also with the path that some browsers send."""
    assert made(rf"C:\fake\{name}", content) == Bundle({name: content}, engine, name)


def test_a_zipped_folder_is_its_content() -> None:
    """The one folder around everything makes no difference, also for the main file's name."""
    inside, around = {"a.cwl": FLOW, "x": b""}, {"digits/a.cwl": FLOW, "digits/x": b""}

    assert (
        made("a.zip", zipped(**inside))
        == made("a.zip", zipped(**around))
        == made("a.zip", zipped(**around), main="digits/a.cwl")
    )


def test_a_new_specification_keeps_its_main_file() -> None:
    """A change of a version does not change which file is run."""
    assert made("a.zip", zipped(**{"a.cwl": FLOW, "b.cwl": FLOW}), before="b.cwl").main == "b.cwl"


@pytest.mark.parametrize(
    ("name", "content", "more", "field"),
    [
        ("x.zip", zipped(**{"a.cwl": FLOW, "b.cwl": FLOW}), {}, "main"),
        ("x.zip", zipped(**{"a.txt": b"", "b.txt": b""}), {}, "main"),
        ("x.zip", zipped(), {}, "spec"),
        ("x.zip", zipped(**{"a.cwl": FLOW}), {"main": "b.cwl"}, "main"),
        ("x.zip", zipped(**{"reana.yaml": b"workflow: {type: cwl, file: gone.cwl}"}), {}, "spec"),
        ("x.yaml", b"a: b", {}, "engine"),
        ("x.yaml", b"{{{", {}, "engine"),
        ("x.sh", b"#!/bin/sh", {}, "spec"),
        ("", b"", {}, "spec"),
    ],
)
def test_what_is_not_clear_is_asked(name: str, content: bytes, more: dict[str, str], field: str) -> None:
    """A refusal names the field that would help."""
    with pytest.raises(Refusal) as no:
        made(name, content, **more)

    assert no.value.problem.errors[0].field == field


def test_a_stream_without_a_suffix_is_known_by_what_it_says():
    """What says its `cwlVersion` is a CWL document, whatever it is called; anything else without a suffix is refused."""
    made = bundle("-", b"cwlVersion: v1.2\nclass: CommandLineTool\n", engine=None, main=None, limit=1000)

    assert (made.engine, made.main) == (Engine.CWL, "-.cwl")
    with pytest.raises(Refusal):
        bundle("spec", b"anything: else\n", engine=None, main=None, limit=1000)
