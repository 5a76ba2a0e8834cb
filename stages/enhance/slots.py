"""Slots of a description as a model fills them: values of its JSON go in, fields come out.

Models rename things and leave limits unheeded: whatever still says what to draw is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from pydantic import ValidationError

from imagine.stages.demands import (
    MAX_ACTION,
    MAX_ATTRIBUTE,
    MAX_EXCLUDED,
    MAX_NAME,
    MAX_RELATIONS,
    MAX_SUBJECTS,
    MAX_TEXT,
    MAX_TEXTS,
    demands_of,
    slug_for,
)
from imagine.stages.enhance.extract import unusable
from imagine.stages.enhance.values import (
    as_colors,
    as_count,
    as_kind,
    as_medium,
    as_objects,
    as_position,
    as_text,
    as_texts,
)
from imagine.stages.intent import Intent
from imagine.stages.spec import PHRASES, Medium, PromptSpec, Subject, TextItem, normalized
from imagine.stages.validation import fault_sentence

# As alike as a quote and a garbled copy of it are at least.
_ALIKE = 0.6


def build(fields: dict[str, Any], text: str) -> PromptSpec:
    """The description of `fields`.

    Raises:
        UnusableAnswerError: they break a rule of the schema after all; `text` is the answer.
    """
    try:
        return PromptSpec.model_validate(fields)
    except ValidationError as error:
        sentence = fault_sentence(error, PromptSpec, origin="the answer")
        raise unusable(text, f"cannot be used: {sentence}", sentence) from error


@dataclass(frozen=True, slots=True)
class Ids:
    """Finds the subject that an answer means by an id, or by a name instead of it."""

    by_word: dict[str, str]

    @classmethod
    def of(cls, subjects: Sequence[Subject]) -> "Ids":
        """Of a description; ids win over names, earlier subjects over later ones."""
        words = [(subject.id, subject.id) for subject in subjects]
        words += [(subject.name.casefold(), subject.id) for subject in subjects]
        return cls(dict(reversed(words)))

    def find(self, value: Any) -> str | None:
        """The id of the subject; None when there is none such."""
        word = as_text(value, 80)
        if word is None:
            return None
        return self.by_word.get(word.casefold()) or self.by_word.get(slug_for(word, taken=[]))


def read_subjects(value: Any, intent: Intent) -> tuple[list[dict[str, Any]], Ids]:
    """At most six subjects as values of Subject, and how to find them by id or name."""
    found = []
    for item in as_objects(value, key="name", named="id"):
        fields = read_subject(item, intent)
        if fields is not None:
            found.append((item, fields))
    # The user's own come before those that were brought in.
    added = [pair for pair in found if pair[1]["origin"] == "added"]
    for pair in added[::-1][: max(len(found) - MAX_SUBJECTS, 0)]:
        found.remove(pair)
    by_word: dict[str, str] = {}
    taken: list[str] = []
    for item, fields in found[:MAX_SUBJECTS]:
        given = as_text(item.get("id"), MAX_NAME)
        fields["id"] = slug_for(given or fields["name"], taken=taken)
        taken.append(fields["id"])
        for word in (given, fields["id"], fields["name"]):
            if word is not None:
                by_word.setdefault(word.casefold(), fields["id"])
    return [fields for _, fields in found[:MAX_SUBJECTS]], Ids(by_word)


def read_subject(item: dict[str, Any], intent: Intent) -> dict[str, Any] | None:
    """One subject as values of Subject, without id; None when nothing says what it is."""
    span = span_of(item.get("source_span"), intent)
    name = as_text(item.get("name"), MAX_NAME) or as_text(span, MAX_NAME)
    if name is None:
        return None
    added = (as_text(item.get("origin"), 20) or "user").lower() != "user"
    return {"name": name, "source_span": span, "origin": "added" if added else "user"} | {
        field: read(item.get(field)) for field, read in SUBJECT_FIELDS.items()
    }


# How the fields of a subject that need nothing but themselves are read.
SUBJECT_FIELDS: dict[str, Callable[[Any], Any]] = {
    "count": as_count,
    "colors": lambda value: as_colors(value, most=4),
    "attributes": lambda value: as_texts(value, limit=MAX_ATTRIBUTE, most=8),
    "action": lambda value: as_text(value, MAX_ACTION),
    "pose": lambda value: as_text(value, MAX_ACTION),
    "position": as_position,
}


def span_of(value: Any, intent: Intent) -> str | None:
    """The words of the prompt that `value` copies, in the prompt's own letters."""
    if not isinstance(value, str):
        return None
    span = normalized(value)
    if not span:
        return None
    if span in intent.source:
        return span
    # A lower-cased copy is as long as the original, save for a few letters of other scripts.
    start = intent.source.lower().find(span.lower())
    found = intent.source[start : start + len(span)].strip() if start >= 0 else ""
    return found if found.lower() == span.lower() else None


