"""Where pictures may be fetched: the address in an answer goes in, an objection to it or what its
data: URL holds comes out.
"""

import socket
from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from urllib.parse import unquote_to_bytes

from imagine.stages.errors import UnusableAnswerError, shown
from imagine.stages.network.address import number_of, origin_of, place_of
from imagine.stages.network.json_values import decoded_base64
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Reply

# Clouds tell a machine's own credentials at 169.254.169.254.
_LINK_LOCAL = IPv4Network("169.254.0.0/16")


def objection_to(connection: Connection, url: str) -> str | None:
    """Why nothing is downloaded from `url`, or None."""
    scheme, host, _ = origin_of(url)
    own_scheme, own, _ = origin_of(connection.base_url)
    if scheme not in ("http", "https"):
        return f"'{shown(connection.redact(url), limit=60)}', which is no web address,"
    told = f"'{shown(connection.redact(host))}'"
    resolve = connection.transport is None
    numbers = _numbers(host, resolve=resolve)
    if any(number in _LINK_LOCAL for number in numbers):
        return f"{told}, a private address"
    if host == own:
        plain = scheme == "http" and own_scheme == "https"
        return f"{told} without encryption" if plain else None
    if _is_private(host, numbers):
        neighbour = _is_private(own, _numbers(own, resolve=resolve))
        return None if neighbour else f"{told}, a private address"
    return None if scheme == "https" else f"{told} without encryption"


def _is_private(host: str, numbers: Iterable[IPv4Address | IPv6Address]) -> bool:
    """Whether a host is this machine or in its network."""
    return any(place_of(place) != "public" for place in (host, *map(str, numbers)))


def _numbers(host: str, *, resolve: bool) -> list[IPv4Address | IPv6Address]:
    """The numbers of a host; none for a name that only a proxy can look up, or nobody."""
    if (number := number_of(host)) is not None:
        return [number]
    if not resolve:
        return []
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, None)]
    except (OSError, ValueError):
        # The request will tell.
        return []
    return [number for text in found if (number := number_of(text)) is not None]


def read_data_url(connection: Connection, url: str, *, limit: int) -> Reply:
    """The bytes that stand in a `data:` URL itself."""
    head, comma, payload = url[5:].partition(",")
    media_type, *options = head.split(";")
    try:
        data = unquote_to_bytes(payload)
        if "base64" in (option.strip().lower() for option in options):
            data = decoded_base64(data)
    except ValueError as error:
        raise UnusableAnswerError(
            "The picture in the answer's data: URL is damaged (no base64); try again."
        ) from error
    if not comma:
        raise UnusableAnswerError("The answer's data: URL holds no picture; try again.")
    if len(data) > limit:
        raise UnusableAnswerError(
            f"The picture in the answer is larger than {limit / 2**20:g} MB; "
            "try again, or use another model."
        )
    headers = {"content-type": connection.redact(media_type)}
    return Reply(HTTPStatus.OK, headers, data, "data:", connection.redact)
