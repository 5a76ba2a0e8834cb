"""Characters of a series and a PromptSpec in, the spec with those that the prompt mentions out."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from pydantic import Field

from imagine.stages.demands import MAX_SUBJECTS, demands_of, excluded_terms, family, slug_for
from imagine.stages.intent import Entity, Intent
from imagine.stages.rules.contradiction import contradictions
from imagine.stages.rules.subjects import MAX_ADDED, head_of, nouns_of
from imagine.stages.spec import (
    Attribute,
    Color,
    Name,
    Part,
    Phrase,
    PromptSpec,
    Resolution,
    Subject,
)

_MAX_ATTRIBUTES = 8
_MAX_RESOLUTIONS = 4


class Character(Part):
    """Somebody or something that looks the same in every picture of a series."""

    name: Name
    """What prompts call it: "Bibo", or a noun such as "fox"."""
    description: Phrase | None = None
    """What is to be seen where the name alone says nothing: "a small fox with a torn ear"."""
    attributes: tuple[Attribute, ...] = Field(default=(), max_length=_MAX_ATTRIBUTES)
    colors: tuple[Color, ...] = Field(default=(), max_length=4)
    always: bool = False
    """In every picture, also where the prompt does not mention it."""


@dataclass(frozen=True, slots=True)
class _Mention:
    """Where a prompt names a character: its words, and the thing it was read as, if any."""

    words: str
    entity: Entity | None


def with_cast(intent: Intent, characters: Sequence[Character]) -> Intent:
    """The intent with what the user says of those characters that come into its picture.

    So a girl called Mira is no person that nobody asked for.
    """
    present = [
        character
        for character in characters
        if isinstance(found := _mention(character, characters, intent), _Mention)
        or (found is None and character.always)
    ]
    words = (
        word
        for character in present
        for word in (character.name, *character.attributes, character.description or "")
    )
    return replace(intent, cast=" ".join(filter(None, words)))


def free_subjects(spec: PromptSpec, characters: Sequence[Character]) -> PromptSpec:
    """Without what the enhancer added to a setting that the series has taken the place of."""
    names = {character.name for character in characters}
    kept = [item for item in spec.subjects if item.origin == "user" or item.name in names]
    return _with_subjects(spec, kept) if kept else spec


def cast_characters(
    spec: PromptSpec, characters: Sequence[Character], intent: Intent, *, by_hand: bool
) -> tuple[PromptSpec, str, list[str]]:
    """The spec with the looks of the characters that are in the picture.

    They take the place of looks that an enhancer gave to them, and stand beside those that a
    person wrote (`by_hand`).

    Returns:
        The spec, what was set in a few words, and a sentence for everything left out.
    """
    told: list[str] = []
    notes: list[str] = []
    names = {character.name for character in characters}
    for character in characters:
        found = _mention(character, characters, intent)
        if isinstance(found, str):
            notes.append(found)
        elif found is not None:
            spec, left_out = _dress(spec, character, found, intent, by_hand=by_hand)
            notes += left_out
            told.append(_summary(character))
        elif character.always:
            spec, reason = _bring_in(spec, character, names, intent)
            if reason is None:
                told.append(_summary(character))
            else:
                notes.append(f"Series: {character.name} is left out: {reason}.")
    return spec, "; ".join(told), notes


def _summary(character: Character) -> str:
    looks = ", ".join((*character.colors, *character.attributes))
    return f"{character.name} ({looks})" if looks else character.name


def _mention(
    character: Character, characters: Sequence[Character], intent: Intent
) -> _Mention | str | None:
    """Where the prompt names the character; a sentence where it cannot be told who is meant."""
    named = [entity for entity in intent.entities if _is_called(entity, character, characters)]
    single = [entity for entity in named if not entity.plural and (entity.count or 1) == 1]
    if named and not single:
        return f"Series: {character.name} is left out: the prompt asks for several."
    if single:
        return _Mention(single[0].span, single[0])
    found = re.search(
        rf"(?<!\w){re.escape(character.name)}(?![\w'’])", _shown(intent), re.IGNORECASE
    )
    if found is None or found[0] not in intent.source:
        return None
    return _Mention(found[0], None)


def _shown(intent: Intent) -> str:
    """The prompt without texts to render and without what it excludes."""
    text = intent.core
    for gone in (*intent.quotes, *(negation.clause for negation in intent.negations)):
        text = text.replace(gone, "\n")
    return text


def _is_called(entity: Entity, character: Character, characters: Sequence[Character]) -> bool:
    """Whether the prompt means the character by a thing it names.

    All words of the character's name stand there; or only its noun, where the prompt says nothing
    else of the thing and no other character has that noun.
    """
    words = nouns_of(character.name)
    if head_of(character.name).casefold() != entity.head.casefold():
        return words <= nouns_of(entity.name) and entity.name[:1].isupper()
    if words <= nouns_of(" ".join((entity.name, entity.span, *entity.attributes, *entity.colors))):
        return True
    others = [head_of(other.name).casefold() for other in characters]
    plain = not entity.attributes and not entity.colors and len(entity.name.split()) == 1
    return plain and others.count(entity.head.casefold()) == 1


def _dress(
    spec: PromptSpec, character: Character, mention: _Mention, intent: Intent, *, by_hand: bool
) -> tuple[PromptSpec, list[str]]:
    """The spec with the character's looks on its subject; the prompt's own words about it stay."""
    subjects = list(spec.subjects)
    place = _place_of(mention, character, subjects)
    notes: list[str] = []
    if place is None:
        if len(subjects) == MAX_SUBJECTS:
            full = f"the picture holds {MAX_SUBJECTS} things already"
            return spec, [f"Series: {character.name} is left out: {full}."]
        id = slug_for(mention.words, taken=[subject.id for subject in subjects])
        subjects.append(Subject(id=id, name=mention.words, source_span=mention.words))
        place = len(subjects) - 1
    subject = subjects[place]
    own = subject.attributes if by_hand else _own_attributes(mention.entity)
    attributes, denied = _fitting(character, own, intent, of=subject.name)
    notes += [
        f"Series: '{word}' of {character.name} is left out: {why}." for word, why in denied.items()
    ]
    changes: dict[str, object] = {}
    if character.attributes:
        changes["attributes"] = attributes
    if character.colors:
        reason = _against_colors(character, mention.entity, intent)
        if reason is None and by_hand and not {*subject.colors} <= {*character.colors}:
            reason = "the description has its own"
        if reason is None:
            changes["colors"] = character.colors
        else:
            notes.append(f"Series: the colors of {character.name} are left out: {reason}.")
    subjects[place] = subject.model_copy(update=changes)
    spec = _with_subjects(spec, subjects)
    explained = by_hand and any(item.phrase == mention.words for item in spec.resolutions)
    if character.description is not None and not explained:
        spec, why_not = _explained(spec, character, mention, intent)
        if why_not is not None:
            notes.append(f"Series: the description of {character.name} is left out: {why_not}.")
    return spec, notes


def _place_of(mention: _Mention, character: Character, subjects: Sequence[Subject]) -> int | None:
    """Which of the subjects stands for the words of the prompt, the surest sign first."""
    entity = mention.entity
    name = (entity.name if entity is not None else character.name).casefold()
    for is_it in (
        lambda subject: subject.source_span == mention.words,
        lambda subject: subject.name.casefold() == name,
        lambda subject: entity is not None and head_of(subject.name) == entity.head,
        lambda subject: character.name.casefold() in subject.name.casefold().split(),
    ):
        for place, subject in enumerate(subjects):
            if subject.origin == "user" and is_it(subject):
                return place
    return None


def _own_attributes(entity: Entity | None) -> tuple[str, ...]:
    return entity.attributes if entity is not None else ()


def _fitting(
    character: Character, own: Sequence[str], intent: Intent, *, of: str
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The prompt's own attributes and those of the character that go with it; why others do not."""
    kept = {word.casefold(): word for word in own}
    denied = {}
    for word in character.attributes:
        if found := contradictions(f"{word} {of}", intent) or contradictions(word, intent):
            denied[word] = found[0].detail
        elif len(kept) == _MAX_ATTRIBUTES:
            denied[word] = f"{_MAX_ATTRIBUTES} attributes are there already"
        else:
            kept.setdefault(word.casefold(), word)
    return tuple(kept.values()), denied


