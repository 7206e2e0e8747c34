"""The authorisation matrix: every route of the gateway against every kind of caller who must not get through.

Routes are taken from the application, so a new one is covered by itself, or fails here until it says whom it is for.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from tests.e2e.test_meeting import described
from tests.e2e.test_runs import SHOUT, a_run, upload
from tests.running import Platform, register

from chassis.bus.routes import router as bus_routes
from chassis.web import _health
from gateway.access.roles import AUDIENCE, EVERY
from gateway.access.signing import SigningKey
from gateway.service import gateway

pytestmark = pytest.mark.timeout(600)
Json = dict[str, Any]
Route = tuple[str, str]
ISSUER_AT = "/auth/realms/reprovena"
APIS = "/(registry|prov|datastore|jobs|auth|search|handle)"
PROVENA = rf"{APIS}/(?!realms/).*"
OPEN = {
    rf"{APIS}/(openapi\.json|docs|redoc)?": "health and documents of Provena's APIs",
    r"/auth/check-access/public|/datastore/metadata/dataset-schema": "what Provena shows everybody",
    r"/(openapi\.json|docs|docs/oauth2-redirect|redoc|asyncapi\.json|asyncapi/\{service\}\.json)": "documentation",
    r"/(livez|readyz)": "for whoever watches that the process lives",
    r"/metrics": "figures for Prometheus, which METRICS=false closes; they say nothing of anybody",
    r"/v1/problems(/\{type\})?": "what the types of problems mean",
    rf"{ISSUER_AT}(/\.well-known/openid-configuration|/protocol/openid-connect/certs)?": "public keys and addresses",
    rf"{ISSUER_AT}/protocol/openid-connect/(token|token/introspect|revoke|logout|auth|auth/device)": "where one logs in or out",
    rf"{ISSUER_AT}/device": "the page that asks for a password itself",
}
"""Routes that need no token, and why."""
ROLES = {
    r"/auth/(check-access/general|(access-control|groups|link)/user/.*)": (None, None),
    rf"{APIS}/check-access/check-general-access|/jobs/jobs/user/.*": (None, None),
    PROVENA: ("one of Provena's", "one of Provena's"),
    r"/v1/admin/.*": ("reprovena_admin", None),
    r"/(workflow_registry|workflow_execution|provenance)/?.*": ("reprov_user", "reprov_admin"),
    r"/v1/records/.*": ("entity-registry-read", None),
    r"/v1/.*": (None, None),
    r"/bus/.*": ("a service of the house", "a service of the house"),
    rf"{ISSUER_AT}/protocol/openid-connect/userinfo": (None, None),
}
"""Which role a route needs, and which one to delete with. The first that matches."""
FORGED = ("no token", "malformed", "alg none", "HS256", "issuer", "audience", "expired", "not yet", "no sub", "other key")
COLUMNS = (*FORGED, "role", "other tenant")


def routes() -> list[Route]:
    """All that the gateway serves."""
    app = FastAPI()
    for router in (*gateway.routes, bus_routes, _health):
        app.include_router(router)
    found: set[Route] = set()
    for route in app.routes:
        for one in route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]:
            found |= {(method, one.path) for method in one.methods or () if method not in {"HEAD", "OPTIONS"}}
    return sorted(found, key=lambda route: (route[1], route[0]))


def is_open(path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in OPEN)


def needed(method: str, path: str) -> str | None:
    """The role that a route needs."""
    for pattern, (role, to_delete) in ROLES.items():
        if re.fullmatch(pattern, path):
            return to_delete if method == "DELETE" and to_delete else role
    pytest.fail(f"{method} {path}: say in ROLES which role it needs, or in OPEN why it needs no token")


class Mint:
    """Tokens as the platform's issuer signs them, and all that are not quite so."""

    def __init__(self, platform: Platform) -> None:
        self.key = SigningKey.at(platform.folder / "var" / "keys" / "issuer.pem")
        self.stranger = SigningKey.at(platform.folder / "stranger.pem")
        self.told: Json = jwt.decode(platform.token("bob"), options={"verify_signature": False})

    def token(self, key: SigningKey | None = None, **change: Any) -> str:
        """A good token, but for the change."""
        now = int(time.time())
        claims = self.told | {"iat": now - 10, "nbf": now - 10, "exp": now + 600} | change
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, (key or self.key).private, "RS256", headers={"kid": self.key.kid})

    def forged(self, how: str) -> str | None:
        """A token that is wrong in one point."""
        now = int(time.time())
        match how:
            case "no token":
                return None
            case "malformed":
                return self.token()[:-30]
            case "alg none":
                return jwt.encode(self.told | {"exp": now + 600}, None, "none", headers={"kid": self.key.kid})
            case "HS256":
                return self._hs256()
            case "other key":
                return self.token(self.stranger)
        wrong: dict[str, Json] = {
            "issuer": {"iss": "https://issuer.example"},
            "audience": {"aud": ["account", "somebody-else"]},
            "expired": {"exp": now - 60},
            "not yet": {"nbf": now + 600},
            "no sub": {"sub": None},
        }
        return self.token(**wrong[how])

    def _hs256(self) -> str:
        """Signed with the public key, as if it were a shared secret."""
        public = self.key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        part = jwt.utils.base64url_encode
        head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": self.key.kid}).encode())
        body = part(json.dumps(self.told | {"exp": int(time.time()) + 600}).encode())
        digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        return b".".join([head, body, part(digest.sign(head + b"." + body, public))]).decode()


