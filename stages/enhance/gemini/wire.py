"""What the SDK gets from the network: requests' answers, read whole, judged and cut to its ken.

A counterpart of imagine.stages.network.wire for a library with its own HTTP; errors read the same.
"""

import io
import json
import ssl
import time
import warnings
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from imagine.stages.enhance.gemini.call import MAX_REPLY
from imagine.stages.errors import UnusableAnswerError, shown
from imagine.stages.network.failure import broken, failure_of, host_of, is_loopback
from imagine.stages.network.providers import TEXT_TIMEOUT, Connection
from imagine.stages.network.reply import problem_of
from imagine.stages.network.retry import Fault
from imagine.stages.network.session import Reply, Transient, Translate

with warnings.catch_warnings():
    # Of versions that it was not tried with.
    warnings.simplefilter("ignore")
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import HTTPError, ReadTimeoutError

CONNECT_TIMEOUT = 10.0
CHUNK = 2**16
# As in imagine.stages.network.wire: a body may take twice the timeout, or more while it comes as
# fast as this (bytes/s).
SLOWEST = 20_000


class WholeAnswers(HTTPAdapter):
    """An adapter of requests that hands on whole good answers, and raises our errors for others."""

    def __init__(self, connection: Connection, translate: Translate) -> None:
        self._connection = connection
        self._translate = translate
        self._timeout = connection.timeout or TEXT_TIMEOUT
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Trust what this machine trusts (SSL_CERT_FILE too), beside requests' own list."""
        if self._connection.base_url.startswith("https:"):
            options["ssl_context"] = ssl.create_default_context()
        super().init_poolmanager(*args, **options)

    def send(  # noqa: PLR0917  # requests passes them so
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The answer with its body read.

        Raises:
            Transient: another attempt may help.
            ImagineError: none will.
        """
        # requests puts in what ~/.netrc holds for the host; Google is told the key alone.
        request.headers.pop("Authorization", None)
        parts = urlsplit(str(request.url))
        url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        local = is_loopback(parts.hostname)
        started = time.monotonic()
        told = "no answer"
        try:
            response = super().send(
                request,
                stream=True,
                timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                verify=verify,
                cert=cert,
                proxies={} if local else dict(proxies or {}),
            )
            told = f"{response.status_code}, cut"
            try:
                body = self._body(response.raw, response.ok, started)
            finally:
                # Of an answer that was not read to its end the connection cannot be used again.
                response.raw.close()
            told = f"{response.status_code}, {len(body)} bytes"
        except (requests.RequestException, HTTPError, OSError) as error:
            told += f": {type(error).__name__}"
            raise broken(self._connection, error, self._fault(error)) from error
        finally:
            spent = time.monotonic() - started
            self._connection.log(f"POST {shown(url, limit=200)}: {told}, {spent:.2f} s")
        headers = {name.lower(): value for name, value in response.headers.items()}
        reply = Reply(response.status_code, headers, body, url)
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
            problem = problem_of(reply, self._connection)
            meant = self._translate(reply, problem)
            raise meant or failure_of(self._connection, reply, problem)
        response.raw = io.BytesIO(_without_thoughts(reply))
        return response

    def _body(self, raw: Any, good: bool, started: float) -> bytes:
        """What came; of an error answer as much as came."""
        body = bytearray()
        declared = str(raw.headers.get("content-length", ""))
        if good and declared.isdigit() and int(declared) > MAX_REPLY:
            raise self._too_large()
        try:
            # read1 gives what has come; read would wait for a whole chunk from a server that drips.
            while chunk := raw.read1(CHUNK, decode_content=True):
                body += chunk
                if len(body) > MAX_REPLY:
                    raise self._too_large()
                spent = time.monotonic() - started
                if spent > 2 * self._timeout + len(body) / SLOWEST:
                    raise Transient(
                        Fault(
                            f"answers too slowly ({len(body)} bytes in {spent:.0f} s)",
                            advice="try again later, or raise the timeout",
                            tries=2,
                            sent=True,
                        )
                    )
        except HTTPError:
            if good:
                raise
        return bytes(body)

    def _too_large(self) -> UnusableAnswerError:
        return UnusableAnswerError(
            f"The answer of {self._connection.provider.title} is larger than "
            f"{MAX_REPLY / 2**20:g} MB; try again, or use another model."
        )

    def _fault(self, error: Exception) -> Fault:
        """What a broken exchange is called when no telling cause lies behind it."""
        host = host_of(self._connection)
        match error:
            case requests.ConnectTimeout():
                what = f"cannot be reached: {host} takes no connection"
                return Fault(what, advice="check the network and any proxy", tries=2)
            case requests.exceptions.ProxyError():
                what = f"cannot be reached: the proxy fails ({shown(error)})"
                return Fault(what, advice="check HTTPS_PROXY and NO_PROXY", tries=2)
            case requests.Timeout() | ReadTimeoutError():
                what = f"sent nothing for {self._timeout:g} s"
                advice = "try again later, or raise the timeout"
                return Fault(what, advice=advice, tries=2, sent=True)
        return Fault("closed the connection before its answer was whole", sent=True)


def _without_thoughts(reply: Reply) -> bytes:
    """The body without the parts that are thoughts, whose mark the SDK does not know.

    Raises:
        UnusableAnswerError: it is no whole JSON.
    """
    document = reply.json()
    if b'"thought"' not in reply.body:
        return reply.body
    candidates = document.get("candidates") if isinstance(document, dict) else None
    for candidate in candidates if isinstance(candidates, list) else ():
        content = candidate.get("content") if isinstance(candidate, dict) else None
        if isinstance(content, dict) and isinstance(parts := content.get("parts"), list):
            content["parts"] = [part for part in parts if not _is_thought(part)]
    return json.dumps(document).encode()


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and part.get("thought") is True
