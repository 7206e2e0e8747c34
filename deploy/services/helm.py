"""Helm, which renders and checks the chart: built with Go, as the S3 server is."""

import os
from pathlib import Path

from deploy.services.machine import Place, find, run

VERSION = "v3.22.0"
KUBERNETES = "36"
"""The minor version of Kubernetes that it renders for unless told otherwise; built bare, it believes in 1.20."""


def program(place: Place) -> Path:
    """Where it is, built if need be."""

    def build(folder: Path) -> None:
        go = find("go", "/usr/local/go/bin/go", how="Go 1.24 or newer from https://go.dev/dl")
        named = [f"-X helm.sh/helm/v3/pkg/{room}.k8sVersionMinor={KUBERNETES}" for room in ("chartutil", "lint/rules")]
        flags = " ".join(["-s", "-w", f"-X helm.sh/helm/v3/internal/version.version={VERSION}", *named])
        source = f"helm.sh/helm/v3/cmd/helm@{VERSION}"
        run(
            [go, "install", "-trimpath", "-ldflags", flags, source],
            place.folder / "helm.txt",
            env=os.environ | {"GOBIN": str(folder)},
        )

    return place.cached(f"helm-{VERSION}-{KUBERNETES}", build) / "helm"
