"""A schema and a prompt go in, a description that fits both comes out, the same every time.

No language model: the prompt's phrases become subjects, and what the prompt leaves open is drawn
from short lists.
"""

import hashlib
import json
import random
import re
from dataclasses import dataclass
from typing import Any

from fakes.fill import Filler, Path

_TAGGED = re.compile(r"<prompt>\s*(.*?)\s*</prompt>", re.S)
QUOTED = re.compile(r"[\"“«]([^\"”»]{1,120})[\"”»]")
_EXCLUDED = re.compile(r"\b(?:no|without(?: any)?)\s+([\w-]+(?: [\w-]+)?)", re.I)
BREAK = re.compile(
    r"([,;.!?()\n，。、；]|:(?!\d)| (?:with|wearing|holding|riding|sitting|standing|lying|on top"
    r" of|on|in|at|under|over|behind|beside|next to|in front of|between|above|below|near|inside|"
    r"and|of|by|from|to|(?:that |which )?(?:says|reads)|saying|reading)(?![\w-]))",
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
COLORS = (
    "black", "blue", "brown", "crimson", "gold", "golden", "gray", "green", "grey", "orange",
    "pink", "purple", "red", "silver", "teal", "turquoise", "white", "yellow",
)  # fmt: skip
# What no name holds, and no span begins with.
_IDLE = {
    "a", "an", "the", "its", "his", "her", "their", "some", "this", "that", "very", "with", "on",
    "in", "at", "of", "by", "from", "to", "under", "over", "behind", "beside", "near", "inside",
    "and",
}  # fmt: skip

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
    span: str | None
    count: int | None
    colors: tuple[str, ...]
    attributes: tuple[str, ...]


class _Describer(Filler):
    def __init__(self, prompt: str, chance: random.Random, root: Any) -> None:
        super().__init__(prompt, chance, root)
        self._quotes = [found.strip() for found in QUOTED.findall(prompt)]
        self._excluded = list(dict.fromkeys(_EXCLUDED.findall(prompt)))
        plain = _EXCLUDED.sub(",", QUOTED.sub(",", prompt))
        self.subjects, self._relations = _subjects_in(plain, prompt)

    def known(self, path: Path) -> Any:  # noqa: PLR0911  a case for each field
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
            return self.chance.choice(_PHRASES[last])
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
            "origin": "user" if subject.span else "added",
        }.get(last)

    def _of_relation(self, last: str, numbers: list[int]) -> Any:
        if not numbers:
            return self._relations
        if numbers[0] >= len(self._relations):
            return {"a": self.subjects[0].id, "b": self.subjects[-1].id}.get(last)
        return dict(zip(("a", "kind", "b"), self._relations[numbers[0]], strict=True)).get(last)

    def phrase(self, path: Path) -> str:
        last = next((part for part in reversed(path) if isinstance(part, str)), "")
        if last in _PHRASES:
            return self.chance.choice(_PHRASES[last])
        words = re.findall(r"\w+", self.prompt) or ["picture"]
        return " ".join(self.chance.choices(words, k=min(3, len(words))))


def _subjects_in(text: str, prompt: str) -> tuple[list[_Subject], list[tuple[str, str, str]]]:
    """The prompt's phrases as subjects, and how they stand to each other: (id, kind, id)."""
    subjects: list[_Subject] = []
    relations = []
    pieces = BREAK.split(f" {text} ")
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
    return subjects or [_Subject("subject-1", "picture", None, None, (), ())], relations


def _subject_in(phrase: str, number: int, prompt: str) -> _Subject | None:
    words = phrase.split()
    count = next((_COUNTS[w.lower()] for w in words if w.lower() in _COUNTS), None)
    kept = [w for w in words if w.lower() not in _COUNTS and w.lower() not in _IDLE]
    if not kept:
        return None
    name, before = kept[-1][:60], kept[:-1]
    start = next(n for n, word in enumerate(words) if word.lower() not in _IDLE)
    span = " ".join(words[start:])
    return _Subject(
        id=f"{_slug(name)}-{number}",
        name=name,
        span=span if span in prompt else name,
        count=count,
        colors=tuple(word for word in before if word.lower() in COLORS)[:4],
        attributes=tuple(w[:40] for w in before if w.lower() not in COLORS)[:8],
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