def _against_colors(character: Character, entity: Entity | None, intent: Intent) -> str | None:
    """Why the prompt does not let the character have its colours; None when it does."""
    if entity is not None and entity.colors:
        return f"the prompt says {' and '.join(entity.colors)}"
    families = {family(color) for color in character.colors}
    elsewhere = {
        family(color) for subject in demands_of(intent).subjects for color in subject.colors
    }
    if shared := sorted(families & elsewhere):
        return f"the prompt has something else in {shared[0]}"
    for color in character.colors:
        if denied := contradictions(color, intent):
            return denied[0].detail
    return None


def _explained(
    spec: PromptSpec, character: Character, mention: _Mention, intent: Intent
) -> tuple[PromptSpec, str | None]:
    """With what the name means; or the spec as it was, and why it cannot say so."""
    meaning = character.description or ""
    if denied := contradictions(meaning, intent):
        return spec, denied[0].detail
    others = [item for item in spec.resolutions if item.phrase != mention.words]
    if len(others) == _MAX_RESOLUTIONS:
        return spec, f"{_MAX_RESOLUTIONS} phrases are explained already"
    if len(mention.words) > 120:
        return spec, "its name in the prompt is too long"
    mine = Resolution(phrase=mention.words, meaning=meaning)
    return spec.replace(resolutions=(*others, mine)), None


