"""Addresses in answers: where a key may go, what may be fetched, and what a data: URL holds."""

import socket
from base64 import b64decode
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from imagine.stages.errors import UnusableAnswerError, shown
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Reply


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


def objection_to(connection: Connection, url: str) -> str | None:
    """Why nothing is downloaded from `url`, or None."""
    scheme, host, _ = origin_of(url)
    own = origin_of(connection.base_url)[1]
    if scheme not in ("http", "https"):
        return f"'{shown(url, limit=60)}', which is no web address,"
    if host == own:
        return None
    resolve = connection.transport is None
    private = _is_private(host, resolve=resolve)
    if private and _is_private(own, resolve=resolve):
        return None
    if private:
        return f"'{shown(host)}', a private address"
    return None if scheme == "https" else f"'{shown(host)}' without encryption"


def _is_private(host: str, *, resolve: bool) -> bool:
    """Whether a host is in this machine or its network."""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        numbers = [host.strip("[]")]
        if resolve and not _is_number(host):
            numbers = [str(info[4][0]) for info in socket.getaddrinfo(host, None)]
        addresses = [ip_address(number.partition("%")[0]) for number in numbers]
    except (OSError, ValueError):
        # A name that only a proxy can look up, or none at all: the request will tell.
        return False
    return any(
        not ((a.ipv4_mapped or a) if isinstance(a, IPv6Address) else a).is_global for a in addresses
    )


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def read_data_url(url: str, *, limit: int) -> Reply:
    """The bytes that stand in a `data:` URL itself."""
    head, comma, payload = url[5:].partition(",")
    media_type, *options = head.split(";")
    try:
        data = unquote_to_bytes(payload)
        if "base64" in (option.strip().lower() for option in options):
            data = b64decode(b"".join(data.split()), validate=True)
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
    return Reply(HTTPStatus.OK, {"content-type": media_type}, data, "data:")
