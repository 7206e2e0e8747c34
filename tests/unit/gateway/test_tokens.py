"""Only tokens that the issuer made, for now and for us, are believed."""

import asyncio
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis.refusal import Refusal, Trouble
from gateway.access import tokens as judge
from gateway.access.signing import SigningKey
from gateway.access.tokens import AGAIN, FRESH, KEPT, FetchedKeys, Tokens

ISSUER = "https://issuer.test/realms/x"


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> SigningKey:
    return SigningKey.at(tmp_path_factory.mktemp("keys") / "issuer.pem")


class OneKey:
    """An issuer with one key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    async def issuer(self) -> str:
        """As the setting would name it."""
        return ISSUER

    async def key(self, kid: str | None) -> rsa.RSAPublicKey | None:
        """The one."""
        return self._key.public if kid == self._key.kid else None


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": ISSUER,
        "sub": "s-1",
        "aud": ["reprovena", "account"],
        "iat": now,
        "nbf": now,
        "exp": now + 60,
        "typ": "Bearer",
        "preferred_username": "ada",
        "name": "Ada L",
        "email": "ada@example.org",
        "groups": ["/physics", "/a/b"],
        "realm_access": {"roles": ["admin"]},
    } | more
    return {name: value for name, value in told.items() if value is not ...}


def signed(key: SigningKey, algorithm: str = "RS256", head: dict[str, Any] | None = None, **more: Any) -> str:
    return jwt.encode(claims(**more), key.private, algorithm, headers={"kid": key.kid} | (head or {}))


async def test_a_good_token_says_who_and_for_whom(key: SigningKey) -> None:
    """Groups lose their slash, everybody has a tenant of one's own, roles are the realm's."""
    caller = await Tokens(OneKey(key)).caller(signed(key))

    assert (caller.issuer, caller.subject, caller.name, caller.email) == (ISSUER, "s-1", "Ada L", "ada@example.org")
    assert caller.tenants == ("physics", "a/b", "~ada")
    assert caller.roles == ("admin",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": int(time.time()) - 60},
        {"nbf": int(time.time()) + 86_400},
        {"iat": int(time.time()) + 86_400},
        {"iss": "https://other.test"},
        {"aud": "somebody-else"},
        {"aud": ...},
        {"typ": "Refresh"},
        {"typ": "ID"},
        {"typ": ...},
        {"exp": ...},
        {"sub": ...},
        {"sub": ""},
        {"iat": ...},
        {"groups": "physics"},
        {"groups": [1]},
        {"realm_access": "admin"},
        {"preferred_username": 7},
        {"exp": "soon"},
    ],
)
async def test_a_token_that_is_wrong_in_one_point_is_refused(key: SigningKey, wrong: dict[str, Any]) -> None:
    """Expired, not yet valid, of another issuer, for others, of another type, or with claims that make no sense."""
    with pytest.raises(Refusal) as no:
        await Tokens(OneKey(key), "reprovena").caller(signed(key, **wrong))

    assert no.value.problem.type == "urn:problem:gateway:unauthenticated"
    assert no.value.problem.status == 401


async def test_an_audience_is_only_asked_for_if_it_is_set(key: SigningKey) -> None:
    """Keycloak's default audience is `account`."""
    token = signed(key, aud="account")

    assert (await Tokens(OneKey(key)).caller(token)).subject == "s-1"
    with pytest.raises(Refusal):
        await Tokens(OneKey(key), "reprovena").caller(token)


async def test_forgeries_are_refused(key: SigningKey, tmp_path) -> None:
    """Another key, no signature, an HMAC with the public key, another algorithm, a changed body, rubbish."""
    other = SigningKey.at(tmp_path / "other.pem")
    public = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body, signature = signed(key).split(".")
    _, richer, _ = signed(key, groups=["everything"]).split(".")
    hmac_head = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"%s"}' % key.kid.encode()).decode()
    digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    forged = [
        jwt.encode(claims(), other.private, "RS256", headers={"kid": key.kid}),
        jwt.encode(claims(), other.private, "RS256", headers={"kid": "unknown"}),
        jwt.encode(claims(), None, "none", headers={"kid": key.kid}),
        f"{hmac_head}.{body}." + jwt.utils.base64url_encode(digest.sign(f"{hmac_head}.{body}".encode(), public)).decode(),
        signed(key, "RS512"),
        signed(key, "PS256"),
        f"{head}.{richer}.{signature}",
        f"{head}.{body}.",
        "rubbish",
        "",
        "a.b.c",
        signed(key) + "x" * 20_000,
    ]

    for token in forged:
        with pytest.raises(Refusal) as no:
            await Tokens(OneKey(key)).caller(token)
        assert no.value.problem.status == 401


