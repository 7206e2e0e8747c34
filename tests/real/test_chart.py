"""The chart as Helm renders it: valid for Kubernetes, true to the services, closed wherever nothing was said."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from deploy.chart.values import CHART, SERVICES, secret
from deploy.services.helm import KUBERNETES
from deploy.services.keycloak import REALM
from tests.helm import FULL, MINIMAL, helmed, rendered

pytestmark = pytest.mark.timeout(1800)  # the first of them may have to build Helm
BOTH = pytest.mark.parametrize("values", [MINIMAL, FULL], ids=["minimal", "full"])
EVERY = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
KINDS = {
    MINIMAL: {"ConfigMap", "Deployment", "Job", "NetworkPolicy", "Pod", "PodDisruptionBudget", "Service"},
    FULL: {"HorizontalPodAutoscaler", "Ingress"},
}


@cache
def documents(values: Path) -> list[dict[str, Any]]:
    return rendered(values)


def kind(values: Path, name: str) -> dict[str, dict[str, Any]]:
    """The documents of a kind by name."""
    return {one["metadata"]["name"]: one for one in documents(values) if one["kind"] == name}


def full(values: Path) -> str:
    """What names begin with."""
    return {MINIMAL: "there-reprovena", FULL: "lab"}[values]


def pods(values: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod that the chart makes, with its name."""
    for one in documents(values):
        if one["kind"] in {"Deployment", "Job"}:
            yield one["metadata"]["name"], one["spec"]["template"]
        elif one["kind"] == "Pod":
            yield one["metadata"]["name"], one


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items()


@BOTH
def test_every_document_is_one_of_kubernetes(values: Path) -> None:
    """Nothing is rendered that Kubernetes does not know, and every kind that the chart has is seen."""
    for one in documents(values):
        kubernetes_validate.validate(one, f"1.{KUBERNETES}", strict=True)

    assert {one["kind"] for one in documents(values)} == KINDS[MINIMAL] | (KINDS[FULL] if values == FULL else set())
    assert {one["metadata"]["namespace"] for one in documents(values)} == {"lab"}


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    """The look at documents would see a slip in a template."""
    budget = next(iter(kind(MINIMAL, "PodDisruptionBudget").values()))
    slipped = budget | {"spec": budget["spec"] | {"unavailable": 1}}

    with pytest.raises(kubernetes_validate.ValidationError, match="unavailable"):
        kubernetes_validate.validate(slipped, f"1.{KUBERNETES}", strict=True)


def test_the_chart_passes_helm_s_own_look() -> None:
    """`helm lint` finds nothing with the chart's own values, the least, and all."""
    for values in ([], ["--values", MINIMAL], ["--values", FULL]):
        answer = helmed("lint", "--strict", CHART, *values)
        assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([], "RUNNER_URL: the https address of a REANA"),
        (
            ["--set", "services.executor.settings.RUNNER_URL=https://reana.example.org"],
            "ISSUER_URL: the realm of your Keycloak",
        ),
    ],
    ids=["REANA", "Keycloak"],
)
def test_what_has_no_default_is_asked_for(told: list[str], says: str) -> None:
    """An address that nobody can guess is named in the refusal."""
    answer = helmed("template", "there", CHART, *told)

    assert answer.returncode != 0
    assert says in answer.stderr


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("settings.LOGLEVEL=INFO", "LOGLEVEL"),
        ("services.registry.settings.GRAPH_URL=neo4j://neo4j", "GRAPH_URL"),
        ("services.gateway.settings.DATABASE_POOL=1", "DATABASE_POOL"),
        ("services.gateway.settings.REPROV_ERRORS=quiet", "REPROV_ERRORS"),
        ("services.executor.settings.RUNNER_URL=local:/runs", "RUNNER_URL"),
        ("settings.FILES_URL=file:/files", "FILES_URL"),
        ("settings.S3_SECRET_KEY=x", "S3_SECRET_KEY"),
        ("services.gateway.settings.DATABASE_URL=postgresql://a:b@c/d", "DATABASE_URL"),
        ("services.provenance.settings.GRAPH_URL=neo4j://neo4j:password@neo4j:7687", "GRAPH_URL"),
        ("services.registry.secretSettings[0]=DATABASE_ULR", "secretSettings"),
        ("services.registry.replicas=two", "replicas"),
        ("services.registry.minAvailable=1", "minAvailable"),
        ("services.archive.replicas=1", "archive"),
        ("networkPolicy.egress.database.ports[0]=70000", "ports"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("keycloak.hostname=keycloak.example.org", "hostname"),
        ("ingress.hosts[0]=https://example.org", "hosts"),
        ("services.executor.replicas=3", "the 20 that REANA allows"),
    ],
)
def test_values_that_nobody_means_are_refused(told: str, says: str) -> None:
    """A misspelled setting, a value out of its limits, a secret among settings: refused by name before anything is touched."""
    answer = helmed("template", "there", CHART, "--values", MINIMAL, "--set", told)

    assert answer.returncode != 0, answer.stdout
    assert says in answer.stderr


