"""Settings of the runner; the executor's own settings inherit them."""

from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator

from chassis.settings import Settings


class RunnerSettings(Settings):
    """Which runner, and what the local one allows."""

    runner_url: str = "local:./var/runs"
    """`local:<folder>` or the `https://…` of a REANA."""
    reana_access_token: SecretStr = SecretStr("")
    """Token for the runs of accounts that have stored none of their own (`PUT /v1/reana-token`); empty if they must."""
    reana_token_keys: SecretStr = SecretStr("")
    """Fernet keys for stored tokens, newest first, separated by commas; nothing means `<state>/keys/reana-tokens`."""
    reana_verify: bool = True
    """Believe only a REANA whose certificate is good."""
    reana_ca: Path | None = None
    """Certificates (PEM) to believe instead of the system's."""
    reana_rate: float = Field(15.0, gt=0)
    """Requests a second of this process; REANA allows 20 to all processes of one address together."""
    reana_timeout: float = Field(15.0, gt=0)
    """Seconds that REANA may keep silent; a whole answer may take four times as long."""
    reana_threads: int = Field(8, ge=1)
    """Requests under way at the same time."""
    reana_every: float = Field(2.0, ge=0)
    """Seconds between two looks at the live runs of one REANA account."""
    reana_settle: float = Field(1.0, ge=0)
    """Seconds between two readings of a run that has ended, until they agree."""
    reana_zone: str = "UTC"
    """Time zone of REANA's clock; its times name none. A wrong one is noticed and corrected, with a warning."""
    runner_parallel: int = Field(0, ge=0)
    """Steps of one run at once; 0 means as many as there are cores."""
    runner_timeout: int = Field(86_400, ge=1)
    """Seconds a run may take if its order does not say."""
    runner_accounts: int = Field(200_000, ge=0)
    """As root: the first of the unprivileged user ids that runs step down to, one each; 0 lets commands run as root."""
    runner_account_count: int = Field(300_000, ge=1)
    """How many user ids there are for runs."""
    runner_container: Literal["auto", "docker", "podman", "singularity", "none", "ignore"] = "auto"
    """Engine for steps that name an image; `auto` takes the first that answers, or none. With `ignore` the steps that insist
    on an image run without one, on what this machine has."""
    runner_path: str = ""
    """PATH of the commands; nothing means the platform's own Python, then the system's."""
    runner_open_files: int = Field(4096, ge=64)
    """Open files of one process of a run (RLIMIT_NOFILE)."""
    runner_file_size: int = Field(0, ge=0)
    """Bytes of one file a run writes (RLIMIT_FSIZE); 0 for no limit."""
    runner_memory: int = Field(0, ge=0)
    """Bytes of address space of one process (RLIMIT_AS); 0 for no limit. JavaScript reserves tens of GiB."""
    runner_processes: int = Field(4096, ge=0)
    """Processes and threads of one run (RLIMIT_NPROC), where it has an account of its own; 0 for no limit."""
    runner_bundle_size: int = Field(1 << 30, ge=1)
    """Bytes of a specification when unpacked."""
    runner_bundle_files: int = Field(10_000, ge=1)
    """Files of a specification."""

    @field_validator("reana_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            msg = f"{name!r} is no time zone; write one such as Europe/Zurich"
            raise ValueError(msg)
        return name
