"""Bundles and inputs."""

import io
import zipfile
from pathlib import Path

import pytest

from reprovena import WrongUse, parse_value, read_values, with_local_files
from reprovena.bundle import bundle


def names(content: bytes) -> list[str]:
    """List a zip."""
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_a_file_brings_what_it_names(tmp_path: Path) -> None:
    """A specification comes with its steps, their scripts and imports, and with nothing else."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "main.cwl").write_text("class: Workflow\nsteps: {a: {run: tools/a.cwl#main, in: {$import: more.yaml}}}\n")
    (tmp_path / "tools/a.cwl").write_text("class: CommandLineTool\ninputs: {s: {default: {class: File, location: ../s.py}}}\n")
    (tmp_path / "more.yaml").write_text("{}")
    (tmp_path / "s.py").write_text("print()")
    (tmp_path / "other.txt").write_text("not needed")

    packed = bundle(tmp_path / "main.cwl")

    assert names(packed.content) == ["main.cwl", "more.yaml", "s.py", "tools/a.cwl"]
    assert packed.main == "main.cwl"


def test_what_lies_above_comes_along(tmp_path: Path) -> None:
    """A specification that names files beside its folder is packed from the folder that holds both."""
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow/main.cwl").write_text(
        "class: Workflow\nsteps: [{run: ../tool.cwl}, {run: 'https://example.org/x.cwl'}]\n"
    )
    (tmp_path / "tool.cwl").write_text("class: CommandLineTool\n")

    packed = bundle(tmp_path / "flow/main.cwl")

    assert names(packed.content) == ["flow/main.cwl", "tool.cwl"]
    assert packed.main == "flow/main.cwl"


def test_a_serial_workflow_brings_its_inputs(tmp_path: Path) -> None:
    """The files and folders that a reana.yaml lists come along; its outputs do not."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/a.py").write_text("")
    (tmp_path / "data.csv").write_text("")
    (tmp_path / "old.txt").write_text("")
    (tmp_path / "reana.yaml").write_text(
        "inputs: {files: [data.csv], directories: [code]}\nworkflow: {type: serial}\noutputs: {files: [old.txt]}\n"
    )

    assert names(bundle(tmp_path / "reana.yaml").content) == ["code/a.py", "data.csv", "reana.yaml"]


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """When and in which order files were written does not show."""
    for folder, order in (("one", ("x", "y")), ("two", ("y", "x"))):
        (tmp_path / folder).mkdir()
        for name in order:
            (tmp_path / folder / f"{name}.cwl").write_text("class: CommandLineTool")

    assert bundle(tmp_path / "one").content == bundle(tmp_path / "two").content


def test_links_out_of_a_folder_stay_out(tmp_path: Path) -> None:
    """A folder's links to other places are not followed."""
    (tmp_path / "secret").write_text("s")
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "main.cwl").write_text("class: Workflow")
    (folder / "link").symlink_to(tmp_path / "secret")

    assert names(bundle(folder).content) == ["main.cwl"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    """Nothing cannot be registered."""
    with pytest.raises(WrongUse, match="no files"):
        bundle(tmp_path)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("0.1", 0.1), ("1e-3", 0.001), ("yes", "yes"), ("true", True), ("", None), ("[1, a]", [1, "a"]), ("1.0", 1.0)],
)
def test_values_keep_their_types(text: str, value: object) -> None:
    """YAML 1.2 says what a value is."""
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_dates_become_texts(tmp_path: Path) -> None:
    """What JSON cannot say becomes text."""
    (tmp_path / "in.yaml").write_text("day: 2026-01-02\n3: x\n")

    assert read_values(tmp_path / "in.yaml") == {"day": "2026-01-02", "3": "x"}


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "a: b: c"])
def test_an_input_file_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """A file that holds no names and values is refused with its place."""
    (tmp_path / "in.yaml").write_text(text)

    with pytest.raises(WrongUse, match=r"in\.yaml"):
        read_values(tmp_path / "in.yaml")


def test_local_files_get_names_of_their_own(tmp_path: Path) -> None:
    """Files are found beside the input file, also inside lists; those from elsewhere get a free name."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "a.txt").write_text("here")
    (tmp_path / "a.txt").write_text("above")

    def file(path: str) -> dict[str, str]:
        return {"class": "File", "path": path}

    values = {
        "x": [file("a.txt"), file("../a.txt"), file("a.txt")],
        "y": file("not-here"),
        "z": {"class": "File", "location": "a.txt"},
    }

    found = with_local_files(values, here)

    assert [one["path"] for one in found.values["x"]] == ["a.txt", "2/a.txt", "a.txt"]
    assert found.values["y"] == file("not-here")
    assert found.values["z"] == file("a.txt")
    assert found.files == {"a.txt": here / "a.txt", "2/a.txt": tmp_path / "a.txt"}
