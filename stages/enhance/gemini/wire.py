"""The SDK's way to the network: requests' requests go out through our own Wire, and whole answers
without the model's thoughts come back.
"""

import io
import json
import warnings
from collections.abc import Mapping
from typing import Any

from imagine.stages.enhance.gemini.call import MAX_REPLY
from imagine.stages.network.attempt import attempt
from imagine.stages.network.failure import Translate
from imagine.stages.network.json_values import table, tables
from imagine.stages.network.providers import TEXT_TIMEOUT, Connection
from imagine.stages.network.reply import Reply
from imagine.stages.network.wire import Request, Wire

with warnings.catch_warnings():
    # Of versions that it was not tried with.
    warnings.simplefilter("ignore")
    import requests
    from requests.adapters import BaseAdapter

# What requests puts in for its own transport, and what ~/.netrc holds for the host: Google is
# told the key alone.
_NOT_SENT = frozenset({"accept-encoding", "authorization", "connection", "content-length"})


class WholeAnswers(BaseAdapter):
    """An adapter of requests that hands on whole good answers, and raises our errors for others."""

    def __init__(self, connection: Connection, translate: Translate) -> None:
        super().__init__()
        self._connection = connection
        self._translate = translate
        self._wire = Wire(connection, timeout=connection.timeout or TEXT_TIMEOUT)

    def close(self) -> None:
        self._wire.close()

    def send(  # noqa: PLR0917  # requests passes them so
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The answer with its body read; of the options none counts but the connection's.

        Raises:
            Transient: another attempt may help.
            ImagineError: none will.
        """
        headers = {
            name: str(value)
            for name, value in request.headers.items()
            if name.lower() not in _NOT_SENT
        }
        sent = Request(
            str(request.method), str(request.url), headers, {"content": request.body}, MAX_REPLY
        )
        return _response(request, attempt(self._wire, sent, self._connection, self._translate))


def _response(request: requests.PreparedRequest, reply: Reply) -> requests.Response:
    """A good answer as requests has it."""
    response = requests.Response()
    response.status_code = reply.status
    response.headers.update(reply.headers)
    response.request = request
    response.url = str(request.url)
    response.raw = io.BytesIO(json.dumps(_without_thoughts(reply.json())).encode())
    return response


def _without_thoughts(document: Any) -> Any:
    """An answer without the parts that are thoughts, whose mark the SDK does not know."""
    for candidate in tables(table(document).get("candidates")):
        content = table(candidate.get("content"))
        if isinstance(parts := content.get("parts"), list):
            content["parts"] = [part for part in parts if table(part).get("thought") is not True]
    return document
