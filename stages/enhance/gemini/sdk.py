"""A Gemini call through google-generativeai 0.8: a ModelCall goes in, a ModelReply comes out.

Importing this module imports the SDK, which takes a second. Left alone the SDK would repeat a 503
for ten minutes whatever timeout it is given, ask again with a rejected key, follow redirects with
the key, read answers of any size, and take a model's thoughts for its answer. It knows the
protocol of January 2025: seed, thinking level and `store` cannot be sent.
"""

import threading
import warnings
from collections.abc import Mapping
from typing import Any

from imagine.stages.enhance.gemini.call import (
    MAX_OUTPUT_TOKENS,
    ModelCall,
    ModelReply,
    usage_of,
)
from imagine.stages.enhance.gemini.wire import WholeAnswers
from imagine.stages.errors import ConfigError, ProviderError, UnusableAnswerError, shown
from imagine.stages.network.failure import Translate
from imagine.stages.network.json_values import count
from imagine.stages.network.providers import TEXT_TIMEOUT, Connection
from imagine.stages.network.retry import retrying

with warnings.catch_warnings():
    # That its support has ended, and what old code comes to on a new Python.
    warnings.simplefilter("ignore")
    import requests
    from google.ai.generativelanguage_v1beta.services.generative_service.transports import (
        GenerativeServiceRestTransport,
    )
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.generativeai import protos
    from google.generativeai.client import configure, get_default_generative_client
    from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

# Finish reasons that came after the SDK, by their numbers in Google's generative_service.proto
# (v1beta, September 2026).
_LATER = {
    12: "UNEXPECTED_TOOL_CALL",
    13: "TOO_MANY_TOOL_CALLS",
    14: "IMAGE_PROHIBITED_CONTENT",
    15: "IMAGE_OTHER",
    16: "NO_IMAGE",
    17: "IMAGE_RECITATION",
}
# `configure` sets defaults for the whole process; whoever has its client is no longer touched.
_CONFIGURING = threading.Lock()


class Carrier:
    """Sends calls over one client of the SDK, which keeps its connection open."""

    def __init__(self, connection: Connection, translate: Translate) -> None:
        self._connection = connection
        adapter = WholeAnswers(connection, translate)

        def transport(**options: Any) -> _Transport:
            return _Transport(adapter, **options)

        try:
            with _CONFIGURING:
                # With a key the SDK looks for no other credentials, nor asks the cloud for them.
                configure(
                    api_key=_key_of(connection),
                    # Handed on to the client as it is, which takes a function too.
                    transport=transport,  # type: ignore[arg-type]
                    client_options={
                        "api_endpoint": connection.base_url,
                        # Else it is read from the environment, and no other takes keys.
                        "universe_domain": "googleapis.com",
                    },
                )
                self._client = get_default_generative_client()
        except (GoogleAuthError, ValueError) as error:
            raise ConfigError(
                f"google-generativeai cannot be set up ({self._shown(error)}); "
                "set gemini_transport to httpx."
            ) from error

    def send(self, call: ModelCall) -> ModelReply:
        request = _request_of(call)
        title = self._connection.provider.title

        def attempt() -> Any:
            return self._client.generate_content(request, retry=None, timeout=TEXT_TIMEOUT)

        try:
            gate = self._connection.gate
            return _reply_of(retrying(self._connection, attempt, paid=False, gate=gate))
        except ParseError as error:
            raise UnusableAnswerError(
                f"The answer of {title} has another form than google-generativeai knows "
                f"({self._shown(error)}); set gemini_transport to httpx."
            ) from error
        except (GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
            raise ProviderError(
                f"google-generativeai failed ({self._shown(error)}); set gemini_transport to httpx."
            ) from error

    def _shown(self, error: Exception) -> str:
        return shown(self._connection.redact(str(error)), limit=200)

    def close(self) -> None:
        self._client.transport.close()  # type: ignore[no-untyped-call]


class _Transport(GenerativeServiceRestTransport):
    """The SDK's REST transport over our adapter."""

    def __init__(self, adapter: WholeAnswers, **options: Any) -> None:
        super().__init__(**options)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)


def _request_of(call: ModelCall) -> Any:
    pictures = [
        {"inline_data": {"mime_type": image.media_type, "data": image.data}}
        for image in call.images
    ]
    return protos.GenerateContentRequest(
        model=f"models/{call.model}",
        system_instruction={"parts": [{"text": call.system}]},
        contents=[{"role": "user", "parts": [*pictures, {"text": call.user}]}],
        generation_config={
            "response_mime_type": "application/json",
            "response_schema": call.schema,
            "max_output_tokens": MAX_OUTPUT_TOKENS,
        },
    )


def _reply_of(response: Any) -> ModelReply:
    """What an answer says; `response.text` joins parts with line ends, so it is not used."""
    # The wrapped message would warn of every enum value that it does not know.
    answer = protos.GenerateContentResponse.pb(response)
    first = answer.candidates[0] if answer.candidates else None
    counts = answer.usage_metadata
    return ModelReply(
        text="".join(part.text for part in first.content.parts) if first else "",
        finish_reason=_name(_FINISH_REASONS, first.finish_reason) if first else "",
        finish_message="",
        block_reason=_name(_BLOCK_REASONS, answer.prompt_feedback.block_reason),
        model=answer.model_version.removeprefix("models/"),
        usage=usage_of(
            prompt=count(counts.prompt_token_count),
            candidates=count(counts.candidates_token_count),
            thoughts=0,
            total=count(counts.total_token_count),
        ),
    )


def _key_of(connection: Connection) -> str:
    """The key; a stand-in for a server of one's own that wants none, as the SDK must have one."""
    if connection.key is None and not connection.needs_key:
        return "none"
    return connection.require_key()


def _names_of(enum: Any) -> dict[int, str]:
    return {int(member): str(member.name) for member in enum}


_FINISH_REASONS = _LATER | _names_of(protos.Candidate.FinishReason)
_BLOCK_REASONS = _names_of(protos.GenerateContentResponse.PromptFeedback.BlockReason)


def _name(names: Mapping[int, str], number: int) -> str:
    """An enum's name; its number when it is newer than the SDK, "" when it is not set."""
    return names.get(number, str(number)) if number else ""
