"""OpenAI-compatible chat completions, with the habits of the servers that speak them."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fakes.chat_errors import bad_key, openai_error
from fakes.chat_habits import HABITS, check_strict
from fakes.chat_message import message_with
from fakes.describe import prompt_in
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
                check_strict(inner.get("schema", {}), (), inner["name"])

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
            wanted = _schema_or_told(schema, body)
            said = self._service.describe(prompt, _said(body), wanted, wording=wording)
        if fault == "echo-key-answer" and isinstance(said, dict):
            said = said | {"mood": f"calm, {self._options.key}"}
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        message, reason = message_with(text, fault, self._habit.thoughts)
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason}
        if fault == "no-message":
            del choice["message"]
        if fault == "error-in-200":
            return reply({"error": {"message": "Internal error while sampling", "code": 500}})
        served = {
            "routed": fault.value or "other-model-8b",
            "echo-key-model": f"model-{self._options.key}",
        }
        counted = len(_all_said(body)) // 4, max(1, len(text) // 4)
        answer: dict[str, Any] = {
            "id": "chatcmpl-" + wording[:12],
            "object": "chat.completion",
            "created": 1790000000,
            "model": served.get(fault.name, body.get("model")),
            "choices": [] if fault == "no-choices" else [choice],
        }
        if self._name == "openai" and fault.name not in served:
            answer["model"] = f"{answer['model']}-2026-08-01"
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
