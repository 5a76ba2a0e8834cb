"""What kind of scene a prompt describes: from an Intent to a Scene, for choosing what suits it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from imagine.stages.intent import Entity, Intent, TimeOfDay
from imagine.stages.language import lexicon
from imagine.stages.language.lexicon import singular
from imagine.stages.spec import RelationKind

# A prompt of more words than this describes its picture itself (DPG-Bench: median 65 words).
LONG_PROMPT_WORDS = 60
ANIMALS = frozenset({"mammal", "bird", "sea", "reptile", "insect"})

_BESIDE = {RelationKind.NEXT_TO}
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

_LISTED = re.compile(r"\s*(?:,|&|\+|and\b)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_OUTER_SPACE = re.compile(r"\b(?:outer|in|into|through|deep)\s+space\b")
_STYLE_NAMED = re.compile(r"\bstyle of\b|\bin the style\b|\b\w+[- ]style\b|\bby [A-Z]")


@dataclass(frozen=True, slots=True)
class Scene:
    """What matters of a prompt for light, framing and finish.

    Attributes:
        kind: class of the main subject, a key of enhance_subjects.toml, "any" when unknown.
        place: a key of [places] in enhance_scenes.toml, or None.
        weather: a key of [weather] there, or None.
        time: the one stated time of day, or None.
        layout: how the subjects stand: "single", "several", "beside", "horizontal", "vertical",
            "depth", "contact" or "mixed".
        lively: the main subject is in motion.
        story: an animal or a thing does what people do.
        settled: nothing speaks against a plain backdrop: one thing, at rest, its place unsaid.
        styled: the prompt names a particular style: "in the style of ...".
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
    styled: bool
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
        story=kind in ANIMALS | {"food", "plant"} and _acts_human(intent, doings),
        settled=(
            layout == "single"
            and len(intent.entities) < 2
            and not (place or weather or intent.setting or intent.times or restless)
            and not intent.stated & {"setting", "weather", "composition", "lighting"}
            and "background" not in words
        ),
        styled=bool(_STYLE_NAMED.search(intent.core)),
        long=len(intent.core.split()) > LONG_PROMPT_WORDS,
        words=words,
    )


def class_of(noun: str) -> str | None:
    """The class that enhance_subjects.toml puts the singular noun in, by list or by ending."""
    if noun in _classes():
        return _classes()[noun]
    endings = lexicon.table("enhance_subjects.endings")
    return next(
        (name for name, text in endings.items() if noun.endswith(tuple(text.split()))), None
    )


def _words(intent: Intent) -> list[str]:
    """The prompt's words but for what it excludes and for names of several words ("Gold Coast")."""
    text = intent.core
    names = (name for name in intent.proper_nouns if " " in name)
    for gone in (*(negation.clause for negation in intent.negations), *names):
        text = text.replace(gone, " ")
    text = re.sub(r"\bwoods\b", "forest", _OUTER_SPACE.sub("outerspace", text.lower()))
    return [singular(word) for word in _WORD.findall(text)]


def _kind(intent: Intent, words: list[str]) -> str:
    """Class of the main subject: the first thing the prompt names, else its last known word."""
    things = _things(intent)
    if not things:
        known = (found for word in reversed(words) if (found := class_of(word)))
        return next(known, "any" if intent.proper_nouns else "abstract")
    main = things[0]
    if len(things) > 1 and main.head in lexicon.words("enhance_subjects.containers.words"):
        linked = re.match(r"\s*of\b", _between(main, things[1], intent))
        main = things[1] if linked else main
    described = {*main.attributes, *main.name.lower().split()[:-1]}
    if lexicon.words("enhance_subjects.models.words") & described:
        return "object"
    joined = _classes().get(main.name.lower().replace(" ", ""))
    return joined or class_of(main.head) or "any"


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
        ("beside", _BESIDE),
        ("horizontal", _HORIZONTAL),
        ("vertical", _VERTICAL),
        ("depth", _DEPTH),
        ("contact", _CONTACT),
    ):
        if kinds and kinds <= members:
            return name
    if kinds:
        return "mixed"
    things = _things(intent)
    if things and ((things[0].count or 1) > 1 or (things[0].plural and things[0].count is None)):
        # "headphones" and "scissors" are plural in form only.
        return "single" if things[0].head.endswith("s") else "several"
    links = [_between(one, other, intent) for one, other in pairwise(things)]
    return "several" if any(_LISTED.match(link) for link in links) else "single"


def _things(intent: Intent) -> list[Entity]:
    """What the prompt shows, or the places when it shows nothing else."""
    return [entity for entity in intent.entities if not entity.is_place] or [*intent.entities]


def _between(one: Entity, other: Entity, intent: Intent) -> str:
    """The words between two things that the prompt names one after the other."""
    _, _, rest = intent.core.partition(one.span)
    return rest.partition(other.span)[0]


def _first(table: str, words: frozenset[str]) -> str | None:
    found = next((key for key, members in _scenes(table).items() if members & words), None)
    return "indoor" if found == "furniture" else found


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
