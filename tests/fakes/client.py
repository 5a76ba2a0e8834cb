"""For the fakes' own tests: a client with the right key, and requests that are accepted."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from fakes.server import Fake, serve

# Loading the certificates of the machine for every client would take longer than most tests.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


GOOGLE_SCHEMA = {
    "type": "OBJECT",
    "properties": {
        "subjects": {
            "type": "ARRAY",
            "minItems": 1,
            "maxItems": 6,
            "items": {
                "type": "OBJECT",
                "properties": {
                    "name": {"type": "STRING"},
                    "count": {"type": "INTEGER", "nullable": True},
                },
                "required": ["name", "count"],
            },
        },
        "medium": {"type": "STRING", "enum": ["photograph", "painting"]},
        "mood": {"type": "STRING", "nullable": True},
    },
    "required": ["subjects", "medium", "mood"],
}


JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "subjects": {"type": "array", "items": {"$ref": "#/$defs/subject"}},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["subjects", "mood"],
    "additionalProperties": False,
    "$defs": {
        "subject": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "count": {"type": ["integer", "null"]}},
            "required": ["name", "count"],
            "additionalProperties": False,
        }
    },
}


TEXT, IMAGE = "gemini-3.5-flash-lite", "gemini-nano-banana-2.1"


USER = {"role": "user", "parts": [{"text": "a fox"}]}


JSON = "application/json"


class Client:
    """Sends to one fake with its right key."""

    def __init__(self, fake: Fake, http: httpx.Client) -> None:
        self.fake = fake
        self.http = http

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["json"] = body
        return self.http.post(self.fake.url + path, **more)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path if path.startswith("http") else self.fake.url + path)

    def text(
        self, prompt: str = "a fox", model: str = "gemini-3.5-flash-lite", **config: Any
    ) -> httpx.Response:
        config = {"responseMimeType": "application/json", "responseSchema": GOOGLE_SCHEMA} | config
        contents = [{"role": "user", "parts": [{"text": f"Expand: <prompt>{prompt}</prompt>"}]}]
        body = {"contents": contents, "generationConfig": config}
        return self.post(f"/v1beta/models/{model}:generateContent", body)

    def picture(
        self, prompt: str = "a fox", model: str = "gemini-nano-banana-2.1", **image: str
    ) -> httpx.Response:
        config = {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": image}
        body = {"contents": [{"parts": [{"text": prompt}]}], "generationConfig": config}
        return self.post(f"/v1beta/models/{model}:generateContent", body)


@contextmanager
def client(name: str, **options: Any) -> Iterator[Client]:
    with serve(name, **options) as fake:
        if name in ("gemini", "imagen"):
            headers = {"x-goog-api-key": fake.key or ""}
        else:
            scheme = "Key" if name == "fal" else "Bearer"
            headers = {"Authorization": f"{scheme} {fake.key}"}
        with httpx.Client(
            headers=headers, timeout=60, verify=_NO_CERTIFICATES, trust_env=False
        ) as http:
            yield Client(fake, http)


def inline(reply: httpx.Response) -> bytes:
    """The picture in a generateContent reply."""
    parts = reply.json()["candidates"][0]["content"]["parts"]
    return base64.b64decode(parts[-1]["inlineData"]["data"])


def config(**fields: Any) -> dict[str, Any]:
    return {"contents": [{"parts": [{"text": "a fox"}]}], "generationConfig": fields}


def candidate(reply: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = reply.json()["candidates"][0]
    return found


def joined(reply: httpx.Response) -> str:
    parts = candidate(reply)["content"]["parts"]
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


def image(**fields: Any) -> dict[str, Any]:
    return {"model": "gpt-image-2.5-flare", "prompt": "a fox", **fields}


def chat(model: str, wanted: Any = None, **fields: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "Answer in JSON."},
        {"role": "user", "content": "<prompt>two foxes</prompt>"},
    ]
    body = {"model": model, "messages": messages, **fields}
    return body if wanted is None else body | {"response_format": wanted}


STRICT = {
    "type": "json_schema",
    "json_schema": {"name": "prompt", "strict": True, "schema": JSON_SCHEMA},
}


def form(**fields: str) -> dict[str, Any]:
    """A multipart body without a file, as Stability wants it."""
    return {"data": fields, "files": {"none": ("none", b"")}}


PREDICTIONS = "/v1/models/black-forest-labs/flux-schnell/predictions"