@BOTH
@EVERY
def test_a_service_gets_settings_that_it_has(values: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable is one that the service reads, what is secret comes from secrets alone, and it accepts all of it."""
    name = f"{full(values)}-{service.name}"
    container = kind(values, "Deployment")[name]["spec"]["template"]["spec"]["containers"][0]
    data = kind(values, "ConfigMap")[name]["data"]
    known = {field.upper() for field in service.settings.model_fields}
    env = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"]}

    assert set(data) | set(env) <= known
    assert container["envFrom"] == [{"configMapRef": {"name": name}}]
    assert not set(data) & secret(service.settings)
    assert {"DATABASE_URL", "BUS_URL"} <= set(env)
    assert kind(values, "ConfigMap")[f"{name}-once"]["data"] == data

    for variable in known:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in (data | {"DATABASE_URL": "postgresql://a/b", "BUS_URL": "amqp://a/"}).items():
        monkeypatch.setenv(variable, value)
    settings = service.settings()
    assert (settings.host, settings.port, settings.stop_within) == ("0.0.0.0", 8000, 10)
    if service.name == "gateway":
        assert settings.registry_url == f"http://{full(values)}-registry:8000"
        assert settings.issuer_url == "https://keycloak.example.org/realms/reprovena"
        assert settings.provena_hosts == ({"registry": "registry-api.example.org"} if values == FULL else {})
    if values == FULL:
        assert list(settings.foreign_publishers["lab"].tenants) == ["physics"]


@BOTH
def test_pods_may_do_nothing_but_their_work(values: Path) -> None:
    """No root, no writing, no privilege, no account of the cluster, in any container of any pod."""
    for name, pod in pods(values):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            told = container["securityContext"]
            assert (told["readOnlyRootFilesystem"], told["allowPrivilegeEscalation"]) == (True, False), name
            assert told["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]


@BOTH
@EVERY
def test_a_service_is_asked_and_ended_in_order(values: Path, service: Any) -> None:
    """It starts by /livez, serves by /readyz, and has longer to end than it takes."""
    spec = kind(values, "Deployment")[f"{full(values)}-{service.name}"]["spec"]["template"]["spec"]
    container = spec["containers"][0]

    paths = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    web, bus_and_loops = 5, 2 * 10
    assert spec["terminationGracePeriodSeconds"] > container["lifecycle"]["preStop"]["sleep"]["seconds"] + web + bus_and_loops


@BOTH
def test_only_the_gateway_sees_the_key_that_signs(values: Path) -> None:
    """Everybody else gets the public half."""
    for service in SERVICES:
        spec = kind(values, "Deployment")[f"{full(values)}-{service.name}"]["spec"]["template"]["spec"]
        found = next(volume["secret"] for volume in spec["volumes"] if volume["name"] == "callers")
        mounted = next(mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "callers")
        data = kind(values, "ConfigMap")[f"{full(values)}-{service.name}"]["data"]
        (item,) = found["items"]
        named = data.get("CALLER_KEY") or data["CALLER_PUBLIC_KEY"]

        assert item["key"] == ("caller.pem" if service.name == "gateway" else "caller.pub")
        assert f"{mounted}/{item['path']}" == named


@BOTH
def test_schemas_come_before_services(values: Path) -> None:
    """Each service's migration and the topology run before an installation and an upgrade, after their settings are there."""
    jobs = kind(values, "Job")

    assert set(jobs) == {f"{full(values)}-{service.name}-migrate" for service in SERVICES} | {
        f"{full(values)}-registry-topology"
    }
    for name, job in jobs.items():
        annotations, container = job["metadata"]["annotations"], job["spec"]["template"]["spec"]["containers"][0]
        settings = kind(values, "ConfigMap")[container["envFrom"][0]["configMapRef"]["name"]]["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == settings["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert int(settings["helm.sh/hook-weight"]) < int(annotations["helm.sh/hook-weight"])
        assert container["args"] == [name.rpartition("-")[2]]
        asked = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"]}
        assert asked.get("BUS_MANAGEMENT_URL", {}).get("optional") is (True if name.endswith("topology") else None)


@BOTH
def test_every_selector_finds_its_pods_and_no_others(values: Path) -> None:
    """Services and budgets mean one component each, and a budget has one limit."""
    running = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in kind(values, "Deployment").items()}

    for name, one in kind(values, "Service").items():
        assert [there for there, labels in running.items() if one["spec"]["selector"].items() <= labels.items()] == [name]
    for name, one in kind(values, "PodDisruptionBudget").items():
        assert set(one["spec"]) == {"maxUnavailable", "selector"}
        assert [there for there, labels in running.items() if selects(one["spec"]["selector"], labels)] == [name]
    for name, one in kind(values, "HorizontalPodAutoscaler").items():
        assert "replicas" not in kind(values, "Deployment")[name]["spec"]
        assert one["spec"]["scaleTargetRef"]["name"] == name


@BOTH
def test_nothing_is_open_that_was_not_opened(values: Path) -> None:
    """One policy denies all pods everything; each pod has one of its own, and only the gateway is open to clients."""
    policies = kind(values, "NetworkPolicy")
    nothing = policies.pop(f"{full(values)}-nothing-else")["spec"]
    assert nothing["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(nothing)

    for name, pod in pods(values):
        labels = pod["metadata"]["labels"]
        assert selects(nothing["podSelector"], labels), name
        (own,) = [one["spec"] for one in policies.values() if selects(one["spec"]["podSelector"], labels)]
        assert own["policyTypes"] == ["Ingress", "Egress"]
        assert all(rule["ports"] for rule in own["egress"]), name
        if labels["app.kubernetes.io/component"] in {"registry", "executor", "provenance"}:
            assert all(rule["from"] for rule in own["ingress"]), name

    ports = {}
    for service in SERVICES:
        rules = policies[f"{full(values)}-{service.name}"]["spec"]["egress"]
        ports[service.name] = {port["port"] for rule in rules for port in rule["ports"]}
    assert {name for name, found in ports.items() if 7687 in found} == {"provenance"}
    assert {name for name, found in ports.items() if 8000 in found} == {"gateway"}


def test_changed_settings_start_new_pods() -> None:
    """A setting of a service changes that service's pods and no others."""

    def sums(documents: list[dict[str, Any]]) -> dict[str, str]:
        pods = {one["metadata"]["name"]: one["spec"]["template"] for one in documents if one["kind"] == "Deployment"}
        return {name: pod["metadata"]["annotations"]["checksum/settings"] for name, pod in pods.items()}

    before = sums(documents(MINIMAL))
    after = sums(rendered(MINIMAL, told=["--set", "services.registry.settings.CHECK_TIMEOUT=60"]))

    assert {name for name, found in after.items() if found != before[name]} == {"there-reprovena-registry"}


def test_keycloak_gets_the_realm_of_compose() -> None:
    """The realm is the file that compose mounts, byte for byte, where --import-realm looks for it; there is no other."""
    data = kind(FULL, "ConfigMap")["lab-keycloak-realm"]["data"]
    spec = kind(FULL, "Deployment")["lab-keycloak"]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    mount = next(one for one in container["volumeMounts"] if one["name"] == "realm")

    assert json.loads(data["reprovena-realm.json"]) == json.loads(REALM.read_text())
    assert container["args"] == ["start", "--import-realm"]
    assert mount["mountPath"] == "/opt/keycloak/data/import"
    assert next(one for one in spec["volumes"] if one["name"] == "realm")["configMap"]["name"] == "lab-keycloak-realm"
    assert "k8s/files/reprovena-realm.json:/opt/keycloak/data/import/" in (CHART.parent / "compose.yaml").read_text()
    assert list(CHART.parent.rglob("*realm*.json")) == [REALM]
    assert kind(FULL, "ConfigMap")["lab-gateway"]["data"]["ISSUER_REACHED"] == "http://lab-keycloak:8080/realms/reprovena"
