"""An entry's life, without a database."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.entries import Access, Spinoff
from contracts.ids import uuid7
from contracts.kinds import KINDS, Kind, Role
from registry.entries import model
from registry.entries.model import Item, Reader

JOB = Spinoff(register_job=uuid7(), lodge_job=uuid7())
ROLES = st.lists(st.sampled_from(list(Role)), max_size=4).map(tuple)
NAMES = st.sampled_from(["ada", "bob", "eve"])
GROUPS = st.sampled_from(["g", "h", "i"])


def made(kind: Kind = Kind.MODEL, **info: Any) -> Item:
    """An entry of Ada's."""
    by = {"tenant": "t", "username": "ada", "account": "user/i/ada", "at": 1}
    return model.create("1/1", kind, {"display_name": "n", **info}, **by)[0]


def said(item: Item) -> dict[str, Any]:
    """What an entry says beside a dataset's storage and release."""
    return {name: value for name, value in item.info.items() if name not in model.KEPT}


class Life(RuleBasedStateMachine):
    """Whatever happens to an entry in whatever order."""

    @initialize(kind=st.sampled_from(list(Kind)))
    def begin(self, kind: Kind) -> None:
        """It begins as a seed."""
        by = {"tenant": "t", "username": "ada", "account": None, "at": 0}
        self.item, self.past, self.chain, self.time = model.seed("1/0", kind, **by), [], [], 0

    @rule(name=st.text(max_size=3), reason=st.none() | st.text(min_size=1, max_size=3), username=NAMES)
    def describe(self, name: str, reason: str | None, username: str) -> None:
        """It says something; the history grows by it."""
        self.time += 1
        seed, before = self.item.seed, self.item
        self.item, moment = self.item.describe({"display_name": name, "s3": {"bucket_name": "b"}}, username, self.time, reason)
        self.past.append(moment)
        assert moment.reason == (model.FIRST if seed else reason or model.FIRST)
        assert (self.item.owner, self.item.created, self.item.access) == (before.owner, before.created, before.access)

    @rule(locked=st.booleans(), username=NAMES)
    def lock(self, locked: bool, username: str) -> None:
        """It is locked or not, and says the same."""
        before = self.item
        self.item, moment = before.lock(locked=locked, username=username, email=None, reason="r", at=self.time)
        assert (self.item.locked, moment.locked, self.item.info) == (locked, locked, before.info)

    @rule(general=ROLES, groups=st.dictionaries(GROUPS, ROLES, max_size=2))
    def grant(self, general: tuple[Role, ...], groups: dict[str, tuple[Role, ...]]) -> None:
        """Others may do other things; the owner stays."""
        before = self.item
        self.item = before.grant(Access(owner="thief", general=general, groups=groups))
        assert self.item.access.owner == before.access.owner
        assert len(set(self.item.access.general)) == len(self.item.access.general)
        assert set(self.item.access.general) == set(general)

    @precondition(lambda self: not self.item.seed and self.item.versioning)
    @rule(username=NAMES)
    def version(self, username: str) -> None:
        """It goes on as its next version, which points back."""
        old, self.time = self.item, self.time + 1
        by = {"tenant": "t", "username": username, "account": "a", "at": self.time}
        self.item, moment = old.next_version(f"1/{self.time}", **by, reason="r", job=JOB, bucket="b")
        self.chain.append(old.superseded(self.item.handle))
        self.past = [moment]
        assert said(self.item) == said(old)
        assert (self.item.owner, self.item.locked, self.item.revision) == (username, False, 1)
        assert self.item.access == old.access.model_copy(update={"owner": username})
        assert self.chain[-1].superseded(None).model_copy(update={"revision": old.revision}) == old

    @invariant()
    def history_is_numbered_without_gaps_and_ends_with_now(self) -> None:
        """Nothing is lost and nothing is twice."""
        assert [moment.id for moment in self.past] == list(range(len(self.past)))
        assert self.item.last == (len(self.past) - 1 if self.past else None)
        assert self.item.info == (self.past[-1].info if self.past else None)
        assert self.item.seed == (not self.past)

    @invariant()
    def versions_are_a_chain(self) -> None:
        """Each points to the next and back."""
        all_of_them = [*self.chain, self.item]
        for before, after in pairwise(all_of_them):
            assert before.versioning.next_version == after.handle
            assert after.versioning.previous_version == before.handle
            assert after.versioning.version == before.versioning.version + 1


TestLife = Life.TestCase


@given(
    kind=st.sampled_from(list(Kind)), general=ROLES, groups=st.dictionaries(GROUPS, ROLES), of=st.frozensets(GROUPS), name=NAMES
)
def test_roles_are_the_union_of_what_is_granted(kind, general, groups, of, name):
    """To all and to one's groups, of what the kind has; the owner and administrators have all of that."""
    item = made(kind).model_copy(update={"access": Access(owner="ada", general=general, groups=groups)})

    roles = item.roles(Reader(name=name, groups=of))

    granted = set(general).union(*(groups[group] for group in of if group in groups))
    assert set(roles) == (set(KINDS[kind].roles) if name == "ada" else granted & set(KINDS[kind].roles))
    assert set(item.roles(Reader(name=name, admin=True))) == set(KINDS[kind].roles)


def test_the_owner_of_the_access_settings_decides():
    """Not the username that the entry shows, which may be another's where it was brought in."""
    item = made(Kind.PERSON).model_copy(update={"access": Access(owner="bob")})

    assert item.roles(Reader(name="ada")) == ()
    assert Role.ADMIN in item.roles(Reader(name="bob"))


@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_entry_is_opened_as_its_kind_says(kind):
    """And has a version if its kind has versions."""
    item = made(kind)

    assert item.access.general == KINDS[kind].general
    assert (item.versioning is not None) == KINDS[kind].versioned
    assert item.revision == 1


def test_what_others_are_told_is_an_entry_and_no_more():
    """Neither access nor accounts."""
    assert set(made().entry().model_dump()) == set(model.Entry.model_fields)
