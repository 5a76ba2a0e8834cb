"""Whether added words deny what the prompt says: a text and an Intent give Contradictions.

The text is read with the same parser as the prompt, so what is compared is counts with counts and
colours with colours of the same thing, not words with words. English only, like the parser.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Literal

from imagine.stages.demands import allowed_counts, excluded_terms, families_of, family
from imagine.stages.intent import Entity, Intent, IntentRelation, parse_intent
from imagine.stages.language.lexicon import color_family, lines, singular, table, words
from imagine.stages.rules.relations import INVERSE
from imagine.stages.spec import Medium, RelationKind

ContradictionKind = Literal[
    "text",
    "count",
    "color",
    "relation",
    "negation",
    "name",
    "medium",
    "time",
    "monochrome",
    "added",
]

NEUTRAL = frozenset({"black", "white", "gray", "silver"})

# These tell of a person in a prompt ("a portrait"), and not of an added one in a description.
_NO_ADDED_PERSON = frozenset({"human", "figure", "portrait", "face", "model", "cook", "patient"})
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_CLAUSE = re.compile(r"(?<=[.!?;:,])\s+|\n+")
# The renderer lists what is excluded behind one "without".
_WITHOUT = re.compile(r"\bwithout\b[^.!?;\n]*", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:no|not|without|free of|never|nor|devoid of|lacking|absent)\b", re.IGNORECASE
)
_QUOTE_MARKS = frozenset("\"'“‘„«「『")
_CAPITALISED = re.compile(r"\b[A-Z][\w’'-]{3,}")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a text says against the prompt: its kind and a sentence for the user."""

    kind: ContradictionKind
    detail: str


def contradictions(text: str, intent: Intent) -> tuple[Contradiction, ...]:
    """Everything in `text`, one sentence or phrase, that denies `intent`; empty when nothing does.

    It is read as a whole and clause by clause, so that a text without contradictions stays so
    wherever the renderer sets its clauses.
    """
    if text in intent.core:
        return ()
    whole = _in_piece(_WITHOUT.sub("", text), intent)
    return tuple(dict.fromkeys([*whole, *clause_contradictions(text, intent)]))


def clause_contradictions(text: str, intent: Intent) -> tuple[Contradiction, ...]:
    """As `contradictions`, of each clause by itself: for a text of many phrases."""
    clauses = _CLAUSE.split(_WITHOUT.sub("", text))
    found = (_in_piece(clause, intent) for clause in clauses if clause.strip())
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def sentences(text: str) -> list[str]:
    """`text` in pieces that end at a full stop, semicolon or line end."""
    return _SENTENCE.split(text)


@lru_cache(maxsize=4096)
def _read(text: str) -> Intent:
    """Phrases of the lexicons and presets come back by the thousand; they are parsed once."""
    return parse_intent(text)


def _in_piece(piece: str, intent: Intent) -> list[Contradiction]:
    piece = _NOT.split(piece)[0]  # what is denied is no part of the picture
    if not piece.strip():
        return []
    said = _read(piece)
    return [
        *_texts(piece, said, intent),
        *_counts(said, intent),
        *_colors(said, intent),
        *_relations(said, intent),
        *_negated(piece, intent),
        *_names(piece, intent),
        *_medium(piece, said, intent),
        *_times(piece, said, intent),
        *_monochrome(piece, said, intent),
        *_people(said, intent),
    ]


def _texts(piece: str, said: Intent, intent: Intent) -> list[Contradiction]:
    """Words in quotation marks that the prompt does not have; "reads X" without marks is prose."""
    return [
        Contradiction("text", f"the text “{quote}” is not what the prompt quotes")
        for quote in said.quotes
        if quote not in intent.core and piece[max(piece.find(quote) - 1, 0)] in _QUOTE_MARKS
    ]


def _counts(said: Intent, intent: Intent) -> list[Contradiction]:
    found = []
    for entity in said.entities:
        allowed = allowed_counts(entity.head, intent)
        if allowed is None or entity.count is None or entity.count in allowed:
            continue
        wanted = " or ".join(str(count) for count in sorted(allowed))
        detail = f"count of {entity.head}: the prompt says {wanted}, the text says {entity.count}"
        found.append(Contradiction("count", detail))
    return found


def _colors(said: Intent, intent: Intent) -> list[Contradiction]:
    found = []
    for entity in said.entities:
        wanted = families_of(entity.head, intent)
        strange = [color for color in entity.colors if family(color) not in wanted]
        if wanted and strange:
            colors = " and ".join(sorted(wanted))
            detail = f"color of {entity.head}: the prompt says {colors}, the text {strange[0]}"
            found.append(Contradiction("color", detail))
    return found


def _relations(said: Intent, intent: Intent) -> list[Contradiction]:
    wanted = {_in_heads(relation, intent.entities) for relation in intent.relations}
    found = []
    for relation in said.relations:
        a, kind, b = _in_heads(relation, said.entities)
        if (a, kind, b) in wanted or kind not in INVERSE or a == b:
            continue
        if (b, kind, a) in wanted or (a, INVERSE[kind], b) in wanted:
            words = kind.value.replace("_", " ")
            detail = f"relation: the text puts the {a} {words} the {b}, the prompt says the reverse"
            found.append(Contradiction("relation", detail))
    return found


