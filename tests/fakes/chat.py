"""OpenAI-compatible chat completions, with the habits of the servers that speak them."""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakes.describe import damaged_json, prompt_in
from fakes.faults import Fault
from fakes.log import Entry
from fakes.message import Answer, Request, reply
from fakes.service import Options, Service, Work, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a client may send everywhere.
_FIELDS = {
    "model", "messages", "max_tokens", "max_completion_tokens", "stream", "temperature", "top_p",
    "n", "stop", "seed", "response_format", "presence_penalty", "frequency_penalty", "user",
    "logprobs", "top_logprobs", "reasoning_effort", "store", "metadata", "tools", "tool_choice",
    "stream_options", "service_tier", "safety_identifier", "verbosity", "logit_bias",
}  # fmt: skip

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
}


@dataclass(frozen=True)
class ChatHabit:
    """How one server differs.

    Attributes:
        formats: types of response_format that it takes.
        models: names it serves; empty takes any.
        strict: whether unknown fields are refused, and strict schemas checked.
        flat: the schema stands in response_format itself (Together).
        flat_ignored: a flat schema is not read, and the answer unconstrained (llama.cpp).
        thoughts: name of the field for thoughts.
        missing: status for a model it does not have.
    """

    formats: tuple[str, ...] = ("text", "json_object", "json_schema")
    models: tuple[str, ...] = ()
    strict: bool = False
    flat: bool = False
    flat_ignored: bool = False
    thoughts: str = "reasoning_content"
    missing: int = 404


HABITS = {
    "openai": ChatHabit(
        strict=True,
        models=("gpt-5.4-nano", "gpt-5.4-mini", "gpt-5.4", "gpt-4.1-mini", "gpt-4.1"),
    ),
    "gemini": ChatHabit(models=("gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-2.5-flash")),
    "ollama": ChatHabit(models=("llama3.2", "llama3.2:latest", "qwen3:4b"), thoughts="reasoning"),
    "lmstudio": ChatHabit(
        formats=("text", "json_schema"), models=("qwen2.5-7b-instruct", "llama-3.2-3b-instruct")
    ),
    "llamacpp": ChatHabit(flat_ignored=True),
    "vllm": ChatHabit(models=("Qwen/Qwen3-8B",), thoughts="reasoning"),
    "sglang": ChatHabit(models=("Qwen/Qwen3-8B",)),
    "localai": ChatHabit(models=("llama-3.2-3b",)),
    "together": ChatHabit(models=("meta-llama/Llama-3.3-70B-Instruct-Turbo",), flat=True),
}


def openai_error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
    param: str | None = None,
    **more: Any,
) -> Answer:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return reply({"error": error}, status=status, **more)


