"""One exchange over the network: a Request goes out through httpx, a Reply comes in.

httpx is imported when something is first sent; `Session` decides what is sent again.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imagine.stages.errors import ConfigError, UnusableAnswerError, shown
from imagine.stages.network.address import place_of
from imagine.stages.network.failure import broken, host_of
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Reply
from imagine.stages.network.retry import Fault

if TYPE_CHECKING:
    import httpx

# No provider explains an error at such length.
MAX_ERROR_BODY = 2**18
CONNECT_TIMEOUT = 10.0
# An answer may take twice the timeout, and longer only while it comes faster than this (bytes/s).
SLOWEST = 20_000
# Bytes of a body that are read at a time, at most.
PIECE = 2**18
# Servers close idle connections after 5 s or more; no request should meet one that just closes.
KEEP_ALIVE = 4.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, the same in every attempt.

    Attributes:
        content: how httpx is to send the body: its `content`, `data` and `files`.
        limit: bytes that a good answer may have.
        fresh: over a connection of its own. One that served before may be closed by the server
            just as it is used, and then nobody knows whether the request was read.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    limit: int
    fresh: bool = False

    @property
    def shown_url(self) -> str:
        """Without query and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Wire:
    """The clients of one connection, made when first needed; threads may share it."""

    def __init__(self, connection: Connection, *, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._clients: dict[tuple[bool, bool, bool], httpx.Client] = {}
        # Threads share a connection; of two clients made at once one would never be closed.
        self._making = threading.Lock()
        self._trace = _Trace(timeout)

    def close(self) -> None:
        while self._clients:
            self._clients.popitem()[1].close()

    def exchange(
        self,
        request: Request,
        server: Connection,
        *,
        on_answer: Callable[[], None] = lambda: None,
    ) -> Reply:
        """One request and its answer, whatever its status.

        Args:
            server: as messages name it.
            on_answer: called when the head of a good answer is there, before its body.

        Raises:
            Transient: no whole answer came, and another attempt may help.
            ImagineError: no attempt helps.
        """
        import httpx

        self._trace.begin()
        started = time.monotonic()
        url = server.redact(request.shown_url)
        told = "no answer"
        try:
            with self._client(request).stream(
                request.method,
                request.url,
                headers=request.headers,
                extensions={"trace": self._trace},
                **request.content,
            ) as response:
                told = f"{response.status_code}, cut"
                if response.is_success:
                    on_answer()
                body = _body(response, request, server)
            told = f"{response.status_code}, {len(body)} bytes"
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ConfigError(
                f"{server.provider.title} cannot be asked at '{shown(url)}': "
                f"{shown(server.redact(str(error)))}; check the model's name and the base URL."
            ) from error
        except httpx.HTTPError as error:
            told += f": {type(error).__name__}"
            raise broken(server, error, self._fault(error, server)) from error
        finally:
            spent = time.monotonic() - started
            self._connection.log(f"{request.method} {shown(url, limit=200)}: {told}, {spent:.2f} s")
        headers = {name.lower(): server.redact(text) for name, text in response.headers.items()}
        return Reply(response.status_code, headers, body, request.shown_url, server.redact)

    def _client(self, request: Request) -> "httpx.Client":
        """The client for a request: loopback is reached without proxy, plain HTTP without TLS."""
        parts = urlsplit(request.url)
        local = place_of(parts.hostname) == "here"
        tls = parts.scheme == "https" or not local
        key = local, tls, request.fresh
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._make(local=local, tls=tls, fresh=request.fresh)
            return self._clients[key]

    def _make(self, *, local: bool, tls: bool, fresh: bool) -> "httpx.Client":
        import httpx

        stand_in = self._connection.transport
        kept = 0 if fresh else None
        try:
            return httpx.Client(
                transport=stand_in,
                # Loading the certificates takes 20 ms.
                verify=httpx.create_ssl_context() if tls and stand_in is None else False,
                trust_env=not local and stand_in is None,
                timeout=httpx.Timeout(self._timeout, connect=min(CONNECT_TIMEOUT, self._timeout)),
                limits=httpx.Limits(max_keepalive_connections=kept, keepalive_expiry=KEEP_ALIVE),
                headers={"user-agent": "imagine-cli", "accept-encoding": "gzip"},
            )
        except OSError as error:
            raise ConfigError(
                f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read "
                f"({shown(error.strerror or error)}); correct it, or unset it."
            ) from error
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            # The library's words may hold the proxy's password.
            raise ConfigError(
                "The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be used here; "
                "give one as http://HOST:PORT (SOCKS needs `pip install httpx[socks]`), "
                "or unset it."
            ) from error

    def _fault(self, error: "httpx.HTTPError", server: Connection) -> Fault:
        """What a broken exchange is called when no telling cause lies behind it."""
        import httpx

        host = host_of(server)
        unreachable = f"cannot be reached: {host}"
        said = shown(server.redact(str(error)))
        match error:
            case httpx.ConnectTimeout():
                advice = "check the network and any proxy"
                fault = Fault(f"{unreachable} takes no connection", advice=advice, tries=2)
            case httpx.ProxyError():
                what = f"cannot be reached: the proxy fails ({said})"
                fault = Fault(what, advice="check HTTPS_PROXY and NO_PROXY", tries=2)
            case httpx.ConnectError():
                advice = "check the network and any proxy"
                fault = Fault(f"{unreachable} fails ({said})", advice=advice, tries=2)
            case httpx.ReadTimeout():
                advice = "try again later, or raise the timeout"
                what, tries = f"sent nothing for {self._timeout:g} s", 2
                if (overdue := self._trace.overdue) is not None:
                    what = f"answers too slowly ({self._trace.came} bytes in {overdue:.0f} s)"
                    tries = 1
                fault = Fault(what, advice=advice, tries=tries, sent=True)
            case httpx.DecodingError():
                fault = Fault("sent an answer that cannot be unpacked", sent=True)
            case httpx.WriteTimeout() | httpx.WriteError():
                fault = Fault("closed the connection before it had the request")
            case _:
                what = "closed the connection before its answer was whole"
                fault = Fault(what, sent=not self._trace.unsent)
        return fault


class _Trace(threading.local):
    """Listens to httpcore; each thread has its own, which is about the exchange that it makes.

    Attributes:
        unsent: the request did not go out whole, so that nobody can have worked on it.
        came: bytes of the answer.
        overdue: seconds that it had taken when it was given up; None while it was not.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self.begin()

    def begin(self) -> None:
        """Forget the exchange before."""
        self.unsent = False
        self.came = 0
        self.overdue: float | None = None
        self._awaited: float | None = None
        self._has_headers = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("send_request_headers.failed", "send_request_body.failed")):
            self.unsent = True
        elif event.endswith("receive_response_headers.started"):
            self._awaited = time.monotonic()
        elif event.endswith("receive_response_headers.complete"):
            self._has_headers = True
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._bound(info["return_value"])

    def _bound(self, stream: Any) -> None:
        """Have a connection give up an answer that drips, were it in its headers.

        httpx bounds the silence between two bytes only.
        """
        import httpx

        read = stream.read

        def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
            if self._awaited is not None:
                spent = time.monotonic() - self._awaited
                # Headers earn no time: there may be no end of them.
                earned = self.came / SLOWEST if self._has_headers else 0.0
                if spent > 2 * self._timeout + earned:
                    self.overdue = spent
                    raise httpx.ReadTimeout("an answer that drips")
            # httpcore asks for 64 KB, which makes many steps of a picture.
            data: bytes = read(PIECE if self._has_headers else max_bytes, timeout)
            self.came += len(data)
            return data

        stream.read = bounded


def _body(response: "httpx.Response", request: Request, server: Connection) -> bytes:
    """What came, as a whole; of an error answer as much as came."""
    import httpx

    good = response.is_success
    limit = request.limit if good else MAX_ERROR_BODY
    declared = response.headers.get("content-length", "")
    if good and declared.isdigit() and int(declared) > limit:
        raise _too_large(server, limit)
    # Joined once: a buffer that grows is copied each time, and to fill fresh memory takes longer
    # than to receive.
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                if good:
                    raise _too_large(server, limit)
                break
    except httpx.RequestError:
        if good:
            raise
    body = b"".join(chunks)
    return body if size <= limit else body[:limit]


def _too_large(server: Connection, limit: int) -> UnusableAnswerError:
    return UnusableAnswerError(
        f"The answer of {server.provider.title} is larger than {limit / 2**20:g} MB, "
        "more than any good answer has; try again, or use another model."
    )
