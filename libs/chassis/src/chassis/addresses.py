"""Which addresses outside may be reached: the rules, pure. Looking names up and connecting is `outside`'s work."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from chassis.refusal import Refusal, refuse
from contracts.problem import FieldError

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"https": 443, "http": 80}
LONGEST = 2000
"""Characters of an address."""
ENTRY = re.compile(r"(?P<host>\*|\[[0-9a-f:.]+\]|(?:\*\.)?[^\s:/@*\[\]]+)(?::(?P<port>\d{1,5}))?")
NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
UNWRITTEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
NEVER: tuple[Network, ...] = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "100.100.100.200/32",  # Alibaba's, among the shared ones
        "168.63.129.16/32",  # Azure's, which looks like any public one
        "169.254.0.0/16",  # link-local, where clouds tell a machine its secrets
        "192.0.0.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fd00:ec2::/32",  # the same secrets over IPv6
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
"""Networks that no setting opens."""
CARRIES: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
"""IPv6 networks whose addresses hold an IPv4 address, and how many bits come after it."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that the rules let through as far as its text goes."""

    url: httpx.URL
    host: str
    """As it is looked up: ASCII, lower case."""
    port: int
    named: bool
    """Whether a rule names it, and not only everybody."""

    @property
    def authority(self) -> str:
        """What a request's `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.url.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may be reached."""

    hosts: tuple[tuple[str, int | None], ...] = ()
    """Names, `*.name` for those below one, `*` for everybody; with a port if not the usual one."""
    networks: tuple[Network, ...] = ()
    """Networks beside the public ones, open to hosts that are named."""
    http: bool = False

    def target(self, text: str) -> Target:
        """The address that a text means; refused if it is none, or none that may be reached."""
        if len(text) > LONGEST or UNWRITTEN.search(text):
            raise not_allowed("the address is too long or holds characters that no address has")
        try:
            url = httpx.URL(text).copy_with(fragment=None)
            host = url.raw_host.decode("ascii").lower().removesuffix(".")
        except (httpx.InvalidURL, ValueError, TypeError):
            raise not_allowed(f"{text[:200]!r} is no address") from None
        if url.scheme not in (PORTS if self.http else {"https"}):
            known = " (and http:, where OUTSIDE_HTTP=true)" if url.scheme == "http" else ""
            raise not_allowed(f"{text[:200]!r}: only https: addresses can be fetched{known}")
        if url.userinfo or "@" in url.netloc.decode("ascii", "replace"):
            raise not_allowed("an address with a user name or password is not fetched")
        if not _is_host(host):
            raise not_allowed(f"{text[:200]!r} names no host")
        port = url.port or PORTS[url.scheme]
        matched = {pattern for pattern, wanted in self.hosts if _matches(pattern, host) and port in _ports(wanted)}
        if not matched:
            raise self._unlisted(host, port)
        return Target(url, host, port, matched != {"*"})

    def _unlisted(self, host: str, port: int) -> Refusal:
        if not self.hosts:
            return not_allowed("this platform fetches nothing from outside: its setting OUTSIDE_HOSTS names no host")
        where = host if port in PORTS.values() else f"{host}:{port}"
        return not_allowed(f"{where} is not among the hosts that the setting OUTSIDE_HOSTS allows")

    def open(self, target: Target, found: Iterable[str]) -> list[IP]:
        """Those of a name's addresses that may be connected to; refused if there is none."""
        allowed = [address for address in map(ip_address, found) if self._reachable(address, named=target.named)]
        if not allowed:
            raise not_allowed(f"{target.host} has no public address (the setting OUTSIDE_NETWORKS opens others to named hosts)")
        return allowed

    def _reachable(self, address: IP, *, named: bool) -> bool:
        return all(self._open(one, named=named) for one in (address, *_inside(address)))

    def _open(self, address: IP, *, named: bool) -> bool:
        if any(address in network for network in NEVER):
            return False
        if named and any(address in network for network in self.networks):
            return True
        if _inside(address):  # the address that it holds decides
            return True
        return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def not_allowed(detail: str) -> Refusal:
    """The refusal of an address."""
    return refuse("executor:outside-not-allowed", detail, FieldError(detail=detail))


def read_hosts(text: str) -> tuple[tuple[str, int | None], ...]:
    """Hosts as a setting names them, separated by commas; `ValueError` for what is none."""
    found = []
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        match = ENTRY.fullmatch(entry)
        if match is None or int(match["port"] or 1) not in range(1, 65536):
            msg = f"{entry!r} is no host; write names such as data.example.org, *.example.org, data.example.org:8443 or *"
            raise ValueError(msg)
        host = match["host"].strip("[]").removesuffix(".")
        found.append(
            (host.encode("idna").decode() if not host.isascii() else host, int(match["port"]) if match["port"] else None)
        )
    return tuple(found)


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks as a setting names them, separated by commas; `ValueError` for what is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _matches(pattern: str, host: str) -> bool:
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _ports(wanted: int | None) -> Iterable[int]:
    return PORTS.values() if wanted is None else (wanted,)


def _is_host(host: str) -> bool:
    """A name, or an address in its usual form; other spellings of numbers mean different hosts to different readers."""
    if NAME.fullmatch(host) and not NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        return True
    try:
        return "%" not in host and bool(ip_address(host))
    except ValueError:
        return False


def _inside(address: IP) -> tuple[IPv4Address, ...]:
    """The IPv4 address that an IPv6 address holds, if it does."""
    if isinstance(address, IPv4Address):
        return ()
    return tuple(
        IPv4Address(int(address) >> after & 0xFFFF_FFFF)
        for network, after in CARRIES
        if address in network and int(address) > 1
    )