@pytest.fixture(scope="module")
def mint(platform: Platform) -> Mint:
    return Mint(platform)


@pytest.fixture(scope="module")
def http(platform: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.url, timeout=60) as found:
        yield found


@pytest.fixture(scope="module")
def table() -> Iterator[dict[Route, dict[str, str]]]:
    """What was seen, printed when all of it was."""
    seen: dict[Route, dict[str, str]] = {}
    yield seen
    print("\n" + drawn(seen))


def drawn(seen: dict[Route, dict[str, str]]) -> str:
    """The matrix as text."""
    wide = max(len(f"{method} {path}") for method, path in seen) + 1
    lines = [" " * wide + "  ".join(COLUMNS)]
    for (method, path), row in seen.items():
        lines.append(f"{method} {path}".ljust(wide) + "  ".join(row.get(name, "-").ljust(len(name)) for name in COLUMNS))
    return "\n".join(lines)


def ask(http: httpx.Client, method: str, path: str, token: str | None, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return http.request(method, path, headers=headers, **more)


def anything(path: str) -> str:
    """An address with parameters that may exist or not: nobody should get so far."""

    def value(found: re.Match[str]) -> str:
        return "1" if found[1] in {"registry_id", "execution_id"} else str(uuid4())

    return re.sub(r"\{(\w+)(?::\w+)?\}", value, path)


def refusal(answer: httpx.Response, path: str) -> Any:
    """What a 401 says, in the dialect of its address: a problem, OAuth's words, or FastAPI's `detail`."""
    assert answer.status_code == 401, (path, answer.status_code, answer.text)
    assert answer.headers["www-authenticate"].startswith("Bearer"), path
    told = answer.json()
    if path.startswith(ISSUER_AT):
        assert (told["error"], "error_description" in told) == ("invalid_token", True)
    elif path.startswith(("/v1/", "/bus/")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert (told["type"], told["status"]) == ("urn:problem:gateway:unauthenticated", 401)
    else:
        assert list(told) == ["detail"]
    return told


# -- nobody gets through without a good token


def test_every_route_says_whom_it_is_for() -> None:
    """A route either needs a token, or is on the list of those that do not, with a reason; no reason is left over."""
    served = routes()

    for method, path in served:
        assert is_open(path) or needed(method, path) in {None, *(role for pair in ROLES.values() for role in pair)}
    for pattern in (*OPEN, *ROLES):
        assert any(re.fullmatch(pattern, path) for _method, path in served), f"nothing is served at {pattern}"


def test_bad_tokens_open_nothing(http: httpx.Client, mint: Mint, table: dict[Route, dict[str, str]]) -> None:
    """Whatever is wrong with a token, each route answers 401 and says no more than why."""
    tokens = {how: mint.forged(how) for how in FORGED}
    good = mint.token()
    assert ask(http, "GET", "/v1/me", good).status_code == 200

    for method, path in routes():
        if is_open(path):
            continue
        row = table.setdefault((method, path), {})
        said: dict[str, Any] = {}
        for how, token in tokens.items():
            answer = ask(http, method, anything(path), token)
            said[how] = refusal(answer, path)
            row[how] = str(answer.status_code)
        assert good.split(".")[1] not in json.dumps(said)


def test_open_routes_are_open(http: httpx.Client) -> None:
    """And nothing else is: what is on the list asks nobody for a token."""
    for method, path in routes():
        if is_open(path):
            answer = ask(http, method, anything(path), None)
            assert (answer.status_code, path) != (401, path) or "error" in answer.json(), path


# -- nobody does what needs a role without it


def test_a_missing_role_opens_nothing(http: httpx.Client, mint: Mint, table: dict[Route, dict[str, str]]) -> None:
    """403 where a role is needed (401 among Provena's addresses), and elsewhere a role changes nothing."""
    nobody, member = mint.token(realm_access={"roles": []}), mint.token(realm_access={"roles": ["reprov_user"]})
    elsewhere = mint.token(
        realm_access={"roles": []}, resource_access={"other": {"roles": ["reprovena_admin", "reprov_admin"]}}
    )

    for method, path in routes():
        if is_open(path):
            continue
        role, place, row = needed(method, path), anything(path), table.setdefault((method, path), {})
        answers = [ask(http, method, place, token, params={"wait": 0}) for token in (nobody, elsewhere)]
        if role == "reprov_admin":
            answers.append(ask(http, method, place, member))
        codes = {answer.status_code for answer in answers}
        row["role"] = "/".join(map(str, sorted(codes)))
        if role is None:
            assert not codes & {401, 403}, (method, path, codes)
        elif path.startswith("/bus/") or re.fullmatch(PROVENA, path):
            assert codes == {401}, (method, path, codes)
        else:
            assert codes == {403}, (method, path, codes, answers[0].text)


def test_with_the_role_one_gets_further(http: httpx.Client, mint: Mint) -> None:
    """So it is the role that was missing; a role of the platform's own client counts like the realm's."""
    nobody = mint.token(realm_access={"roles": []})
    everything = list(EVERY)
    client = {"realm_access": {"roles": []}, "resource_access": {"reprovena": {"roles": everything}}}
    for claims in ({"realm_access": {"roles": everything}}, client):
        token = mint.token(**claims)
        for method, path in routes():
            if not is_open(path) and needed(method, path) and not path.startswith("/bus/"):
                place = anything(path)
                without, with_it = ask(http, method, place, nobody), ask(http, method, place, token)
                # ReProv answers 403 to some wrong requests, too: what it says tells them apart
                assert (with_it.status_code, with_it.text) != (without.status_code, without.text), (method, path)
                assert with_it.status_code != 401, (method, path)


# -- nobody sees that somebody else's things are there


@pytest.fixture(scope="module")
def things(platform: Platform, ada: httpx.Client) -> dict[str, Any]:
    """One of each kind, Ada's."""
    workflow = register(ada, "private", {"shout.cwl": SHOUT})
    run, other = a_run(ada, workflow), a_run(ada, workflow, b"other\n")
    told = ada.get(f"/v1/runs/{run['id']}").json()
    assert (run["status"], told["legacy_id"] is not None) == ("finished", True)
    output = ada.get(f"/v1/runs/{run['id']}/outputs").json()["items"][0]
    return {
        "workflow": workflow["id"],
        "run": run["id"],
        "job": run["job"],
        "upload": upload(ada, "mine.txt", b"mine"),
        "registry_id": ada.get(f"/v1/workflows/{workflow['id']}").json()["legacy_id"],
        "execution_id": told["legacy_id"],
        "path": "loud.txt",
        "other": other["id"],
        "name": f"{told['name']}",
        "number": told["number"],
        "output": output["id"],
        "sha256": output["sha256"],
    }


def made_up(things: dict[str, Any]) -> dict[str, Any]:
    """The same kinds, but nobody has ever had them."""
    told = {name: str(uuid4()) for name in ("workflow", "run", "job", "upload", "other")}
    told |= {"registry_id": 2_000_000_001, "execution_id": 2_000_000_002, "path": things["path"], "name": "nothing:1"}
    return told | {"number": "1", "output": f"run/{told['run']}/out/shout/loud.txt", "sha256": "ab" * 32}


OTHERS_ARE_OPEN = {"type", "service"}
"""Parameters of routes that everybody may read."""
BODIES: dict[Route, Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("PATCH", "/v1/workflows/{workflow}"): lambda _: {"data": {"name": "stolen"}},
    ("POST", "/v1/runs/{run}/restart"): lambda _: {"json": {}},
    ("POST", "/v1/runs/{run}/dataset"): lambda _: {"json": {"collection_format": described("10378.1/1", "Stolen")}},
    ("GET", "/v1/runs/{run}/difference"): lambda told: {"params": {"other": told["other"]}},
    ("PUT", "/workflow_registry/update/{registry_id}"): lambda _: {"params": {"name": "stolen"}},
    ("PUT", "/workflow_registry/update/{registry_id}/"): lambda _: {"params": {"name": "stolen"}},
}
"""What else a request with an id in its address needs to get as far as its owner."""
IDS_ELSEWHERE: list[tuple[str, str, Callable[[dict[str, Any]], dict[str, Any]]]] = [
    ("POST", "/v1/runs", lambda told: {"json": {"workflow": told["workflow"]}}),
    ("POST", "/v1/runs:delete", lambda told: {"json": {"ids": [told["run"]]}}),
    ("GET", "/v1/runs", lambda told: {"params": {"workflow": told["workflow"]}}),
    ("GET", "/v1/files", lambda told: {"params": {"sha256": told["sha256"]}}),
    ("GET", "/v1/lineage", lambda told: {"params": {"id": told["output"]}}),
    ("GET", "/v1/lineage", lambda told: {"params": {"id": f"run/{told['run']}", "direction": "down"}}),
    ("GET", "/v1/lineage/document", lambda told: {"params": {"id": told["output"]}}),
    ("GET", "/v1/lineage/drawing", lambda told: {"params": {"id": told["output"], "format": "svg"}}),
    ("GET", "/v1/lineage/path", lambda told: {"params": {"source": told["output"], "target": f"run/{told['run']}"}}),
    *(
        ("GET", f"{place}/", lambda told: {"params": {"reana_name": told["name"], "reana_run_number": told["number"]}})
        for place in ("/workflow_execution/outputs", "/workflow_execution/inputs", "/provenance/json", "/provenance/draw")
    ),
    ("GET", "/provenance/capture/", lambda told: {"params": {"reana_name": told["name"], "run_number": told["number"]}}),
    ("DELETE", "/workflow_execution/delete/", lambda told: {"params": {"registry_id": told["registry_id"]}}),
    ("DELETE", "/workflow_execution/delete/", lambda told: {"params": {"reana_name": told["name"]}}),
]
"""Ids in queries and bodies."""


def plain(answer: httpx.Response, told: dict[str, Any]) -> str:
    """An answer without the ids that were asked for, and without the request's own."""
    text = answer.text
    for name in ("output", "run", "workflow", "job", "upload", "other", "sha256", "name", "registry_id", "execution_id"):
        text = text.replace(str(told[name]), f"<{name}>")
    if answer.headers.get("content-type", "").startswith("application/"):
        found = json.loads(text)
        if isinstance(found, dict):
            found.pop("instance", None)
            job = found.get("items", [{}])[0].pop("job", None) if found.get("items") else None
            assert job is None or UUID(job["id"] if isinstance(job, dict) else job)
        return json.dumps(found, sort_keys=True)
    return text


def test_what_is_somebody_elses_looks_as_if_it_were_not_there(
    http: httpx.Client, mint: Mint, ada: httpx.Client, things: dict[str, Any], table: dict[Route, dict[str, str]]
) -> None:
    """Bob is told the same of Ada's things as of things that nobody has, and hers stay as they are."""
    bob = mint.token(realm_access={"roles": ["reprov_user", "reprov_admin"]})
    asked = [(method, path, BODIES.get((method, path), lambda _: {})) for method, path in routes() if not is_open(path)]
    asked = [one for one in asked if "{" in one[1]] + IDS_ELSEWHERE
    before = [ada.get(f"/v1/{kind}s/{things[kind]}").json() for kind in ("workflow", "run", "upload")]

    for method, path, body in asked:
        pair = []
        for told in (things, made_up(things)):
            unknown = {name for name in re.findall(r"\{(\w+)", path) if name not in told} - OTHERS_ARE_OPEN
            assert not unknown, f"{path}: say in `things` what {unknown} is"
            place = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found, told=told: str(told[found[1]]), path)
            answer = ask(http, method, place, bob, **body(told))
            pair.append((answer.status_code, plain(answer, told)))
        table.setdefault((method, path), {})["other tenant"] = str(pair[0][0])
        assert pair[0] == pair[1], (method, path)
        assert (
            pair[0][0] in {404, 422, 400}
            or (method, path) in {("GET", "/v1/runs"), ("GET", "/v1/files")}
            or (method == "POST" and pair[0][0] in {200, 202, 207})
        ), (method, path, pair)
        for secret in ("private", "loud", "HELLO"):
            assert secret not in pair[0][1].replace("loud.txt", ""), (method, path, pair)

    after = [ada.get(f"/v1/{kind}s/{things[kind]}").json() for kind in ("workflow", "run", "upload")]
    assert after == before


def test_audiences_are_looked_at_without_a_setting(mint: Mint) -> None:
    """The issuer of our own says for whom its tokens are."""
    assert AUDIENCE in mint.told["aud"]
