"""A PromptSpec in; the Scene it plays in out: place, hour, weather, colours, surface."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeVar

from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.brush import RGB, mix
from imagine.stages.generate.sketch.color import rgb_of
from imagine.stages.spec import PromptSpec, RelationKind, Subject

Hour = Literal["day", "dawn", "sunset", "night"]
Weather = Literal["clear", "cloudy", "rain", "storm", "snowfall", "fog"]
_T = TypeVar("_T", bound=str)
Kind = Literal["land", "water", "sky", "space", "underwater", "room", "plain"]


_PALE = ((236, 238, 242), (214, 217, 224))


@dataclass(frozen=True, slots=True)
class Place:
    """What the background is made of.

    Attributes:
        key: its name.
        kind: what painter draws it.
        ground: colour of the ground far away and near; in a room, of wall and floor.
        layers: what stands behind the ground, farthest first.
        dressing: cut-outs that belong there, by name.
        horizon: where the ground begins, as a share of the height from the top.
    """

    key: str
    kind: Kind
    ground: tuple[RGB, RGB]
    layers: tuple[str, ...] = ()
    dressing: tuple[str, ...] = ()
    horizon: float = 0.58


_SNOW: tuple[RGB, RGB] = ((234, 242, 250), (250, 252, 255))
_LOCATED = re.compile(r"\b(?:in|on|at|by|near|through|across|over|under|inside|along|from|of)\b")
_BACKGROUND = re.compile(
    r"((?:[\w-]+ )?[\w-]+|#[0-9a-f]{6}) "
    r"(?:background|backdrop|wall|walls|sky|sweep|surface|screen)\b"
)
_TABLES = re.compile(
    r"\b(?:tabletop|table top|table|desk|counter|countertop|workbench|nightstand)\b"
)
_WOODEN: RGB = (172, 116, 70)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when the picture plays.

    Attributes:
        place: what the background is made of.
        hour, weather: they set sky and light.
        color: the colour that the background is said to have, if any.
        stated: the place was said in words, and is no default.
        table: colour of the table top that carries the subjects; None without one.
        glow: a light that the words ask for, such as "neon" or "candle".
    """

    place: Place
    hour: Hour = "day"
    weather: Weather = "clear"
    color: RGB | None = None
    stated: bool = True
    table: RGB | None = None
    glow: Literal["neon", "candle", "spotlight", "moon", "sun"] | None = None

    @property
    def outdoors(self) -> bool:
        return self.place.kind in ("land", "water", "sky")


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    """What assets/places.toml holds, ready for look-ups."""

    places: dict[str, Place]
    words: dict[str, str]
    pattern: re.Pattern[str]
    hours: tuple[tuple[Hour, str], ...]
    weathers: tuple[tuple[Weather, str], ...]
    surfaces: dict[str, str]
    scenic: frozenset[str]
    parts: frozenset[str]


@cache
def _gazetteer() -> _Gazetteer:
    import tomllib
    from importlib.resources import files

    asset = files("imagine.stages.generate.sketch") / "assets" / "places.toml"
    data = tomllib.loads(asset.read_text(encoding="utf-8"))
    places: dict[str, Place] = {}
    words: dict[str, str] = {}
    for key, row in data["places"].items():
        far, near = row.get("ground", _PALE)
        places[key] = Place(
            key=key,
            kind=row["kind"],
            ground=((far[0], far[1], far[2]), (near[0], near[1], near[2])),
            layers=tuple(row.get("layers", ())),
            dressing=tuple(row.get("dressing", ())),
            horizon=row["horizon"],
        )
        for word in row["words"]:
            words.setdefault(word, key)
    longest = sorted(words, key=lambda word: (-len(word), word))
    return _Gazetteer(
        places=places,
        words=words,
        pattern=re.compile(rf"\b({'|'.join(map(re.escape, longest))})\b"),
        hours=tuple(data["hours"].items()),
        weathers=tuple(data["weathers"].items()),
        surfaces={
            name: "" if key == "none" else key
            for key, names in data["surfaces"].items()
            for name in names
        },
        scenic=frozenset(data["scenic"]["words"]),
        parts=frozenset(data["parts"]["words"]),
    )


def surface_of(subject: Subject) -> str | None:
    """The place that a subject such as "sky" or "street" stands for; None for a real thing.

    An empty string is something that is neither place nor thing, such as "sunlight".
    """
    name = subject.name.lower()
    known = _gazetteer()
    for form in (name, name.removesuffix("s")):
        if form in known.surfaces:
            return known.surfaces[form]
    last = name.split()[-1]
    if last in known.surfaces and last in known.scenic:
        place = _place_in(name)
        return place.key if place is not None else known.surfaces[last]
    # "times square" and "tennis court": places without an entry of their own, and without art.
    if (name in known.words or last in known.words) and find(name) is None:
        return known.words.get(name) or known.words[last]
    return None


def is_part(subject: Subject) -> bool:
    """Whether a subject is a part of another, such as "hair", or a word for how it is drawn."""
    last = subject.name.lower().split()[-1]
    parts = _gazetteer().parts
    return last in parts or last.removesuffix("s") in parts


def is_table(subject: Subject) -> bool:
    """Whether a subject can be drawn as the table top that fills the foreground."""
    return _TABLES.search(subject.name.lower()) is not None


