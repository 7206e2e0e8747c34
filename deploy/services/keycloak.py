"""Keycloak 26 from Maven, with the realm that compose and the chart import, too."""

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import httpx
from deploy.services.java import MAVEN, java, maven
from deploy.services.machine import HERE, HOST, Place, answers, run

VERSION = "26.7.3"
NAME = "reprovena"
REALM = HERE.parent / "k8s" / "files" / "reprovena-realm.json"
PEOPLE = HERE.parent / "keycloak" / "demo" / "reprovena-users-0.json"


def up(place: Place) -> dict[str, Any]:
    """Start it, and say where it is."""
    home, server = java(), place.server("keycloak")
    server.folder.mkdir(exist_ok=True)

    def fetch(folder: Path) -> None:
        environment = os.environ | {"JAVA_HOME": str(home)}
        name = f"keycloak-quarkus-dist:{VERSION}:tar.gz"
        copy = [f"{MAVEN}:copy", f"-Dartifact=org.keycloak:{name}", f"-DoutputDirectory={folder}"]
        run([maven(), "-q", "-B", *copy], server.log, env=environment, cwd=folder)
        packed = folder / f"keycloak-quarkus-dist-{VERSION}.tar.gz"
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
        packed.unlink()
        script = folder / f"keycloak-{VERSION}" / "bin" / "kc.sh"
        run([script, "build", "--db=dev-file", "--cache=local", "--health-enabled=true"], server.log, env=environment)

    program = place.cached(f"keycloak-{VERSION}", fetch) / f"keycloak-{VERSION}" / "bin" / "kc.sh"
    there = server.running()
    port = place.port("keycloak", 18080, running=there)
    health = place.port("keycloak_health", 18081, running=there)
    password = place.secret("keycloak")
    if not there:
        told = {
            "JAVA_HOME": str(home),
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx384m",
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
            "KC_DB_URL": f"jdbc:h2:file:{server.folder}/data;NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=0;DB_CLOSE_DELAY=0",
        }
        where = [f"--http-host={HOST}", f"--http-port={port}", f"--http-management-port={health}"]
        manner = ["--optimized", "--cache=local", "--http-enabled=true", "--hostname-strict=false"]
        server.start([program, "start", *manner, *where], told, cwd=server.folder)
    url = f"http://{HOST}:{port}"
    server.ready(lambda: answers(f"http://{HOST}:{health}/health/ready"), 300)
    _realm(server.folder / "realm.sha256", url, password)
    return {"keycloak_url": f"{url}/realms/{NAME}", "keycloak_admin": "admin", "keycloak_admin_password": password}


def _realm(note: Path, url: str, password: str) -> None:
    """The realm and the people of the demonstration; anew when a file of them has changed since."""
    digest = hashlib.sha256(REALM.read_bytes() + PEOPLE.read_bytes()).hexdigest()
    there = answers(f"{url}/realms/{NAME}")
    if not there or not note.exists() or note.read_text() != digest:
        import_realm(url, password, anew=there)
        note.write_text(digest)


def import_realm(url: str, password: str, *, anew: bool = False) -> None:
    """Import them as the administrator."""
    with httpx.Client(base_url=url, timeout=60) as client:
        asked = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": password}
        token = client.post("/realms/master/protocol/openid-connect/token", data=asked).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        if anew:
            client.delete(f"/admin/realms/{NAME}").raise_for_status()
        client.post("/admin/realms", json=json.loads(REALM.read_text())).raise_for_status()
        people = {"ifResourceExists": "FAIL", "users": json.loads(PEOPLE.read_text())["users"]}
        client.post(f"/admin/realms/{NAME}/partialImport", json=people).raise_for_status()


def down(place: Place) -> bool:
    """End it."""
    return place.server("keycloak").stop()
