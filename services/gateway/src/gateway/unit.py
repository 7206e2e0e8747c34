"""What the gateway's handlers and routes may touch, and its settings."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from chassis.house import House
from chassis.outside import OutsideSettings
from chassis.unit import Unit
from gateway.access.devices import Tries
from gateway.access.issuer import Issuer
from gateway.access.store import Logins
from gateway.access.tokens import Tokens
from gateway.backends import Backends
from gateway.handles.store import Handles
from gateway.jobs.store import Jobs
from gateway.requests.store import Requests
from gateway.uploads.store import Uploads


class GatewaySettings(OutsideSettings):
    """The gateway's own doors and limits."""

    issuer_url: str | None = None
    """Whose tokens are believed, such as `https://keycloak.example.org/realms/x`; nothing means the small issuer of our own."""
    issuer_reached: str | None = None
    """Where the issuer's keys are asked for, if `ISSUER_URL` is an address that only clients can reach."""
    token_audience: str | None = None
    """What tokens must be for; nothing means their audience is not looked at."""
    token_lifetime: int = Field(3600, ge=10)
    """Seconds that a token of our own issuer lives."""
    refresh_lifetime: int = Field(30 * 24 * 3600, ge=10)
    """Seconds that a login with our own issuer lasts after it was last used."""
    offline_lifetime: int = Field(365 * 24 * 3600, ge=10)
    """Seconds that an offline login with our own issuer lasts after it was last used."""
    signing_key_days: int = Field(90, ge=1)
    """Age at which our own issuer signs with a new key."""
    role_clients: tuple[str, ...] = ("reprovena", "api")
    """Clients of the issuer whose roles count here, besides the realm's."""
    accounts_file: Path | None = None
    """Accounts of our own issuer; nothing means `<state>/accounts.yaml`, made at first start."""
    demo_accounts: bool = False
    """Well-known accounts `user1` to `user5` with passwords `password1` to `password5`. For demonstrations only."""

    registry_url: str | None = None
    """Where the registry is; nothing means in this process."""
    executor_url: str | None = None
    """Where the executor is; nothing means in this process."""
    provenance_url: str | None = None
    """Where provenance is; nothing means in this process."""

    upload_limit: int = Field(1 << 30, ge=1)
    """Bytes of an uploaded file."""
    upload_days: int = Field(0, ge=0)
    """Days after which an upload that no run took is removed; 0 means never."""
    spec_limit: int = Field(100 << 20, ge=1)
    """Bytes of a specification and its files, packed or not."""
    download_links: int = Field(0, ge=0, le=7 * 24 * 3600)
    """Seconds that a link to the file store lives to which downloads are sent on (S3 only); 0 means they come through here."""
    wait_default: float = Field(20.0, ge=0)
    """Seconds that a request waits for its job, if it does not say."""
    wait_limit: float = Field(60.0, ge=0)
    """Seconds that a request may wait at most."""
    reprov_errors: Literal["http", "legacy200"] = "http"
    """How ReProv's addresses tell errors: with their HTTP status, or with 200 and the code in the body only."""
    handle_prefix: str = Field("10378.1", pattern=r"^[0-9A-Za-z][0-9A-Za-z.]*$")
    """Begins handles, here as in the registry."""
    provena_hosts: dict[Literal["registry", "prov", "datastore", "jobs", "auth", "search", "handle"], str] = {}
    """Host names at which Provena's APIs are served besides their paths, such as `{"registry": "registry-api.example.org"}`."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may ask from a browser, such as `["https://ui.example.org"]`; `["*"]` means any."""
    idempotency_days: int = Field(7, ge=1)
    """Days that a request which carries a key is remembered, with its answer."""


@dataclass(frozen=True)
class GatewayParts:
    """The gateway's doors."""

    tokens: Tokens
    backends: Backends
    issuer: Issuer | None
    """Our own issuer, where no other is set."""
    tries: Tries = field(default_factory=Tries)
    """Guesses at the codes of devices."""
    packing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Bundles in hand at a time: each may be as large as the limit, several times."""


class GatewayUnit(Unit[GatewayParts]):
    """One transaction of the gateway."""

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs."""
        return Jobs(self.session)

    @cached_property
    def requests(self) -> Requests:
        """Requests that carry a key."""
        return Requests(self.session)

    @cached_property
    def logins(self) -> Logins:
        """Logins with our own issuer."""
        return Logins(self.session)

    @cached_property
    def handles(self) -> Handles:
        """Handles on their own."""
        return Handles(self.session, self.house.settings.handle_prefix)

    @cached_property
    def uploads(self) -> Uploads:
        """Uploaded files."""
        return Uploads(self.session)


GatewayHouse = House[GatewayParts]
