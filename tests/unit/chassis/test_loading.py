"""How a program is loaded."""

import gc

import pytest

from chassis.loading import loading


def test_the_garbage_collector_waits_while_a_program_is_loaded_and_works_again_after_it() -> None:
    """It is off within and on afterwards, also where something cannot be imported."""
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()

    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
