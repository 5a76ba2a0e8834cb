"""How the servers differ that speak OpenAI's chat completions, and what a strict schema is."""

from dataclasses import dataclass
from typing import Any

from fakes.chat_errors import openai_error
from fakes.service import refuse


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


def check_strict(schema: Any, context: tuple[str, ...], name: str) -> None:
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
        check_strict(inner, (*context, "properties", key), name)
    for key, inner in schema.get("$defs", {}).items():
        check_strict(inner, (*context, "$defs", key), name)
    if "items" in schema:
        check_strict(schema["items"], (*context, "items"), name)
    for number, inner in enumerate(schema.get("anyOf", [])):
        check_strict(inner, (*context, "anyOf", str(number)), name)
