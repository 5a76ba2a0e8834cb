"""A Scene without a stated place and its cast in; the same Scene where they belong out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from imagine.stages.generate.sketch.brush import RGB, mix
from imagine.stages.generate.sketch.cast import Cast
from imagine.stages.generate.sketch.color import rgb_of
from imagine.stages.generate.sketch.gazetteer import place_called
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.stage import dominant

_CELESTIAL = re.compile(
    r"\b(?:planet|jupiter|saturn|mars|neptune|uranus|venus|asteroid|comet|satellite|spaceship|"
    r"spacecraft|space shuttle|rocket|galaxy|ufo|solar system)s?\b"
)
# Of these a sunset or a storm is imagined outdoors, whatever else is left unsaid.
_OUTDOORS = frozenset({"animal", "person", "plant", "building", "vehicle"})


def settle(scene: Scene, cast: Cast, random: Random, *, palette: Sequence[str] = ()) -> Scene:
    """Without words about a place, the subjects' own element is the place, or a tinted sweep.

    Args:
        scene: as the words have it.
        cast: who is in it.
        random: chooses the tint.
        palette: colour words; the last one that is known tints the sweep instead.
    """
    if scene.stated or scene.color is not None:
        return scene
    key = _element(scene, cast) if scene.table is None else None
    if key is None:
        accents = [accent for word in palette if (accent := rgb_of(word)) is not None]
        # As a whole background a palette's colour would drown the subject; hence paler.
        tint = mix(accents[-1], (255, 255, 255), 0.6) if accents else _backdrop(cast, random)
        return replace(scene, color=tint)
    return replace(scene, place=place_called(key))


def _element(scene: Scene, cast: Cast) -> str | None:
    """Key of the place where all the actors belong: in space, sky or water, or just outdoors."""
    cutouts = [actor.cutout for actor in cast.actors if actor.cutout is not None]
    habitats = {cutout.habitat for cutout in cutouts}
    kinds = {cutout.kind for cutout in cutouts}
    if cutouts and all(_CELESTIAL.search(actor.label.lower()) for actor in cast.actors):
        return "space"
    if habitats == {"sky"}:
        return "sky"
    if habitats == {"water"}:
        return "underwater" if kinds == {"animal"} else "boat"
    unsettled = (scene.hour, scene.weather) != ("day", "clear")
    return "meadow" if unsettled and kinds & _OUTDOORS else None


def _backdrop(cast: Cast, random: Random) -> RGB:
    """A pale colour that sets off the first subject, as a stylist would choose it."""
    from colorsys import hsv_to_rgb, rgb_to_hsv

    hues = [0.07, 0.11, 0.46, 0.55, 0.62, 0.72, 0.93]
    first = next((actor for actor in cast.actors if actor.cutout is not None), None)
    if first is not None:
        red, green, blue = dominant(first)
        own, saturation, _ = rgb_to_hsv(red / 255, green / 255, blue / 255)
        if saturation > 0.2:
            hues = [hue for hue in hues if 0.14 < (hue - own) % 1.0 < 0.86]
    pale = hsv_to_rgb(random.choice(hues), 0.21, 0.97)
    return round(pale[0] * 255), round(pale[1] * 255), round(pale[2] * 255)
