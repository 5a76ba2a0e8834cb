"""A PromptSpec in; the Scene it plays in out: place, hour, weather, colours, surface."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.brush import RGB
from imagine.stages.generate.sketch.color import rgb_of
from imagine.stages.generate.sketch.gazetteer import (
    Hour,
    Place,
    Weather,
    gazetteer,
    place_called,
)
from imagine.stages.spec import PromptSpec, RelationKind, Subject

Backdrop = Literal["sweep", "floor", "bokeh", "drape", "disc", "rays"]
_T = TypeVar("_T", bound=str)
_SNOW: tuple[RGB, RGB] = ((234, 242, 250), (250, 252, 255))
_LOCATED = re.compile(
    r"\b(?:in|into|onto|on|at|by|near|through|across|over|under|inside|along|from|of)\b"
)
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
        backdrop: what a place that is only a coloured backdrop is dressed with.
    """

    place: Place
    hour: Hour = "day"
    weather: Weather = "clear"
    color: RGB | None = None
    stated: bool = True
    table: RGB | None = None
    glow: Literal["neon", "candle", "spotlight", "moon", "sun"] | None = None
    backdrop: Backdrop = "sweep"

    @property
    def outdoors(self) -> bool:
        return self.place.kind in ("land", "water", "sky")


def surface_of(subject: Subject) -> str | None:
    """The place that a subject such as "sky" or "street" stands for; None for a real thing.

    An empty string is something that is neither place nor thing, such as "sunlight".
    """
    name = subject.name.lower()
    known = gazetteer()
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
    parts = gazetteer().parts
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
    place = place or place_called("studio")
    if place.kind == "land" and re.search(
        r"\bsnow(?:y|ing|fall)?\b|\bwint(?:er|ry)\b|\bfrozen\b", words
    ):
        layers = tuple(name for name in place.layers if name not in ("rows", "autumn"))
        place = replace(place, ground=_SNOW, dressing=("evergreen tree",), layers=layers)
    scene = Scene(place, color=color, stated=stated, table=_table_color(spec, where))
    scene = replace(scene, hour=_first(gazetteer().hours, words, "day"))
    # The enhancer's "soft overcast light" is about shadows and is no reason for a grey sky.
    assumed = any(assumption.startswith("lighting:") for assumption in spec.assumptions)
    skies = told if assumed else words
    scene = replace(scene, weather=_first(gazetteer().weathers, skies, "clear"), glow=_glow(words))
    for subject in spec.subjects:
        if surface_of(subject) and subject.colors and scene.color is None:
            scene = replace(scene, color=rgb_of(subject.colors[0]))
    return scene


def _place_in(text: str) -> Place | None:
    keys = [gazetteer().words[found.group(1)] for found in gazetteer().pattern.finditer(text)]
    places = [place_called(key) for key in keys]
    # Snow lies on whatever land is named beside it: "a snowy village".
    lands = [place for place in places if place.kind == "land" and place.key != "winter"]
    return next(iter(lands if keys[:1] == ["winter"] and lands else places), None)


def _longer(where: str, words: str) -> str:
    """The setting, or the prompt's longer phrase for it: "under the sea" for "sea"."""
    found = gazetteer().pattern.search(where)
    if found is None:
        return where
    short = found.group(1)
    phrases = [match.group(1) for match in gazetteer().pattern.finditer(words)]
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
