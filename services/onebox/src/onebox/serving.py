"""The platform in one process, from its first door to its last log line."""

from chassis import running
from executor.service import executor
from gateway.service import gateway
from onebox.settings import OneboxSettings, check_door
from provenance.service import provenance
from registry.service import registry

SERVICES = (registry, executor, provenance, gateway)


async def serve(settings: OneboxSettings) -> None:
    """Serve until SIGTERM or SIGINT, then let what is in hand come to its end."""
    check_door(settings)

    def told(url: str) -> None:
        print(f"Reprovena is up: {url} (interface: {url}/docs)", flush=True)  # noqa: T201 - people read this
        if settings.runner_url.startswith("local:"):
            print("It runs people's commands on this machine, so it serves this machine alone.", flush=True)  # noqa: T201

    await running.serve(SERVICES, settings, name="onebox", front="gateway", told=told)