async def test_access_tokens_of_rfc_9068_are_believed(key: SigningKey) -> None:
    """They say in the header what they are."""
    token = signed(key, head={"typ": "at+jwt"}, typ=...)

    assert (await Tokens(OneKey(key)).caller(token)).subject == "s-1"


async def test_no_group_is_somebody_elses_own_tenant(key: SigningKey) -> None:
    """A group that is called `~eve` gives nothing."""
    caller = await Tokens(OneKey(key)).caller(signed(key, groups=["/~eve", "~eve", "", "/", "ok", "ok"]))

    assert caller.tenants == ("ok", "~ada")


class Provider:
    """An issuer over HTTP that counts."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys, self.asked, self.away, self.now = list(keys), 0, False, 1000.0
        self.hangs, self.heard, self.gone = False, 0, asyncio.Event()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Discovery and keys."""
        self.heard += 1
        if self.away:
            raise httpx.ConnectError("away")
        if self.hangs:
            await self.gone.wait()  # the connection breaks in the end
            raise httpx.ConnectError("gone")
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"jwks_uri": f"{ISSUER}/certs"})
        self.asked += 1
        encryption = self.keys[0].jwk() | {"kid": "enc", "use": "enc"}
        return httpx.Response(200, json={"keys": [*(key.jwk() for key in self.keys), encryption, {"kty": "oct", "k": "x"}]})

    def tokens(self) -> Tokens:
        """A judge that asks here."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return Tokens(FetchedKeys(f"{ISSUER}/", http, lambda: self.now))


async def test_keys_are_fetched_once(key: SigningKey) -> None:
    """Two tokens, one question; an old answer is asked for again."""
    provider = Provider(key)
    tokens = provider.tokens()

    await tokens.caller(signed(key))
    await tokens.caller(signed(key))
    assert provider.asked == 1

    provider.now += FRESH + 1
    await tokens.caller(signed(key))
    assert provider.asked == 2


async def test_a_new_key_is_found_and_unknown_ones_do_not_storm_the_issuer(key: SigningKey, tmp_path) -> None:
    """An unknown key is asked for, but not more often than every few seconds."""
    provider, fresh = Provider(key), SigningKey.at(tmp_path / "fresh.pem")
    tokens = provider.tokens()
    await tokens.caller(signed(key))
    provider.keys.append(fresh)

    for _ in range(10):
        with pytest.raises(Refusal):
            await tokens.caller(signed(fresh))
    assert provider.asked == 1

    provider.now += AGAIN + 1
    assert (await tokens.caller(signed(fresh))).subject == "s-1"
    assert provider.asked == 2
    for _ in range(10):
        with pytest.raises(Refusal):
            await tokens.caller(signed(fresh, head={"kid": "enc"}))
    assert provider.asked == 2


async def test_an_issuer_that_is_away_is_trouble_and_known_keys_stay(key: SigningKey) -> None:
    """Nobody is told that their token is bad because the issuer is away."""
    provider = Provider(key)
    tokens = provider.tokens()
    provider.away = True
    for _ in range(2):
        with pytest.raises(Trouble):
            await tokens.caller(signed(key))

    provider.away, provider.now = False, provider.now + AGAIN + 1
    await tokens.caller(signed(key))
    provider.away, provider.now = True, provider.now + FRESH + AGAIN + 1

    assert (await tokens.caller(signed(key))).subject == "s-1"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long here: 1 s for an issuer that hangs, 0.05 s with a known key."""
    monkeypatch.setattr(judge, "WITHIN", 1.0)
    monkeypatch.setattr(judge, "PATIENCE", 0.05)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for an issuer that hangs waits longer than any of these tests."""
    monkeypatch.setattr(judge, "WITHIN", 3600.0)


@pytest.mark.usefixtures("patient")
async def test_an_issuer_that_hangs_holds_nobody_up_whose_key_is_known(
    key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first who finds the keys old waits a moment, all others not at all, and one question is under way."""
    monkeypatch.setattr(judge, "PATIENCE", 0.05)
    provider = Provider(key)
    tokens = provider.tokens()
    await tokens.caller(signed(key))
    provider.hangs, provider.heard, provider.now = True, 0, provider.now + FRESH + 1

    async with asyncio.timeout(60):
        await tokens.caller(signed(key))
        monkeypatch.setattr(judge, "PATIENCE", 3600.0)
        for _ in range(20):
            await tokens.caller(signed(key))

    assert provider.heard == 1
    provider.hangs = False
    provider.gone.set()
    await answered(tokens)
    await tokens.caller(signed(key))
    assert provider.asked == 1, "asked again before its time"
    provider.now += AGAIN + 1
    await tokens.caller(signed(key))
    await answered(tokens)
    assert provider.asked == 2


