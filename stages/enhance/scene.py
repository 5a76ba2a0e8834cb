"""What kind of scene a prompt describes: from an Intent to a Scene, for choosing what suits it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from imagine.stages.intent import Intent, TimeOfDay
from imagine.stages import lexicon
from imagine.stages.lexicon import singular
from imagine.stages.spec import RelationKind

# A prompt of more words than this describes its picture itself (DPG-Bench: median 65 words).
LONG_PROMPT_WORDS = 60
ANIMALS = frozenset({"mammal", "bird", "sea", "reptile", "insect"})

_HORIZONTAL = {
    RelationKind.LEFT_OF,
    RelationKind.RIGHT_OF,
    RelationKind.NEXT_TO,
    RelationKind.BETWEEN,
    RelationKind.FACING,
}
_VERTICAL = {RelationKind.ABOVE, RelationKind.BELOW}
_DEPTH = {RelationKind.BEHIND, RelationKind.IN_FRONT_OF}
_CONTACT = {RelationKind.ON, RelationKind.INSIDE, RelationKind.HOLDING, RelationKind.RIDING}


@dataclass(frozen=True, slots=True)
class Scene:
    """What matters of a prompt for light, framing and finish.

    Attributes:
        kind: class of the main subject, a key of enhance_subjects.toml, "object" when unknown,
            "any" for a name that tells nothing.
        place: a key of [places] in enhance_scenes.toml, or None.
        weather: a key of [weather] there, or None.
        time: the one stated time of day, or None.
        layout: how the subjects stand: "single", "several", "horizontal", "vertical", "depth",
            "contact" or "mixed".
        lively: the main subject is in motion.
        story: an animal or a thing does what people do.
        settled: nothing speaks against a plain backdrop: one thing, at rest, its place unsaid.
        long: the prompt describes its picture at length.
        words: the prompt's words, lower case and singular, without what it excludes.
    """

    kind: str
    place: str | None
    weather: str | None
    time: TimeOfDay | None
    layout: str
    lively: bool
    story: bool
    settled: bool
    long: bool
    words: frozenset[str]


def scene_of(intent: Intent) -> Scene:
    """Read the scene from the prompt's words."""
    ordered = _words(intent)
    words = frozenset(ordered)
    kind = _kind(intent, ordered)
    doings = _doings(intent)
    place = _first("places", words)
    weather = _first("weather", words)
    layout = _layout(intent)
    lively = bool(doings & lexicon.words("enhance_subjects.actions.lively"))
    restless = doings - lexicon.words("enhance_subjects.actions.still")
    return Scene(
        kind=kind,
        place=place,
        weather=weather,
        time=next(iter(intent.times)) if len(intent.times) == 1 else None,
        layout=layout,
        lively=lively,
        story=kind in ANIMALS | {"food", "plant", "object"} and _acts_human(intent, doings),
        settled=(
            layout == "single"
            and not (place or weather or intent.setting or intent.times or restless)
            and not intent.stated & {"setting", "weather", "composition", "lighting"}
            and "background" not in words
        ),
        long=len(intent.core.split()) > LONG_PROMPT_WORDS,
        words=words,
    )


def class_of(noun: str) -> str | None:
    """The class that enhance_subjects.toml puts the singular noun in."""
    return _classes().get(noun)


def _words(intent: Intent) -> list[str]:
    text = intent.core
    for negation in intent.negations:
        text = text.replace(negation.clause, " ")
    return [singular(word) for word in re.findall(r"[^\W\d_]+", text.lower())]


def _kind(intent: Intent, words: list[str]) -> str:
    """Class of the main subject: the first thing the prompt names, else its last known word."""
    things = [entity for entity in intent.entities if not entity.is_place] or intent.entities
    if things:
        head = things[0].head
        if known := class_of(head) or class_of(things[0].name.lower().split()[0]):
            return known
        return "any" if things[0].name[:1].isupper() else "object"
    known_words = [found for word in reversed(words) if (found := class_of(word))]
    if known_words:
        return known_words[0]
    return "any" if intent.proper_nouns else "abstract"


def _doings(intent: Intent) -> frozenset[str]:
    """The -ing words of what the subjects do."""
    actions = " ".join(entity.action or "" for entity in intent.entities)
    return frozenset(re.findall(r"[a-z]+ing\b|parked|perched", actions.lower()))


def _acts_human(intent: Intent, doings: frozenset[str]) -> bool:
    human = lexicon.words("enhance_subjects.actions.human")
    worn = {RelationKind.WEARING, RelationKind.HOLDING, RelationKind.RIDING}
    agents = (relation.a for relation in intent.relations if relation.kind in worn)
    return bool(doings & human) or any(class_of(intent.entities[a].head) in ANIMALS for a in agents)


def _layout(intent: Intent) -> str:
    kinds = {relation.kind for relation in intent.relations} - {
        RelationKind.WEARING,
        RelationKind.OTHER,
    }
    for name, members in (
        ("horizontal", _HORIZONTAL),
        ("vertical", _VERTICAL),
        ("depth", _DEPTH),
        ("contact", _CONTACT),
    ):
        if kinds and kinds <= members:
            return name
    if kinds:
        return "mixed"
    things = [entity for entity in intent.entities if not entity.is_place]
    worn = {relation.b for relation in intent.relations}
    many = len(things) - len(worn) > 1 or any(
        entity.plural or (entity.count or 1) > 1 for entity in things
    )
    return "several" if many else "single"


def _first(table: str, words: frozenset[str]) -> str | None:
    return next((key for key, members in _scenes(table).items() if members & words), None)


@cache
def _scenes(table: str) -> Mapping[str, frozenset[str]]:
    path = f"enhance_scenes.{table}"
    return {key: lexicon.words(f"{path}.{key}") for key in lexicon.table(path)}


@cache
def _classes() -> Mapping[str, str]:
    classes: dict[str, str] = {}
    for name, text in lexicon.table("enhance_subjects.classes").items():
        for word in text.split():
            classes.setdefault(word, name)
    return classes
