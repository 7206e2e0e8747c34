"""A Snakefile as REANA wants it: its rules as steps. Reading one runs it, so this is for a child that shuts itself in first."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from reana_commons.snakemake import snakemake_load

from executor.runner.confine import environment, limit, step_down

LIMITS = {"CPU": 60, "AS": 8 << 30, "FSIZE": 64 << 20}


def read_snakefile(argument: str) -> str:
    """The steps of `{"folder", "file", "input", "account"}`. Who reads is shut in and has no way out; another answers."""
    told = json.loads(argument)
    back, out = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.close(back)
            with os.fdopen(out, "wb") as answer:
                code = _answer(told, answer)
        finally:
            os._exit(code)
    os.close(out)
    with os.fdopen(back, "rb") as answer:
        text = answer.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise ValueError(text or "the Snakefile took too much of the machine")
    return text


def _answer(told: dict[str, Any], answer: Any) -> int:
    with tempfile.TemporaryFile() as said:
        for stream in (1, 2):  # Snakemake prints what is wrong, and raises no more than that something is
            os.dup2(said.fileno(), stream)
        try:
            answer.write(_read(told).encode())
        except BaseException as error:
            sys.stdout.flush()
            sys.stderr.flush()
            size = os.fstat(said.fileno()).st_size
            text = os.pread(said.fileno(), 2000, max(size - 2000, 0)).decode(errors="replace")
            text += f" {type(error).__name__}: {error}"
            answer.write(" ".join(text.split()).encode())
            return 1
    return 0


def _read(told: dict[str, Any]) -> str:
    folder = Path(told["folder"])
    os.environ.clear()
    os.environ.update(environment("", folder))
    limit(LIMITS)
    if told["account"] is not None:
        step_down(told["account"], folder)
    os.chdir(folder)
    inputs = {"input": str(folder / told["input"])} if told["input"] else {}
    return json.dumps(snakemake_load(told["file"], workdir=str(folder), **inputs), default=str)
