"""The order of these tests, and the table that they fill: what was sent, done, lost, doubled."""

import pytest
from tests.chaos.table import TABLE

LAST = "test_outages.py"
"""Stops servers that other tests have connections to."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop servers when nobody needs them any more."""
    items.sort(key=lambda item: item.path.name == LAST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if TABLE.lines:
        terminalreporter.section("sent, done, lost, doubled")
        for line in TABLE.text():
            terminalreporter.line(line)
