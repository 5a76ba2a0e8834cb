"""A request for chat/completions: a Question goes in, and the Habits of the server; JSON comes out.

OpenAI's protocol has many dialects. What a server refuses is left out or said in another way.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from imagine.stages.enhance import Question
from imagine.stages.enhance.instructions import Messages, messages
from imagine.stages.enhance.schema import json_schema, schema_for
from imagine.stages.image import ReferenceImage

# A description takes some 600 tokens. The rest is for models that think first; OpenAI's count
# their hidden thoughts in.
MAX_TOKENS = 4096
MAX_COMPLETION_TOKENS = 8192

AnswerFormat = Literal["json_schema", "flat_schema", "json_object", "plain"]
_LADDER: tuple[AnswerFormat, ...] = ("json_schema", "flat_schema", "json_object", "plain")


@dataclass(frozen=True, slots=True)
class Habits:
    """How a server wants to be asked.

    Attributes:
        format: how it is told to answer in JSON: OpenAI's form, Together's flat one, without a
            schema, or in words alone.
        limit: what it calls the most tokens of an answer; None when it takes no such limit.
        seed: whether it takes one.
        system: whether its model's template has a place for instructions.
    """

    format: AnswerFormat = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] | None = "max_tokens"
    seed: bool = True
    system: bool = True

    def after(self, words: str) -> "Habits | None":
        """The habits to try next when a request was refused with `words`; None when unrelated."""
        for pattern, change in _CHANGES:
            if re.search(pattern, words, re.IGNORECASE) and (habits := change(self)) != self:
                return habits
        return None


def _step_down(habits: Habits) -> Habits:
    following = _LADDER.index(habits.format) + 1
    return replace(habits, format=_LADDER[min(following, len(_LADDER) - 1)])


def _other_limit(habits: Habits) -> Habits:
    return replace(habits, limit="max_completion_tokens" if habits.limit == "max_tokens" else None)


# Words of a refusal, and what to do otherwise. The first row that fits and changes anything wins.
_CHANGES: tuple[tuple[str, Callable[[Habits], Habits]], ...] = (
    (
        r"response_?format|json_?schema|json_?object|structured.?output|grammar|guided"
        r"|json mode|samplers",
        _step_down,
    ),
    (r"context length|context window", lambda habits: replace(habits, limit=None)),
    (r"max_completion_tokens|max_tokens", _other_limit),
    (r"\bseed\b", lambda habits: replace(habits, seed=False)),
    (r"system (?:role|message)|roles must alternate", lambda habits: replace(habits, system=False)),
)
# Servers speak of pictures in other errors too, such as those about a prompt.
_PICTURES = (
    r"mmproj|image_url|(?=.*\b(?:image|vision|multi-?modal))"
    r"(?=.*(?:support|accept|capab|enabled|required|provided|not a))"
)


def is_about_form(words: str) -> bool:
    """Whether a server's words name something that can be asked for otherwise."""
    return any(re.search(pattern, words, re.IGNORECASE) for pattern, _ in _CHANGES)


def is_about_pictures(words: str) -> bool:
    """Whether a server's words say that its model takes no pictures."""
    return re.search(_PICTURES, words, re.IGNORECASE) is not None


def body_of(question: Question, *, model: str, habits: Habits) -> dict[str, Any]:
    """The body of a request."""
    text = messages(question)
    schema = json_schema(schema_for(question))
    if habits.format in ("json_object", "plain"):
        # Without a schema beside it, the instructions have to hold it.
        asked = "Answer with one JSON object of this JSON Schema and nothing else:"
        system = f"{text.system}\n\n{asked}\n{json.dumps(schema, separators=(',', ':'))}"
        text = replace(text, system=system)
    body: dict[str, Any] = {
        "model": model,
        "messages": _turns(text, question.images, system=habits.system),
        "stream": False,
    }
    if habits.limit == "max_tokens":
        body["max_tokens"] = MAX_TOKENS
    if habits.limit == "max_completion_tokens":
        body["max_completion_tokens"] = MAX_COMPLETION_TOKENS
    if habits.seed:
        body["seed"] = question.seed
    if habits.format != "plain":
        body["response_format"] = _response_format(habits.format, schema)
    return body


def _response_format(format: AnswerFormat, schema: dict[str, Any]) -> dict[str, Any]:
    if format == "json_object":
        return {"type": "json_object"}
    if format == "flat_schema":
        return {"type": "json_schema", "schema": schema}
    named = {"name": "picture_description", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": named}


def _turns(
    text: Messages, images: tuple[ReferenceImage, ...], *, system: bool
) -> list[dict[str, Any]]:
    user = text.user if system else f"{text.system}\n\n{text.user}"
    content: str | list[dict[str, Any]] = user
    if images:
        content = [_picture(image) for image in images] + [{"type": "text", "text": user}]
    turns: list[dict[str, Any]] = [{"role": "user", "content": content}]
    return [{"role": "system", "content": text.system}, *turns] if system else turns


def _picture(image: ReferenceImage) -> dict[str, Any]:
    data = base64.b64encode(image.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}"}}
