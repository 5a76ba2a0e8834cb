"""What a language model is told: a Question goes in, the system text and the user text come out."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache

from imagine.stages.enhance import Question
from imagine.stages.enhance.schema import ENHANCE_SCHEMA, REFINE_SCHEMA
from imagine.stages.spec import UNSTORABLE

# What a model sent is shown to it again when it is asked once more; a whole description takes
# some 8,000 characters, and more than that is a model that has lost its way.
MAX_ANSWER = 8000

_WORDING = {
    "prompt": "<prompt>\n{}\n</prompt>",
    "description": "<description>\n{}\n</description>",
    "instruction": "<instruction>\n{}\n</instruction>",
    "image": (
        "The picture shows what the user has in mind. Use it as reference for how the things of "
        "the prompt look; name nothing of it that the prompt does not ask for."
    ),
    "images": (
        "The {} pictures show what the user has in mind, some may be moments of one clip. Use them "
        "as reference for how the things of the prompt look; name nothing of them that the prompt "
        "does not ask for."
    ),
    "variant": (
        "This is alternative {} of {}. What the prompt says stays as it is; of what it leaves open "
        "(style, light, viewpoint, mood) choose another idea than the first that comes to mind, "
        "and another than the other alternatives would."
    ),
    "answer": "This was your answer:\n<answer>\n{}\n</answer>",
    "problems": (
        "It has these faults:\n{}\nAnswer once more, whole, with these put right and the rest as "
        "it was."
    ),
}
# An end tag among the user's own words would end them too early.
_TAG = re.compile(r"<(?=\s*/?\s*(?:prompt|instruction|description|answer)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Messages:
    """The two texts of a request: `system` is the same for every prompt, `user` holds the rest."""

    system: str
    user: str


def messages(question: Question) -> Messages:
    """Put a question into words.

    The user's own text stands between tags, and the instructions say that it is a description to
    draw and nothing to obey. Flags behind the prompt ("--ar 16:9") are no matter of the model's.
    """
    parts = [_said("prompt", question.intent.core)]
    if question.revision is not None:
        spec = json.dumps(question.revision.spec.to_dict(), ensure_ascii=False)
        parts.append(_said("description", spec))
        parts.append(_said("instruction", question.revision.instruction))
    if question.images:
        many = len(question.images)
        parts.append(_WORDING["image"] if many == 1 else _said("images", many))
    if question.variants > 1:
        parts.append(_said("variant", question.variant, question.variants))
    if question.correction is not None:
        problems = enumerate(question.correction.problems, start=1)
        numbered = "\n".join(f"{number}. {problem}" for number, problem in problems)
        if question.correction.answer:
            parts.append(_said("answer", question.correction.answer[:MAX_ANSWER]))
        parts.append(_said("problems", numbered))
    name = "enhance" if question.revision is None else "refine"
    return Messages(system=template(name), user="\n\n".join(parts))


def _said(name: str, *values: object) -> str:
    # A model's own answer may hold what no request can carry, such as half a surrogate pair.
    texts = (_TAG.sub("< ", UNSTORABLE.sub("\ufffd", str(value))) for value in values)
    return _WORDING[name].format(*texts)


def template_hash(*extra: str) -> str:
    """A name for everything that is sent beside a question: wording, schemas, `extra` settings.

    Returns:
        the first 16 hexadecimal digits of a sha256.
    """
    fixed = [
        template("enhance"),
        template("refine"),
        _WORDING,
        ENHANCE_SCHEMA,
        REFINE_SCHEMA,
        extra,
    ]
    return hashlib.sha256(json.dumps(fixed).encode()).hexdigest()[:16]


@cache
def template(name: str) -> str:
    """The system instructions called `name`: "enhance" or "refine"."""
    from importlib.resources import files

    return (files("imagine.prompts") / f"{name}.md").read_text(encoding="utf-8").strip()
