"""A series file in, a Series out: what the pictures of a batch share."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from imagine.stages.demands import MAX_EXCLUDED
from imagine.stages.document import decode, texts_in
from imagine.stages.errors import SpecError, quoted_path
from imagine.stages.files import read_text
from imagine.stages.series_cast import Character
from imagine.stages.spec import (
    MAX_SPEC_BYTES,
    UNSTORABLE,
    Attribute,
    Clause,
    Color,
    Medium,
    Name,
    Part,
    Phrase,
    PromptSpec,
    Setting,
    spec_format_of,
    spec_from_dict,
    unstorable_shown,
)
from imagine.stages.styles import load_styles
from imagine.stages.validation import fault_sentence

SLOTS = ("setting", "composition", "lighting", "camera", "mood")


class SeriesStyle(Part):
    """What the pictures are made as. A `detail` that names a medium sets it as well."""

    medium: Medium | None = None
    detail: Phrase | None = None
    preset: Name | None = None
    """Names of style presets, joined by " + "."""


class Series(Part):
    """What all pictures of a series share; everything is optional, something must be there."""

    style: SeriesStyle = SeriesStyle()
    styles: tuple[Name, ...] = Field(default=(), max_length=6)
    """Names of style presets, which are applied before the series; later ones win."""
    setting: Setting | None = None
    composition: Clause | None = None
    lighting: Clause | None = None
    camera: Clause | None = None
    mood: Phrase | None = None
    palette: tuple[Color, ...] = Field(default=(), max_length=6)
    exclude: tuple[Attribute, ...] = Field(default=(), max_length=MAX_EXCLUDED)
    avoid: tuple[Attribute, ...] = Field(default=(), max_length=MAX_EXCLUDED)
    """As `exclude`, which is how descriptions call it and style presets do not."""
    characters: tuple[Character, ...] = Field(default=(), max_length=24)

    @property
    def presets(self) -> tuple[str, ...]:
        """The names of the style presets to apply before the series, each once."""
        names = self.style.preset.split("+") if self.style.preset else []
        return tuple(dict.fromkeys([*filter(None, map(str.strip, names)), *self.styles]))

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [character.name.casefold() for character in self.characters]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"has two characters called '{self.characters[place].name}'")
        return self

    @model_validator(mode="after")
    def _sets_something(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("sets nothing that pictures could share, such as style or lighting")
        return self

    def to_json(self) -> str:
        """The series as one line, the same for equal series."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(values, ensure_ascii=False, sort_keys=True)


def load_series(path: Path) -> Series:
    """Read a series from a .yaml, .yml, .json or .toml file.

    Raises:
        SpecError: it cannot be read, is over 1 MB, is not of its syntax, or is no series.
    """
    text = read_text(path, limit=MAX_SPEC_BYTES)
    syntax = spec_format_of(path)
    origin = quoted_path(path)
    return series_from(decode(text, syntax, origin=origin), origin=origin)


def series_from(document: object, *, origin: str = "the series") -> Series:
    """A series from plain values.

    A whole description, or a recipe with one in it, gives what `series_of` takes from it. A
    `style` that is plain text is the name of a built-in preset, or else the style in words.

    Args:
        document: as a file of JSON, YAML or TOML holds it.
        origin: what to call it in an error, usually the file name.

    Raises:
        SpecError: the first broken rule, with the field it is in.
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"{origin} holds no fields; write some such as `lighting: soft daylight`.")
    found = next((hit for text in texts_in(document) if (hit := UNSTORABLE.search(text))), None)
    if found:
        raise SpecError(f"{origin} contains {unstorable_shown(found[0])}; remove it.")
    if isinstance(recorded := document.get("spec"), dict):
        document = recorded
    if "source_prompt" in document:
        return series_of(spec_from_dict(dict(document), origin=origin), origin=origin)
    try:
        return Series.model_validate(_written_out(document))
    except ValidationError as error:
        raise SpecError(fault_sentence(error, Series, origin=origin)) from error


def series_of(spec: PromptSpec, *, origin: str = "the description") -> Series:
    """What the pictures of a series share when they are to look like one of `spec`.

    Its subjects, relations and texts are that picture's own. Presets that are not built in have
    left their words in the other slots and are not asked for again.

    Raises:
        SpecError: nothing is left.
    """
    names = (spec.style.preset or "").split(" + ")
    preset = " + ".join(name for name in names if name in load_styles()) or None
    style = {"medium": spec.style.medium, "detail": spec.style.detail, "preset": preset}
    slots = {slot: getattr(spec, slot) for slot in (*SLOTS, "palette", "exclude")}
    try:
        return Series.model_validate({"style": style} | slots)
    except ValidationError as error:
        raise SpecError(fault_sentence(error, Series, origin=origin)) from error


def _written_out(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not null, with a style in words as a table."""
    fields = {name: _without_nulls(value) for name, value in document.items() if value is not None}
    style = fields.get("style")
    if isinstance(style, str):
        fields["style"] = {"preset" if style.strip() in load_styles() else "detail": style}
    return fields


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
