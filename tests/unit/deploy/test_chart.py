"""The chart's schema of values says what the services' settings are."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from deploy.chart import values as chart
from ruamel.yaml import YAML

from chassis.service import Service
from executor.service import executor
from registry.service import registry

ROOT = Path(__file__).parents[3]


def test_the_schema_of_values_was_written_anew() -> None:
    """Settings and their limits are those of the code today; `python -m deploy.chart.values` writes them."""
    told = json.loads(chart.SCHEMA.read_text())

    assert told == chart.written(told)


def test_a_secret_is_no_setting_of_a_config_map() -> None:
    """What is a secret in the code cannot be written among the settings."""
    assert {"DATABASE_URL", "BUS_URL", "REANA_TOKEN_KEYS", "REANA_ACCESS_TOKEN", "S3_SECRET_KEY"} <= chart.secret(
        executor.settings
    )
    for service in chart.SERVICES:
        assert not set(chart.named(service.settings)) & chart.secret(service.settings)


def test_limits_are_those_of_the_code() -> None:
    """A kind and a limit come from the field, whatever the chart's keeper remembers."""
    assert chart.named(registry.settings)["DATABASE_POOL"] == {"type": "integer", "minimum": 2}
    assert chart.named(executor.settings)["REANA_RATE"] == {"type": "number", "exclusiveMinimum": 0}


@pytest.mark.parametrize("service", chart.SERVICES, ids=lambda one: one.name)
def test_every_setting_is_told(service: Service) -> None:
    """The pages of the architecture have all settings that the code has."""
    pages = (page.read_text() for page in (ROOT / "docs/architecture").glob("*.md"))
    told = {word for page in pages for word in re.findall(r"[A-Z][A-Z0-9_]+", page)}

    assert sorted({name.upper() for name in service.settings.model_fields} - told) == []


def test_the_chart_is_of_this_version() -> None:
    """Images without a tag are those of the project's version, and the Keycloak is that of compose."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    told, values = (YAML(typ="safe").load(chart.CHART / name) for name in ("Chart.yaml", "values.yaml"))
    compose = YAML(typ="safe").load(chart.CHART.parent / "compose.yaml")

    assert told["appVersion"] == version
    assert values["keycloak"]["image"] == compose["services"]["keycloak"]["image"]
