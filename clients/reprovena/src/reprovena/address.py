"""Addresses of servers."""

import ipaddress

import httpx

from reprovena.errors import WrongUse


def address(url: str) -> httpx.URL:
    """Read a server's address, without a slash at its end."""
    try:
        parsed = httpx.URL(url if "://" in url else f"http://{url}")
    except httpx.InvalidURL as error:
        msg = f"{url!r} is not an address: {error}"
        raise WrongUse(msg) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        msg = f"{url!r} is not an address; one looks like http://127.0.0.1:8000"
        raise WrongUse(msg)
    return parsed.copy_with(path=parsed.path.rstrip("/") or "/", query=None, fragment=None)


def loopback(url: httpx.URL) -> bool:
    """Tell whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"
