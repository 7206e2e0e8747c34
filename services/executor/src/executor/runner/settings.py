"""Settings of the runner; the executor's own settings inherit them."""

from typing import Literal

from pydantic import Field

from chassis.settings import Settings


class RunnerSettings(Settings):
    """Which runner, and what the local one allows."""

    runner_url: str = "local:./var/runs"
    """`local:<folder>` or the `https://…` of a REANA."""
    runner_parallel: int = Field(0, ge=0)
    """Steps of one run at once; 0 means as many as there are cores."""
    runner_timeout: int = Field(86_400, ge=1)
    """Seconds a run may take if its order does not say."""
    runner_accounts: int = Field(200_000, ge=0)
    """As root: the first of the unprivileged user ids that runs step down to, one each; 0 lets commands run as root."""
    runner_account_count: int = Field(300_000, ge=1)
    """How many user ids there are for runs."""
    runner_container: Literal["auto", "docker", "podman", "singularity", "none"] = "auto"
    """Engine for steps that name an image; `auto` takes the first that answers, or none."""
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
