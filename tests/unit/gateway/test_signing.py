"""Keys that sign tokens, and how they are replaced."""

import os
import stat
import time
from pathlib import Path

import jwt
import pytest

from chassis.refusal import Refusal
from gateway.access.signing import DAY, Keyring, SigningKey
from gateway.access.tokens import OwnKeys, Tokens


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(tmp_path: Path, clock: Clock) -> Keyring:
    return Keyring(tmp_path / "issuer.pem", keeps=60, days=90, clock=clock)


def kids(ring: Keyring) -> list[str]:
    return [key.kid for key in ring.known()]


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """And only its owner reads it."""
    first, second = SigningKey.at(tmp_path / "k.pem"), SigningKey.at(tmp_path / "k.pem")

    assert first.kid == second.kid
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600


def test_an_old_key_is_known_until_its_tokens_have_ended(ring: Keyring, clock: Clock) -> None:
    """Then nobody can use it any more, and its file is gone."""
    first = ring.signer().kid

    second = ring.rotate().kid

    assert second != first
    assert (ring.signer().kid, kids(ring)) == (second, [second, first])
    clock.now += 62
    assert kids(ring) == [second]
    again = Keyring(ring.path, clock=clock)
    assert kids(again) == [second]
    assert [path.name for path in ring.path.parent.glob("*.pem")] == ["issuer.pem"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in ring.path.parent.iterdir())


def test_a_key_that_others_may_have_is_withdrawn_at_once(ring: Keyring) -> None:
    """Its tokens end with it, and so do those of the keys before it."""
    ring.signer()
    ring.rotate()

    last = ring.rotate(withdraw=True)

    assert kids(ring) == [last.kid]


def test_a_running_process_sees_what_an_operator_does(ring: Keyring, clock: Clock) -> None:
    """Another process replaces the key; nothing has to be started again."""
    before = ring.signer().kid

    for _ in range(3):
        Keyring(ring.path, keeps=60, clock=clock).rotate()
        assert ring.signer().kid != before
        assert before in kids(ring)
    assert len(set(kids(ring))) == 4


def test_a_key_is_replaced_at_its_age(ring: Keyring, clock: Clock) -> None:
    """Once, also if several processes find that it is due."""
    first = ring.signer().kid
    os.utime(ring.path, (clock.now - 91 * DAY, clock.now - 91 * DAY))
    assert ring.due()

    second = ring.rotate(only_due=True).kid

    assert not ring.due()
    assert ring.rotate(only_due=True).kid == second != first


async def test_tokens_outlive_their_key_and_not_its_withdrawal(ring: Keyring, clock: Clock) -> None:
    """What was signed before stays good; what a withdrawn key signed is refused."""

    class Own:
        """An issuer with this ring."""

        def __init__(self) -> None:
            self.ring = ring

        async def accounts(self) -> "Own":
            """Itself, for its name."""
            return self

        issuer = "http://here/realm"

    now, key = int(clock.now), ring.signer()
    claims = {"iss": Own.issuer, "sub": "s", "typ": "Bearer", "iat": now, "exp": now + 60}
    token = jwt.encode(claims, key.private, "RS256", headers={"kid": key.kid})
    judge = Tokens(OwnKeys(Own()))
    assert (await judge.caller(token)).subject == "s"

    ring.rotate()
    assert (await judge.caller(token)).subject == "s"
    ring.rotate(withdraw=True)

    with pytest.raises(Refusal, match="key that the issuer does not have"):
        await judge.caller(token)
