"""`python -m deploy.stack.native`: settings for compose with which the services stand on the servers of `make services`."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.services.rabbitmq import SERVICES
from deploy.stack import secrets

PORTS = {"gateway": 8000, "registry": 8001, "executor": 8002, "provenance": 8003}


def settings(told: Mapping[str, Any]) -> dict[str, str]:
    """The variables of deploy/compose.yaml that name servers."""
    found = {f"{name.upper()}_DATABASE_URL": told["postgres_urls"][name] for name in SERVICES}
    found |= {f"{name.upper()}_BUS_URL": told["amqp_urls"][name] for name in SERVICES}
    found |= {f"{name.upper()}_PASSWORD": "" for name in SERVICES}
    found |= {f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in PORTS.items() if name != "gateway"}
    return found | {
        "BUS_MANAGEMENT_URL": told["amqp_management_url"],
        "GRAPH_URL": told["neo4j_url"],
        "ISSUER_URL": told["keycloak_url"],
        "ISSUER_REACHED": told["keycloak_url"],
        "FILES_URL": f"s3://{told['s3_bucket']}",
        "S3_ENDPOINT": told["s3_endpoint"],
        "S3_ACCESS_KEY": told["s3_access_key"],
        "S3_SECRET_KEY": told["s3_secret_key"],
    }


def main() -> int:
    """Write deploy/native.env."""
    folder = Path(os.environ.get("SERVICES_FOLDER") or "var/services")
    told = json.loads((folder / "services.json").read_text())
    secrets.main()
    target = secrets.DEPLOY / "native.env"
    target.touch(mode=0o600)
    target.write_text("".join(f"{name}={value}\n" for name, value in settings(told).items()))
    print(f"written: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
