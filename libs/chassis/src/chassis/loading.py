"""Loading a program: quickly, because the garbage collector waits until it is there."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import within this what stays for good: nothing of it is garbage, and looking through it takes a third of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
