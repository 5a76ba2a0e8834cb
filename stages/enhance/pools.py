"""Which list of phrases suits a scene: from a Scene and a medium to keys of enhance_*.toml."""

from collections.abc import Iterable, Mapping
from typing import Any

from imagine.stages.enhance.scene import ANIMALS, DARK_SOURCES, Scene
from imagine.stages.spec import Medium

_WITH_CAMERA = frozenset({Medium.PHOTOGRAPH, Medium.RENDER_3D})

BY_HAND = frozenset({Medium.PAINTING, Medium.DRAWING, Medium.SCULPTURE})
_DRAWN = frozenset({Medium.PAINTING, Medium.ILLUSTRATION})
# What is looked at as a still life when there are several.
STILL = frozenset({"food", "object"})
# Kinds whose picture is of the room itself when the place is indoors.
_ROOMS = frozenset({"architecture", "any"})
# Kinds that take their colours from where they are.
_SCENIC = frozenset({"landscape", "architecture", "abstract", "space"})
_TOUCHING = frozenset({"contact", "vertical", "depth", "beside"})
_OPEN_AIR = frozenset({"landscape", "motor", "vehicle", "architecture", "plant"})
# A plain backdrop would contradict these, or say nothing.
_WITHOUT_BACKDROP = frozenset({"landscape", "architecture", "abstract", "space", "graphic", "any"})
_WILD = frozenset({"mammal", "bird", "reptile", "insect", "plant", "motor", "vehicle"})


def first_key(pools: Mapping[str, Any], keys: Iterable[str | None]) -> str | None:
    """The first of `keys` that has a pool."""
    return next((key for key in keys if key in pools), None)


def lighting_key(scene: Scene, medium: Medium) -> str | None:
    """The prompt's own source of light first, then its place and time; None for flat design."""
    if medium is Medium.GRAPHIC_DESIGN:
        return None
    if scene.source or medium is Medium.PIXEL_ART:
        return scene.source or "pixel"
    if scene.time == "night" and scene.place in ("indoor", "city"):
        return f"night_{scene.place}"
    fixed = scene.place if scene.place in ("underwater", "space", "indoor") else None
    told = fixed or scene.time or scene.weather or scene.place
    if told:
        return "outdoor" if told == "field" else told
    return "tone" if medium is Medium.DRAWING else _light_on_subject(scene, medium)


def _light_on_subject(scene: Scene, medium: Medium) -> str:
    """Light for a subject whose surroundings the prompt leaves open."""
    made_up = scene.kind == "fantasy" or (scene.story and medium in _DRAWN)
    if made_up or scene.kind in _OPEN_AIR:
        return "fantasy" if made_up else "outdoor"
    if medium not in _WITH_CAMERA:
        return "form"
    by_kind = dict.fromkeys(ANIMALS, "outdoor") | {"sea": "underwater", "food": "food"}
    if scene.layout == "single" and not scene.lively:
        by_kind["person"] = "natural" if scene.busy else "portrait"
    if scene.settled:
        by_kind["object"] = "studio"
    return by_kind.get(scene.kind, "natural")


def composition_key(scene: Scene, medium: Medium, *, lettered: bool) -> str | None:
    """Framing for what is shown; None where any would fight the prompt's own arrangement."""
    if medium is Medium.GRAPHIC_DESIGN:
        return "lettering" if lettered else scene.design or "graphic"
    told = (
        (None, scene.layout == "mixed"),
        ("lettering", lettered and scene.layout in ("single", "contact")),
        ("interaction", scene.many and scene.together),
        ("fantasy", (scene.story or scene.kind == "fantasy") and medium not in BY_HAND),
        ("landscape", scene.kind == "landscape"),
        (_framing_of_many(scene), scene.many),
        ("horizontal", scene.layout == "horizontal"),
        ("moving", scene.lively),
        (None, scene.layout in _TOUCHING),
    )
    return next((key for key, holds in told if holds), _framing_of_one(scene))


def _framing_of_many(scene: Scene) -> str | None:
    """A still life for things, a group for the living; a listing of unlike things tells itself."""
    if scene.kind in STILL:
        return None if scene.busy else "still_life"
    by_kind = dict.fromkeys(ANIMALS, "herd") | {"person": "group"}
    return by_kind.get(scene.kind)


def _framing_of_one(scene: Scene) -> str | None:
    if scene.place == "indoor" and scene.kind in _ROOMS:
        return "interior"
    if scene.kind == "person":
        return "at_work" if scene.busy else "portrait"
    if scene.kind == "object":
        return "object" if scene.settled else None
    if scene.kind == "motor":
        return "vehicle"
    own = ("architecture", "vehicle", "abstract", "food")
    return scene.kind if scene.kind in own else "single" if scene.kind in ANIMALS else None


def camera_key(scene: Scene, medium: Medium, pools: Mapping[str, Any]) -> str | None:
    """Lens and angle for photographs; None for other media, and where the light decides."""
    several = scene.many or scene.layout not in ("single", "contact")
    dry = scene.kind == "sea" and scene.place not in (None, "underwater")
    dark = scene.time == "night" and scene.kind not in ANIMALS
    still = scene.many and scene.kind in STILL
    busy = scene.kind == "person" and scene.busy
    if medium is not Medium.PHOTOGRAPH or scene.kind in ("graphic", "abstract"):
        return None
    if scene.source in DARK_SOURCES or (dark and several) or (busy and (scene.lively or several)):
        return None
    if scene.together or (several and not scene.many):
        return None
    keys = (
        "interior" if scene.place == "indoor" and scene.kind in _ROOMS else None,
        scene.kind if scene.kind in ("landscape", "architecture") else None,
        "still_life" if still else None,
        "at_work" if busy else None,
        "several" if several else None,
        "any" if dry else None,
        "night" if dark else None,
    )
    return first_key(pools, (*keys, scene.kind))


def mood_keys(scene: Scene, medium: Medium) -> tuple[str | None, ...]:
    """Moods for scenes and living things; things and flat design are better left without one."""
    if medium is Medium.GRAPHIC_DESIGN:
        return ()
    story = "story" if scene.story else None
    lively = "lively" if scene.lively else None
    posed = scene.kind == "person" and not scene.busy and scene.layout == "single"
    person = "portrait" if posed and not scene.many else None
    return (story, lively, scene.weather, scene.time, person, scene.kind)


def palette_keys(scene: Scene, medium: Medium) -> tuple[str | None, ...]:
    """Schemes for a scene or a drawn picture; a photographed thing keeps its own colours."""
    scenic = (scene.weather, scene.time, scene.place)
    if medium in _DRAWN and not scene.source:
        return (*scenic, scene.kind)
    if medium is Medium.GRAPHIC_DESIGN:
        return ("graphic",)
    if scene.source or not (scene.weather or scene.time or scene.kind in _SCENIC):
        return ()
    return scenic


def backdrop_key(scene: Scene, medium: Medium) -> str | None:
    """Neutral surroundings for a single thing at rest whose place is unsaid, else None."""
    if not scene.settled or scene.kind in _WITHOUT_BACKDROP:
        return None
    if medium is Medium.PHOTOGRAPH:
        # The lens already blurs what is behind an animal, a plant or a dish.
        return None if scene.kind in _WILD | {"food", "sea"} else "photograph"
    by_medium = dict.fromkeys((Medium.PAINTING, Medium.DRAWING, Medium.ILLUSTRATION), "drawn")
    by_medium |= {Medium.RENDER_3D: "render_3d", Medium.GRAPHIC_DESIGN: "graphic"}
    return by_medium.get(medium)
