"""What REANA's logs tell: jobs, what the engine thought of them, and the results. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from executor.runner.facts import clean

STEP_ENDED = re.compile(r"\[(?:step|job) (?P<name>[^\]]+)\] completed (?P<how>success|permanentFail|temporaryFail)")
FINAL = re.compile(r"FinalOutput(?P<json>\{.*?\})FinalOutput", re.DOTALL)
COMPLAINT = re.compile(
    r"^.*(?:ERROR|Error|missing expected field|could not be expanded|[Ff]ailed|permanentFail).*$", re.MULTILINE
)
BEGIN = "job: :\n "
WORDS = re.compile(r"\n\n(?P<word>[A-Z][A-Za-z]+)(?P<more>\n[^\n]+)?\n\Z")
"""How the container ended; REANA writes it below what the command wrote."""
GOOD = "Completed"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A workflow's folder on REANA's disk is called by its id."""
SHA1 = re.compile(r"sha1\$([0-9a-f]{40})")
LINES, ROOM = 10, 2000


@dataclass(frozen=True, slots=True)
class Job:
    """A job as REANA tells it."""

    id: str
    name: str
    status: str
    command: str | None
    image: str | None
    said: str
    """What the command wrote."""
    word: str | None
    """How its container ended, if not well."""
    started: str | None
    finished: str | None


def jobs_of(logs: Mapping[str, Any]) -> tuple[Job, ...]:
    """The jobs, in the order in which they were made."""
    return tuple(_job(name, one) for name, one in (logs.get("job_logs") or {}).items())


def _job(name: str, one: Mapping[str, Any]) -> Job:
    said, word = _read(str(one.get("logs") or ""))
    return Job(
        id=name,
        name=str(one.get("job_name") or ""),
        status=str(one.get("status")),
        command=clean(one["cmd"]) if isinstance(one.get("cmd"), str) else None,
        image=one.get("docker_img") or None,
        said=said,
        word=word,
        started=one.get("started_at"),
        finished=one.get("finished_at"),
    )


def _read(text: str) -> tuple[str, str | None]:
    """What the command wrote, and how its container ended."""
    if not text.startswith(BEGIN):
        return text, None
    text = text.removeprefix(BEGIN)
    match = WORDS.search(text)
    if match is None:
        return text, None
    word = match["word"] + (match["more"] or "").replace("\n", ": ")
    return text[: match.start()], None if word == GOOD else word


def verdicts(engine_log: str) -> dict[str, bool]:
    """What the CWL engine says of steps and jobs by their names: whether they ended well. It judges by what they wrote."""
    found: dict[str, bool] = {}
    for match in STEP_ENDED.finditer(engine_log):
        found[match["name"]] = match["how"] == "success" and found.get(match["name"], True)
    return found


def complaints(engine_log: str, name: str | None = None) -> str:
    """The engine's last errors, or those that name a step."""
    lines = [line.strip() for line in COMPLAINT.findall(engine_log) if name is None or name in line]
    return str(clean("\n".join(dict.fromkeys(lines[-LINES:]))))[-ROOM:]


def tail(said: str) -> str:
    """The end of a log, short enough for a reason."""
    return str(clean("\n".join(said.strip().splitlines()[-LINES:])))[-ROOM:]


@dataclass(frozen=True, slots=True)
class Result:
    """A file of a CWL run's results."""

    role: str
    path: str
    """Below `outputs/`."""
    size: int | None
    sha1: str | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder among the results whose files the engine did not list."""

    role: str
    path: str


def final_output(engine_log: str) -> Iterator[Result | Folder]:
    """The results as the CWL engine lists them in its log; it does so twice, and alike."""
    told: Any = None
    for match in FINAL.finditer(engine_log):
        with suppress(ValueError):
            told = told or json.loads(match["json"])
    for role, value in (told or {}).items():
        yield from _results(str(role), value, PurePosixPath())


def _results(role: str, value: Any, above: PurePosixPath) -> Iterator[Result | Folder]:
    if isinstance(value, list):
        for one in value:
            yield from _results(role, one, above)
        return
    if not isinstance(value, Mapping):
        return
    path = _path(value, above)
    match value.get("class"):
        case "File":
            size, digest = value.get("size"), SHA1.fullmatch(str(value.get("checksum")))
            yield Result(role, str(path), size if isinstance(size, int) else None, digest[1] if digest else None)
            for second in value.get("secondaryFiles") or []:
                yield from _results(role, second, path.parent)
        case "Directory" if value.get("listing") is not None:
            for entry in value["listing"]:
                yield from _results(role, entry, path)
        case "Directory":
            yield Folder(role, str(path))
        case None:
            for part in value.values():
                yield from _results(role, part, above)


def _path(value: Mapping[str, Any], above: PurePosixPath) -> PurePosixPath:
    """Where a result lies below `outputs/`; the engine names it by its place on REANA's own disk."""
    location = str(value.get("location") or value.get("path") or "")
    if location.startswith("file://"):
        location = unquote(location.removeprefix("file://"))
    parts = PurePosixPath(location).parts
    tops = [n for n, part in enumerate(parts) if part == "outputs"]
    top = next((n for n in tops if n and ID.fullmatch(parts[n - 1])), tops[0] if tops else None)
    if top is not None and parts[top + 1 :]:
        return PurePosixPath(*parts[top + 1 :])
    return above / str(value.get("basename") or PurePosixPath(location).name)
