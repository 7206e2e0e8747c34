"""What bringing in many things at once comes to."""

from hypothesis import given
from hypothesis import strategies as st

from registry.access.importing import Mode, forbidden, plan

NAMES = st.frozensets(st.sampled_from("abcdefg"))


@given(mode=st.sampled_from(list(Mode)), there=NAMES, given_names=NAMES)
def test_figures_add_up(mode, there, given_names):
    """What is there afterwards is what was there, more, or less."""
    found = plan(mode, there, given_names)

    after = (there | given_names) - found.delete
    assert found.figures["new_size"] == len(after)
    assert found.add | found.overwrite == given_names
    assert not found.delete & given_names
    assert (found.delete == there - given_names) if mode is Mode.SYNC_DELETION_ALLOWED else not found.delete


@given(mode=st.sampled_from(list(Mode)), there=NAMES, given_names=NAMES, deletion=st.booleans())
def test_each_mode_forbids_one_thing(mode, there, given_names, deletion):
    """And nothing else."""
    found = forbidden(mode, there, given_names, deletion=deletion)

    wrong = {
        Mode.ADD_ONLY: bool(there & given_names),
        Mode.ADD_OR_OVERWRITE: False,
        Mode.OVERWRITE_ONLY: bool(given_names - there),
        Mode.SYNC_ADD_OR_OVERWRITE: bool(there - given_names),
        Mode.SYNC_DELETION_ALLOWED: not deletion,
    }
    assert (found is not None) == wrong[mode]
