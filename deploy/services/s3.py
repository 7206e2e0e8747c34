"""An S3 server over a folder: versitygw, built with Go."""

import os
from pathlib import Path
from typing import Any

from deploy.services.machine import HOST, Place, find, opened, run

VERSION = "v1.8.0"
REGION = "us-east-1"
BUCKET = "reprovena"


def up(place: Place) -> dict[str, Any]:
    """Start it, and say where it is."""
    server = place.server("s3")
    server.folder.mkdir(exist_ok=True)

    def build(folder: Path) -> None:
        go = find("go", "/usr/local/go/bin/go", how="Go 1.24 or newer from https://go.dev/dl")
        source = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
        run([go, "install", source], server.log, env=os.environ | {"GOBIN": str(folder)})

    program = place.cached(f"versitygw-{VERSION}", build) / "versitygw"
    there = server.running()
    port = place.port("s3", 18900, running=there)
    key, secret = place.secret("s3_key"), place.secret("s3_secret")
    if not there:
        (server.folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        command = [program, "--port", f"{HOST}:{port}", "--region", REGION, "posix", server.folder / "data"]
        server.start(command, {"ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret})
    server.ready(lambda: opened(port), 30)
    return {
        "s3_endpoint": f"http://{HOST}:{port}",
        "s3_access_key": key,
        "s3_secret_key": secret,
        "s3_region": REGION,
        "s3_bucket": BUCKET,
    }


def down(place: Place) -> bool:
    """End it."""
    return place.server("s3").stop()
