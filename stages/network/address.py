"""Addresses: an address or a host goes in; whom a key is for and where that is comes out."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urljoin, urlsplit

Place = Literal["here", "own network", "public"]


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, which is what a key is for; empty for what is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    if not parts.hostname:
        return "", "", None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)


def joined(base: str, url: str) -> str:
    """`url` as seen from `base`; as it is when it is no address at all."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def place_of(host: str | None) -> Place:
    """Whether a host is this machine, in its network, or anybody's.

    No name is looked up; one without a dot, or of .local or .internal, is of the own network.
    """
    name = (host or "").lower().rstrip(".")
    if number := number_of(name):
        if number.is_loopback or number.is_unspecified:
            return "here"
        return "public" if number.is_global else "own network"
    if name == "localhost" or name.endswith(".localhost"):
        return "here"
    if name and ("." not in name or name.endswith((".local", ".internal"))):
        return "own network"
    return "public"


def number_of(host: str) -> IPv4Address | IPv6Address | None:
    """The number that a host is written as, 127.1 and 0x7f000001 too; None for a name."""
    try:
        number = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return _old_number_of(host)
    return (number.ipv4_mapped or number) if isinstance(number, IPv6Address) else number


def _old_number_of(host: str) -> IPv4Address | None:
    """A number in one of the forms that the C library reads."""
    import socket

    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
