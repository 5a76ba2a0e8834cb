"""The Gemini REST API: generateContent for text and pictures, the list of models, versions v1 and
v1beta, and the OpenAI-compatible chat beside it."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from fakes.chat import Chat
from fakes.describe import prompt_in
from fakes.faults import Fault
from fakes.gemini_call import Call
from fakes.gemini_faults import (
    ANY,
    EMPTY,
    FINISH_REASONS,
    IMAGE,
    REFUSALS,
    TEXT,
    candidate,
    framed,
    text_parts,
)
from fakes.gemini_models import ALIASES, MODELS, find_model, image_tokens, pixels_of
from fakes.gemini_schema import REQUEST
from fakes.google import (
    check_key,
    google_error,
    invalid,
    json_object,
    model_not_found,
    over_limit,
)
from fakes.google_faults import ERRORS, google_fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.pictures import Kind, Picture
from fakes.service import PICTURE_FAULTS, Options, Service, Work, refuse
from fakes.shapes import check_shape

_PATH = re.compile(r"/(v1beta|v1)/models/([^/:]+):(\w+)")


_NUMBERS = {
    "finishReason": {"STOP": 1, "MAX_TOKENS": 2, **FINISH_REASONS},
    "blockReason": {
        "SAFETY": 1,
        "OTHER": 2,
        "BLOCKLIST": 3,
        "PROHIBITED_CONTENT": 4,
        "IMAGE_SAFETY": 5,
    },
    "modality": {"TEXT": 1, "IMAGE": 2, "VIDEO": 3, "AUDIO": 4},
    "category": {"HARM_CATEGORY_HARASSMENT": 7, "HARM_CATEGORY_DANGEROUS_CONTENT": 10},
    "probability": {"NEGLIGIBLE": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4},
}


class Gemini(Service):
    """Text and image models under one key; pictures are signed, as the real ones are."""

    name = "gemini"
    signs = True
    errors = ERRORS
    text_faults: ClassVar[Mapping[str, str]] = {**ANY, **TEXT}
    image_faults: ClassVar[Mapping[str, str]] = {**ANY, **IMAGE, **PICTURE_FAULTS}

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._chat = Chat(self, options, habit="gemini")

    def step(self, request: Request) -> str:
        if request.path.startswith("/v1beta/openai/"):
            return "text" if request.path.endswith("/chat/completions") else "models"
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            return "models" if re.match(r"/v1(beta)?/models", request.path) else "unknown"
        if found[3] not in ("generateContent", "streamGenerateContent"):
            return "unknown"
        model = find_model(found[2], found[1])
        return "image" if model is not None and model.image else "text"

    def accept(self, request: Request, entry: Entry) -> Work:
        if request.path.startswith("/v1beta/openai/"):
            return self._chat.accept(request, entry, prefix="/v1beta/openai")
        check_key(self, entry)
        if entry.step == "models" and request.method == "GET":
            return lambda fault: _models(request)
        found = _PATH.fullmatch(request.path)
        if found is None:
            raise refuse(
                Answer(
                    404,
                    [b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>"],
                    "text/html; charset=UTF-8",
                )
            )
        version, name, method = found.groups()
        entry.model = name
        model = find_model(name, version)
        if model is None or entry.step == "unknown":
            raise refuse(model_not_found(name, version, method))
        body = check_shape(json_object(request), REQUEST)
        if request.query.get("alt", "json") == "sse" or method == "streamGenerateContent":
            raise refuse(invalid("This fake does not stream."))
        call = Call(model, body, integers="enum-encoding=int" in request.query.get("$alt", ""))
        call.check()
        entry.prompt = prompt_in(call.last_text)
        if model.image and "IMAGE" in call.modalities:
            return lambda fault: self._image(call, entry.prompt, fault)
        return lambda fault: self._text(call, entry.prompt, fault, request)

    def reject(self, fault: Fault, model: str = "") -> Answer:
        return google_fault(
            fault.name,
            fault.number(1.0),
            model=model or "gemini-3.5-flash-lite",
            key=self.options.key or "",
            method="generateContent",
        )

    def limited(self, excess: Excess) -> Answer:
        return over_limit(excess, model="gemini")

    # Answers

    def _text(self, call: Call, prompt: str, fault: Fault, request: Request) -> Answer:
        if call.wants_json:
            schema = call.schema
            wording = hashlib.sha256(request.body).hexdigest()
            said = self.describe(prompt, call.last_text, schema, wording=wording)
        else:
            said = (
                self.options.answers.pop(0) if self.options.answers else f"A picture of {prompt}."
            )
        if fault == "echo-key-answer" and isinstance(said, dict):
            said = said | {"mood": f"calm, {self.options.key}"}
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        parts = text_parts(text, fault)
        reply_parts: list[dict[str, Any]] | None = framed(
            parts, lambda: {"text": "First I weigh what the prompt leaves open."}, fault
        )
        reason = "MAX_TOKENS" if fault == "max-tokens" else "STOP"
        out = 0 if reply_parts is None else sum(len(p.get("text", "")) for p in reply_parts) // 4
        return self._reply(call, reply_parts, fault, reason=reason, modality="TEXT", out=out)

    def _image(self, call: Call, prompt: str, fault: Fault) -> Answer:
        refusal = REFUSALS.get(fault.name)
        if refusal is not None:
            reason, words = refusal
            parts = [{"text": fault.value or words}] if words else None
            return self._reply(call, parts, fault, reason=reason, modality="TEXT", out=20)
        width, height = pixels_of(call.model, call.ratio, call.size)
        # gemini-2.5-flash-image has no JPEG.
        usual = self.options.format if call.model.sizes else "png"
        kind = _KINDS.get(fault.name, usual)
        number = call.number
        picture = self.draw(width, height, prompt=prompt, fault=fault, number=number, kind=kind)
        drawn = [_inline(picture)]
        paid: tuple[Picture, ...] = (picture,)

        def draft() -> dict[str, Any]:
            return _inline(self.draw(width, height, prompt=f"draft of {prompt}", fault=fault))

        match fault.name:
            case "two-pictures":
                drawn.insert(0, _inline(self.draw(width, height, prompt="first", fault=fault)))
            case "words-first":
                drawn.insert(0, {"text": "Here is your picture:"})
            case "video":
                drawn = [{"inlineData": {"mimeType": "video/mp4", "data": "AAAAIGZ0eXBpc29t"}}]
            case "bad-base64":
                drawn = [{"inlineData": {"mimeType": "image/png", "data": "%%% no base64 %%%"}}]
            case "draft-only":
                drawn = [{**draft(), "thought": True}]
        parts = framed(drawn, draft, fault)
        if fault.name in EMPTY or not any(_shows(part) for part in parts):
            paid = ()
        tokens = image_tokens(call.model, call.size) if paid else 0
        answer = self._reply(call, parts, fault, reason="STOP", modality="IMAGE", out=tokens)
        answer.pictures = paid
        return answer

    def _reply(
        self,
        call: Call,
        parts: list[dict[str, Any]] | None,
        fault: Fault,
        *,
        reason: str,
        modality: str,
        out: int,
    ) -> Answer:
        body: dict[str, Any] = {}
        name = fault.name
        if name == "blocked":
            feedback: dict[str, Any] = {"blockReason": fault.value or "PROHIBITED_CONTENT"}
            body["promptFeedback"] = feedback
        elif name == "empty-candidates":
            body["candidates"] = []
        elif name != "no-candidates":
            body["candidates"] = [candidate(parts, fault, reason)]
        thoughts = 0 if call.model.image and not call.model.levels else 128
        if name in ("max-tokens-no-parts", "thoughts-only"):
            out, thoughts = 0, call.limit
        if self.options.usage and name != "no-usage":
            body["usageMetadata"] = call.usage(out, thoughts, modality)
        if name != "no-model":
            routed = {
                "routed": fault.value or "gemini-3.9-flash",
                "echo-key-model": f"gemini-{self.options.key}",
            }
            body["modelVersion"] = routed.get(name, call.model.served)
        body["responseId"] = hashlib.sha256(call.last_text.encode()).hexdigest()[:22]
        if name == "unknown-enum":
            body["candidates"][0]["finishReason"] = 99 if call.integers else "BRAND_NEW_REASON"
        if name == "unknown-fields":
            body |= {"newThing": {"deep": [1, {"er": None}]}, "anotherThing": "x"}
            body["usageMetadata"] = body.get("usageMetadata", {}) | {"carbonGrams": 0.1}
        if name == "null-fields":
            body |= {"promptFeedback": None}
            body["candidates"][0] |= {"safetyRatings": None, "citationMetadata": None}
        return reply(_in_integers(body) if call.integers else body)


_KINDS: dict[str, Kind] = {"jpeg": "jpeg", "webp": "webp"}


def _shows(part: dict[str, Any]) -> bool:
    """Whether a part is a picture that is meant, no thought."""
    return not part.get("thought") and "inlineData" in part


def _inline(picture: Picture) -> dict[str, Any]:
    return {"inlineData": {"mimeType": picture.mime, "data": Inline(picture)}}


def _in_integers(value: Any, name: str = "") -> Any:
    """The reply as the old SDK asks for it: enums as integers."""
    if isinstance(value, dict):
        return {key: _in_integers(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_integers(item) for item in value]
    if isinstance(value, str) and name in _NUMBERS:
        return _NUMBERS[name].get(value, 99)
    return value


def _models(request: Request) -> Answer:
    """GET models or models/NAME."""
    version, _, name = request.path.removeprefix("/").partition("/models")
    known = [*MODELS, *(ALIASES if version == "v1beta" else ())]
    if name := name.removeprefix("/"):
        if name not in known:
            return model_not_found(name, version, "getModel")
        return reply(_model(name))
    try:
        size, start = (
            int(request.query.get("pageSize", "50")),
            int(request.query.get("pageToken") or 0),
        )
    except ValueError:
        return google_error(400, "page_token is invalid.")
    body: dict[str, Any] = {"models": [_model(one) for one in known[start : start + size]]}
    if start + size < len(known):
        body["nextPageToken"] = str(start + size)
    return reply(body)


def _model(name: str) -> dict[str, Any]:
    model = MODELS[ALIASES.get(name, name)]
    listed_model: dict[str, Any] = {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
    if model.levels or model.budget:
        listed_model["thinking"] = True
    return listed_model