async def answered(tokens: Tokens) -> None:
    """Wait until the question that is under way is over."""
    await asyncio.wait({tokens.keys._question}, timeout=60)


@pytest.mark.usefixtures("patient")
async def test_an_unknown_key_waits_for_one_question_and_no_longer(key: SigningKey, tmp_path) -> None:
    """Made-up keys share what they wait for, and take nothing from those that are known."""
    provider, other = Provider(key), SigningKey.at(tmp_path / "other.pem")
    tokens = provider.tokens()
    await tokens.caller(signed(key))
    provider.hangs, provider.heard, provider.now = True, 0, provider.now + AGAIN + 1

    asked = [asyncio.ensure_future(tokens.caller(signed(other))) for _ in range(20)]
    async with asyncio.timeout(60):
        while not provider.heard:
            await asyncio.sleep(0.01)
        await tokens.caller(signed(key))
        assert not any(one.done() for one in asked)
        provider.gone.set()
        refused = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(one) for one in refused} == {Refusal}
    assert provider.heard == 1


@pytest.mark.usefixtures("hurried")
async def test_whoever_goes_away_takes_no_answer_from_others(key: SigningKey) -> None:
    """The question is everybody's: it goes on when the request that began it is cancelled."""
    provider = Provider(key)
    tokens = provider.tokens()
    first = asyncio.ensure_future(tokens.caller(signed(key)))
    await asyncio.sleep(0)
    first.cancel()

    assert (await tokens.caller(signed(key))).subject == "s-1"
    assert provider.asked == 1


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("way", ["away", "hangs"])
async def test_keys_of_an_issuer_that_is_silent_are_believed_for_a_day(key: SigningKey, way: str) -> None:
    """Longer it is trouble, and not the token's fault."""
    provider = Provider(key)
    tokens = provider.tokens()
    await tokens.caller(signed(key))
    setattr(provider, way, True)

    provider.now += KEPT - 1
    assert (await tokens.caller(signed(key))).subject == "s-1"
    provider.now += AGAIN + 1
    with pytest.raises(Trouble):
        await tokens.caller(signed(key))


async def test_an_old_key_is_believed_while_it_is_published(key: SigningKey, tmp_path) -> None:
    """Both are good after a change of keys; a withdrawn one is refused as soon as keys are asked for again."""
    provider, fresh = Provider(key), SigningKey.at(tmp_path / "fresh.pem")
    tokens = provider.tokens()
    await tokens.caller(signed(key))
    provider.keys, provider.now = [fresh, key], provider.now + AGAIN + 1

    assert (await tokens.caller(signed(fresh))).subject == (await tokens.caller(signed(key))).subject == "s-1"
    provider.keys, provider.now = [fresh], provider.now + FRESH + 1

    assert (await tokens.caller(signed(fresh))).subject == "s-1"
    with pytest.raises(Refusal, match="key that the issuer does not have"):
        await tokens.caller(signed(key))


async def test_roles_are_the_realms_and_those_of_named_clients(key: SigningKey) -> None:
    """What another client of the realm calls its roles is no role here."""
    resources = {"api": {"roles": ["reprov_user", "admin"]}, "other": {"roles": ["reprovena_admin"]}, "reprovena": {}}
    token = signed(key, resource_access=resources)

    assert (await Tokens(OneKey(key), clients=("reprovena", "api")).caller(token)).roles == ("admin", "reprov_user")
    assert (await Tokens(OneKey(key)).caller(token)).roles == ("admin",)


@pytest.mark.parametrize("wrong", ["x", {"api": "x"}, {"api": {"roles": "x"}}, {"api": {"roles": [1]}}])
async def test_roles_that_make_no_sense_are_refused(key: SigningKey, wrong: Any) -> None:
    """Rather than overlooked."""
    with pytest.raises(Refusal):
        await Tokens(OneKey(key), clients=("api",)).caller(signed(key, resource_access=wrong))


@pytest.mark.parametrize("groups", [..., [], None])
async def test_whoever_has_no_group_has_oneself(key: SigningKey, groups: Any) -> None:
    """A token without groups is as good as any."""
    assert (await Tokens(OneKey(key)).caller(signed(key, groups=groups))).tenants == ("~ada",)


async def test_a_refusal_says_nothing_of_the_token(key: SigningKey) -> None:
    """Problems go into logs and tickets."""
    for token in (signed(key, exp=1), signed(key)[:-9], "secret-part.secret-part.secret-part"):
        with pytest.raises(Refusal) as no:
            await Tokens(OneKey(key)).caller(token)
        assert not any(part in str(no.value.problem) for part in token.split("."))
