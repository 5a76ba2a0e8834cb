"""The assistant's message as a fault leaves it, and the names of these faults."""

import json
from typing import Any

from fakes.describe import damaged_json
from fakes.faults import Fault

TEXT_FAULTS = {
    "fenced": "the JSON stands between ```json fences, after a sentence",
    "think-tags": "the JSON stands after <think>…</think>, which holds braces of its own",
    "think-open": "the JSON stands after thoughts that only </think> ends",
    "reasoning": "thoughts in message.reasoning (reasoning_content on llama.cpp)",
    "prose-around": "the JSON stands between sentences",
    "prose": "the model answers in words instead of JSON",
    "words": "the model's answer is `words=TEXT`",
    "refused": "message.refusal holds the model's words, content is null, `refused=TEXT`",
    "refused-in-words": "the content is a refusal in words, `refused-in-words=TEXT`",
    "content-filter": "finish_reason content_filter, content empty",
    "length": "finish_reason length, the JSON cut in the middle",
    "length-empty": "finish_reason length and no content: all tokens went into thoughts",
    "cut-json": "the JSON stops in the middle, with finish_reason stop",
    "schema-mismatch": "valid JSON that does not fit the schema: the first field is missing",
    "wrong-types": "valid JSON in which lists are texts and texts are numbers",
    "extra-keys": "valid JSON with a field too many",
    "json-list": "the JSON object inside a list",
    "empty-text": "content is an empty text",
    "content-null": "content is null",
    "content-list": "content is a list of parts",
    "no-choices": "an empty list of choices",
    "no-message": "a choice without message",
    "unknown-enum": "a finish_reason that nobody knows",
    "unknown-fields": "fields that nobody knows",
    "error-in-200": "status 200 whose body is an error",
    "no-usage": "no usage",
    "routed": "another model answers, `routed=NAME`",
    "echo-key-model": "the name of the model that answers holds the key",
    "echo-key-answer": "the description holds the key, in its mood",
}


def message_with(  # noqa: PLR0912  a case for each fault
    text: str, fault: Fault, thoughts: str
) -> tuple[dict[str, Any], str]:
    """The assistant's message and the finish reason."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    reason = "stop"
    thinking = 'The user wants a picture. Perhaps {"subjects": []} is too little.'
    match fault.name:
        case "fenced":
            message["content"] = f"Here is the description:\n\n```json\n{text}\n```"
        case "think-tags":
            message["content"] = f"<think>\n{thinking}\n</think>\n\n{text}"
        case "think-open":
            message["content"] = f"{thinking}\n</think>\n\n{text}"
        case "reasoning":
            message[thoughts] = thinking
        case "prose-around":
            message["content"] = f"Sure! {text}\n\nI hope this {{helps}}."
        case "prose":
            message["content"] = "Certainly! Picture a scene in soft light."
        case "words":
            message["content"] = fault.value
        case "refused":
            message["content"] = None
            message["refusal"] = fault.value or "I'm sorry, I can't help with that picture."
        case "refused-in-words":
            message["content"] = fault.value or "I'm sorry, but I can't help with that."
        case "content-filter":
            message["content"], reason = "", "content_filter"
        case "length" | "cut-json":
            message["content"] = text[: len(text) * 2 // 3]
            reason = "length" if fault == "length" else "stop"
        case "length-empty":
            message["content"], reason = "", "length"
        case "schema-mismatch" | "wrong-types" | "extra-keys":
            damaged = damaged_json(json.loads(text), fault.name)
            message["content"] = json.dumps(damaged, ensure_ascii=False)
        case "json-list":
            message["content"] = f"[{text}]"
        case "empty-text":
            message["content"] = ""
        case "content-null":
            message["content"] = None
        case "content-list":
            message["content"] = [{"type": "text", "text": text}]
        case "unknown-enum":
            reason = "brand_new_reason"
    return message, reason