def _bring_in(
    spec: PromptSpec, character: Character, names: Set[str], intent: Intent
) -> tuple[PromptSpec, str | None]:
    """With a character that the prompt does not mention; or the spec as it was, and why not.

    `names` are those of all characters: others that were brought in stay, while what the enhancer
    added makes room.
    """
    if reason := _against_company(character, intent):
        return spec, reason
    before = [item for item in spec.subjects if item.name != character.name]
    own = [item for item in before if item.origin == "user"]
    added = [item for item in before if item.origin == "added"]
    cast = [item for item in added if item.name in names]
    room = min(MAX_SUBJECTS - len(own), MAX_ADDED)
    if len(cast) >= room:
        return spec, f"the picture holds {len(own) + len(cast)} things already"
    subject = Subject(
        id=slug_for(character.name, taken=[item.id for item in before]),
        name=character.name,
        attributes=character.attributes,
        colors=character.colors,
        pose=character.description,
        origin="added",
    )
    others = [item for item in added if item.name not in names]
    return _with_subjects(spec, [*own, *cast, subject, *others][: len(own) + room]), None


def _against_company(character: Character, intent: Intent) -> str | None:
    """What the prompt has against a character that it does not mention."""
    head, nouns = head_of(character.name), nouns_of(character.name)
    for term in excluded_terms(intent):
        if nouns_of(term) <= nouns:
            return f"the prompt excludes “{term}”"
    looks = [f"{look} {head}" for look in character.attributes]
    for text in (character.name, *character.colors, *looks, character.description or ""):
        if denied := contradictions(text, intent):
            return denied[0].detail
    return None


def _with_subjects(spec: PromptSpec, subjects: Sequence[Subject]) -> PromptSpec:
    """With these subjects, and the relations between them."""
    ids = {subject.id for subject in subjects}
    relations = tuple(item for item in spec.relations if item.a in ids and item.b in ids)
    return spec.replace(subjects=tuple(subjects), relations=relations)
