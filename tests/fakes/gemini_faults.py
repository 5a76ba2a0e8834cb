"""What faults do to a Gemini answer: the tables of their names, and the parts they leave."""

import json
from collections.abc import Callable
from typing import Any

from fakes.describe import damaged_json
from fakes.faults import Fault

# A finish reason as a fault's name gives a candidate without content, as the real service does.
FINISH_REASONS = {
    "SAFETY": 3,
    "RECITATION": 4,
    "OTHER": 5,
    "LANGUAGE": 6,
    "BLOCKLIST": 7,
    "PROHIBITED_CONTENT": 8,
    "SPII": 9,
    "MALFORMED_FUNCTION_CALL": 10,
    "IMAGE_SAFETY": 11,
    "UNEXPECTED_TOOL_CALL": 12,
    "TOO_MANY_TOOL_CALLS": 13,
    "IMAGE_PROHIBITED_CONTENT": 14,
    "IMAGE_OTHER": 15,
    "NO_IMAGE": 16,
    "IMAGE_RECITATION": 17,
    "MISSING_THOUGHT_SIGNATURE": 18,
    "MALFORMED_RESPONSE": 19,
    "ESCALATION": 20,
    "PUP_LIMITED_DISABLED": 21,
    "CONTINUATION": 22,
    "MODEL_ARMOR": 23,
}
ANY = {
    **{reason: f"finishReason {reason}, no content" for reason in FINISH_REASONS},
    "finish": "any other finishReason, `finish=NAME`, no content",
    "blocked": "the prompt is blocked: no candidates, `blocked=SAFETY`",
    "no-candidates": "neither candidates nor a reason",
    "empty-candidates": "an empty list of candidates",
    "no-content": "a candidate with finishReason STOP and nothing else",
    "no-parts": "a candidate whose content has no parts",
    "max-tokens-no-parts": "MAX_TOKENS and no parts: all tokens went into thoughts",
    "thought-parts": "the answer after a part of thoughts (a draft picture, where one is drawn)",
    "thoughts-only": "nothing but thoughts",
    "signature-only": "the answer, then a part with nothing but a thoughtSignature",
    "signature-alone": "a part with nothing but a thoughtSignature, and no answer",
    "unknown-enum": "finishReason and modality that nobody knows (99 for the old SDK)",
    "unknown-fields": "fields that nobody knows, everywhere",
    "no-usage": "no usageMetadata",
    "no-model": "no modelVersion",
    "null-fields": "null in the place of what is optional",
    "routed": "another model answers, `routed=NAME`",
    "echo-key-model": "the name of the model that answers holds the key",
}
# Those whose reply has no content, so that nothing is paid for.
EMPTY = {
    *FINISH_REASONS,
    "finish",
    "blocked",
    "no-candidates",
    "empty-candidates",
    "no-content",
    "no-parts",
    "max-tokens-no-parts",
}
TEXT = {
    "split-parts": "the answer in three parts, cut inside words",
    "max-tokens": "MAX_TOKENS, the answer cut in the middle",
    "cut-json": "the model's JSON stops in the middle, with finishReason STOP",
    "prose": "the model answers in words instead of JSON",
    "fenced": "the JSON stands between ```json fences",
    "schema-mismatch": "valid JSON that does not fit the schema: a required field is missing",
    "wrong-types": "valid JSON in which lists are texts and texts are numbers",
    "extra-keys": "valid JSON with a field too many",
    "json-list": "the JSON object inside a list",
    "json-null": "the JSON value null",
    "empty-text": "one part with an empty text",
    "whitespace": "one part with white space",
    "words": "the model's answer is `words=TEXT`",
    "refused": "the model refuses in words, with finishReason STOP, `refused=TEXT`",
    "echo-key-answer": "the description holds the key, in its mood",
}
IMAGE = {
    "refused": "IMAGE_SAFETY with the model's words, `refused=TEXT`",
    "refused-silently": "IMAGE_SAFETY without words",
    "refused-message": "IMAGE_SAFETY without words, with a finishMessage, `refused-message=TEXT`",
    "text-only": "words and no picture, with finishReason STOP, `text-only=TEXT`",
    "draft-only": "a picture among the thoughts, and none after them",
    "two-pictures": "two pictures; the last one is meant",
    "words-first": "the picture after a part with words",
    "jpeg": "the picture as a JPEG",
    "webp": "the picture as a WebP",
    "video": "a part of type video/mp4 instead of a picture",
    "bad-base64": "the data is no base64",
}

