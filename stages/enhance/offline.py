"""The offline enhancer: from an Intent to a PromptSpec, with phrases chosen from our own lists.

It fills only what the prompt leaves open, never adds things, and needs neither key nor download.
The same prompt and seed give the same description on every machine.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from imagine.stages.demands import demands_of, excluded_terms, shorten
from imagine.stages.enhance import Enhancement
from imagine.stages.enhance.pools import (
    BY_HAND,
    STILL,
    backdrop_key,
    camera_key,
    composition_key,
    first_key,
    lighting_key,
    mood_keys,
    palette_keys,
)
from imagine.stages.enhance.scene import ANIMALS, DARK_SOURCES, Scene, scene_of
from imagine.stages.intent import Intent
from imagine.stages.language import lexicon
from imagine.stages.language.languages import language_shown
from imagine.stages.language.lexicon import singular
from imagine.stages.rules.contradiction import colorful_words, contradictions
from imagine.stages.spec import Medium, PromptSpec, Style, TextItem

MODEL = "offline-1"

T = TypeVar("T")

# Colour words that in a prompt nearly always name what is eaten or drunk.
_DISHES = frozenset({"coffee", "chocolate", "honey", "wine"})
# Words of light in the prompt itself: more light would quarrel with them.
_LIGHT_TOLD = re.compile(
    r"\b(?:warm|soft|golden|bright|dim|harsh|low|afternoon|morning|evening|dramatic|cinematic|"
    r"studio|natural|ambient|moody|volumetric|rim|back|diffused)(?: \w+)? light(?:ing)?\b"
    r"|\blighting\b|backlit"
)


class OfflineEnhancer:
    """Fills a PromptSpec without a model; see `Enhancer`."""

    name = "offline"

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        """Describe the prompt; `seed` (0 to 2**32 - 1) picks among equally good phrases.

        A prompt in another language than English keeps its own words alone.
        """
        demands = demands_of(intent)
        slots: dict[str, Any] = {"style": Style(medium=_stated_medium(intent) or Medium.OTHER)}
        if intent.language == "en":
            slots = _Describer(intent, seed).slots()
        assumptions = _assumptions(intent, slots)
        if intent.setting:
            slots["setting"] = shorten(intent.setting, 240)
        spec = PromptSpec(
            source_prompt=intent.source,
            language=intent.language,
            subjects=demands.subjects,
            relations=demands.relations,
            text=tuple(TextItem(content=content) for content in demands.texts),
            exclude=demands.exclude,
            aspect_ratio=intent.aspect_ratio,
            assumptions=assumptions,
            **slots,
        )
        return Enhancement(spec=spec, model=MODEL, notes=_remarks(intent))


def _remarks(intent: Intent) -> tuple[str, ...]:
    if intent.language == "en":
        return ()
    return (
        f"The prompt seems to be in {language_shown(intent.language)}: the offline enhancer knows "
        "English only, so it added nothing.",
    )


def _stated_medium(intent: Intent) -> Medium | None:
    """The medium that the prompt asks for; of several, the first in the order of Medium."""
    return next((medium for medium in Medium if medium in intent.media), None)


def _voice(name: str | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = lexicon.document("enhance_voices")[name] if name else {}
    return found


def _assumptions(intent: Intent, slots: dict[str, Any]) -> tuple[str, ...]:
    """What was added, a line each: "lighting: soft overcast light"."""
    style: Style = slots["style"]
    lines = []
    if style.medium is not Medium.OTHER and style.medium not in intent.media:
        lines.append(f"medium: {style.medium.replace('_', ' ')}")
    if style.detail:
        lines.append(f"style: {style.detail}")
    for slot, value in slots.items():
        if slot != "style":
            lines.append(f"{slot}: {value if isinstance(value, str) else ', '.join(value)}")
    return tuple(shorten(line, 80) for line in lines)


class _Describer:
    """Fills slots for one prompt; a hash of seed, slot and prompt picks the phrases."""

    def __init__(self, intent: Intent, seed: int) -> None:
        self._intent = intent
        self._seed = seed
        self._scene: Scene = scene_of(intent)
        terms = " ".join(excluded_terms(intent)).lower()
        self._unwanted = {singular(word) for word in re.findall(r"[^\W\d_]+", terms)}
        # A colour in the light or finish would wash over the colours that the prompt gives.
        self._colored = intent.monochrome or any(entity.colors for entity in intent.entities)
        self._voice = _voice(self._scene.voice)
        self._medium = _stated_medium(intent) or self._fitting_medium()

    def slots(self) -> dict[str, Any]:
        """Values for the slots that the prompt leaves open; a long prompt gets style and light."""
        found: dict[str, Any] = {
            "style": Style(medium=self._medium, detail=self._detail()),
            "lighting": self._lighting(),
        }
        if not self._scene.long:
            found["setting"] = self._setting()
            found |= self._framing()
            found["mood"] = self._mood()
            found["palette"] = self._palette()
        return {slot: value for slot, value in found.items() if value}

    def _fitting_medium(self) -> Medium:
        scene = self._scene
        if scene.design:
            return Medium.GRAPHIC_DESIGN
        if scene.words & lexicon.words("enhance_style.undecided.words"):
            return Medium.OTHER
        if self._voice.get("media"):
            return Medium(self._one_of("medium", self._voice["media"]))
        if scene.kind == "abstract":
            return Medium.ILLUSTRATION
        if scene.kind == "fantasy" or scene.story:
            return self._one_of("medium", (Medium.ILLUSTRATION, Medium.RENDER_3D))
        return Medium.PHOTOGRAPH

    def _detail(self) -> str | None:
        """A finish for the medium; none where the prompt names a particular style itself."""
        table = lexicon.document("enhance_style").get(self._medium)
        words = re.findall(r"\w+", (self._intent.medium_phrase or "").lower())
        aliases = lexicon.table("enhance_style.techniques")
        techniques = [aliases.get(word, word) for word in map(singular, words)]
        named = first_key(table or {}, techniques)
        by_hand = self._medium in BY_HAND and named is not None
        voiced = None if by_hand else self._from_pool("style", self._voice, (self._medium, "any"))
        if voiced or table is None or self._scene.styled:
            return voiced
        if named is not None:
            return self._phrase("style", table[named])
        if not lexicon.words("enhance_style.plain.words").issuperset(words):
            return None
        scene = self._scene
        dark = (scene.time == "night" or scene.source in DARK_SOURCES) and scene.kind not in ANIMALS
        inside = scene.place == "indoor" and scene.kind in ("architecture", "any")
        still = scene.many and scene.kind in STILL
        keys = (
            "monochrome" if self._intent.monochrome else None,
            "space" if scene.story and scene.place == "space" else None,
            "story" if scene.story else None,
            scene.design,
            scene.source if dark else None,
            "night" if dark else None,
            "interior" if inside else None,
            "still_life" if still else None,
            "at_work" if scene.kind == "person" and (scene.busy or scene.many) else None,
            None if scene.kind in ("object", "motor") and not scene.settled else scene.kind,
            "any",
        )
        return self._from_pool("style", table, keys)

    def _lighting(self) -> str | None:
        source = self._scene.source
        told = _LIGHT_TOLD.search(self._intent.core.lower())
        flat = self._medium is Medium.GRAPHIC_DESIGN
        if flat or told or len(self._intent.times) > 1:
            return None
        if "lighting" in self._intent.stated and source is None:
            return None
        if source is None and "lighting" in self._voice:
            return self._phrase("lighting", self._voice["lighting"])
        pools = lexicon.table("enhance_lighting.phrases")
        return self._from_pool("lighting", pools, [lighting_key(self._scene, self._medium)])

    def _setting(self) -> str | None:
        if self._intent.quotes or self._scene.source or self._voice:
            return None
        pools = lexicon.table("enhance_setting.phrases")
        return self._from_pool("setting", pools, [backdrop_key(self._scene, self._medium)])

    def _framing(self) -> dict[str, Any]:
        """Composition and camera, unless the prompt speaks of either: they go together."""
        if self._intent.stated & {"camera", "composition"}:
            return {}
        layouts = lexicon.table("enhance_composition.phrases")
        lenses = lexicon.table("enhance_camera.phrases")
        lettered = bool(self._intent.quotes)
        layout = composition_key(self._scene, self._medium, lettered=lettered)
        lens = camera_key(self._scene, self._medium, lenses)
        photographed = self._medium is Medium.PHOTOGRAPH
        if self._scene.styled and not self._voice:
            return {}
        return {
            "composition": self._voiced("composition", layouts, [layout]),
            "camera": self._voiced("camera", lenses, [lens]) if photographed else None,
        }

    def _mood(self) -> str | None:
        moods = lexicon.words("enhance_subjects.actions.moods")
        if "mood" in self._intent.stated or self._scene.words & moods:
            return None
        pools = lexicon.table("enhance_mood.phrases")
        return self._voiced("mood", pools, mood_keys(self._scene, self._medium))

    def _palette(self) -> tuple[str, ...] | None:
        colorful = colorful_words(" ".join(sorted(self._scene.words - _DISHES)))
        if self._colored or colorful or "palette" in self._intent.stated:
            return None
        pools = lexicon.table("enhance_palette.phrases")
        scheme = self._voiced("palette", pools, palette_keys(self._scene, self._medium))
        return tuple(scheme.split(", ")) if scheme else None

    def _voiced(self, slot: str, pools: Any, keys: Sequence[str | None]) -> str | None:
        """What the prompt's voice says, else a phrase of the first pool there is."""
        if slot in self._voice:
            return self._phrase(slot, self._voice[slot])
        return self._from_pool(slot, pools, keys)

    def _from_pool(self, slot: str, pools: Any, keys: Sequence[str | None]) -> str | None:
        """A phrase of the first pool there is."""
        key = first_key(pools, keys)
        return self._phrase(slot, pools[key]) if key is not None else None

    def _phrase(self, slot: str, pool: Sequence[str]) -> str | None:
        """The chosen phrase of `pool`, or None when the prompt rules out all of them."""
        if not pool:
            return None
        start = self._number(slot) % len(pool)
        return next(filter(self._fits, [*pool[start:], *pool[:start]]), None)

    def _fits(self, phrase: str) -> bool:
        words = {singular(word) for word in re.findall(r"[^\W\d_]+", phrase.lower())}
        if words & self._unwanted or (self._colored and colorful_words(phrase)):
            return False
        return not contradictions(phrase, self._intent)

    def _one_of(self, slot: str, options: Sequence[T]) -> T:
        return options[self._number(slot) % len(options)]

    def _number(self, slot: str) -> int:
        key = f"{self._seed}\x1f{slot}\x1f{self._intent.source}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
