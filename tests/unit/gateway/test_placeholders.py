"""Placeholders of a workflow: which are read, what their files are called, what is kept of a description."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.elsewhere import Elsewhere

from chassis.outside import OutsideSettings
from chassis.refusal import Refusal
from contracts.ids import uuid7
from contracts.message import FileRef
from contracts.registry import Parameter, Workflow
from contracts.vocabulary import Engine
from gateway.placeholders import file_name, found, wanted

NEEDED = Parameter(name="data", type="File", required=False, from_platform="http://localhost/1")
MAYBE = Parameter(name="more", type="File?", required=False, from_platform="http://localhost/2")
PLAIN = Parameter(name="n", type="int?", required=False)
FILE = {"class": "File", "path": "x"}


def a_workflow(*parameters: Parameter) -> Workflow:
    """A workflow with these inputs."""
    ref = FileRef(key="k", sha256="0" * 64, size=1)
    return Workflow(
        id=uuid7(), handle="10378.1/1", tenant="t", name="n", version="1", engine=Engine.CWL,
        spec=ref, main="m", owner="o", parameters=parameters,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ["data", "more"]),
        ({"n": 1}, ["data", "more"]),
        ({"data": FILE}, ["more"]),
        ({"data": None, "more": None}, ["data"]),
        ({"data": FILE, "more": FILE}, []),
    ],
)
def test_what_is_given_is_not_looked_for(values, names):
    """A file of the caller's or of the input file; and nothing, where nothing may be given."""
    assert [one.name for one in wanted(a_workflow(NEEDED, MAYBE, PLAIN), values)] == names


@pytest.mark.parametrize(
    ("title", "url", "taken", "name"),
    [
        ("train.csv", "https://x.test/a/b.csv", (), "train.csv"),
        (None, "https://x.test/a/b%20c.csv?x=1", (), "b c.csv"),
        ("", "https://x.test/a/", (), "a"),
        (None, "https://x.test/", (), "data"),
        (None, "https://x.test", (), "data"),
        ("../../etc/passwd", "https://x.test/b", (), ".._.._etc_passwd"),
        ("a\\b\n\x00.csv", "https://x.test/b", (), "a_b.csv"),
        ("..", "https://x.test/b", (), "b"),
        (None, "https://x.test/%2e%2e%2f", (), "data"),
        ("x" * 300, "https://x.test/b", (), "b"),
        ("b", "https://x.test/b", ("b",), "data"),
        ("b", "https://x.test/b", ("b", "data"), None),
        ("b", "https://x.test/b", ("b", "data/x"), "data/b"),
        ("b", "https://x.test/c", ("b/x",), "c"),
    ],
)
def test_a_file_is_called_as_its_description_says_if_it_can_be(title, url, taken, name):
    """Else as its address ends, else as the input; never out of the folder, never in another file's way."""
    if name is None:
        with pytest.raises(Refusal):
            file_name("data", title, url, taken)
    else:
        assert file_name("data", title, url, taken) == name


def house(server: Elsewhere) -> Any:
    """A gateway that may ask the server."""
    told = {"outside_hosts": f"localhost:{server.port}", "outside_networks": "127.0.0.0/8", "outside_http": True}
    return SimpleNamespace(settings=OutsideSettings(_env_file=None, **told))


async def test_a_description_becomes_a_file_and_a_value():
    """With what it says of licence, version and makers, however it says it."""
    with Elsewhere() as server:
        server.asset(
            "/1",
            {"content_url": server.url("/f"), "name": "one.csv"},
            license={"name": "CC0"},
            version=2,
            creator=["Ada", {"identifier": 7}, None, True],
        )
        workflow = a_workflow(NEEDED.model_copy(update={"from_platform": server.url("/1?v=1")}), PLAIN)
        values, (file,) = await found(house(server), workflow, {"n": 1}, ())

    assert values == {"n": 1, "data": {"class": "File", "path": "one.csv"}}
    assert file.name == "one.csv"
    assert file.source.model_dump(exclude_none=True) == {
        "url": server.url("/f"), "metadata": server.url("/1?v=1"), "title": "one.csv",
        "licence": "CC0", "version": "2", "creator": "Ada, 7",
    }  # fmt: skip
    assert [path for path, _ in server.asked] == ["/1?v=1&schema=aiod"]


async def test_two_files_of_one_name_lie_beside_each_other():
    """Neither hides the other, nor a file that was given."""
    with Elsewhere() as server:
        for path in ("/1", "/2"):
            server.asset(path, {"content_url": server.url("/f"), "name": "same.csv"})
        both = [
            one.model_copy(update={"from_platform": server.url(f"/{number}")}) for number, one in enumerate((NEEDED, MAYBE), 1)
        ]
        values, files = await found(house(server), a_workflow(*both), {}, ("f",))

    assert [file.name for file in files] == ["same.csv", "more"]
    assert values["more"]["path"] == "more"


async def test_without_placeholders_nobody_is_asked():
    """Not even the settings."""
    assert await found(SimpleNamespace(), a_workflow(PLAIN), {"n": 1}, ()) == ({"n": 1}, ())  # type: ignore[arg-type]
