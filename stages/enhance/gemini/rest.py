"""A Gemini call over plain REST: a ModelCall goes in, a ModelReply comes out.

POST v1beta/models/MODEL:generateContent. Unlike the SDK it sends the seed, the thinking level and
`store: false`: paid projects keep requests since October 2026 unless told not to. Temperature and
its like are left out: the current models ignore or refuse them.
"""

import base64
from typing import Any

from imagine.stages.enhance.gemini.call import (
    MAX_OUTPUT_TOKENS,
    MAX_REPLY,
    ModelCall,
    ModelReply,
    usage_of,
)
from imagine.stages.enhance.schema import json_schema
from imagine.stages.image import ReferenceImage
from imagine.stages.network.json_values import count, table, tables, text
from imagine.stages.network.providers import TEXT_TIMEOUT, Connection
from imagine.stages.network.session import Session, Translate

# Google's seed is a signed 32-bit number; ours are not.
_SEEDS = 2**31


class Carrier:
    """Sends calls over one connection that stays open between them."""

    def __init__(self, connection: Connection, translate: Translate) -> None:
        self._session = Session(
            connection,
            headers=connection.headers(),
            timeout=TEXT_TIMEOUT,
            translate=translate,
        )

    def send(self, call: ModelCall) -> ModelReply:
        path = f"/v1beta/models/{call.model}:generateContent"
        reply = self._session.post(path, json=request_of(call), paid=False, limit=MAX_REPLY)
        return reply_of(reply.json())

    def close(self) -> None:
        self._session.close()


def request_of(call: ModelCall) -> dict[str, Any]:
    """The body of a request."""
    pictures = [{"inlineData": _inline(image)} for image in call.images]
    config: dict[str, Any] = {
        "responseMimeType": "application/json",
        "responseJsonSchema": json_schema(call.schema),
        "maxOutputTokens": MAX_OUTPUT_TOKENS,
        "seed": call.seed % _SEEDS,
    }
    if call.thinking_level is not None:
        config["thinkingConfig"] = {"thinkingLevel": call.thinking_level}
    return {
        "systemInstruction": {"parts": [{"text": call.system}]},
        "contents": [{"role": "user", "parts": [*pictures, {"text": call.user}]}],
        "generationConfig": config,
        "store": False,
    }


def _inline(image: ReferenceImage) -> dict[str, str]:
    return {"mimeType": image.media_type, "data": base64.b64encode(image.data).decode()}


def reply_of(document: Any) -> ModelReply:
    """What an answer says, read without trust in its shape."""
    body = table(document)
    first = next(iter(tables(body.get("candidates"))), {})
    usage = table(body.get("usageMetadata"))
    return ModelReply(
        text=_text(table(first.get("content")).get("parts")),
        finish_reason=text(first.get("finishReason")),
        finish_message=text(first.get("finishMessage")),
        block_reason=text(table(body.get("promptFeedback")).get("blockReason")),
        model=text(body.get("modelVersion")).removeprefix("models/"),
        usage=usage_of(
            prompt=count(usage.get("promptTokenCount")),
            candidates=count(usage.get("candidatesTokenCount")),
            thoughts=count(usage.get("thoughtsTokenCount")),
            total=count(usage.get("totalTokenCount")),
        ),
    )


def _text(parts: Any) -> str:
    """The text of all parts but thoughts; joined without anything, since parts split words."""
    said = (part for part in tables(parts) if part.get("thought") is not True)
    return "".join(text(part.get("text")) for part in said)
