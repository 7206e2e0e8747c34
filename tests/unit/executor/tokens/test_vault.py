"""Tokens are sealed."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from executor.runner import RunnerSettings
from executor.tokens.vault import Vault

OLD, NEW = Fernet.generate_key(), Fernet.generate_key()


def test_a_sealed_token_opens_for_its_account_alone() -> None:
    """Whoever can write rows cannot give one account's token to another."""
    vault = Vault(OLD)
    sealed = vault.seal("ada", "secret")

    assert b"secret" not in sealed
    assert vault.open("ada", sealed) == "secret"
    with pytest.raises(ValueError, match="another account's"):
        vault.open("eve", sealed)


def test_keys_are_changed_one_by_one() -> None:
    """With the new key first, the old one still opens; once all is sealed anew, it need not."""
    sealed = Vault(OLD).seal("ada", "secret")
    both = Vault(NEW, OLD)

    renewed = both.renew("ada", sealed)

    assert both.open("ada", sealed) == "secret"
    assert Vault(NEW).open("ada", renewed) == "secret"
    with pytest.raises(ValueError, match="opens with none"):
        Vault(NEW).open("ada", sealed)


def test_a_platform_without_keys_makes_one_for_itself(tmp_path: Path) -> None:
    """It lies in a file that nobody else can read, and is the same the next time."""
    settings = RunnerSettings(state=tmp_path)

    sealed = Vault.of(settings).seal("ada", "secret")

    assert Vault.of(settings).open("ada", sealed) == "secret"
    assert (tmp_path / "keys" / "reana-tokens").stat().st_mode & 0o777 == 0o600


def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    """A mistyped setting is told at start."""
    with pytest.raises(ValueError, match="REANA_TOKEN_KEYS") as error:
        Vault.of(RunnerSettings(state=tmp_path, reana_token_keys="mistyped"))

    assert "mistyped" not in str(error.value)


def test_settings_do_not_show_tokens() -> None:
    """Printed settings end up in logs."""
    settings = RunnerSettings(reana_access_token="t0ken", reana_token_keys="k3y")

    assert "t0ken" not in repr(settings)
    assert "k3y" not in repr(settings)


def test_an_unknown_zone_is_refused_at_start() -> None:
    """Not when the first run starts."""
    with pytest.raises(ValueError, match="no time zone"):
        RunnerSettings(reana_zone="Mars/Olympus")
