"""PromptSpec: the structured description of a picture, in and out as JSON, YAML or TOML.

Fields and limits follow what keeps a user's intent and what image models react to; an unknown
slot is null, and filling every slot is not a goal.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from imagine.stages.errors import SpecError, UsageError

MAX_PROMPT_LENGTH = 4000
# Control characters and halves of surrogate pairs: no file format keeps them.
UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
SpecFormat = Literal["json", "yaml", "toml"]


class Medium(StrEnum):
    """What the picture is made as; one of these whatever its finer style."""

    PHOTOGRAPH = "photograph"
    PAINTING = "painting"
    DRAWING = "drawing"
    ILLUSTRATION = "illustration"
    RENDER_3D = "render_3d"
    GRAPHIC_DESIGN = "graphic_design"
    SCULPTURE = "sculpture"
    PIXEL_ART = "pixel_art"
    OTHER = "other"


class RelationKind(StrEnum):
    """How subject `a` stands to subject `b`: "a left_of b", "a wearing b"."""

    LEFT_OF = "left_of"
    RIGHT_OF = "right_of"
    ABOVE = "above"
    BELOW = "below"
    BEHIND = "behind"
    IN_FRONT_OF = "in_front_of"
    INSIDE = "inside"
    ON = "on"
    NEXT_TO = "next_to"
    BETWEEN = "between"
    HOLDING = "holding"
    WEARING = "wearing"
    RIDING = "riding"
    FACING = "facing"
    OTHER = "other"


class Position(StrEnum):
    """Where in the frame a subject stands: a cell of a 3x3 grid, or a depth plane."""

    TOP_LEFT = "top_left"
    TOP = "top"
    TOP_RIGHT = "top_right"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom_right"
    FOREGROUND = "foreground"
    MIDGROUND = "midground"
    BACKGROUND = "background"


def _chars(limit: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=limit)


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, _chars(60)]
Attribute = Annotated[str, _chars(40)]
Phrase = Annotated[str, _chars(80)]
Clause = Annotated[str, _chars(120)]
Setting = Annotated[str, _chars(240)]
Color = Annotated[str, StringConstraints(pattern=r"^(?:#[0-9A-Fa-f]{6}|[^\W\d_][\w -]{0,29})$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(_Part):
    """One thing in the picture."""

    id: Slug
    """Name used by relations; unique within the spec."""
    name: Name
    """What it is, as the user called it, without article, number and colour: "corgi"."""
    source_span: str | None = None
    """The words of the source prompt that name it, letter for letter; null when added."""
    count: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many; null when the prompt does not say."""
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=8)] = ()
    colors: Annotated[tuple[Color, ...], Field(max_length=4)] = ()
    """Colour words or #RRGGBB."""
    action: Phrase | None = None
    pose: Phrase | None = None
    position: Position | None = None
    origin: Literal["user", "added"] = "user"
    """"added" marks what the enhancer brought in by itself."""

    @field_validator("source_span")
    @classmethod
    def _span_is_nfc(cls, value: str | None) -> str | None:
        return value and unicodedata.normalize("NFC", value)


class Relation(_Part):
    """`a` stands in relation `kind` to `b`; both are subject ids."""

    a: Slug
    kind: RelationKind
    b: Slug


class Style(_Part):
    medium: Medium
    detail: Phrase | None = None
    """The finer style in words: "loose watercolour on rough paper"."""
    preset: Name | None = None
    """Name of the style preset that was applied."""


class TextItem(_Part):
    """Words to be rendered in the picture."""

    content: Clause
    """Copied by code from the user's quotes, never written by a model."""
    placement: Name | None = None
    typeface: Name | None = None


class Resolution(_Part):
    """What an implicit phrase of the prompt means; added to it, never replacing it."""

    phrase: Clause
    meaning: Clause


class PromptSpec(_Part):
    """The structured description, schema version 1.

    `schema_version`, `source_prompt`, `language` and `text[].content` are set by code; the rest is
    filled by an enhancer or by hand.

    Raises (through `parse_spec`): SpecError for unknown fields, wrong types and broken limits.
    """

    schema_version: Literal[1] = 1
    source_prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_LENGTH)]
    """The user's words, verbatim, in Unicode NFC."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    """ISO 639 code guessed from the script; "und" when unclear."""
    subjects: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=6)]
    relations: Annotated[tuple[Relation, ...], Field(max_length=8)] = ()
    setting: Setting | None = None
    style: Style
    composition: Clause | None = None
    lighting: Clause | None = None
    camera: Clause | None = None
    mood: Phrase | None = None
    palette: Annotated[tuple[Color, ...], Field(max_length=6)] = ()
    text: Annotated[tuple[TextItem, ...], Field(max_length=6)] = ()
    exclude: Annotated[tuple[Attribute, ...], Field(max_length=12)] = ()
    """What must not be in the picture."""
    aspect_ratio: AspectRatio | None = None
    resolutions: Annotated[tuple[Resolution, ...], Field(max_length=4)] = ()
    assumptions: Annotated[tuple[Phrase, ...], Field(max_length=8)] = ()
    """What the enhancer added, in words for the user."""

    @field_validator("source_prompt")
    @classmethod
    def _source_is_nfc(cls, value: str) -> str:
        return unicodedata.normalize("NFC", value)

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        ids = [subject.id for subject in self.subjects]
        if len(set(ids)) != len(ids):
            raise ValueError(f"subject ids must be unique, got {', '.join(ids)}")
        for relation in self.relations:
            for end in (relation.a, relation.b):
                if end not in ids:
                    raise ValueError(f"relation names '{end}', which is no subject id")
        for subject in self.subjects:
            if subject.source_span is not None and subject.source_span not in self.source_prompt:
                raise ValueError(
                    f"source_span '{subject.source_span}' of subject '{subject.id}' "
                    "is not in source_prompt"
                )
        return self

    def replace(self, **changes: Any) -> Self:
        """A validated copy with `changes` applied."""
        return type(self).model_validate(dict(self) | changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values in field order; null and empty slots are left out."""
        dumped = self.model_dump(mode="json")
        return {key: kept for key, value in dumped.items() if (kept := _prune(value)) is not None}