def read_scene(spec: PromptSpec) -> Scene:
    """Place, hour, weather and colours as the words of the description have them."""
    where = (spec.setting or "").lower()
    told = f"{where} {spec.source_prompt.lower()}"
    words = " ".join(filter(None, (told, spec.lighting, spec.mood))).lower()
    for term in spec.exclude:
        excluded = rf"\b(?:no|without|not|any)?\s*{re.escape(term.lower())}\b"
        told, words = re.sub(excluded, " ", told), re.sub(excluded, " ", words)
    place = (
        _place_in(_longer(where, told))
        or _place_of_subjects(spec, told)
        or _place_after_preposition(_without_names(spec, told))
    )
    color = _background_color(f"{where} {spec.source_prompt.lower()}")
    stated = place is not None
    if place is None:
        place = _gazetteer().places["studio"]
        if color is None and spec.palette and len(spec.subjects) and not where:
            accent = rgb_of(spec.palette[-1])
            # As a whole background a palette's colour would drown the subject.
            color = mix(accent, (255, 255, 255), 0.5) if accent else None
    if place.kind == "land" and re.search(
        r"\bsnow(?:y|ing|fall)?\b|\bwint(?:er|ry)\b|\bfrozen\b", words
    ):
        layers = tuple(name for name in place.layers if name not in ("rows", "autumn"))
        place = replace(place, ground=_SNOW, dressing=("evergreen tree",), layers=layers)
    scene = Scene(place, color=color, stated=stated, table=_table_color(spec, where))
    scene = replace(scene, hour=_first(_gazetteer().hours, words, "day"))
    scene = replace(scene, weather=_first(_gazetteer().weathers, words, "clear"), glow=_glow(words))
    for subject in spec.subjects:
        if surface_of(subject) and subject.colors and scene.color is None:
            scene = replace(scene, color=rgb_of(subject.colors[0]))
    return scene


def places() -> tuple[Place, ...]:
    """Every place there is."""
    return tuple(_gazetteer().places.values())


def place_called(key: str) -> Place:
    """The place with that key, as in "studio"."""
    return _gazetteer().places[key]


def _place_in(text: str) -> Place | None:
    keys = [_gazetteer().words[found.group(1)] for found in _gazetteer().pattern.finditer(text)]
    places = [place_called(key) for key in keys]
    # Snow lies on whatever land is named beside it: "a snowy village".
    lands = [place for place in places if place.kind == "land" and place.key != "winter"]
    return next(iter(lands if keys[:1] == ["winter"] and lands else places), None)


def _longer(where: str, words: str) -> str:
    """The setting, or the prompt's longer phrase for it: "under the sea" for "sea"."""
    found = _gazetteer().pattern.search(where)
    if found is None:
        return where
    short = found.group(1)
    phrases = [match.group(1) for match in _gazetteer().pattern.finditer(words)]
    longer = [phrase for phrase in phrases if re.search(rf"\b{re.escape(short)}\b", phrase)]
    longest = max(longer, key=len, default=short)
    return longest if longest != short else where


def _without_names(spec: PromptSpec, words: str) -> str:
    """The words without the compound names of things: no stage in "the Sydney Opera House"."""
    for subject in spec.subjects:
        if " " in subject.name and surface_of(subject) is None:
            words = words.replace(subject.name.lower(), " ")
    return words


def _place_of_subjects(spec: PromptSpec, words: str) -> Place | None:
    """The place of the first subject that is scenery, as closely as the prompt names it."""
    for subject in spec.subjects:
        key = surface_of(subject)
        if key:
            span = _longer((subject.source_span or subject.name).lower(), words)
            return _place_in(span) or place_called(key)
    return None


def _place_after_preposition(text: str) -> Place | None:
    for preposition in _LOCATED.finditer(text):
        place = _place_in(" ".join(re.split(r"[\s,.;]+", text[preposition.start() :])[:4]))
        if place is not None:
            return place
    return None


def _background_color(text: str) -> RGB | None:
    for found in _BACKGROUND.finditer(text):
        phrase = found.group(1)
        color = rgb_of(phrase) or rgb_of(phrase.split()[-1])
        if color is not None:
            return color
    return None


def _table_color(spec: PromptSpec, where: str) -> RGB | None:
    carried = {relation.b for relation in spec.relations if relation.kind is RelationKind.ON}
    for subject in spec.subjects:
        if is_table(subject) and subject.id in carried:
            return (rgb_of(subject.colors[0]) if subject.colors else None) or _WOODEN
    if found := _TABLES.search(where):
        before = where[: found.start()].split()
        color = rgb_of(before[-1]) if before else None
        return color or _WOODEN
    return None


def _first(table: tuple[tuple[_T, str], ...], text: str, otherwise: _T) -> _T:
    return next((key for key, pattern in table if re.search(pattern, text)), otherwise)


def _glow(text: str) -> Literal["neon", "candle", "spotlight", "moon", "sun"] | None:
    if re.search(r"neon|cyberpunk|synthwave|vaporwave", text):
        return "neon"
    if re.search(r"candle|firelight|lantern|campfire|fireplace|by the fire", text):
        return "candle"
    if re.search(r"spotlight|dramatic light|stage light|chiaroscuro|rim light", text):
        return "spotlight"
    if re.search(r"moonlight|moonlit", text):
        return "moon"
    if re.search(r"sunbeam|god rays|sun rays|sunlight|golden hour|sunny", text):
        return "sun"
    return None
