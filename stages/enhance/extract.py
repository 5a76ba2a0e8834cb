"""A model's text goes in, the JSON object in it comes out: fences, thoughts and prose are left."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from imagine.stages.enhance.instructions import MAX_ANSWER
from imagine.stages.errors import UnusableAnswerError, shown

# A description has at most some 10,000 characters; what a model says beyond this is not read.
MAX_READ = 200_000
# Places where an object may begin that are tried.
MAX_TRIES = 50
# Deeper than any answer.
MAX_NESTING = 12
_THOUGHT_ENDS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)


def object_with(fields: Sequence[str], text: str) -> dict[str, Any]:
    """The first object in `text` that has one of `fields`, however it is wrapped.

    Raises:
        UnusableAnswerError: there is none: an empty answer, prose, a cut or broken object.
    """
    text = text[:MAX_READ]
    # What a model thinks aloud may hold drafts; what follows the thoughts is the answer.
    after = _THOUGHT_ENDS.split(text)[-1]
    for part in dict.fromkeys((after, text)):
        found = next(_objects_with(fields, part), None)
        if found is not None:
            return found
    raise _no_object(fields[0], after.strip())


def _objects_with(fields: Sequence[str], text: str) -> Iterator[dict[str, Any]]:
    start = text.find("{")
    for _ in range(MAX_TRIES):
        if start < 0:
            return
        value, end = _decoded(text, start)
        found = _inner(value, fields)
        if found is not None:
            yield found
        start = text.find("{", end)


def _decoded(text: str, start: int) -> tuple[Any, int]:
    """The object that begins at `start`, and where to look on; None when there is none."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        pass
    # The one mistake that models make in otherwise good JSON.
    mended = _TRAILING_COMMA.sub(lambda match: match[1] or "", text[start:])
    try:
        return _DECODER.raw_decode(mended)[0], len(text)
    except (ValueError, RecursionError):
        return None, start + 1


def _inner(value: Any, fields: Sequence[str]) -> dict[str, Any] | None:
    """The object with one of `fields`: `value` itself, or the first in it: {"spec": {...}}."""
    level = [value]
    for _ in range(MAX_NESTING):
        for item in level:
            if isinstance(item, dict) and any(field in item for field in fields):
                return item
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return None


def unusable(text: str, what: str, problem: str) -> UnusableAnswerError:
    """The error for an answer that `what` is wrong with."""
    line = shown(" ".join(text.split()), limit=200)
    return UnusableAnswerError(
        f"The model's answer {what.rstrip('.')} (“{line}”); try again, or another model.",
        answer=text[:MAX_ANSWER],
        problem=problem,
    )


def _no_object(field: str, text: str) -> UnusableAnswerError:
    """The error for a text without the object: why, and what the model is told."""
    line = shown(_one_line(text), limit=300)
    start = text.find("{")
    advice = "try again, or another model"
    if not text:
        what, problem = "is empty", "The answer was empty."
    elif start < 0:
        what, problem = f"is prose (“{line}”)", "The answer holds no JSON object."
        advice = "reword the prompt, or try another model"
    else:
        what, problem = _fault(field, text, start, line)
    return UnusableAnswerError(
        f"The model's answer {what}; {advice}.",
        answer=text[:MAX_ANSWER],
        problem=f"{problem} Answer with the JSON object alone.",
    )


def _fault(field: str, text: str, start: int, line: str) -> tuple[str, str]:
    """What is wrong with the object at `start`: for the user, and for the model."""
    try:
        _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        if error.pos >= len(text) - len("false") or error.msg.startswith("Unterminated string"):
            return f"was cut after {len(text)} characters", "The answer was cut: be shorter."
        near = shown(_one_line(text[max(error.pos - 20, 0) : error.pos + 20]))
        return f"is not valid JSON near “{near}”", f"The answer is not valid JSON near: {near}"
    except (ValueError, RecursionError):
        return f"cannot be read (“{line}”)", "The answer cannot be read."
    return f"has no field '{field}' (“{line}”)", f"The answer has no field '{field}'."


def _one_line(text: str) -> str:
    return " ".join(text.split())
