"""Settings, read once from the environment by whoever starts a process, and passed down."""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.message import Caller


class Settings(BaseSettings):
    """What every service needs. A service with a door of its own adds fields in a subclass."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = "embedded:./var/pg"
    """`embedded:<folder>` (PostgreSQL from PyPI) or `postgresql://…`, a database of the service's own."""
    database_pool: int = Field(10, ge=2)
    """Connections that are kept."""
    database_overflow: int = Field(10, ge=0)
    """Further connections while there is much to do."""
    bus_url: str = "postgresql:"
    """`postgresql:` (the same database carries; all services in one process) or `amqp://…`."""
    files_url: str = "file:./var/files"
    """`file:<folder>` or `s3://<bucket>[/<prefix>]`."""
    s3_endpoint: str | None = None
    """Address of the S3 server; nothing means Amazon's own."""
    s3_public_endpoint: str | None = None
    """Where clients reach it, for links; nothing means the same address."""
    s3_access_key: str | None = None
    """Nothing means what the machine's own role gives (boto3's chain of credentials)."""
    s3_secret_key: SecretStr | None = None
    s3_region: str = "us-east-1"
    s3_threads: int = Field(16, ge=1)
    """Requests to S3 at a time."""
    state: Path = Path("./var")
    """Folder for keys and what else a process keeps."""
    caller_key: Path | None = None
    """Ed25519 key (PEM) that signs callers; nothing means `<state>/keys/caller.pem`, made at first start."""
    caller_public_key: str | None = None
    """The key that verifies callers (PEM, or a file of it), for a process that must not sign in their names."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    """0 takes a free one."""
    log_level: str = "INFO"
    stop_within: float = 10.0
    """Seconds for what is in hand when the process is told to stop."""

    bus_group: int = Field(50, ge=1)
    """Deliveries that share one transaction, at most."""
    bus_attempts: int = Field(5, ge=1)
    """Times a delivery may fail by a fault of ours before it is parked."""
    bus_retry: float = 0.2
    """Seconds before the first retry; each further one waits twice as long, up to 30."""
    bus_prefetch: int = Field(100, ge=1)
    """Deliveries of a queue that RabbitMQ hands out before the first is acknowledged."""
    bus_accounts: dict[str, str] = {}
    """RabbitMQ accounts by service, `*` for the rest; a service that is not named speaks as an account of its own name."""
    bus_management_url: str | None = None
    """RabbitMQ's management interface, such as `http://user:password@host:15672`; for operators' commands only."""
    foreign_publishers: dict[str, Caller] = {}
    """RabbitMQ accounts outside the platform, and as whom each of them acts."""
    inbox_days: int = Field(14, ge=1)
    """How long a handled message is remembered."""

    otlp_endpoint: str | None = None
    """OpenTelemetry traces go there (HTTP), if given."""
    metrics: bool = True
    """Prometheus figures at `/metrics`."""
    child_environment: tuple[str, ...] = ("LANG", "LC_ALL", "TZ")
    """Names of the environment variables that child processes are given; no other reaches them."""

    def environment_for_children(self) -> dict[str, str]:
        """The little that child processes know of the platform's environment."""
        return {name: os.environ[name] for name in self.child_environment if name in os.environ}

    def key(self, name: str) -> Path:
        """Where a key of this platform lies; the folder is ours alone."""
        folder = self.state / "keys"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        return folder / name
