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
from imagine.stages.generate.sketch.place import Backdrop, Scene
from imagine.stages.generate.sketch.stage import dominant

_CELESTIAL = re.compile(
    r"\b(?:planet|jupiter|saturn|mars|neptune|uranus|venus|asteroid|comet|satellite|spaceship|"
    r"spacecraft|space shuttle|rocket|galaxy|ufo|solar system)s?\b"
)
_LUMINARY = re.compile(r"\b(?:moon|stars?|shooting star|milky way)$")
_STUDIO: tuple[Backdrop, ...] = ("sweep", "floor", "bokeh", "drape")
_BEHIND_TABLES: tuple[Backdrop, ...] = ("sweep", "bokeh", "drape")
_GRAPHIC: tuple[Backdrop, ...] = ("floor", "bokeh", "drape", "disc", "rays")
# Of these a sunset or a storm is imagined outdoors, whatever else is left unsaid.
_OUTDOORS = frozenset({"animal", "person", "plant", "building", "vehicle"})


def settle(
    scene: Scene,
    cast: Cast,
    random: Random,
    *,
    palette: Sequence[str] = (),
    photographic: bool = False,
) -> Scene:
    """Without words about a place, the subjects' own element is the place, or a tinted sweep.

    What lives or drives outdoors is put there by some of the seeds.

    Args:
        scene: as the words have it.
        cast: who is in it.
        random: chooses the tint.
        palette: colour words; the last one that is known tints the sweep instead.
        photographic: nothing that a photographer's studio does not have.
    """
    if scene.stated or scene.color is not None:
        return scene
    key = _element(scene, cast) if scene.table is None else None
    if cast.notes and not cast.actors:
        # Nobody is left to choose a place for: an empty stage would look broken.
        key = "meadow"
    if key is None and scene.table is None and not palette and random.random() > 0.6:
        key = _outside(cast)
    if key is None:
        accents = [accent for word in palette if (accent := rgb_of(word)) is not None]
        # As a whole background a palette's colour would drown the subject; hence paler.
        tint = mix(accents[-1], (255, 255, 255), 0.6) if accents else _backdrop(cast, random)
        if scene.glow == "neon" and not accents:
            # Tubes glow before a dark wall only.
            return replace(scene, color=(34, 26, 52), backdrop="sweep")
        hung = _BEHIND_TABLES if scene.table else _STUDIO if photographic else _GRAPHIC
        return replace(scene, color=tint, backdrop=random.choice(hung))
    at_night = key == "sky" and all(_LUMINARY.search(a.label.lower()) for a in cast.actors)
    return replace(scene, place=place_called(key), hour="night" if at_night else scene.hour)


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


def _outside(cast: Cast) -> str | None:
    """Key of the plainest place outdoors for the actors; None if one of them belongs indoors."""
    kinds = {actor.cutout.kind if actor.cutout is not None else None for actor in cast.actors}
    if not kinds or not kinds <= _OUTDOORS:
        return None
    return "road" if kinds == {"vehicle"} else "meadow"


def _backdrop(cast: Cast, random: Random) -> RGB:
    """A pale colour that sets off the first subject, as a stylist would choose it."""
    from colorsys import hsv_to_rgb, rgb_to_hsv

    hues = [0.03, 0.07, 0.1, 0.13, 0.46, 0.55, 0.62, 0.72, 0.93]
    first = next((actor for actor in cast.actors if actor.cutout is not None), None)
    if first is not None:
        red, green, blue = dominant(first)
        own, saturation, _ = rgb_to_hsv(red / 255, green / 255, blue / 255)
        if saturation > 0.2:
            hues = [hue for hue in hues if 0.05 < (hue - own) % 1.0 < 0.95]
    pale = hsv_to_rgb(random.choice(hues), 0.21, 0.97)
    return round(pale[0] * 255), round(pale[1] * 255), round(pale[2] * 255)
