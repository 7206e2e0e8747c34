"""What the fork server does once, so that a run starts at once: imports, and CWL's own schemas parsed."""

from cwltool.process import get_schema

from executor.runner import child

VERSIONS = ("v1.0", "v1.1", "v1.2")

__all__ = ["child", "warm"]


def warm() -> None:
    """Parse the schemas; cwltool keeps them."""
    for version in VERSIONS:
        get_schema(version)