# Finish reason and words of an answer without a picture.
REFUSALS = {
    "refused": ("IMAGE_SAFETY", "I can't create that picture, since it could hurt someone."),
    "refused-silently": ("IMAGE_SAFETY", ""),
    "refused-message": ("IMAGE_SAFETY", ""),
    "text-only": ("STOP", "What a lovely idea! Which style would you like the picture in?"),
}


def candidate(parts: list[dict[str, Any]] | None, fault: Fault, reason: str) -> dict[str, Any]:
    name = fault.name
    if name in FINISH_REASONS or name == "finish":
        return {"finishReason": fault.value if name == "finish" else name, "index": 0}
    if name == "no-content":
        return {"finishReason": "STOP", "index": 0}
    if name == "no-parts":
        return {"content": {"role": "model"}, "finishReason": "STOP", "index": 0}
    if name == "max-tokens-no-parts":
        return {"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}
    candidate: dict[str, Any] = {"finishReason": reason, "index": 0}
    if name == "refused-message":
        candidate["finishMessage"] = fault.value or (
            "Unable to show the generated image. The model could not generate the image based on "
            "the prompt provided."
        )
    if parts is not None:
        candidate = {"content": {"role": "model", "parts": parts}, **candidate}
    if name == "unknown-fields":
        candidate["avgLogprobsOfTomorrow"] = -0.1
    return candidate


def text_parts(text: str, fault: Fault) -> list[dict[str, Any]]:
    """The answer as parts, changed by the fault."""
    match fault.name:
        case "split-parts":
            third = max(1, len(text) // 3)
            pieces = [text[:third], text[third : 2 * third], text[2 * third :]]
            return [{"text": piece} for piece in pieces if piece]
        case "max-tokens" | "cut-json":
            text = text[: len(text) * 2 // 3]
        case "prose":
            text = "Certainly! Picture a scene in soft light, with everything you asked for."
        case "refused":
            text = fault.value or "I can't help with describing that picture."
        case "words":
            text = fault.value
        case "fenced":
            text = f"Here it is:\n```json\n{text}\n```\n"
        case "empty-text":
            text = ""
        case "whitespace":
            text = " \n\n  "
        case "json-null":
            text = "null"
        case "json-list":
            text = f"[{text}]"
        case "schema-mismatch" | "wrong-types" | "extra-keys":
            text = json.dumps(damaged_json(json.loads(text), fault.name), ensure_ascii=False)
    return [{"text": text}]


def framed(
    parts: list[dict[str, Any]], thought: Callable[[], dict[str, Any]], fault: Fault
) -> list[dict[str, Any]]:
    """The parts with what thinking models put around them."""
    match fault.name:
        case "thought-parts":
            return [
                {"text": "**Weighing the light**", "thought": True},
                {**thought(), "thought": True},
                *parts,
            ]
        case "thoughts-only":
            return [{"text": "Still thinking about the light…", "thought": True}]
        case "signature-only":
            return [*parts, {"text": "", "thoughtSignature": "EsINabcdef=="}, _SIGNATURE]
        case "signature-alone":
            return [_SIGNATURE]
        case "unknown-fields":
            return [{**part, "partMetadata": {"new": True}} for part in parts]
    return parts


_SIGNATURE = {"thoughtSignature": "EpQBCpEBAXLI2nw="}