def read_relations(value: Any, ids: Ids) -> tuple[dict[str, Any], ...]:
    """At most eight relations between subjects that are there, each once."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for item in as_objects(value, key="kind"):
        a, kind, b = ids.find(item.get("a")), as_kind(item.get("kind")), ids.find(item.get("b"))
        if a is not None and kind is not None and b is not None and a != b:
            found.setdefault((a, kind, b), {"a": a, "kind": kind, "b": b})
    return tuple(found.values())[:MAX_RELATIONS]


def read_style(value: Any, intent: Intent) -> dict[str, Any]:
    """Medium and detail; the prompt's own medium where the answer names none."""
    item = next(as_objects(value, key="detail"), {})
    detail = as_text(item.get("detail"), 80)
    stated = next((medium for medium in Medium if medium in intent.media), Medium.OTHER)
    return {
        "medium": as_medium(item.get("medium")) or as_medium(detail) or stated,
        "detail": detail,
    }


def read_texts(value: Any, intent: Intent) -> tuple[TextItem, ...]:
    """The texts to render: the prompt's quotes letter for letter, with the answer's typography.

    A text that copies no quote is left to the guard, which reports it.
    """
    items = [
        TextItem(
            content=content,
            placement=as_text(item.get("placement"), MAX_NAME),
            typeface=as_text(item.get("typeface"), MAX_NAME),
        )
        for item in as_objects(value, key="content")
        if (content := as_text(item.get("content"), MAX_TEXT))
    ]
    found = []
    for quote in demands_of(intent).texts:
        item = copy_of(quote, items)
        if item is None:
            found.append(TextItem(content=quote))
        else:
            items.remove(item)
            found.append(item.model_copy(update={"content": quote}))
    # The beginning of a quote that is too long for a text is none of its own.
    strange = [item for item in items if not _in_quotes(item.content, intent.quotes)]
    return (*found, *strange)[:MAX_TEXTS]


def copy_of(quote: str, items: Sequence[TextItem]) -> TextItem | None:
    """The item that copies `quote` best, if one copies it at all."""

    def likeness(item: TextItem) -> float:
        return SequenceMatcher(None, _bare(item.content), _bare(quote)).ratio()

    best = max(items, key=likeness, default=None)
    return best if best is not None and likeness(best) > _ALIKE else None


def _in_quotes(content: str, quotes: Sequence[str]) -> bool:
    return any(_bare(content) in _bare(quote) for quote in quotes)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip("\"'“”‘’«»„「」『』` ")


def read_exclusions(value: Any) -> tuple[str, ...]:
    """What must not be there, "no" and "without" taken off."""
    terms = as_texts(value, limit=MAX_ATTRIBUTE, most=MAX_EXCLUDED)
    bare = (_after_no(term) for term in terms)
    return tuple(dict.fromkeys(term for term in bare if term))


def _after_no(term: str) -> str:
    first, _, rest = term.partition(" ")
    return rest.strip() if first.lower() in ("no", "without", "not", "any") else term


def read_resolutions(value: Any, intent: Intent) -> tuple[dict[str, str], ...]:
    """What phrases of the prompt mean; at most four."""
    found: dict[str, dict[str, str]] = {}
    for item in as_objects(value, key="meaning"):
        meaning = as_text(item.get("meaning"), 120)
        phrase = span_of(item.get("phrase"), intent) or as_text(item.get("phrase"), 120)
        if meaning and phrase and len(phrase) <= 120:
            found.setdefault(phrase, {"phrase": phrase, "meaning": meaning})
    return tuple(found.values())[:4]


def read_phrases(values: dict[str, Any]) -> dict[str, str | None]:
    """The slots that are one phrase."""
    return {slot: as_text(values.get(slot), limit) for slot, limit in PHRASES.items()}


def read_assumptions(value: Any) -> tuple[str, ...]:
    """What the model added, for the user; at most eight."""
    return as_texts(value, limit=80, most=8, parted=";\n")
