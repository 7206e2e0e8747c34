"""A CWL run inside the child: cwltool, made to say what happens while it happens."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections import defaultdict, deque
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from cwltool.context import LoadingContext
from cwltool.main import main
from schema_salad.exceptions import ValidationException
from schema_salad.fetcher import DefaultFetcher

from contracts.vocabulary import Confinement, RunStatus
from executor.runner.containers import choose
from executor.runner.cwljobs import Reporting
from executor.runner.events import Events
from executor.runner.facts import clean
from executor.runner.inside import inside
from executor.runner.measure import Measured
from executor.runner.occurrences import Occurrences
from executor.runner.placed import PlacedCommand, make_tool
from executor.runner.results import cwl_outputs
from executor.runner.workspace import Brief, Workspace

ENGINE = "cwltool"
VERSION = version("cwltool")


class Complaints(logging.Handler):
    """The engine's log on standard error, and its last errors by thread: a job runs in a thread of its own."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._last: dict[int, deque[str]] = defaultdict(lambda: deque(maxlen=5))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and keep it if it is an error."""
        text = self.format(record)
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
        if record.levelno >= logging.ERROR:
            self._last[threading.get_ident()].append(record.getMessage())

    def of_thread(self) -> str:
        """The last errors of the thread that asks."""
        return "\n".join(self._last.pop(threading.get_ident(), ()))

    def all(self) -> str:
        """The last errors of the engine."""
        return "\n".join(line for lines in self._last.values() for line in lines)


class BundleFetcher(DefaultFetcher):  # type: ignore[misc]
    """Reads documents of the bundle and nothing else: no network, no file of the machine."""

    roots: ClassVar[tuple[Path, ...]] = ()

    def _hold(self, url: str) -> None:
        parts = urlsplit(url)
        path = Path(unquote(parts.path))
        if parts.scheme != "file" or not any(inside(root, path) for root in self.roots):
            raise ValidationException(f"{url}: only documents of the workflow's own bundle can be read")

    def fetch_text(self, url: str, content_types: list[str] | None = None) -> str:
        """Read a document."""
        if not isinstance(self.cache.get(url), str):
            self._hold(url)
        return str(super().fetch_text(url, content_types))

    def check_exists(self, url: str) -> bool:
        """Whether a document is there; elsewhere nothing is."""
        if url in self.cache:
            return True
        try:
            self._hold(url)
        except ValidationException:
            return False
        return bool(super().check_exists(url))


def run_cwl(brief: Brief, workspace: Workspace, events: Events, confinement: Confinement) -> None:
    """Run the bundle's main document to its end and say how it ended."""
    files = Occurrences(brief, workspace)
    complaints = Complaints()
    container = choose(brief.container, workspace.spec)
    subprocess.Popen = Measured  # type: ignore[misc, assignment]  # the engine starts commands by it; this process runs nothing else
    BundleFetcher.roots = (workspace.spec, workspace.values)
    PlacedCommand.images_ignored = container.ignored
    engine = Reporting(brief, workspace, events, files, complaints.of_thread, confinement, container)
    for folder in ("tmp", "out"):
        (workspace.work / folder).mkdir(exist_ok=True)
    os.chdir(workspace.work)
    with (workspace.work / "result.json").open("w") as result:
        code = main(
            [
                *container.options,
                "--parallel",
                "--disable-color",
                "--relax-path-checks",
                "--skip-schemas",
                "--disable-js-validation",
                "--on-error=stop",  # what runs goes on to its end, what has not begun does not begin
                "--preserve-environment=LANG",
                "--preserve-environment=LC_ALL",
                "--preserve-environment=PYTHONDONTWRITEBYTECODE",
                f"--outdir={workspace.outputs}",
                f"--tmpdir-prefix={workspace.work / 'tmp'}/",
                f"--tmp-outdir-prefix={workspace.work / 'out'}/",
                str(workspace.spec / brief.main),
                str(workspace.values),
            ],
            executor=engine,
            loadingContext=LoadingContext({"construct_tool_object": make_tool, "fetcher_constructor": BundleFetcher}),
            stdout=result,
            logger_handler=complaints,
            custom_schema_callback=lambda: None,  # or the parsed schema, which is kept warm, is thrown away
        )
    if not engine.began:
        engine.begin()
    relocated: Any = json.loads((workspace.work / "result.json").read_text() or "{}")
    outputs = cwl_outputs(engine.results, relocated, workspace, files)
    if code == 0:
        events.run_ended(RunStatus.FINISHED, outputs=outputs, inputs=files.outside)
        return
    failed = [f"step {step.place} failed: {step.reason}" for step in events.failed]
    reason = "\n".join(failed[:5]) or engine.mind or complaints.all() or f"{ENGINE} ended with {code}"
    events.run_ended(RunStatus.FAILED, clean(reason[-4000:]), outputs=outputs, inputs=files.outside)
