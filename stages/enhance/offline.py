"""The offline enhancer: from an Intent to a PromptSpec, with phrases chosen from our own lists.

It fills only what the prompt leaves open, never adds things, and needs neither key nor download.
The same prompt and seed give the same description on every machine.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from imagine.stages import lexicon
from imagine.stages.contradiction import colorful_words, contradictions, excluded_terms
from imagine.stages.demands import Demands, demands_of, shorten
from imagine.stages.enhance import Enhancement
from imagine.stages.enhance.scene import ANIMALS, Scene, scene_of
from imagine.stages.intent import Intent
from imagine.stages.lexicon import singular
from imagine.stages.spec import Medium, PromptSpec, Style, TextItem

MODEL = "offline-1"

_WITH_CAMERA = frozenset({Medium.PHOTOGRAPH, Medium.RENDER_3D})
_DRAWN = frozenset({Medium.PAINTING, Medium.ILLUSTRATION})
_DESIGNED = frozenset({"logo", "icon", "poster", "banner", "sticker", "emblem", "badge", "flyer"})


class OfflineEnhancer:
    """Fills a PromptSpec without a model; see `Enhancer`."""

    name = "offline"

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        """Describe the prompt; `seed` (0 to 2**32 - 1) picks among equally good phrases."""
        demands = demands_of(intent)
        added = _additions(intent, seed) if intent.language == "en" else {}
        style = added.pop("style", Style(medium=_stated_medium(intent) or Medium.OTHER))
        spec = PromptSpec(
            source_prompt=intent.source,
            language=intent.language,
            subjects=demands.subjects,
            relations=demands.relations,
            style=style,
            text=_text(demands),
            exclude=demands.exclude,
            aspect_ratio=intent.aspect_ratio,
            assumptions=_assumptions(intent, style, added),
            **{"setting": shorten(intent.setting, 240) if intent.setting else None, **added},
        )
        return Enhancement(spec=spec, model=MODEL)


def _text(demands: Demands) -> tuple[TextItem, ...]:
    return tuple(TextItem(content=content) for content in demands.texts)


def _assumptions(intent: Intent, style: Style, added: dict[str, Any]) -> tuple[str, ...]:
    """What was added, a line each: "lighting: soft overcast light"."""
    lines = []
    medium = style.medium.value.replace("_", " ")
    if style.medium is not Medium.OTHER and style.medium not in intent.media:
        lines.append(f"medium: {medium}")
    if style.detail:
        lines.append(f"style: {style.detail}")
    for slot, value in added.items():
        lines.append(f"{slot}: {value if isinstance(value, str) else ', '.join(value)}")
    return tuple(shorten(line, 80) for line in lines)[:8]


def _additions(intent: Intent, seed: int) -> dict[str, Any]:
    """Values for the slots that the prompt leaves open."""
    scene = scene_of(intent)
    choose = _Chooser(intent, scene, seed)
    medium = _stated_medium(intent) or _fitting_medium(scene, choose)
    style = Style(medium=medium, detail=_detail(intent, scene, medium, choose))
    found: dict[str, Any] = {
        "style": style,
        "setting": None,
        "lighting": _lighting(intent, scene, medium, choose),
    }
    if not scene.long:
        framed = bool(intent.stated & {"camera", "composition"})
        found["setting"] = _backdrop(intent, scene, medium, choose)
        found["composition"] = None if framed else _composition(intent, scene, medium, choose)
        found["camera"] = None if framed else _camera(scene, medium, choose)
        found["mood"] = _mood(intent, scene, choose)
        found["palette"] = _palette(intent, scene, medium, choose)
    return {slot: value for slot, value in found.items() if value}


def _stated_medium(intent: Intent) -> Medium | None:
    """The medium that the prompt asks for; of several, the first in the order of Medium."""
    return next((medium for medium in Medium if medium in intent.media), None)


def _fitting_medium(scene: Scene, choose: "_Chooser") -> Medium:
    if scene.words & _DESIGNED:
        return Medium.GRAPHIC_DESIGN
    if scene.kind == "abstract":
        return Medium.ILLUSTRATION
    if scene.kind == "fantasy":
        return choose.one_of("medium", (Medium.ILLUSTRATION, Medium.RENDER_3D))
    if scene.story:
        return choose.one_of(
            "medium", (Medium.PHOTOGRAPH, Medium.ILLUSTRATION, Medium.RENDER_3D)
        )
    return Medium.PHOTOGRAPH


def _detail(intent: Intent, scene: Scene, medium: Medium, choose: "_Chooser") -> str | None:
    """A finish for the medium; none where the prompt names a particular style itself."""
    tables = lexicon.document("enhance_style")
    if medium.value not in tables:
        return None
    table = tables[medium.value]
    if intent.medium_phrase:
        words = [singular(word) for word in re.findall(r"\w+", intent.medium_phrase.lower())]
        named = next((key for word in words if (key := _technique(word)) in table), None)
        if named:
            return choose.phrase("style", table[named])
        if not set(words) <= _plain_words():
            return None
    if intent.monochrome:
        return choose.phrase("style", table.get("monochrome", table["any"]))
    keys = ["story"] if scene.story else []
    keys += ["night"] if scene.time == "night" and scene.kind not in ANIMALS else []
    return choose.phrase("style", table[_key(table, *keys, scene.kind, "any")])


def _technique(word: str) -> str:
    """The technique that a word of the prompt's medium names: "watercolour" -> "watercolor"."""
    return lexicon.table("enhance_style.techniques").get(word, word)


