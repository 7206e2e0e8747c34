"""A Java between 17 and 21, and Maven, which fetches what Java needs."""

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

from deploy.services.machine import Missing, find

GOOD = range(17, 22)
MAVEN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


def java() -> Path:
    """The home of a Java that Neo4j and Keycloak run on."""
    homes = [Path(home) for home in (os.environ.get("JAVA_HOME"),) if home]
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    with suppress(Missing):
        homes.append(find("java", how="").resolve().parent.parent)
    for home in homes:
        if (home / "bin" / "javac").exists() and _version(home) in GOOD:
            return home
    raise Missing("no JDK 17 to 21; on Debian and Ubuntu: apt-get install openjdk-17-jdk-headless")


def _version(home: Path) -> int:
    told = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', told)
    return int(found[1]) if found else 0


def maven() -> Path:
    """Maven."""
    return find("mvn", how="apt-get install maven")
