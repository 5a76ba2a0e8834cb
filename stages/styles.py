"""Style presets: TOML files in, StylePresets out, and a PromptSpec with one of them applied."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError

from imagine.stages.demands import MAX_EXCLUDED, demands_of, shorten
from imagine.stages.document import decode
from imagine.stages.errors import ConfigError, SpecError, quoted_path, unreadable
from imagine.stages.files import read_text
from imagine.stages.intent import Intent, Slot, parse_intent
from imagine.stages.rules.contradiction import contradictions
from imagine.stages.rules.subjects import nouns_of
from imagine.stages.rules.words import asks_for
from imagine.stages.spec import Attribute, Clause, Color, Medium, Part, Phrase, PromptSpec, like
from imagine.stages.validation import fault_sentence

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

MAX_PRESET_BYTES = 2**20

Family = Literal[
    "photography", "painting", "drawing", "illustration", "3d", "graphic", "craft", "retro", "pixel"
]

PresetName = Annotated[
    str,
    like(
        r"(?=.{1,30}$)[a-z0-9]+(?:-[a-z0-9]+)*",
        "at most 30 lower-case letters, digits and single hyphens",
    ),
]
# Framing of one thing, which a prompt for several rules out.
_FOR_ONE = re.compile(r"\b(?:single|one|isolated|centered|compact|specimen-like)\b")
_WITH_CAMERA = frozenset({Medium.PHOTOGRAPH, Medium.RENDER_3D})
_CLAUSES: tuple[Literal["lighting", "composition", "camera", "mood"], ...] = (
    "lighting",
    "composition",
    "camera",
    "mood",
)


class StylePreset(Part):
    """A named look: what it sets, and the media of a prompt that it may be combined with."""

    name: PresetName
    """Of the file, in kebab-case."""
    title: Attribute
    family: Family
    description: Clause
    """One line for listings."""
    medium: Medium
    fits: tuple[Medium, ...] = ()
    """Media that a prompt may state beside `medium` without the preset being left out."""
    detail: Phrase
    lighting: Clause | None = None
    composition: Clause | None = None
    camera: Clause | None = None
    mood: Phrase | None = None
    palette: tuple[Color, ...] = Field(default=(), max_length=6)
    avoid: tuple[Attribute, ...] = Field(default=(), max_length=6)
    """What spoils the look."""


def load_styles(extra_directory: Path | None = None) -> dict[str, StylePreset]:
    """Every preset by name: the built-in ones, then those of `extra_directory`, which override.

    A directory that does not exist holds no presets.

    Raises:
        ConfigError: the directory or a file there cannot be read, or a file is no preset; names
            the file and the field.
    """
    styles = dict(_built_in())
    if extra_directory is not None:
        styles |= _read_all(_preset_files(extra_directory))
    return dict(sorted(styles.items()))


@cache
def _built_in() -> dict[str, StylePreset]:
    from importlib.resources import files

    folder = files("imagine.prompts") / "styles"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return _read_all(sorted(found, key=lambda entry: entry.name))


def _read_all(paths: "Iterable[Traversable]") -> dict[str, StylePreset]:
    presets = (_read(path) for path in paths)
    return {preset.name: preset for preset in presets}


def _preset_files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"The style directory {unreadable(directory, error)}") from error


def _read(path: "Traversable") -> StylePreset:
    origin = f"The style file {quoted_path(path)}"
    try:
        fields = decode(_text_of(path), "toml", origin=origin)
        return StylePreset.model_validate(fields | {"name": path.name.removesuffix(".toml")})
    except SpecError as error:
        raise ConfigError(str(error)) from error
    except ValidationError as error:
        raise ConfigError(fault_sentence(error, StylePreset, origin=origin)) from error


def _text_of(path: "Traversable") -> str:
    """The text of a preset; shipped ones may lie inside an archive, and are not checked."""
    if isinstance(path, Path):
        return read_text(path, limit=MAX_PRESET_BYTES)
    return path.read_text(encoding="utf-8")


def apply_style(
    spec: PromptSpec, preset: StylePreset, intent: Intent
) -> tuple[PromptSpec, str | None]:
    """The spec with the preset's look in every slot that the prompt leaves open.

    Of several presets applied in turn, the later one wins where both speak.

    Returns:
        The spec, and None; or the spec as it was, and a sentence that says why the preset is left
        out: the prompt's own medium, or its words, are at odds with it.
    """
    reason = _misfit(spec, preset, intent)
    if reason is not None:
        return spec, f"Style '{preset.name}' is left out: {reason}."
    changes = _look(spec, preset, intent)
    return spec.replace(**changes, assumptions=_assumptions(spec, preset, changes)), None


def avoided_by_styles(spec: PromptSpec) -> frozenset[str]:
    """What the built-in presets of `spec` avoid: fit for a negative prompt, not to be spoken of.

    A model without a negative channel tends to draw what is named.
    """
    names = spec.style.preset.split(" + ") if spec.style.preset else []
    presets = (_built_in().get(name) for name in names)
    return frozenset(term for preset in presets if preset for term in preset.avoid)


def _misfit(spec: PromptSpec, preset: StylePreset, intent: Intent) -> str | None:
    if intent.media and not intent.media & {preset.medium, *preset.fits}:
        asked = " or ".join(_called(medium) for medium in Medium if medium in intent.media)
        return f"the prompt asks for {asked}"
    if found := contradictions(preset.detail, intent):
        return found[0].detail
    if len(_preset_names(spec, preset)) > 60:
        return "too many styles are combined"
    return None


def _called(medium: Medium) -> str:
    words = {
        Medium.RENDER_3D: "3D render",
        Medium.GRAPHIC_DESIGN: "graphic design",
        Medium.PIXEL_ART: "pixel art",
    }
    word = words.get(medium, medium.value)
    if medium in (Medium.GRAPHIC_DESIGN, Medium.PIXEL_ART):
        return word
    return f"an {word}" if word[0] in "aio" else f"a {word}"


def _preset_names(spec: PromptSpec, preset: StylePreset) -> str:
    earlier = spec.style.preset.split(" + ") if spec.style.preset else []
    return " + ".join(dict.fromkeys([*earlier, preset.name]))


def _look(spec: PromptSpec, preset: StylePreset, intent: Intent) -> dict[str, Any]:
    """New values by slot."""
    medium = preset.medium if not intent.media else spec.style.medium
    style = {"medium": medium, "detail": preset.detail, "preset": _preset_names(spec, preset)}
    changes: dict[str, Any] = {"style": spec.style.model_copy(update=style)}
    changed = medium != spec.style.medium
    if changed and _was_added(spec, "setting", spec.setting):
        changes["setting"] = None  # a blurred backdrop belongs to a photograph, not to a woodcut
    for slot in _CLAUSES:
        if slot in intent.stated:
            continue
        value = getattr(preset, slot)
        crowded = slot == "composition" and _FOR_ONE.search(value or "") and _several(intent)
        if value and not crowded and not contradictions(value, intent):
            changes[slot] = value
        elif (
            changed
            and slot in ("lighting", "camera")
            and _was_added(spec, slot, getattr(spec, slot))
        ):
            changes[slot] = None
    if medium not in _WITH_CAMERA and "camera" not in changes and "camera" not in intent.stated:
        changes["camera"] = None
    if _palette_is_open(intent) and (preset.palette or parse_intent(preset.detail).monochrome):
        changes["palette"] = preset.palette
    changes["exclude"] = _exclusions(spec, preset, intent)
    return changes


def _was_added(spec: PromptSpec, slot: str, value: str | None) -> bool:
    return value is not None and shorten(f"{slot}: {value}", 80) in spec.assumptions


def _several(intent: Intent) -> bool:
    things = [entity for entity in intent.entities if not entity.is_place]
    return len(things) > 1 or any(entity.plural for entity in things)


def _palette_is_open(intent: Intent) -> bool:
    slot: Slot = "palette"
    colored = intent.monochrome or any(entity.colors for entity in intent.entities)
    return not colored and slot not in intent.stated


def _exclusions(spec: PromptSpec, preset: StylePreset, intent: Intent) -> tuple[str, ...]:
    """The preset's `avoid` after what is excluded already, but for what the prompt asks for."""
    demands = demands_of(intent)
    said = nouns_of(intent.core)
    avoid = (
        term
        for term in preset.avoid
        if not said & nouns_of(term) and not asks_for(term, intent, demands)
    )
    return tuple(dict.fromkeys([*spec.exclude, *avoid]))[:MAX_EXCLUDED]


def _assumptions(spec: PromptSpec, preset: StylePreset, changes: dict[str, Any]) -> tuple[str, ...]:
    """The names of the presets, and the lines of the slots that this one has not set anew."""
    gone = {*changes, "medium"}
    kept = [line for line in spec.assumptions if line.partition(":")[0] not in gone]
    lines = [f"style: preset {changes['style'].preset}", *kept]
    for slot in (*_CLAUSES, "palette"):
        if value := changes.get(slot):
            lines.append(f"{slot}: {value if isinstance(value, str) else ', '.join(value)}")
    return tuple(shorten(line, 80) for line in lines)[:8]
