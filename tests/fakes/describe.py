"""A schema and a prompt go in, a description that fits both comes out, the same every time.

No language model: the prompt's phrases become subjects, and what the prompt leaves open is drawn
from short lists. Reads JSON Schema and Google's Schema alike.
"""

import hashlib
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TAGGED = re.compile(r"<prompt>\s*(.*?)\s*</prompt>", re.S)
_QUOTED = re.compile(r"[\"“«]([^\"”»]{1,120})[\"”»]")
_EXCLUDED = re.compile(r"\b(?:no|without(?: any)?)\s+([\w-]+(?: [\w-]+)?)", re.I)
_BREAK = re.compile(
    r"([,;.!?()\n，。、；]| (?:with|wearing|holding|riding|sitting|standing|lying|on top of|on|in|"
    r"at|under|over|behind|beside|next to|in front of|between|above|below|near|inside|and|of|by|"
    r"from|to|(?:that )?(?:says|reads)|saying|reading)(?= ))",
    re.I,
)
# Words between two subjects that put them in a relation; the second one's id comes last.
_RELATIONS = {
    "wearing": "wearing", "holding": "holding", "riding": "riding", "on": "on", "on top of": "on",
    "in": "inside", "inside": "inside", "under": "below", "below": "below", "over": "above",
    "above": "above", "behind": "behind", "beside": "next_to", "next to": "next_to",
    "in front of": "in_front_of",
}  # fmt: skip
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "dozen": 12,
}  # fmt: skip
_COLORS = (
    "black", "blue", "brown", "crimson", "gold", "golden", "gray", "green", "grey", "orange",
    "pink", "purple", "red", "silver", "teal", "turquoise", "white", "yellow",
)  # fmt: skip
_IDLE = {"the", "its", "his", "her", "their", "some", "this", "that", "very"}

# Nothing that a prompt could contradict.
_PHRASES = {
    "setting": ("a plain, uncluttered background", "a simple backdrop in muted tones"),
    "lighting": ("soft, even light", "gentle light from the left", "clear, steady light"),
    "camera": ("at eye level", "from slightly below", "a medium view"),
    "composition": ("centred, with air around it", "off centre, on the left third"),
    "mood": ("calm", "playful", "quiet", "warm"),
    "palette": ("ivory", "teal", "amber", "slate"),
    "assumptions": ("the light is soft", "the background is plain", "it is seen from the front"),
    "detail": ("fine detail, natural colours", "clean shapes, few of them"),
}


def prompt_in(text: str) -> str:
    """The user's prompt in the last message: what stands between <prompt> tags, or all of it."""
    tagged = _TAGGED.findall(text)
    return tagged[-1] if tagged else text.strip()


def describe_prompt(prompt: str, schema: Any, *, seed: int = 0, wording: str = "") -> Any:
    """A value that `schema` allows; without schema, a small object of this module's own.

    Args:
        prompt: what to describe.
        seed, wording: other ones give other answers; wording is all that was said.
    """
    key = hashlib.sha256(json.dumps([prompt, seed, wording]).encode()).digest()
    describer = _Describer(prompt, random.Random(key), schema)
    if schema is None:
        return {"subjects": [s.name for s in describer.subjects], "prompt": prompt}
    return describer.fill(schema, ())


@dataclass(frozen=True)
class _Subject:
    id: str
    name: str
    span: str
    count: int | None
    colors: tuple[str, ...]
    attributes: tuple[str, ...]


