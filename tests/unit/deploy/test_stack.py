"""What is shipped for production says what the code means."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from deploy.services.rabbitmq import SERVICES
from deploy.stack import native, secrets
from ruamel.yaml import YAML
from tests.servers import ADDRESSES

from contracts.topology import QUEUES
from executor.runner import RunnerSettings
from executor.service import executor
from executor.tokens.vault import Vault
from gateway.service import gateway
from provenance.service import provenance
from registry.service import registry

DEPLOY = Path(__file__).parents[3] / "deploy"
ALL = (registry, executor, provenance, gateway)


def realm() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((DEPLOY / "k8s" / "files" / "reprovena-realm.json").read_text())
    return told


def compose() -> Any:
    return YAML(typ="safe").load(DEPLOY / "compose.yaml")


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_compose_sets_what_a_service_knows(service: Any) -> None:
    """Every variable is a setting of the service that gets it, and the service's own bus and database are named."""
    told = compose()["services"][service.name]

    unknown = {name for name in told["environment"] if name.lower() not in service.settings.model_fields}

    assert unknown == set()
    assert service.name in told["environment"]["DATABASE_URL"]
    assert service.name in told["environment"]["BUS_URL"]
    assert (told["read_only"], told["user"], told["cap_drop"]) == (True, "10001:10001", ["ALL"])


def test_compose_starts_nobody_too_early() -> None:
    """Each service waits for its schema and for the bus's topology."""
    for service in ALL:
        waits = compose()["services"][service.name]["depends_on"]
        for once in ("topology", f"migrate-{service.name}"):
            assert waits[once] == {"condition": "service_completed_successfully"}


def test_the_native_settings_are_compose_s() -> None:
    """Every address that a native server has is a variable of the compose file."""
    told = dict.fromkeys(("amqp_management_url", "neo4j_url", "keycloak_url"), "x") | {
        "postgres_urls": dict.fromkeys(SERVICES, "x"),
        "amqp_urls": dict.fromkeys(SERVICES, "x"),
        **dict.fromkeys(("s3_bucket", "s3_endpoint", "s3_access_key", "s3_secret_key"), "x"),
    }
    text = (DEPLOY / "compose.yaml").read_text()

    for name in native.settings(told):
        assert f"${{{name}" in text, name


def test_rabbitmq_knows_a_hashed_password() -> None:
    """A password is kept as RabbitMQ's salted SHA-256, and each service has an account of its own."""
    told = secrets.definitions(dict.fromkeys(secrets.NAMES, "pass"))

    assert {user["name"] for user in told["users"]} == {"admin", *(service.name for service in ALL)}
    for user in told["users"]:
        raw = base64.b64decode(user["password_hash"])
        assert raw[4:] == hashlib.sha256(raw[:4] + b"pass").digest()


def test_every_subject_s_speaker_has_an_account() -> None:
    """The accounts of the bus are the services that own queues."""
    assert {queue.split(".")[0] for queue in QUEUES} == set(SERVICES)


def test_the_realm_has_the_roles_groups_and_clients_of_the_originals() -> None:
    """Nobody who comes from Provena or ReProv misses a role, a group or a client."""
    told = realm()
    roles = {role["name"] for role in told["roles"]["realm"]}
    clients = {client["clientId"]: client for client in told["clients"]}

    kinds = ("entity-registry", "handle", "sys-admin", "job-service")
    assert {f"{kind}-{level}" for kind in kinds for level in ("read", "write", "admin")} <= roles
    assert {"data-store-api", "prov-api", "reprov_user", "reprov_admin", "reprovena_admin"} <= roles
    assert [group["name"] for group in told["groups"]] == ["group1", "group2"]
    browser = {"landing-portal-ui", "data-store-ui", "entity-registry-ui", "provenance-store-ui", "api"}
    devices = {"reprovena", "client-tools", "automated-access", "admin-tools"}
    services = {"data-store-api", "prov-api", "registry-api", "auth-api", "service_account_oidc_aws", "prov-exporter"}
    assert set(clients) == browser | devices | services | {"integration-tests", "cli-client"}
    assert {name for name, one in clients.items() if one["standardFlowEnabled"]} == browser
    assert {
        name for name, one in clients.items() if one.get("attributes", {}).get("oauth2.device.authorization.grant.enabled")
    } == devices
    assert {name for name, one in clients.items() if one["serviceAccountsEnabled"]} == services
    passwords = {name for name, one in clients.items() if one["directAccessGrantsEnabled"]}
    assert passwords == {"reprovena", "api", "integration-tests", "cli-client"}


def test_every_client_s_tokens_say_groups_and_audience() -> None:
    """A token of any client can be judged by the gateway."""
    for client in realm()["clients"]:
        kinds = {mapper["protocolMapper"]: mapper["config"] for mapper in client["protocolMappers"]}
        assert kinds["oidc-group-membership-mapper"]["full.path"] == "true"
        assert kinds["oidc-audience-mapper"]["included.custom.audience"] == "reprovena-api"


def test_the_realm_holds_no_secret_and_no_person() -> None:
    """Nothing is secret by being known: people of the demonstration lie in a file of their own, secrets are made at import."""
    told = realm()

    assert not any("secret" in client for client in told["clients"])
    assert all(user["username"].startswith("service-account-") for user in told["users"])
    assert not any(client.get("redirectUris") == ["*"] or client.get("webOrigins") == ["*"] for client in told["clients"])
    assert not re.search(r"password\d", json.dumps(told))


def test_the_stack_has_a_key_for_stored_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose's executor keeps no key of its own over a restart, so one is made with the passwords, once."""
    monkeypatch.setattr(secrets, "DEPLOY", tmp_path)

    assert (secrets.main(), secrets.main()) == (0, 0)

    told = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    sealed = Vault(told["REANA_TOKEN_KEYS"].encode()).seal("ada", "secret")
    settings = RunnerSettings(state=tmp_path, reana_token_keys=told["REANA_TOKEN_KEYS"])
    assert Vault.of(settings).open("ada", sealed) == "secret"
    assert "${REANA_TOKEN_KEYS:-}" in compose()["services"]["executor"]["environment"]["REANA_TOKEN_KEYS"]


def test_tests_look_for_every_server() -> None:
    """Each real server has an address by which tests find it."""
    assert {address.split("_")[0] for address in ADDRESSES} == {"amqp", "postgres", "neo4j", "s3", "keycloak"}
