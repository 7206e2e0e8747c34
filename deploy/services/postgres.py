"""PostgreSQL from the system's packages: a superuser for tests, and a database with its owner for each service."""

import hashlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from deploy.services.machine import HOST, Missing, Place, account, find, run

SERVICES = ("registry", "executor", "provenance", "gateway")
SETTINGS = {"max_connections": "300", "shared_buffers": "256MB", "max_wal_size": "2GB", "unix_socket_directories": ""}


def _programs() -> Path:
    """Where initdb, postgres and psql are: the newest version of the system's packages."""
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    for folder in sorted(versions, key=lambda path: int(path.parent.name), reverse=True):
        if (folder / "initdb").exists():
            return folder
    return find("initdb", how="apt-get install postgresql").resolve().parent


def _home(folder: Path) -> Path:
    """A folder that the account of the server can reach: ours, or (in a closed home of root) one elsewhere, with a link."""
    home, rights = folder / "home", account("postgres")
    if not home.exists():
        folder.chmod(0o755)
        home.mkdir()
        if rights:
            os.chown(home, rights["user"], rights["group"])
            if subprocess.run(["test", "-w", str(home)], **rights).returncode:
                home.rmdir()
                name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
                elsewhere = Path(tempfile.mkdtemp(prefix=f"reprovena-postgres-{name}-", dir="/var/tmp"))
                os.chown(elsewhere, rights["user"], rights["group"])
                home.symlink_to(elsewhere)
        home.chmod(0o700)
    return home.resolve()


def up(place: Place) -> dict[str, Any]:
    """Start it, and say where it is."""
    programs, server, rights = _programs(), place.server("postgres"), account("postgres")
    server.folder.mkdir(exist_ok=True)
    there = server.running()
    port = place.port("postgres", 18432, running=there)
    password = place.secret("postgres")
    home = _home(server.folder)
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        words = home / "password"
        words.touch(mode=0o600)
        words.write_text(password)
        if rights:
            os.chown(words, rights["user"], rights["group"])
        init = ["-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={words}", "-E", "UTF8", "--locale=C.UTF-8"]
        run([programs / "initdb", *init], server.log, cwd=home, **rights)
        words.unlink()
    if not there:
        told = {**SETTINGS, "listen_addresses": HOST, "port": str(port)}
        options = [word for name, value in told.items() for word in ("-c", f"{name}={value}")]
        server.start([programs / "postgres", "-D", data, *options], cwd=home, **rights)
    environment = os.environ | {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "5"}
    ask = [str(programs / "psql"), "-X", "-q", "-h", HOST, "-p", str(port), "-U", "postgres", "-d", "postgres"]

    def answers() -> bool:
        return not subprocess.run([*ask, "-c", "select 1"], env=environment, capture_output=True).returncode

    server.ready(answers, 60)
    urls = {}
    for name in SERVICES:
        secret = place.secret(f"postgres_{name}")
        urls[name] = f"postgresql://{name}:{secret}@{HOST}:{port}/{name}"
        made = subprocess.run(
            [*ask, "-v", "ON_ERROR_STOP=1"], env=environment, input=_owned(name, secret), text=True, capture_output=True
        )
        if made.returncode:
            raise RuntimeError(f"no database {name}: {made.stderr}")
    return {"postgres_url": f"postgresql://postgres:{password}@{HOST}:{port}/postgres", "postgres_urls": urls}


def _owned(name: str, secret: str) -> str:
    """Statements for psql; both words are of our own making: letters, digits, - and _."""
    return f"""
        select 'create role {name} login' where not exists (select from pg_roles where rolname = '{name}') \\gexec
        alter role {name} password '{secret}';
        select 'create database {name} owner {name}' where not exists (select from pg_database where datname = '{name}') \\gexec
        revoke connect on database {name} from public;
    """


def down(place: Place) -> bool:
    """End it, without waiting for those who are connected."""
    return place.server("postgres").stop(signal.SIGINT)


__all__ = ["Missing", "down", "up"]
