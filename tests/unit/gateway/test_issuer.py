"""The small issuer of our own."""

import stat
import time
from pathlib import Path

import pytest

from chassis.refusal import Refusal
from gateway.access.accounts import AccountsFile, begin, login_name, put
from gateway.access.issuer import Denied, Issuer, SigningKey, is_loopback
from gateway.access.opening import open_access
from gateway.access.passwords import Guard, hashed, matches
from gateway.access.roles import caller_of, tenant_for
from gateway.access.tokens import OwnKeys, Tokens
from gateway.unit import GatewaySettings

ACCOUNTS = """\
issuer: http://here/realm
clients:
  reprovena:
  service: {secret: hush, grants: [refresh_token]}
  closed: {secret: hush}
users:
  # the first programmer
  ada: {password: engine, groups: [/physics], roles: [admin], email: ada@example.org, name: Ada L}
  gone: {password: x, enabled: false}
  open: {}
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> SigningKey:
    return SigningKey.at(tmp_path_factory.mktemp("keys") / "issuer.pem")


def an_issuer(key: SigningKey, path: Path, text: str = ACCOUNTS) -> Issuer:
    path.write_text(text)
    return Issuer(key, AccountsFile(path, ours=False), guard=Guard(0.01, 0.05))


async def test_a_password_gives_a_token_that_is_believed(key: SigningKey, tmp_path) -> None:
    """What the issuer signs, the gateway verifies."""
    issuer = an_issuer(key, tmp_path / "a.yaml")

    told = await issuer.login("reprovena", None, "ada", "engine")
    caller = await Tokens(OwnKeys(issuer), "reprovena").caller(told["access_token"])

    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert (caller.issuer, caller.name, caller.email) == ("http://here/realm", "Ada L", "ada@example.org")
    assert (caller.tenants, caller.roles) == (("physics", "~ada"), ("admin",))


async def test_a_refresh_token_is_no_access_token(key: SigningKey, tmp_path) -> None:
    """It opens nothing but the token endpoint."""
    issuer = an_issuer(key, tmp_path / "a.yaml")
    told = await issuer.login("reprovena", None, "ada", "engine")

    with pytest.raises(Refusal):
        await Tokens(OwnKeys(issuer)).caller(told["refresh_token"])
    with pytest.raises(Denied):
        await issuer.refresh("reprovena", None, told["access_token"])


async def test_a_refresh_sees_the_account_as_it_is_now(key: SigningKey, tmp_path) -> None:
    """New groups appear; a changed password or a closed account ends old logins."""
    path = tmp_path / "a.yaml"
    issuer = an_issuer(key, path)
    told = await issuer.login("reprovena", None, "ada", "engine")

    path.write_text(ACCOUNTS.replace("[/physics]", "[/physics, /maths]"))
    again = await issuer.refresh("reprovena", None, told["refresh_token"])
    assert (await Tokens(OwnKeys(issuer)).caller(again["access_token"])).tenants == ("physics", "maths", "~ada")

    with pytest.raises(Denied, match="Invalid refresh token"):
        await issuer.refresh("closed", "hush", told["refresh_token"])
    for change in (("engine", "other engine"), ("name: Ada L", "name: Ada L, enabled: false"), ("ada:", "eda:")):
        path.write_text(ACCOUNTS.replace(*change))
        with pytest.raises(Denied, match="Invalid refresh token"):
            await issuer.refresh("reprovena", None, again["refresh_token"])


@pytest.mark.parametrize(
    ("client", "secret", "name", "password", "error", "status"),
    [
        ("reprovena", None, "ada", "wrong", "invalid_grant", 401),
        ("reprovena", None, "nobody", "engine", "invalid_grant", 401),
        ("reprovena", None, "gone", "x", "invalid_grant", 401),
        ("reprovena", None, "open", "", "invalid_grant", 401),
        ("unknown", None, "ada", "engine", "invalid_client", 401),
        ("closed", "wrong", "ada", "engine", "invalid_client", 401),
        ("closed", None, "ada", "engine", "invalid_client", 401),
        ("service", "hush", "ada", "engine", "unauthorized_client", 400),
    ],
)
async def test_no_token_without_the_right_words(key, tmp_path, client, secret, name, password, error, status) -> None:
    """An unknown name and a wrong password are answered alike."""
    with pytest.raises(Denied) as no:
        await an_issuer(key, tmp_path / "a.yaml").login(client, secret, name, password)

    assert (no.value.error, no.value.status) == (error, status)


async def test_guessing_gets_slower(key: SigningKey, tmp_path) -> None:
    """Each failure for a name makes the next answer for it later; the right password ends that."""
    issuer = an_issuer(key, tmp_path / "a.yaml")
    issuer.guard = Guard(0.05, 0.2)
    for _ in range(3):
        with pytest.raises(Denied):
            await issuer.login("reprovena", None, "ada", "wrong")

    began = time.monotonic()
    await issuer.login("reprovena", None, "ada", "engine")
    assert time.monotonic() - began >= 0.2

    began = time.monotonic()
    await issuer.login("reprovena", None, "ada", "engine")
    assert time.monotonic() - began < 0.2


def test_passwords_are_stored_hashed() -> None:
    """Salted, and a text that is no hash matches nothing."""
    stored = hashed("secret")

    assert stored != hashed("secret")
    assert "secret" not in stored
    assert matches("secret", stored)
    assert not matches("Secret", stored)
    assert not matches("secret", "secret")
    assert not matches("secret", "md5$1$1$1$x$y")
    assert not matches("secret", "scrypt$a$8$1$AA==$AA==")


def test_the_first_account_is_made_once_and_shown_once(tmp_path, capsys) -> None:
    """The password is random, on the console only, and hashed in a file that only its owner reads."""
    path = tmp_path / "var" / "accounts.yaml"

    begin(path)
    shown = capsys.readouterr().err
    begin(path)

    password = next(line.split(": ")[1].strip() for line in shown.splitlines() if "password:" in line)
    accounts = AccountsFile(path).read()
    account = accounts.users[login_name()]
    assert capsys.readouterr().err == ""
    assert password not in path.read_text()
    assert matches(password, account.secret or "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_account_is_put_beside_others(tmp_path) -> None:
    """Comments, other accounts and the identity stay."""
    path = tmp_path / "accounts.yaml"
    path.write_text(ACCOUNTS)

    put(path, "ada", "new engine", groups=["maths"])
    put(path, "demo", "demo", groups=["demo"])

    accounts = AccountsFile(path).read()
    assert "# the first programmer" in path.read_text()
    assert "new engine" not in path.read_text()
    assert accounts.users["ada"].groups == ("maths",)
    assert accounts.users["ada"].email == "ada@example.org"
    assert matches("new engine", accounts.users["ada"].secret or "")
    assert accounts.users["demo"].id
    assert "open" in accounts.users


def test_the_first_account_may_be_put(tmp_path) -> None:
    """A file that is not there is made, with that account alone."""
    path = tmp_path / "new" / "accounts.yaml"

    put(path, "demo", "demo")

    assert list(AccountsFile(path).read().users) == ["demo"]


def test_a_password_written_by_hand_is_hashed_in_place(tmp_path) -> None:
    """People write `password: x`; it does not stay there."""
    path = tmp_path / "accounts.yaml"
    path.write_text(ACCOUNTS)

    accounts = AccountsFile(path).read()

    assert "engine" not in path.read_text()
    assert "# the first programmer" in path.read_text()
    assert matches("engine", accounts.users["ada"].secret or "")


def test_a_faulty_edit_changes_nothing(tmp_path, capsys) -> None:
    """What was read before stays, and the fault is told; a fault at start is an error."""
    path = tmp_path / "accounts.yaml"
    path.write_text(ACCOUNTS)
    file = AccountsFile(path, ours=False)
    file.read()

    for fault in ("users: [", "users: {ada: {pass_word: x}}", "[]"):
        path.write_text(fault)
        assert "ada" in file.read().users
        assert "not taken over" in capsys.readouterr().err
        assert "ada" in file.read().users
        assert capsys.readouterr().err == ""
    with pytest.raises(ValueError, match="cannot be read"):
        AccountsFile(path, ours=False).read()


def test_well_known_accounts_exist_only_by_a_setting(tmp_path) -> None:
    """`user1` is nobody, unless it was asked for."""
    path = tmp_path / "accounts.yaml"
    path.write_text("users: {}")

    assert AccountsFile(path).read().users == {}
    assert AccountsFile(path, demo=True).read().users["user4"].groups == ("group2",)


def test_the_identity_of_an_account_does_not_change(tmp_path) -> None:
    """Neither with a new start nor with another port."""
    path = tmp_path / "accounts.yaml"
    path.write_text(ACCOUNTS)

    assert AccountsFile(path, ours=False).read().subject("ada") == AccountsFile(path, ours=False).read().subject("ada")


def test_the_key_is_made_once(tmp_path) -> None:
    """And only its owner reads it."""
    first, second = SigningKey.at(tmp_path / "k.pem"), SigningKey.at(tmp_path / "k.pem")

    assert first.kid == second.kid
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600


async def test_the_issuer_serves_this_machine_only(tmp_path) -> None:
    """With another address it does not start; with another issuer it is not there."""
    with pytest.raises(ValueError, match="ISSUER_URL"):
        await open_access(GatewaySettings(state=tmp_path, host="0.0.0.0"), None)

    _tokens, issuer = await open_access(GatewaySettings(state=tmp_path, host="0.0.0.0", issuer_url="https://x"), None)

    assert issuer is None
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "[::1]", "localhost", "10.0.0.1", "example.org")] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_new_thing_belongs_to_somebody() -> None:
    """The tenant named, else the only group, else oneself; several groups and none named is a question."""

    def caller(*groups: str):
        return caller_of({"iss": "i", "sub": "s", "preferred_username": "ada", "groups": list(groups)})

    assert tenant_for(caller(), None) == "~ada"
    assert tenant_for(caller("a"), None) == "a"
    assert tenant_for(caller("a"), "~ada") == "~ada"
    assert tenant_for(caller("a", "b"), "b") == "b"
    with pytest.raises(Refusal) as several:
        tenant_for(caller("a", "b"), None)
    with pytest.raises(Refusal) as foreign:
        tenant_for(caller("a"), "b")
    assert (several.value.problem.status, several.value.problem.errors[0].field) == (422, "tenant")
    assert (foreign.value.problem.status, foreign.value.problem.errors[0].field) == (403, "tenant")