class _Describer:
    def __init__(self, prompt: str, chance: random.Random, root: Any) -> None:
        self._prompt = prompt
        self._chance = chance
        self._root = root
        self._quotes = [found.strip() for found in _QUOTED.findall(prompt)]
        self._excluded = list(dict.fromkeys(_EXCLUDED.findall(prompt)))
        plain = _EXCLUDED.sub(",", _QUOTED.sub(",", prompt))
        self.subjects, self._relations = _subjects_in(plain, prompt)

    def fill(self, schema: Any, path: tuple[str | int, ...]) -> Any:
        """A value for the part of the schema that `path` leads to."""
        schema = self._resolved(schema)
        choices = schema.get("anyOf") or schema.get("oneOf")
        kind, nullable = _kind(schema)
        if choices:
            open_ones = [self._resolved(one) for one in choices]
            real = [one for one in open_ones if _kind(one)[0] != "null"]
            nullable = nullable or len(real) < len(open_ones)
            if nullable and self._known(path) is None:
                return None
            return self.fill(real[0], path)
        if "const" in schema:
            return schema["const"]
        known = self._known(path)
        if nullable and known is None:
            return None
        if schema.get("enum"):
            return self._one_of(schema["enum"], known)
        return self._of_kind(kind, schema, path, known)

    def _of_kind(self, kind: str, schema: Any, path: tuple[str | int, ...], known: Any) -> Any:
        if kind == "object":
            return self._object(schema, path)
        if kind == "array":
            return self._array(schema, path, known)
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            value = known if isinstance(known, int) else low + self._chance.randrange(3)
            return max(low, min(value, schema.get("maximum", value)))
        if kind == "boolean":
            return self._chance.random() < 0.5
        if kind == "null":
            return None
        text = str(known) if known is not None else self._phrase(path)
        text = text[: int(schema.get("maxLength", 4000))].strip()
        return text.ljust(int(schema.get("minLength", 0)), "o")

    def _object(self, schema: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        names = [*required, *(name for name in properties if name not in required)]
        filled = {name: self.fill(properties.get(name, {}), (*path, name)) for name in names}
        return {
            name: value for name, value in filled.items() if name in required or value is not None
        }

    def _array(self, schema: Any, path: tuple[str | int, ...], known: Any) -> list[Any]:
        low = int(schema.get("minItems", schema.get("min_items", 0)))
        high = int(schema.get("maxItems", schema.get("max_items", 6)))
        wanted = len(known) if isinstance(known, list | tuple) else self._chance.randrange(2)
        items = schema.get("items", {})
        return [self.fill(items, (*path, n)) for n in range(max(low, min(wanted, high)))]

    def _one_of(self, options: list[Any], known: Any) -> Any:
        if known in options:
            return known
        told = [one for one in options if str(one).lower() in self._prompt.lower()]
        if told:
            return told[0]
        return "photograph" if "photograph" in options else self._chance.choice(options)

    def _known(self, path: tuple[str | int, ...]) -> Any:  # noqa: PLR0911  a case for each field
        """What is to stand at `path`, or None where the prompt says nothing."""
        names = [part for part in path if isinstance(part, str)]
        numbers = [part for part in path if isinstance(part, int)]
        if not names:
            return None
        top, last = names[0], names[-1]
        if top == "subjects":
            return self._of_subject(last, numbers)
        if top == "relations":
            return self._of_relation(last, numbers)
        if top == "text":
            if not numbers:
                return self._quotes
            return self._quotes[numbers[0] % len(self._quotes)] if last == "content" else None
        if top == "exclude":
            return self._excluded[numbers[0]] if numbers else self._excluded
        if last in _PHRASES and last not in ("palette", "assumptions"):
            return self._chance.choice(_PHRASES[last])
        if last in ("palette", "assumptions") and not numbers:
            return [1]
        return [] if last == "resolutions" and not numbers else None

    def _of_subject(self, last: str, numbers: list[int]) -> Any:
        if not numbers:
            return self.subjects
        subject = self.subjects[numbers[0] % len(self.subjects)]
        several = {"colors": subject.colors, "attributes": subject.attributes}
        if last in several:
            values = several[last]
            return values[numbers[1]] if len(numbers) > 1 and numbers[1] < len(values) else values
        return {
            "id": subject.id,
            "name": subject.name,
            "source_span": subject.span,
            "count": subject.count,
            "origin": "user",
        }.get(last)

    def _of_relation(self, last: str, numbers: list[int]) -> Any:
        if not numbers:
            return self._relations
        if numbers[0] >= len(self._relations):
            return {"a": self.subjects[0].id, "b": self.subjects[-1].id}.get(last)
        return dict(zip(("a", "kind", "b"), self._relations[numbers[0]], strict=True)).get(last)

    def _phrase(self, path: tuple[str | int, ...]) -> str:
        last = next((part for part in reversed(path) if isinstance(part, str)), "")
        if last in _PHRASES:
            return self._chance.choice(_PHRASES[last])
        words = re.findall(r"\w+", self._prompt) or ["picture"]
        return " ".join(self._chance.choices(words, k=min(3, len(words))))

    def _resolved(self, schema: Any) -> Mapping[str, Any]:
        """The schema with its $ref followed."""
        seen = 0
        while isinstance(schema, Mapping) and "$ref" in schema and seen < 20:
            node: Any = self._root
            for name in schema["$ref"].removeprefix("#/").split("/"):
                node = node[name]
            schema, seen = node, seen + 1
        return schema if isinstance(schema, Mapping) else {}


# Google's Schema.type as the integers that its old SDK sends.
_TYPES = {1: "string", 2: "number", 3: "integer", 4: "boolean", 5: "array", 6: "object", 7: "null"}


def _kind(schema: Mapping[str, Any]) -> tuple[str, bool]:
    """The type's name in lower case, and whether null is allowed."""
    told = schema.get("type")
    nullable = bool(schema.get("nullable"))
    if isinstance(told, list):
        real = [name for name in told if name != "null"]
        return (real[0] if real else "null"), nullable or "null" in told
    if isinstance(told, int):
        told = _TYPES.get(told, "string")
    if told is None:
        told = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(told).lower(), nullable


def _subjects_in(text: str, prompt: str) -> tuple[list[_Subject], list[tuple[str, str, str]]]:
    """The prompt's phrases as subjects, and how they stand to each other: (id, kind, id)."""
    subjects: list[_Subject] = []
    relations = []
    pieces = _BREAK.split(f" {text} ")
    # What is said after a comma is said of the first subject.
    anchor, kind = 0, ""
    for number, piece in enumerate(pieces):
        if number % 2:
            word = piece.strip().lower()
            anchor = 0 if word in (",", "and", "sitting", "standing", "lying") else anchor
            kind = _RELATIONS.get(word, "")
            continue
        subject = _subject_in(piece, len(subjects) + 1, prompt)
        if subject is None or len(subjects) == 4:
            continue
        if subject.name.lower() in (other.name.lower() for other in subjects):
            continue
        subjects.append(subject)
        if kind and len(subjects) > 1:
            relations.append((subjects[anchor].id, kind, subject.id))
        anchor, kind = len(subjects) - 1, ""
    return subjects or [_Subject("subject-1", "picture", prompt[:60], None, (), ())], relations


def _subject_in(phrase: str, number: int, prompt: str) -> _Subject | None:
    words = phrase.split()
    count = next((_COUNTS[w.lower()] for w in words if w.lower() in _COUNTS), None)
    kept = [w for w in words if w.lower() not in _COUNTS and w.lower() not in _IDLE]
    if not kept:
        return None
    name, before, span = kept[-1][:60], kept[:-1], phrase.strip()
    return _Subject(
        id=f"{_slug(name)}-{number}",
        name=name,
        span=span if span in prompt else name,
        count=count,
        colors=tuple(word for word in before if word.lower() in _COLORS)[:4],
        attributes=tuple(w[:40] for w in before if w.lower() not in _COLORS)[:8],
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "subject"


def damaged_json(value: dict[str, Any], how: str) -> dict[str, Any]:
    """A JSON object that no longer fits its schema."""
    if how == "extra-keys":
        return value | {"confidence_of_the_model": 0.9}
    if how == "wrong-types":
        wrong: dict[type, Any] = {list: "none", str: 17, dict: [1, 2]}
        return {name: wrong.get(type(item), item) for name, item in value.items()}
    return dict(list(value.items())[1:])
