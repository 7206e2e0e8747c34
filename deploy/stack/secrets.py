"""`python -m deploy.stack.secrets`: passwords and keys for deploy/compose.yaml, made once, for this machine's keeper alone."""

import base64
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from deploy.services.rabbitmq import ALL, SERVICES

from chassis import keys

DEPLOY = Path(__file__).parent.parent
NAMES = ("POSTGRES", "RABBITMQ", "NEO4J", "KEYCLOAK", *(name.upper() for name in SERVICES))


def main() -> int:
    """Write deploy/.env and deploy/secrets, unless they are there."""
    settings, folder = DEPLOY / ".env", DEPLOY / "secrets"
    if settings.exists():
        print(f"{settings} is there; nothing is changed")
        return 0
    passwords = {name: secrets.token_urlsafe(18) for name in NAMES}
    folder.mkdir(mode=0o700, exist_ok=True)
    # Containers read these as another account, so the folder alone keeps others out.
    caller = keys.signing_key(folder / "caller.pem")
    (folder / "caller.pem").chmod(0o644)
    (folder / "caller.pub").write_text(keys.public_pem(caller.public_key()))
    (folder / "rabbitmq.json").write_text(json.dumps(definitions(passwords), indent=1) + "\n")
    told = "".join(f"{name}_PASSWORD={password}\n" for name, password in passwords.items())
    told += f"REANA_TOKEN_KEYS={Fernet.generate_key().decode()}\n"
    with os.fdopen(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(told)
    print(f"written: {settings} and {folder}")
    return 0


def definitions(passwords: dict[str, str]) -> dict[str, Any]:
    """RabbitMQ's accounts: an administrator, one for each service."""
    users = [{"name": "admin", "password_hash": hashed(passwords["RABBITMQ"]), "tags": ["administrator"]}]
    users += [{"name": name, "password_hash": hashed(passwords[name.upper()]), "tags": []} for name in SERVICES]
    rights = [{"user": user["name"], "vhost": "/", **ALL} for user in users]
    return {"vhosts": [{"name": "/"}], "users": users, "permissions": rights}


def hashed(password: str) -> str:
    """A password as RabbitMQ keeps it: salt, then SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


if __name__ == "__main__":
    sys.exit(main())
