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
# "an old man with a white beard" is a portrait; a longer prompt about a person is an occasion.
_PORTRAIT_WORDS = 9
ANIMALS = frozenset({"mammal", "bird", "sea", "reptile", "insect"})
# Sources of light that are looked at in the dark.
DARK_SOURCES = frozenset(
    {"campfire", "candle", "lantern", "fire", "neon", "aurora", "headlights", "lamplit"}
    | {"moonlit", "starry", "city_lights", "fireworks"}
)

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
_OUTER_SPACE = re.compile(
    r"\b(?:outer|in|into|through|deep)\s+space\b|\bon (?:the )?(?:surface of )?(?:the )?moon\b"
)
_SMALL_HOURS = re.compile(r"\b(?:1?[0-4]|1[12])\s?a\.?m\b|\bmidnight\b", re.IGNORECASE)
# What only people do together, and games that are played with a partner named after them.
_HUMAN_TOGETHER = re.compile(
    r"\b(?:shak\w+ hands|high[- ]fiv\w+|arm[- ]wrestl\w+|clink\w+ glasses"
    r"|having (?:tea|dinner|a tea))\b"
)
_TOGETHER = re.compile(
    r"\b(?:hugg|kiss|embrac|danc(?:e|es|ing)\b|fight(?:s|ing)?\b|wrestl|argu|cuddl|shak"
    r"|holding hands|playing (?:with|chess))"
)
_MADE_UP = frozenset(
    {"dragon", "unicorn", "phoenix", "griffin", "mermaid", "fairy", "elf", "goblin"}
)
_GAME_WITH = re.compile(
    r"\b(?:chess|poker|cards|checkers|tennis|ping[- ]pong|tea|dinner|tango|waltz)\b"
    r"[^,.;]{0,12}\bwith\b"
)
_FURNISHED = re.compile(r"\s*(?:with|full of|filled with)\b", re.IGNORECASE)
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
        many: there are several of a kind, or several things listed.
        source: what gives the light, a key of [sources] in enhance_scenes.toml, or None.
        voice: a key of enhance_voices.toml that the prompt's words of mood or style name, or None.
        together: the subjects do something with each other.
        design: a key of [designs] in enhance_scenes.toml for what opens the prompt, or None.
        busy: the main subject does something, or more is told of a person than a portrait shows.
        lively: the main subject is in motion.
        story: an animal or a thing does what people do, or a person does with it.
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
    many: bool
    source: str | None
    voice: str | None
    design: str | None
    together: bool
    busy: bool
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
    if kind == "food" and words & {"tree", "branch", "vine", "bush", "orchard", "garden", "field"}:
        kind = "plant"
    doings = _doings(intent)
    place = _first("places", words)
    weather = _first("weather", words)
    layout = _layout(intent)
    lively = bool(doings & lexicon.words("enhance_subjects.actions.lively"))
    restless = doings - lexicon.words("enhance_subjects.actions.still")
    told = _told(intent)
    times = _times(intent, told)
    return Scene(
        kind=kind,
        place=place,
        weather=weather,
        time=next(iter(times)) if len(times) == 1 else None,
        layout=layout,
        many=layout == "several" or any((thing.count or 1) > 1 for thing in _things(intent)[:1]),
        source=_source(told, times),
        voice=next((key for key, voice in _voices().items() if voice.search(told)), None),
        design=_design(told),
        together=bool(_TOGETHER.search(told)),
        busy=bool(restless) or (kind == "person" and _tells_more(intent, words)),
        lively=lively,
        story=_is_story(intent, kind, doings, told, place),
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


def _tells_more(intent: Intent, words: frozenset[str]) -> bool:
    """Whether the prompt goes beyond naming a person, whose portrait it could be."""
    return len(intent.core.split()) > _PORTRAIT_WORDS and not words & {"portrait", "headshot"}


def _times(intent: Intent, told: str) -> frozenset[TimeOfDay]:
    return frozenset({"night"}) if _SMALL_HOURS.search(told) else intent.times


def _source(told: str, times: frozenset[TimeOfDay]) -> str | None:
    """What gives the light; by day a fire or a neon sign does not."""
    found = next((key for key, light in _sources().items() if light.search(told)), None)
    return None if found in DARK_SOURCES and "day" in times else found


def _told(intent: Intent) -> str:
    """The prompt in lower case, without its quoted text and what it excludes."""
    text = intent.core
    for gone in (*intent.quotes, *(negation.clause for negation in intent.negations)):
        text = text.replace(gone, " ")
    return text.lower()


def _design(told: str) -> str | None:
    """What kind of print or screen work the prompt opens with: "a minimalist logo of"."""
    opening = re.match(r"[^,.:;]*?(?=\s+(?:of|for|with|about|showing|that|in)\b|[,.:;]|$)", told)
    words = [singular(word) for word in _WORD.findall(opening.group() if opening else "")]
    heads = {words[-1]} if 0 < len(words) < 7 else frozenset()
    if len(words) > 1 and not any(word in ("on", "at", "by", "above", "behind") for word in words):
        heads = {*heads, *words[-2:]}
    return next((key for key, members in _scenes("designs").items() if members & heads), None)


def _is_story(
    intent: Intent, kind: str, doings: frozenset[str], told: str, place: str | None
) -> bool:
    """Whether the scene can only be made up: no camera could have met it."""
    beasts = [thing for thing in intent.entities if class_of(thing.head) in ANIMALS]
    heads = {thing.head for thing in intent.entities}
    mounts = lexicon.words("enhance_subjects.actions.mounts")
    ridden = (r.b for r in intent.relations if r.kind is RelationKind.RIDING)
    return (
        (kind in ANIMALS | {"food", "plant"} and _acts_human(intent, doings))
        or (kind == "object" and _acts_human(intent, doings - {"holding", "wearing"}))
        or (kind in ANIMALS | {"person", "any"} and bool(heads & _MADE_UP))
        or bool(beasts and (_HUMAN_TOGETHER.search(told) or place == "space"))
        or any(
            intent.entities[b] in beasts and intent.entities[b].head not in mounts for b in ridden
        )
        or bool((game := _GAME_WITH.search(told)) and _animal_after(game.end(), told, beasts))
    )


def _animal_after(start: int, told: str, beasts: list[Entity]) -> bool:
    return any(beast.head in told[start : start + 40] for beast in beasts)


def _acts_human(intent: Intent, doings: frozenset[str]) -> bool:
    human = lexicon.words("enhance_subjects.actions.human")
    beings = ANIMALS | {"food", "plant"}
    worn = {RelationKind.WEARING, RelationKind.HOLDING, RelationKind.RIDING}
    agents = (relation.a for relation in intent.relations if relation.kind in worn)
    return bool(doings & human) or any(class_of(intent.entities[a].head) in beings for a in agents)


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
    # "ramen with an egg and pork" is one thing: only the first is listed beside others or not.
    if len(things) > 2 and things[0].head in lexicon.words("enhance_subjects.containers.words"):
        things = things[1:]
    links = [_between(one, other, intent) for one, other in pairwise(things[:2])]
    return "several" if any(_LISTED.match(link) for link in links) else "single"


def _things(intent: Intent) -> list[Entity]:
    """What the prompt shows; places only where they are it: "a bathroom with a sink"."""
    entities = [*intent.entities]
    link = _between(entities[0], entities[1], intent) if len(entities) > 1 else ""
    if _FURNISHED.match(link) and entities[0].is_place:
        return entities
    return [entity for entity in entities if not entity.is_place] or entities


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
def _sources() -> Mapping[str, re.Pattern[str]]:
    table = lexicon.table("enhance_scenes.sources")
    return {key: re.compile(rf"\b(?:{pattern})") for key, pattern in table.items()}


@cache
def _voices() -> Mapping[str, re.Pattern[str]]:
    voices = lexicon.document("enhance_voices")
    return {key: re.compile(rf"\b(?:{voice['match']})") for key, voice in voices.items()}


@cache
def _classes() -> Mapping[str, str]:
    classes: dict[str, str] = {}
    for name, text in lexicon.table("enhance_subjects.classes").items():
        for word in text.split():
            classes.setdefault(word, name)
    return classes
