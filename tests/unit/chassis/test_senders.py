"""Whose word a message is."""

from pathlib import Path

import pytest

from chassis.assembly import open_callers
from chassis.callers import Callers
from chassis.keys import public_key, public_pem, signing_key
from chassis.refusal import Forged
from chassis.senders import Senders
from chassis.settings import Settings
from chassis.testing import somebody
from contracts.executor import StopRun
from contracts.ids import uuid7
from contracts.provenance import RecordLodged


@pytest.fixture
def callers(tmp_path: Path) -> Callers:
    return Callers.with_key(signing_key(tmp_path / "key.pem"))


def test_a_service_speaks_as_the_account_of_its_own_name_unless_a_setting_says_otherwise(callers: Callers) -> None:
    """One account by name, one for all others, or each its own."""
    assert Senders(callers).account("registry") == "registry"
    assert Senders(callers, {"registry": "reg", "*": "dev"}).account("registry") == "reg"
    assert Senders(callers, {"registry": "reg", "*": "dev"}).account("executor") == "dev"


def test_a_fact_needs_its_speakers_account(callers: Callers) -> None:
    """What the own database holds was said in it; what RabbitMQ brings is held to its proven account."""
    senders, fact = Senders(callers), RecordLodged(record="r/1")

    assert senders.believe(fact, None) is fact
    assert senders.believe(fact, "provenance") is fact
    for sender in ("", "executor", "stranger"):
        with pytest.raises(Forged, match="does not speak for the provenance"):
            senders.believe(fact, sender)


def test_a_mapped_account_may_order_but_not_state_facts(callers: Callers) -> None:
    """Its orders are taken in its account's name; with a wrong signature it is not believed either."""
    account = somebody("lab", "physics")
    senders, order = Senders(callers, {}, {"lab": account}), StopRun(run=uuid7(), caller=somebody("root", "all"))

    assert senders.believe(order, "lab") == order.model_copy(update={"caller": account})
    with pytest.raises(Forged):
        senders.believe(order, "another")
    with pytest.raises(Forged):
        senders.believe(order, None)
    with pytest.raises(Forged):
        senders.believe(order.model_copy(update={"proof": "a.b.c"}), "lab")
    with pytest.raises(Forged):
        senders.believe(RecordLodged(record="r/1"), "lab")


def test_a_signed_order_is_believed_whoever_brings_it(callers: Callers) -> None:
    """The signature is over all it says."""
    order = callers.sign(StopRun(run=uuid7()), somebody())

    assert Senders(callers).believe(order, "whoever") is order


def test_who_is_ours(callers: Callers) -> None:
    """The own database, and the accounts of the services."""
    senders = Senders(callers, {"gateway": "gw"})

    assert [senders.ours(sender) for sender in (None, "gw", "registry", "gateway", "", "lab")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_public_key_alone_verifies_and_cannot_sign(tmp_path: Path) -> None:
    """CALLER_PUBLIC_KEY is PEM or a file of it; CALLER_KEY goes before it."""
    key = signing_key(tmp_path / "key.pem")
    pem = public_pem(key.public_key())
    (tmp_path / "key.pub").write_text(pem)
    order = Callers.with_key(key).sign(StopRun(run=uuid7()), somebody())

    for told in (pem, str(tmp_path / "key.pub")):
        callers = open_callers(Settings(state=tmp_path, caller_public_key=told))
        callers.prove(order)
        with pytest.raises(RuntimeError, match="no key to sign"):
            callers.sign(order, somebody())
    assert open_callers(Settings(state=tmp_path, caller_public_key=pem, caller_key=tmp_path / "key.pem")).private is not None
    assert public_pem(public_key(pem)) == pem
