"""The small issuer of our own: its accounts, programs and codes. Logins need a database: tests/integration/gateway."""

import stat
from pathlib import Path

import pytest

from chassis.refusal import Refusal
from gateway.access import devices, minting
from gateway.access.accounts import AccountsFile, begin, login_name, put, put_service
from gateway.access.clients import KNOWN, Client
from gateway.access.issuer import is_loopback
from gateway.access.oauth import Denied
from gateway.access.opening import open_access
from gateway.access.passwords import hashed, matches
from gateway.access.roles import EVERY, USUAL, caller_of, tenant_for
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
    assert account.roles == EVERY
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


async def test_the_issuer_serves_this_machine_only(tmp_path) -> None:
    """With another address it does not start; with another issuer it is not there."""
    with pytest.raises(ValueError, match="ISSUER_URL"):
        await open_access(GatewaySettings(state=tmp_path, host="0.0.0.0"), None, None)

    _tokens, issuer = await open_access(GatewaySettings(state=tmp_path, host="0.0.0.0", issuer_url="https://x"), None, None)

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


def test_somebody_without_roles_has_the_usual_ones(tmp_path: Path) -> None:
    """Who is named none in the file has none."""
    path = tmp_path / "accounts.yaml"
    path.write_text("users: {ada: {}, bob: {roles: []}, eve: {roles: [x]}}")
    accounts = AccountsFile(path, ours=False).read()

    told = [minting.person(accounts, name, "roles")["realm_access"]["roles"] for name in ("ada", "bob", "eve")]

    assert told == [list(USUAL), [], ["x"]]
    assert "realm_access" not in minting.person(accounts, "ada", "profile")


def test_the_keepers_roles_stay_when_only_a_password_is_changed(tmp_path: Path) -> None:
    """A new password is no new rank."""
    path = tmp_path / "accounts.yaml"
    put(path, "ada", "one", roles=["reprovena_admin"])

    put(path, "ada", "two")

    assert AccountsFile(path).read().users["ada"].roles == ("reprovena_admin",)


def test_a_service_gets_a_secret_that_only_it_knows(tmp_path: Path) -> None:
    """The file has its hash; a second call gives another secret, and one that people wrote is hashed in place."""
    path = tmp_path / "accounts.yaml"
    first = put_service(path, "robot", roles=["prov-api"])
    second = put_service(path, "robot", groups=["physics"], roles=["prov-api"])
    path.write_text(path.read_text() + "  human: {secret: written, grants: [client_credentials]}\n")

    accounts = AccountsFile(path).read()
    robot, human = accounts.client("robot"), accounts.client("human")

    assert first not in path.read_text()
    assert second not in path.read_text()
    assert "written" not in path.read_text()
    assert robot
    assert human
    assert not matches(first, robot.stored or "")
    assert matches(second, robot.stored or "")
    assert matches("written", human.stored or "")
    assert (robot.roles, robot.groups, robot.grants) == (("prov-api",), ("physics",), ("client_credentials",))


@pytest.mark.parametrize("name", ["service-account-robot", "a\nb", ""])
def test_no_person_is_called_like_a_service(tmp_path: Path, name: str) -> None:
    """Its own tenant would be the service's."""
    with pytest.raises(ValueError, match="cannot be an account's name"):
        put(tmp_path / "accounts.yaml", name, "x")


def test_known_programs_can_be_changed_and_closed(tmp_path: Path) -> None:
    """They are those of the realm for Keycloak; the file has the last word."""
    path = tmp_path / "accounts.yaml"
    path.write_text("clients: {api: {enabled: false}, reprovena: {grants: [password]}}")
    accounts = AccountsFile(path, ours=False).read()

    assert accounts.client("api") is None
    assert accounts.client("reprovena") == Client(grants=("password",))
    assert accounts.client("client-tools") == KNOWN["client-tools"]
    assert accounts.client("other") is None


def test_a_token_says_what_its_program_may_ask_for() -> None:
    """Scopes that nobody offers are refused; later ones stay within the first."""
    client = KNOWN["automated-access"]

    assert minting.granted(client, None) == "profile email"
    assert minting.granted(client, "roles offline_access").split() == ["roles", "offline_access", "profile", "email"]
    assert minting.granted(client, "", "roles offline_access") == "roles offline_access"
    for wanted, within in (("admin", None), ("roles", "profile")):
        with pytest.raises(Denied, match="Invalid scopes") as no:
            minting.granted(client, wanted, within)
        assert no.value.error == "invalid_scope"


@pytest.mark.parametrize(
    ("redirect", "fine"),
    [
        ("http://127.0.0.1:3000/callback?x=1", True),
        ("http://localhost/docs/oauth2-redirect", True),
        ("http://[::1]:9/", True),
        ("https://127.0.0.1/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://evil.example/", False),
        ("http://127.0.0.1/#fragment", False),
        ("http://127.0.0.1:99999/", False),
        ("http://127.0.0.1/\r\nX: y", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_codes_go_to_this_machine_only(redirect: str, fine: bool) -> None:
    """Whatever an address hides."""
    assert Client().goes_to(redirect) is fine


def test_codes_are_read_as_people_type_them() -> None:
    """Small letters, blanks and lines are no matter; what cannot be a code is none."""
    assert devices.shown("BCDFGHJK") == "BCDF-GHJK"
    assert devices.read(" bcdf ghjk") == devices.read("BCDF-GHJK") == "BCDFGHJK"
    assert [devices.read(text) for text in ("", "BCDF", "ABCDEFGH", "B" * 9, "x" * 100_000)] == [None] * 5


def test_codes_cannot_be_guessed_for_long() -> None:
    """After so many wrong ones nobody is heard until the first is forgotten."""
    now = 0.0
    tries = devices.Tries(most=3, within=60, clock=lambda: now)
    for _ in range(3):
        assert tries.left() == 0
        tries.failed()
        now += 1

    assert tries.left() == 57
    now += 57
    assert tries.left() == 0


def test_who_ends_a_login_is_who_began_it() -> None:
    """The example of RFC 7636, appendix B."""
    challenge, verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert devices.verified(challenge, verifier)
    assert devices.verified(None, None)
    assert not devices.verified(challenge, verifier + "x")
    assert not devices.verified(challenge, None)
    assert not devices.verified(None, verifier)
