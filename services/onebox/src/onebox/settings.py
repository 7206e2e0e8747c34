"""Every service's settings in one, and what only a whole platform in one process has to say."""

from ipaddress import ip_address

from executor.unit import ExecutorSettings
from gateway.unit import GatewaySettings
from provenance.unit import ProvenanceSettings
from registry.unit import RegistrySettings


class OneboxSettings(RegistrySettings, ExecutorSettings, ProvenanceSettings, GatewaySettings):
    """The settings of `python -m onebox`."""

    local_runner_remote: bool = False
    """Serve others than this machine although the local engine runs the commands of whoever may log in."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_door(settings: OneboxSettings) -> None:
    """Refuse to let strangers run commands here by accident."""
    open_door = not is_loopback(settings.host)
    if open_door and settings.runner_url.startswith("local:") and not settings.local_runner_remote:
        msg = (
            f"HOST={settings.host} would let others run commands on this machine, as the local engine does. "
            "Keep HOST=127.0.0.1, use a REANA (RUNNER_URL=https://…), or say LOCAL_RUNNER_REMOTE=true."
        )
        raise ValueError(msg)
