"""Bundles made of words, looked at in this process."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from chassis.bundles import pack
from contracts.vocabulary import Engine
from registry.workflows.findings import Finding, Order
from registry.workflows.validation import validate

Look = Callable[..., Finding]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Validate files given as words."""

    def _look(files: Mapping[str, str], main: str = "main.cwl", engine: str = "cwl", inputs: str | None = None) -> Finding:
        spec = tmp_path / "spec.zip"
        spec.write_bytes(pack({path: text.encode() for path, text in files.items()}))
        given = None
        if inputs is not None:
            given = tmp_path / "inputs"
            given.write_text(inputs)
        return validate(Order(spec=str(spec), main=main, engine=Engine(engine), inputs=given and str(given)))

    return _look
