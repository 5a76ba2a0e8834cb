"""Which list of phrases suits a scene: from a Scene and a medium to keys of enhance_*.toml."""

from collections.abc import Iterable, Mapping
from typing import Any

from imagine.stages.enhance.scene import ANIMALS, Scene
from imagine.stages.spec import Medium

WITH_CAMERA = frozenset({Medium.PHOTOGRAPH, Medium.RENDER_3D})

_DRAWN = frozenset({Medium.PAINTING, Medium.ILLUSTRATION})
_ARRANGED = frozenset({"beside", "horizontal", "vertical", "depth", "contact"})
_OPEN_AIR = frozenset({"landscape", "vehicle", "architecture", "plant"})
# A plain backdrop would contradict these, or say nothing.
_WITHOUT_BACKDROP = frozenset({"landscape", "architecture", "abstract", "space", "graphic", "any"})
_WILD = frozenset({"mammal", "bird", "reptile", "insect", "plant", "vehicle"})


def first_key(pools: Mapping[str, Any], keys: Iterable[str | None]) -> str | None:
    """The first of `keys` that has a pool."""
    return next((key for key in keys if key in pools), None)


def lighting_key(scene: Scene, medium: Medium) -> str:
    by_medium = {Medium.GRAPHIC_DESIGN: "graphic", Medium.PIXEL_ART: "pixel"}
    if medium in by_medium:
        return by_medium[medium]
    if scene.place == "indoor" and scene.time == "night":
        return "night_indoor"
    if scene.place in ("underwater", "space", "indoor"):
        return scene.place
    told = scene.time or scene.weather or scene.place
    if told:
        return "outdoor" if told == "field" else told
    return "tone" if medium is Medium.DRAWING else _light_on_subject(scene, medium)


def _light_on_subject(scene: Scene, medium: Medium) -> str:
    """Light for a subject whose surroundings the prompt leaves open."""
    if scene.kind in _OPEN_AIR:
        return "outdoor"
    if medium not in WITH_CAMERA:
        return "form"
    by_kind = dict.fromkeys(ANIMALS, "outdoor") | {"sea": "underwater", "food": "food"}
    if scene.layout == "single" and not scene.lively:
        by_kind["person"] = "portrait"
    if scene.settled:
        by_kind["object"] = "studio"
    return by_kind.get(scene.kind, "natural")


def composition_key(scene: Scene, medium: Medium, *, lettered: bool) -> str | None:
    """Framing for the arrangement first, then the subject; None where any would be a guess."""
    if scene.layout == "mixed":
        return None
    if lettered and scene.layout in ("single", "contact"):
        return "lettering"
    told = (
        (scene.layout, scene.layout in _ARRANGED),
        ("landscape", scene.kind == "landscape"),
        ("moving", scene.lively),
        ("several", scene.layout == "several"),
    )
    return next((key for key, holds in told if holds), _framing_of_one(scene, medium))


def _framing_of_one(scene: Scene, medium: Medium) -> str:
    if medium is Medium.GRAPHIC_DESIGN:
        return "graphic"
    if scene.kind == "architecture" and scene.place == "indoor":
        return "interior"
    if scene.kind in ("food", "object"):
        return scene.kind if scene.settled else "single"
    by_kind = {"person": "portrait"} | {
        kind: kind for kind in ("architecture", "vehicle", "abstract")
    }
    return by_kind.get(scene.kind, "single")


def camera_key(scene: Scene, medium: Medium, pools: Mapping[str, Any]) -> str | None:
    """Lens and angle for photographs and 3D renders; None for other media."""
    several = scene.layout not in ("single", "contact")
    if medium is Medium.RENDER_3D:
        return "virtual_several" if several else "virtual"
    if medium is not Medium.PHOTOGRAPH:
        return None
    if scene.kind in ("landscape", "architecture"):
        return "interior" if scene.place == "indoor" else scene.kind
    dry = scene.kind == "sea" and scene.place not in (None, "underwater")
    dark = scene.time == "night" and scene.kind not in ANIMALS
    keys = ("several" if several else None, "any" if dry else None, "night" if dark else None)
    return first_key(pools, (*keys, scene.kind, "any"))


def mood_keys(scene: Scene) -> tuple[str | None, ...]:
    story = "story" if scene.story else None
    lively = "lively" if scene.lively else None
    return (story, lively, scene.weather, scene.time, scene.kind, "any")


def palette_keys(scene: Scene, medium: Medium) -> tuple[str | None, ...]:
    """Schemes for a scene or a drawn picture; a photographed thing keeps its own colours."""
    scenic = (scene.weather, scene.time, scene.place)
    if medium in _DRAWN:
        return (*scenic, scene.kind, "any")
    return (*scenic, "graphic") if medium is Medium.GRAPHIC_DESIGN else scenic


def backdrop_key(scene: Scene, medium: Medium) -> str | None:
    """Neutral surroundings for a single thing at rest whose place is unsaid, else None."""
    if not scene.settled or scene.kind in _WITHOUT_BACKDROP:
        return None
    if medium is Medium.PHOTOGRAPH:
        return "outdoor" if scene.kind in _WILD else "photograph"
    by_medium = dict.fromkeys((Medium.PAINTING, Medium.DRAWING, Medium.ILLUSTRATION), "drawn")
    by_medium |= {Medium.RENDER_3D: "render_3d", Medium.GRAPHIC_DESIGN: "graphic"}
    return by_medium.get(medium)
