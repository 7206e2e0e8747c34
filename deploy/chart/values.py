"""`python -m deploy.chart.values`: write which settings each service has, and of which kind, into the schema of the values."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis.settings import Settings
from executor.service import executor
from gateway.service import gateway
from provenance.service import provenance
from registry.service import registry

CHART = Path(__file__).parents[1] / "k8s"
SCHEMA = CHART / "values.schema.json"
SERVICES = (registry, executor, provenance, gateway)
COMMON = "commonSettings"
OURS = frozenset({"HOST", "PORT", "STATE", "CALLER_KEY", "CALLER_PUBLIC_KEY", "REGISTRY_URL", "EXECUTOR_URL", "PROVENANCE_URL"})
"""What the chart says itself."""
SECRETS = frozenset({"DATABASE_URL", "BUS_URL", "BUS_MANAGEMENT_URL"})
"""Addresses that have a password in them; they come from secrets, as everything does that is a `SecretStr`."""
DOORS = {
    "FILES_URL": "^s3://.+",
    "RUNNER_URL": "^https://.+",
    "GRAPH_URL": "^(neo4j|bolt)([+]s|[+]ssc)?://[^@]+$|^postgresql:$",
}
"""What a pod that may come and go can stand on; a password in an address belongs into a secret."""
KEPT = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern")


def named(settings: type[Settings]) -> dict[str, dict[str, Any]]:
    """The settings that a ConfigMap may hold, by their variables, each with what its value must be."""
    fields = settings.model_json_schema(mode="validation")["properties"]
    plain = {name.upper(): shape for name, shape in fields.items() if not _secret(shape)}
    return {name: _shape(name, shape) for name, shape in sorted(plain.items()) if name not in OURS | SECRETS}


def secret(settings: type[Settings]) -> frozenset[str]:
    """The variables that only a Secret may hold."""
    fields = settings.model_json_schema(mode="validation")["properties"]
    return frozenset(name.upper() for name, shape in fields.items() if _secret(shape) or name.upper() in SECRETS)


def _secret(shape: Mapping[str, Any]) -> bool:
    return any(one.get("writeOnly") for one in (shape, *shape.get("anyOf", ())))


def _shape(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    told = next((one for one in shape.get("anyOf", ()) if one.get("type") != "null"), shape)
    kept = {key: told[key] for key in KEPT if key in told}
    return kept | ({"pattern": DOORS[name]} if name in DOORS else {})


def written(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, with today's settings in it."""
    kinds = {f"{service.name}Settings": named(service.settings) for service in SERVICES}
    kinds[COMMON] = {name: shape for kind in kinds.values() for name, shape in kind.items() if _everywhere(name, kinds)}
    found = {kind: {"type": "object", "additionalProperties": False, "properties": told} for kind, told in kinds.items()}
    names = {f"{service.name}Secrets": _names({*named(service.settings), *secret(service.settings)}) for service in SERVICES}
    return {**schema, "$defs": {**schema["$defs"], **found, **names}}


def _names(names: set[str]) -> dict[str, Any]:
    return {"type": "array", "uniqueItems": True, "items": {"enum": sorted(names)}}


def _everywhere(name: str, kinds: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(name in kind for kind in kinds.values())


def main() -> int:
    """Write it."""
    SCHEMA.write_text(json.dumps(written(json.loads(SCHEMA.read_text())), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
