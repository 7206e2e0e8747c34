"""Helm for tests: the one of `make services`' cache, built there if it is not, and left out aloud where there is no Go."""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from deploy.chart.values import CHART
from deploy.services import helm
from deploy.services.__main__ import where
from deploy.services.machine import Missing
from ruamel.yaml import YAML

from tests.servers import FOLDER, missing

MINIMAL, FULL = CHART / "ci" / "minimal-values.yaml", CHART / "ci" / "full-values.yaml"


@cache
def _program() -> Path | Missing:
    try:
        return helm.program(where(FOLDER))
    except Missing as without:
        return without


def helmed(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """What Helm says to these words."""
    program = _program()
    if isinstance(program, Missing):
        missing("helm", str(program))
    return subprocess.run([str(program), *(str(word) for word in words)], capture_output=True, text=True, check=False)


def rendered(*values: Path, told: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The documents of the chart with these values."""
    files = [word for path in values for word in ("--values", path)]
    answer = helmed("template", "there", CHART, "--namespace", "lab", *files, *told)
    assert answer.returncode == 0, answer.stderr
    return [document for document in YAML(typ="safe").load_all(answer.stdout) if document]
