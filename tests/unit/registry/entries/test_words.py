"""What an entry is found by."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.kinds import Kind
from registry.entries import model, words

WORD = st.text("abcd", min_size=1, max_size=8)


def distance(one: str, other: str) -> int:
    """Optimal string alignment by its definition."""
    if not one or not other:
        return len(one) + len(other)
    best = min(
        distance(one[:-1], other) + 1, distance(one, other[:-1]) + 1, distance(one[:-1], other[:-1]) + (one[-1] != other[-1])
    )
    if one[-2:] == other[-2:][::-1] and len(one) > 1 and len(other) > 1:
        best = min(best, distance(one[:-2], other[:-2]) + 1)
    return best


@given(one=st.text("abc", max_size=5), other=st.text("abc", max_size=5), most=st.integers(0, 3))
def test_alike_is_what_few_letters_tell_apart(one, other, most):
    """As the definition says, word by word."""
    assert bool(words.alike(one, [other], most)) == (one != other and distance(one, other) <= most)


@given(word=WORD)
def test_a_word_shares_a_piece_with_whatever_is_alike(word):
    """Otherwise it would not be looked at: words of at least six letters with two wrong, of three with one."""
    most = words.fuzzy(word)
    for place in range(len(word)):
        changed = word[:place] + "z" + word[place + 1 :]
        if most:
            assert set(words.grams(word)) & set(words.grams(changed))


def test_a_handle_is_one_word():
    """Whatever stands around it; a date and an address are many."""
    assert words.words("See (10378.1/17), or x/y.") == ["see", "10378.1/17", "or", "x", "y"]
    assert words.words("https://a.b/c_d") == ["https", "a", "b", "c_d"]


@given(text=st.text())
def test_words_can_be_quoted(text):
    """None holds a quote, a backslash or a space, and none is empty or too long."""
    for word in words.words(text):
        assert word
        assert not set(word) & set("'\\ \t\n\x00")
        assert len(word) <= words.LONGEST


def test_an_entry_is_found_by_what_people_said_of_it():
    """Its name weighs most; keys that people chose count, fields of the model and storage do not."""
    info = {
        "display_name": "Name",
        "user_metadata": {"vessel": "Investigator"},
        "s3": {"bucket_name": "bucket"},
        "nested": [{"deep": "deeper", "number": 7, "flag": True}],
    }
    item, _ = model.create("1.2/3", Kind.DATASET, info, tenant="t", username="ada", account=None, at=0)

    found = words.vector(item)

    assert {"vessel", "investigator", "deeper", "7", "ada", "dataset", "entity"} <= found.keys()
    assert not {"bucket", "deep", "s3", "true"} & found.keys()
    assert found["1.2/3"].startswith("1A")
    assert "A" in found["name"]
    assert "A" not in found["vessel"]


def test_very_many_words_fit_into_what_postgresql_takes():
    """The rest is left out."""
    info = {"display_name": " ".join(f"w{'x' * 80}{n}" for n in range(20_000))}
    item, _ = model.create("1/1", Kind.STUDY, info, tenant="t", username="ada", account=None, at=0)

    found = words.vector(item)

    assert 1000 < len(found) < 20_000
    assert sum(len(word.encode()) for word in found) < words.ROOM