def _plain_words() -> frozenset[str]:
    return lexicon.words("enhance_style.plain.words")


def _lighting(intent: Intent, scene: Scene, medium: Medium, choose: "_Chooser") -> str | None:
    if "lighting" in intent.stated or len(intent.times) > 1:
        return None
    pools = lexicon.table("enhance_lighting.phrases")
    return choose.phrase("lighting", pools[_light_key(scene, medium)])


def _light_key(scene: Scene, medium: Medium) -> str:
    by_medium = {Medium.GRAPHIC_DESIGN: "graphic", Medium.PIXEL_ART: "pixel"}
    if medium in by_medium:
        return by_medium[medium]
    if scene.place in ("underwater", "space"):
        return scene.place
    if scene.place == "indoor":
        return "night_indoor" if scene.time == "night" else "indoor"
    if scene.time:
        return scene.time
    if scene.weather:
        return scene.weather
    if scene.place:
        return "outdoor" if scene.place == "field" else scene.place
    if medium is Medium.DRAWING:
        return "tone"
    if scene.kind in ("landscape", "vehicle", "architecture", "plant"):
        return "outdoor"
    if medium not in _WITH_CAMERA or scene.lively:
        return "form"
    if scene.kind == "sea":
        return "underwater"
    if scene.kind in ANIMALS:
        return "outdoor"
    if scene.kind == "person":
        return "portrait" if scene.layout == "single" else "form"
    return "food" if scene.kind == "food" else "studio"


def _composition(intent: Intent, scene: Scene, medium: Medium, choose: "_Chooser") -> str | None:
    pools = lexicon.table("enhance_composition.phrases")
    key = _composition_key(intent, scene, medium)
    return choose.phrase("composition", pools[key]) if key else None


def _composition_key(intent: Intent, scene: Scene, medium: Medium) -> str | None:
    if scene.layout == "mixed":
        return None
    if intent.quotes and scene.layout in ("single", "contact"):
        return "lettering"
    if scene.layout in ("horizontal", "vertical", "depth", "contact"):
        return scene.layout
    if scene.kind == "landscape":
        return "landscape"
    if scene.lively:
        return "moving"
    if scene.layout == "several":
        return "several"
    if medium is Medium.GRAPHIC_DESIGN:
        return "graphic"
    if scene.kind == "architecture":
        return "interior" if scene.place == "indoor" else "architecture"
    if scene.kind == "person":
        return "portrait"
    if scene.kind in ("vehicle", "abstract"):
        return scene.kind
    if scene.kind in ("food", "object") and scene.settled:
        return scene.kind
    return "single"


def _camera(scene: Scene, medium: Medium, choose: "_Chooser") -> str | None:
    if medium not in _WITH_CAMERA:
        return None
    pools = lexicon.table("enhance_camera.phrases")
    several = scene.layout not in ("single", "contact")
    if medium is Medium.RENDER_3D:
        key = "virtual_several" if several else "virtual"
    elif scene.kind in ("landscape", "architecture"):
        key = "interior" if scene.place == "indoor" else scene.kind
    elif several:
        key = "several"
    elif scene.kind == "sea" and scene.place not in (None, "underwater"):
        key = "object"
    elif scene.time == "night" and scene.kind not in ANIMALS:
        key = "night"
    else:
        key = _key(pools, scene.kind, "object")
    return choose.phrase("camera", pools[key])