def _in_heads(
    relation: IntentRelation, entities: tuple[Entity, ...]
) -> tuple[str, RelationKind, str]:
    return entities[relation.a].head, relation.kind, entities[relation.b].head


def _negated(sentence: str, intent: Intent) -> list[Contradiction]:
    """Excluded things that the sentence names."""
    terms = excluded_terms(intent)
    if not terms:
        return []
    words = {singular(word) for word in re.findall(r"[^\W\d_]+", sentence.lower())}
    return [
        Contradiction("negation", f"“{term}” is excluded, the text mentions it")
        for term in terms
        if words.issuperset(singular(word) for word in re.findall(r"[^\W\d_]+", term.lower()))
    ]


def _names(sentence: str, intent: Intent) -> list[Contradiction]:
    """Capitalised words that come near a name of the prompt and miss it."""
    names = {word for name in intent.proper_nouns for word in _CAPITALISED.findall(name)}
    if not names:
        return []
    known = set(re.findall(r"[\w’'-]+", intent.core.lower()))
    return [
        Contradiction("name", f"the name “{name}” is written “{word}”")
        for word in _CAPITALISED.findall(sentence)
        for name in sorted(names)
        if word.lower() not in known and _nearly(word, name)
    ]


def _nearly(word: str, name: str) -> bool:
    from difflib import SequenceMatcher

    possessive = word.removesuffix("'s").removesuffix("’s")
    if possessive.lower() == name.lower() or abs(len(word) - len(name)) > 2:
        return False
    return SequenceMatcher(None, word.lower(), name.lower()).ratio() > 0.8


def _medium(piece: str, said: Intent, intent: Intent) -> list[Contradiction]:
    """Another medium than the stated one, whether the text is made as it or only names it."""
    if not intent.media:
        return []
    core = intent.core.lower()
    named = {medium for medium, word in _media_named(piece.lower()) if word not in core}
    if (said.medium_phrase or "").lower() not in core:
        named |= said.media
    strange = sorted(named - intent.media)
    if not strange:
        return []
    wanted = " or ".join(sorted(intent.media)).replace("_", " ")
    detail = f"medium: the prompt asks for {wanted}, the text says {strange[0].replace('_', ' ')}"
    return [Contradiction("medium", detail)]


def _media_named(text: str) -> Iterator[tuple[Medium, str]]:
    for medium, pattern in _media_patterns().items():
        yield from ((medium, word) for word in pattern.findall(text))


@cache
def _media_patterns() -> dict[Medium, re.Pattern[str]]:
    """Every noun for a medium, the longest first: "watercolor painting" before "painting"."""
    patterns = {}
    for name in table("media.nouns"):
        nouns = sorted(lines(f"media.nouns.{name}"), key=lambda noun: (-len(noun), noun))
        patterns[Medium(name)] = re.compile(rf"\b(?:{'|'.join(map(re.escape, nouns))})\b")
    return patterns


def _times(piece: str, said: Intent, intent: Intent) -> list[Contradiction]:
    if not intent.times:
        return []
    told = frozenset(re.findall(r"[^\W\d_]+", piece.lower()))
    denying = [told & words(f"enhance_scenes.denied.{time}") for time in sorted(intent.times)]
    strange = [*sorted(said.times - intent.times), *sorted(frozenset.intersection(*denying))]
    if not strange:
        return []
    wanted = " or ".join(sorted(intent.times))
    return [Contradiction("time", f"time: the prompt says {wanted}, the text says {strange[0]}")]


def _monochrome(sentence: str, said: Intent, intent: Intent) -> list[Contradiction]:
    if intent.monochrome:
        colorful = colorful_words(sentence)
        if colorful:
            detail = f"the prompt asks for no color, the text says {colorful[0]}"
            return [Contradiction("monochrome", detail)]
    elif said.monochrome and any(
        family(color) not in NEUTRAL for entity in intent.entities for color in entity.colors
    ):
        detail = "the prompt names colors, and black and white has none"
        return [Contradiction("monochrome", detail)]
    return []


def colorful_words(text: str) -> list[str]:
    """Words of `text` that need colour: colour words other than black, white and grey."""
    lively = words("enhance_subjects.colorful.words")
    return [
        word
        for word in re.findall(r"[^\W\d_]+", text.lower())
        if word in lively or (color_family(word) or "gray") not in NEUTRAL
    ]


def _people(said: Intent, intent: Intent) -> list[Contradiction]:
    """Persons in the text of a prompt that has none, as far as its language can be read."""
    if intent.language != "en" or any(is_person(entity.head) for entity in intent.entities):
        return []
    asked = set(re.findall(r"[^\W\d_]+", f"{intent.core} {intent.cast}".lower()))
    return [
        Contradiction("added", f"the text brings in a person the prompt does not ask for: {head}")
        for head in dict.fromkeys(entity.head for entity in said.entities)
        if is_person(head) and not {head, f"{head}s"} & asked
    ]


def is_person(head: str) -> bool:
    """Whether the noun `head` (singular, lower case) names a human being."""
    return head in words("enhance_subjects.classes.person") and head not in _NO_ADDED_PERSON