class Chat:
    """POST chat/completions for a service that has a key check of its own."""

    def __init__(self, service: Service, options: Options, *, habit: str) -> None:
        self._service = service
        self._options = options
        self._name = habit
        self._habit = HABITS[habit]

    @property
    def models(self) -> "Iterable[str]":
        return self._habit.models or ("default",)

    def accept(self, request: Request, entry: Entry, *, prefix: str = "/v1") -> Work:
        """Check a request below `prefix`.

        Raises:
            RefusedRequest: this server would not accept it.
        """
        if self._options.key is not None and not (
            entry.key == "authorization" and entry.key_is_right
        ):
            raise refuse(bad_key(request, entry))
        if request.path == f"{prefix}/models" and request.method == "GET":
            data = [{"id": name, "object": "model", "owned_by": self._name} for name in self.models]
            return lambda fault: reply({"object": "list", "data": data})
        if request.path != f"{prefix}/chat/completions" or request.method != "POST":
            raise refuse(openai_error(404, f"Invalid URL ({request.method} {request.path})"))
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(self._error(400, "We could not parse the JSON body of your request."))
        self._check(body)
        said = _said(body)
        entry.model = str(body.get("model") or "")
        entry.prompt = prompt_in(said)
        schema = self._schema(body)
        wording = hashlib.sha256(request.body).hexdigest()
        return lambda fault: self._answer(body, entry.prompt, schema, wording, fault)

    def _check(self, body: dict[str, Any]) -> None:
        habit = self._habit
        if habit.strict:
            unknown = [name for name in body if name not in _FIELDS]
            if unknown:
                raise refuse(
                    openai_error(
                        400,
                        f"Unknown parameter: '{unknown[0]}'.",
                        code="unknown_parameter",
                        param=unknown[0],
                    )
                )
        model = body.get("model")
        if not isinstance(model, str) and self._name != "llamacpp":
            raise refuse(self._error(400, "you must provide a model parameter"))
        if habit.models and model not in habit.models:
            raise refuse(self._no_model(str(model)))
        self._check_messages(body)
        if body.get("stream"):
            raise refuse(self._error(400, "This fake does not stream."))
        if habit.strict and str(model).startswith("gpt-5"):
            self._check_reasoning_model(body)
        self._check_format(body)

    def _check_messages(self, body: dict[str, Any]) -> None:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise refuse(self._error(400, "Missing required parameter: 'messages'."))
        for number, message in enumerate(messages):
            role = message.get("role")
            if role not in ("system", "developer", "user", "assistant"):
                raise refuse(
                    self._error(400, f"Invalid value: '{role}' at messages[{number}].role.")
                )
            content = message.get("content")
            for part in content if isinstance(content, list) else []:
                kind = part.get("type")
                if kind not in ("text", "image_url") or kind not in part:
                    raise refuse(self._error(400, f"Invalid value: '{kind}' in a content part."))
                if kind == "image_url" and not str(part["image_url"].get("url", "")).startswith(
                    ("data:image/", "http")
                ):
                    raise refuse(self._error(400, "Invalid image: expected a valid URL."))
            if not isinstance(content, str | list):
                raise refuse(self._error(400, f"Invalid type for 'messages[{number}].content'."))

    def _check_reasoning_model(self, body: dict[str, Any]) -> None:
        """gpt-5 and later: other names and no sampling."""
        if "max_tokens" in body:
            raise refuse(
                openai_error(
                    400,
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                    "'max_completion_tokens' instead.",
                    code="unsupported_parameter",
                    param="max_tokens",
                )
            )
        for name in ("temperature", "top_p"):
            if body.get(name, 1) != 1:
                raise refuse(
                    openai_error(
                        400,
                        f"Unsupported value: '{name}' does not support {body[name]} with this "
                        "model. Only the default (1) value is supported.",
                        code="unsupported_value",
                        param=name,
                    )
                )

    def _check_format(self, body: dict[str, Any]) -> None:
        wanted = body.get("response_format")
        if wanted is None:
            return
        kind = wanted.get("type") if isinstance(wanted, dict) else None
        if kind not in self._habit.formats:
            names = " or ".join(f"'{name}'" for name in sorted(self._habit.formats))
            raise refuse(self._error(400, f"'response_format.type' must be {names}"))
        if kind == "json_object" and self._habit.strict and "json" not in _all_said(body).lower():
            raise refuse(
                openai_error(
                    400,
                    "'messages' must contain the word 'json' in some form, to use "
                    "'response_format' of type 'json_object'.",
                    param="messages",
                )
            )
        if kind != "json_schema" or self._habit.flat:
            return
        inner = wanted.get("json_schema")
        if not isinstance(inner, dict):
            if self._habit.flat_ignored:
                return
            raise refuse(
                openai_error(
                    400,
                    "Missing required parameter: 'response_format.json_schema'.",
                    code="missing_required_parameter",
                    param="response_format.json_schema",
                )
            )
        if self._habit.strict:
            if not inner.get("name"):
                raise refuse(
                    openai_error(
                        400,
                        "Missing required parameter: 'response_format.json_schema.name'.",
                        code="missing_required_parameter",
                        param="response_format.json_schema.name",
                    )
                )
            if inner.get("strict"):
                _check_strict(inner.get("schema", {}), (), inner["name"])

    def _schema(self, body: dict[str, Any]) -> Any:
        """The schema that the server reads; None for JSON of any form, False for plain words."""
        wanted = body.get("response_format") or {}
        kind = wanted.get("type")
        if kind == "json_object":
            return wanted.get("schema") if self._name == "llamacpp" else None
        if kind != "json_schema":
            return None if "json" in _all_said(body).lower() else False
        if self._habit.flat:
            return wanted.get("schema") or (wanted.get("json_schema") or {}).get("schema")
        inner = wanted.get("json_schema")
        return inner.get("schema") if isinstance(inner, dict) else False

    def _answer(
        self, body: dict[str, Any], prompt: str, schema: Any, wording: str, fault: Fault
    ) -> Answer:
        if schema is False and not self._options.answers:
            said: Any = f"Certainly! Here is a picture of {prompt}."
        else:
            said = self._service.describe(prompt, _schema_or_told(schema, body), wording=wording)
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        message, reason = _message(text, fault, self._habit.thoughts)
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason}
        if fault == "no-message":
            del choice["message"]
        if fault == "error-in-200":
            return reply({"error": {"message": "Internal error while sampling", "code": 500}})
        counted = len(_all_said(body)) // 4, max(1, len(text) // 4)
        answer: dict[str, Any] = {
            "id": "chatcmpl-" + wording[:12],
            "object": "chat.completion",
            "created": 1790000000,
            "model": (fault.value or "other-model-8b") if fault == "routed" else body.get("model"),
            "choices": [] if fault == "no-choices" else [choice],
        }
        if self._name == "openai":
            answer["model"] = (
                f"{answer['model']}-2026-08-01" if fault != "routed" else answer["model"]
            )
        if self._options.usage and fault != "no-usage":
            answer["usage"] = {
                "prompt_tokens": counted[0],
                "completion_tokens": counted[1],
                "total_tokens": sum(counted),
            }
        if fault == "unknown-fields":
            answer |= {"timings": {"predicted_ms": 12.5}, "choices_of_tomorrow": [None]}
        return reply(answer)

    def _no_model(self, model: str) -> Answer:
        words = {
            "ollama": f"model '{model}' not found",
            "vllm": f"The model `{model}` does not exist.",
            "openai": f"The model `{model}` does not exist or you do not have access to it.",
        }.get(self._name, f"model '{model}' not found")
        if self._name == "gemini":
            return reply(
                [{"error": {"code": 404, "message": words, "status": "NOT_FOUND"}}], status=404
            )
        code = {"openai": "model_not_found"}.get(self._name)
        kind = {"vllm": "NotFoundError", "ollama": "not_found_error"}.get(
            self._name, "invalid_request_error"
        )
        return openai_error(self._habit.missing, words, kind=kind, code=code)

    def _error(self, status: int, message: str) -> Answer:
        """An error in this server's shape."""
        if self._name == "lmstudio":
            return reply({"error": message}, status=status)
        return openai_error(status, message)