def _mood(intent: Intent, scene: Scene, choose: "_Chooser") -> str | None:
    moods = lexicon.words("enhance_subjects.actions.moods")
    if "mood" in intent.stated or scene.words.intersection(moods):
        return None
    pools = lexicon.table("enhance_mood.phrases")
    told = [key for key, holds in (("story", scene.story), ("lively", scene.lively)) if holds]
    key = _key(pools, *told, scene.weather, scene.time, scene.kind, "any")
    return choose.phrase("mood", pools[key])


def _palette(
    intent: Intent, scene: Scene, medium: Medium, choose: "_Chooser"
) -> tuple[str, ...] | None:
    """Colours for a scene or a drawn picture; a photographed thing keeps its own."""
    colored = intent.monochrome or any(entity.colors for entity in intent.entities)
    if colored or "palette" in intent.stated or colorful_words(" ".join(sorted(scene.words))):
        return None
    pools = lexicon.table("enhance_palette.phrases")
    keys = [scene.weather, scene.time, scene.place]
    if medium in _DRAWN:
        keys += [scene.kind, "any"]
    elif medium is Medium.GRAPHIC_DESIGN:
        keys += ["graphic"]
    key = next((key for key in keys if key in pools), None)
    scheme = choose.phrase("palette", pools[key]) if key else None
    return tuple(color.strip() for color in scheme.split(",")) if scheme else None


def _backdrop(intent: Intent, scene: Scene, medium: Medium, choose: "_Chooser") -> str | None:
    """Neutral surroundings for a single thing at rest whose place is unsaid."""
    bare = {"landscape", "architecture", "abstract", "space", "graphic", "any"}
    if not scene.settled or scene.kind in bare or intent.quotes:
        return None
    pools = lexicon.table("enhance_setting.phrases")
    if medium is Medium.PHOTOGRAPH:
        wild = scene.kind in ("mammal", "bird", "reptile", "insect", "plant", "vehicle")
        return choose.phrase("setting", pools["outdoor" if wild else "photograph"])
    by_medium = {Medium.RENDER_3D: "render_3d", Medium.GRAPHIC_DESIGN: "graphic"}
    if medium in (Medium.SCULPTURE, Medium.PIXEL_ART, Medium.OTHER):
        return None
    return choose.phrase("setting", pools[by_medium.get(medium, "drawn")])


def _key(pools: dict[str, Any], *keys: str | None) -> str:
    """The first of `keys` that has a pool; the last one always has."""
    return next(key for key in keys if key is not None and key in pools)


class _Chooser:
    """Picks phrases by a hash of seed, slot and prompt, past those that the prompt rules out."""

    def __init__(self, intent: Intent, scene: Scene, seed: int) -> None:
        self._intent = intent
        self._seed = seed
        terms = " ".join(excluded_terms(intent)).lower()
        self._unwanted = {singular(word) for word in re.findall(r"[^\W\d_]+", terms)}
        # A colour in the light or finish would wash over the colours that the prompt gives.
        self._no_colors = intent.monochrome or any(entity.colors for entity in intent.entities)

    def one_of(self, slot: str, options: Sequence[Medium]) -> Medium:
        return options[self._number(slot) % len(options)]

    def phrase(self, slot: str, pool: Sequence[str]) -> str | None:
        """The chosen phrase of `pool`, or None when the prompt rules out all of them."""
        start = self._number(slot) % len(pool)
        return next(filter(self._fits, [*pool[start:], *pool[:start]]), None)

    def _number(self, slot: str) -> int:
        key = f"{self._seed}\x1f{slot}\x1f{self._intent.source}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")

    def _fits(self, phrase: str) -> bool:
        words = {singular(word) for word in re.findall(r"[^\W\d_]+", phrase.lower())}
        if words & self._unwanted or (self._no_colors and colorful_words(phrase)):
            return False
        return not contradictions(phrase, self._intent)
