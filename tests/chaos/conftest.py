"""The order of these tests."""

import pytest

FIRST = "test_outages.py"
"""Stops servers that other tests would have connections to. It is also among the longest, and best not left to the end,
where one worker would be alone with it."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop servers before anybody needs them."""
    items.sort(key=lambda item: item.path.name != FIRST)