def bad_key(request: Request, entry: Entry) -> Answer:
    """401 as OpenAI words it, which repeats the ends of a wrong key."""
    if entry.key != "authorization":
        return openai_error(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    sent = request.headers["authorization"].rpartition(" ")[2]
    masked = sent[:8] + "*" * max(0, len(sent) - 12) + sent[-4:]
    return openai_error(
        401,
        f"Incorrect API key provided: {masked}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def _message(  # noqa: PLR0912  a case for each fault
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


def _check_strict(schema: Any, context: tuple[str, ...], name: str) -> None:
    """The rules of `strict: true`: every object lists all its properties and allows no others."""

    def no(why: str) -> Exception:
        return refuse(
            openai_error(
                400,
                f"Invalid schema for response_format '{name}': In context={context}, {why}",
                param="response_format",
            )
        )

    if not isinstance(schema, dict):
        raise no("schema must be an object.")
    if not context and schema.get("type") != "object":
        raise no(f"schema must be a JSON Schema of 'type: \"object\"', got '{schema.get('type')}'.")
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            raise no("'additionalProperties' is required to be supplied and to be false.")
        missing = [
            key for key in schema.get("properties", {}) if key not in schema.get("required", [])
        ]
        if missing:
            raise no(
                "'required' is required to be supplied and to be an array including every key in "
                f"properties. Missing '{missing[0]}'."
            )
    for word in ("default", "oneOf", "allOf", "not", "minProperties", "maxProperties", "nullable"):
        if word in schema:
            raise no(f"'{word}' is not permitted.")
    for key, inner in schema.get("properties", {}).items():
        _check_strict(inner, (*context, "properties", key), name)
    for key, inner in schema.get("$defs", {}).items():
        _check_strict(inner, (*context, "$defs", key), name)
    if "items" in schema:
        _check_strict(schema["items"], (*context, "items"), name)
    for number, inner in enumerate(schema.get("anyOf", [])):
        _check_strict(inner, (*context, "anyOf", str(number)), name)


def _schema_or_told(schema: Any, body: dict[str, Any]) -> Any:
    """The schema sent apart, or else the last JSON schema that stands in what was said."""
    if schema:
        return schema
    said = _all_said(body)
    decoder, found = json.JSONDecoder(), None
    start = said.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(said, start)
        except ValueError:
            end = start + 1
        else:
            if isinstance(value, dict) and "properties" in value:
                found = value
        start = said.find("{", end)
    return found


def _all_said(body: dict[str, Any]) -> str:
    return "\n".join(_text_of(message) for message in body.get("messages", []))


def _said(body: dict[str, Any]) -> str:
    """The user's last message."""
    texts = [_text_of(m) for m in body["messages"] if m["role"] == "user"]
    return texts[-1] if texts else ""


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""
