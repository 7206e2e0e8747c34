"""The order of these tests."""

import pytest

LAST = "test_outages.py"
"""Stops servers that other tests have connections to."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop servers when nobody needs them any more."""
    items.sort(key=lambda item: item.path.name == LAST)
