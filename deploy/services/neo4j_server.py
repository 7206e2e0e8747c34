"""Neo4j 5.26 LTS, community, from Maven."""

import os
import shutil
from pathlib import Path
from typing import Any

from deploy.services.java import MAVEN, java, maven
from deploy.services.machine import HERE, HOST, Place, opened, run

VERSION = "5.26.30"
OURS = HERE / "neo4j"
PACKAGES = ("java.base/java.nio", "java.base/java.lang", "java.base/sun.nio.ch")


def up(place: Place) -> dict[str, Any]:
    """Start it, and say where it is."""
    home, server = java(), place.server("neo4j")
    server.folder.mkdir(exist_ok=True)

    def fetch(folder: Path) -> None:
        shutil.copy(OURS / "pom.xml", folder)
        copy = [f"{MAVEN}:copy-dependencies", f"-DoutputDirectory={folder}/lib", "-DincludeScope=runtime"]
        run([maven(), "-q", "-B", "-f", folder / "pom.xml", *copy], server.log, env=os.environ | {"JAVA_HOME": str(home)})

    jars = place.cached(f"neo4j-{VERSION}", fetch) / "lib"
    there = server.running()
    port = place.port("neo4j", 18687, running=there)
    password = place.secret("neo4j")
    if not there:
        opens = [f"--add-opens={package}=ALL-UNNAMED" for package in PACKAGES]
        command = [home / "bin" / "java", "-Xmx2g", *opens, "-cp", f"{jars}/*", OURS / "Neo4jServer.java"]
        words = len(server.log.read_text(errors="replace")) if server.log.exists() else 0
        server.start([*command, server.folder / "home", str(port)], {"NEO4J_SECRET": password})
        server.ready(lambda: "ready" in server.log.read_text(errors="replace")[words:].split(), 240)
    server.ready(lambda: opened(port), 60)
    return {"neo4j_url": f"neo4j://neo4j:{password}@{HOST}:{port}"}


def down(place: Place) -> bool:
    """End it."""
    return place.server("neo4j").stop()
