"""Requests to providers: a Session sends, waits, tries again where that is right, and caps sizes.

Raises nothing but ImagineErrors; knows no provider, but every shape in which they report errors.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

from imagine.stages.errors import (
    ConfigError,
    LostAnswerError,
    ProviderError,
    UnusableAnswerError,
    shown,
)
from imagine.stages.network.address import joined, origin_of
from imagine.stages.network.attempt import attempt, gate_of, waiting
from imagine.stages.network.download import objection_to, read_data_url
from imagine.stages.network.failure import Translate, failure_of, host_of
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Reply, problem_of
from imagine.stages.network.retry import Transient, retrying
from imagine.stages.network.wire import Request, Wire

__all__ = ["MAX_BODY", "Session", "Translate"]

# The largest picture a provider sends (4K PNG in base64) takes some 40 MB.
MAX_BODY = 128 * 2**20
MAX_REDIRECTS = 3


class Session:
    """Sends requests to one provider; close it, or use it in a `with` statement."""

    def __init__(
        self,
        connection: Connection,
        *,
        headers: Mapping[str, str],
        timeout: float,
        translate: Translate | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is sent yet.

        Args:
            headers: sent to the provider with every request; the key is among them.
            timeout: seconds that an answer may keep silent; the connection's own wins.
            translate: the provider's own meaning of an error answer, or None for the usual one.
            sleep: waits before another attempt, seconds.

        Raises:
            ConfigError: the base URL is none, or the key can be none.
        """
        _check(connection, headers)
        self._connection = connection
        self._headers = dict(headers)
        self._wire = Wire(connection, timeout=connection.timeout or timeout)
        self._translate = translate
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    def post(
        self,
        path: str,
        *,
        json: Any = None,
        fields: Mapping[str, str] | None = None,
        files: list[tuple[str, tuple[str, bytes, str]]] | None = None,
        headers: Mapping[str, str] | None = None,
        paid: bool,
        limit: int = MAX_BODY,
    ) -> Reply:
        """Send JSON, or a form of `fields` and `files`.

        Args:
            path: under the base URL, or a whole URL of the same server.
            files: name of the field, then name, bytes and media type of the file.
            headers: beside those of the session.
            paid: a request that may have been worked on is not sent again.
            limit: bytes that the answer may have.

        Raises:
            ConfigError: the key, the address or the model is wrong.
            LostAnswerError: `paid`, and the answer did not arrive whole.
            UnusableAnswerError: the answer is larger than `limit`.
            RefusedError: moderation refused the request.
            ProviderError: it failed otherwise, or cannot be reached.
        """
        content: dict[str, Any] = {}
        if fields is not None or files is not None:
            content = {"data": fields, "files": files}
        elif json is not None:
            content = {"content": _encoded(json)}
            headers = {"content-type": "application/json", **(headers or {})}
        return self._ask("POST", path, content, headers or {}, limit=limit, paid=paid)

    def get(self, path: str, *, limit: int = MAX_BODY) -> Reply:
        """Ask for `path` under the base URL, or for a whole URL of the same server; see `post`."""
        return self._ask("GET", path, {}, {}, limit=limit, paid=False)

    def put(self, path: str) -> Reply:
        """As `get`, without a body; fal cancels so."""
        return self._ask("PUT", path, {}, {}, limit=MAX_BODY, paid=False)

    def download(self, url: str, *, limit: int = MAX_BODY) -> Reply:
        """The picture that an answer points to, from wherever it is.

        The key goes along only to the provider itself. Nothing is asked of private addresses,
        unless the provider is at one, and never of link-local ones.

        Args:
            url: https, a `data:` URL, relative to the base URL, or http where the provider is
                reached by it.

        Raises:
            LostAnswerError: it cannot be fetched; the picture is made and may be billed.
            UnusableAnswerError: the address may not be asked, or more than `limit` bytes came.
        """
        if url[:5].lower() == "data:":
            return read_data_url(self._connection, url, limit=limit)
        url = joined(f"{self._connection.base_url}/", url)
        for _ in range(MAX_REDIRECTS + 1):
            reply = self._fetch(url, limit=limit)
            if reply.status < HTTPStatus.MULTIPLE_CHOICES:
                return reply
            url = joined(url, reply.headers.get("location", ""))
        raise UnusableAnswerError(
            f"The picture of {self._title} is sent on more than {MAX_REDIRECTS} times; "
            "try again later."
        )

    @property
    def _title(self) -> str:
        return self._connection.provider.title

    def _ask(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any],
        headers: Mapping[str, str],
        *,
        limit: int,
        paid: bool,
    ) -> Reply:
        headers = {**self._headers, **headers}
        request = Request(method, self._url(path), headers, content, limit, fresh=paid)

        def ask() -> Reply:
            return attempt(self._wire, request, self._connection, self._translate)

        gate = gate_of(self._connection, method)
        return retrying(self._connection, ask, paid=paid, gate=gate, sleep=self._sleep)

    def _url(self, path: str) -> str:
        """Where a request with the key goes."""
        base = self._connection.base_url
        if not path.startswith(("http://", "https://")):
            return f"{base}/{path.lstrip('/')}"
        if origin_of(path) != origin_of(base):
            there = shown(self._connection.redact(origin_of(path)[1]))
            raise UnusableAnswerError(
                f"{self._title} points to '{there}', which is not "
                f"{host_of(self._connection)}, so the key is not sent there; "
                f"check {self._connection.provider.name}_base_url."
            )
        return path

    def _fetch(self, url: str, *, limit: int) -> Reply:
        """A picture, or where it moved to (status 300 to 399)."""
        if (objection := objection_to(self._connection, url)) is not None:
            raise UnusableAnswerError(
                f"{self._title} points to {objection} for its picture, which is not asked; "
                f"check {self._connection.provider.name}_base_url."
            )
        headers = self._headers if origin_of(url) == origin_of(self._connection.base_url) else {}
        request = Request("GET", url, headers, {}, limit)
        server = _server(self._connection, url)

        def fetch() -> Reply:
            with waiting(self._connection):
                reply = self._wire.exchange(request, server)
            if reply.status < HTTPStatus.BAD_REQUEST:
                return reply
            problem = problem_of(reply)
            error = failure_of(server, reply, problem)
            if isinstance(error, Transient):
                raise error
            said = f": {problem.message}" if problem.message else ""
            raise ProviderError(
                f"{server.provider.title} does not give it out ({reply.status}){said}; "
                "it may have expired."
            )

        try:
            return retrying(server, fetch, paid=False, sleep=self._sleep)
        except UnusableAnswerError:
            raise
        except (ProviderError, ConfigError) as error:
            raise LostAnswerError(
                f"{self._title} made the picture, which may be billed, but it cannot be fetched: "
                f"{error}"
            ) from error


def _check(connection: Connection, headers: Mapping[str, str]) -> None:
    """Refuse what no request can be made of."""
    provider = connection.provider
    if origin_of(connection.base_url)[0] not in ("http", "https"):
        told = f"'{shown(connection.base_url)}' is none" if connection.base_url else "is not set"
        raise ConfigError(
            f"The address of {provider.title} {told}; "
            f"set {provider.name}_base_url to one such as http://127.0.0.1:8000/v1."
        )
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        variable = (*provider.key_variables, f"{provider.name}_api_key")[0]
        raise ConfigError(
            f"The key for {provider.title} has characters in it that no key has; "
            f"copy it into {variable} again."
        )


def _encoded(value: Any) -> bytes:
    import json

    # A lone half of a character pair, as a terminal may hand it over, has no UTF-8.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", errors="replace")


def _server(connection: Connection, url: str) -> Connection:
    """`connection` as messages name it about a download from `url`, which no setting moves."""
    parts = urlsplit(url)
    provider = replace(
        connection.provider, name="", title=shown(connection.redact(parts.hostname or ""))
    )
    return replace(connection, provider=provider, base_url=f"{parts.scheme}://{parts.netloc}")