def _prune(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: kept for key, item in value.items() if (kept := _prune(item)) is not None}
    if isinstance(value, list):
        return [_prune(item) for item in value] or None
    return value


def clean_prompt(raw: str) -> str:
    """The prompt as the program keeps it: NFC, outer white space removed.

    Raises:
        UsageError: it is empty, longer than 4,000 characters, or holds control characters or
            lone surrogates (text that cannot be stored in a picture's metadata).
    """
    prompt = unicodedata.normalize("NFC", raw.replace("\r\n", "\n")).strip()
    if not prompt:
        raise UsageError('The prompt is empty; say what to draw, as in: imagine "a red fox".')
    length = len(prompt)
    if length > MAX_PROMPT_LENGTH:
        raise UsageError(
            f"The prompt has {length} characters, the limit is {MAX_PROMPT_LENGTH}; shorten it."
        )
    found = UNSTORABLE.search(prompt)
    if found:
        raise UsageError(f"The prompt contains {_unstorable(found[0])}; remove it.")
    return prompt


def _unstorable(char: str) -> str:
    kind = "lone surrogate" if "\ud800" <= char <= "\udfff" else "control character"
    return f"the {kind} U+{ord(char):04X}"


def parse_spec(text: str, *, format: SpecFormat, origin: str = "the description") -> PromptSpec:
    """Read a spec from JSON, YAML or TOML text.

    Args:
        text: the document.
        format: its syntax.
        origin: what to call it in an error, usually the file name.

    Raises:
        SpecError: the text is not of that syntax, or breaks a rule of the schema.
    """
    try:
        document = _decode(text, format)
    except (ValueError, RecursionError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise SpecError(f"{origin} is not valid {format.upper()}: {reason}; correct it.") from error
    if not isinstance(document, dict):
        raise SpecError(
            f"{origin} holds a {type(document).__name__}, no fields; see `imagine enhance`."
        )
    return spec_from_dict(document, origin=origin)


def spec_from_dict(document: dict[str, Any], *, origin: str = "the description") -> PromptSpec:
    """Validate plain values as a spec.

    Raises:
        SpecError: the first broken rule, with the field it is in.
    """
    found = next((hit for text in _texts(document) if (hit := UNSTORABLE.search(text))), None)
    if found:
        raise SpecError(f"{origin} contains {_unstorable(found[0])}; remove it.")
    try:
        return PromptSpec.model_validate(document)
    except ValidationError as error:
        first, *others = _distinct(error)
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        more = f" (and {len(others)} more)" if others else ""
        what = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            what = "there is no such field"
        raise SpecError(f"{origin}: {where}: {what}{more}; correct the field.") from error


def _texts(value: Any) -> Iterator[str]:
    """Every text in plain values, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _distinct(error: ValidationError) -> list[Any]:
    """The errors without those that only follow from one further inside."""
    errors = error.errors(include_url=False, include_context=False)
    inside = [other["loc"][:depth] for other in errors for depth in range(1, len(other["loc"]))]
    return [found for found in errors if found["loc"] not in inside]


def _decode(text: str, format: SpecFormat) -> Any:
    if format == "json":
        return json.loads(text)
    if format == "toml":
        import tomllib

        return tomllib.loads(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def format_spec(spec: PromptSpec, *, format: SpecFormat) -> str:
    """The spec as text that `parse_spec` reads back to an equal spec; ends with a newline."""
    document = spec.to_dict()
    if format == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if format == "toml":
        import tomli_w

        return tomli_w.dumps(document)
    import yaml

    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)


def spec_format_of(path: Path) -> SpecFormat:
    """The syntax that a file name stands for.

    Raises:
        SpecError: the ending is none of .json, .yaml, .yml, .toml.
    """
    formats: dict[str, SpecFormat] = {
        ".json": "json",
        ".yaml": "yaml",
        ".yml": "yaml",
        ".toml": "toml",
    }
    try:
        return formats[path.suffix.lower()]
    except KeyError:
        raise SpecError(
            f"'{path.name}' does not end in .json, .yaml, .yml or .toml; rename it so."
        ) from None


def load_spec(path: Path) -> PromptSpec:
    """Read a spec file; its ending says the syntax.

    Raises:
        SpecError: it cannot be read, is not UTF-8, or is not a valid description.
    """
    format = spec_format_of(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(f"'{path}' cannot be read: {error.strerror}; check the path.") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"'{path}' is not UTF-8 text; save it as UTF-8.") from error
    return parse_spec(text, format=format, origin=f"'{path}'")
