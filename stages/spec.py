"""PromptSpec: the structured description of a picture, in and out as JSON, YAML or TOML.

Fields and limits follow what keeps a user's intent and what image models react to; an unknown
slot is null, and filling every slot is not a goal.
"""

import re
import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from imagine.stages.document import Syntax, decode, encode, texts_in
from imagine.stages.errors import SpecError, UsageError, quoted_path, shown
from imagine.stages.files import read_text
from imagine.stages.validation import fault_sentence

MAX_PROMPT_LENGTH = 4000
# The longest description takes some 30 KB.
MAX_SPEC_BYTES = 2**20
# Control characters and halves of surrogate pairs: no file format keeps them.
UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
SpecFormat = Syntax


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


def like(pattern: str, told: str) -> AfterValidator:
    """Text that matches `pattern` from end to end; `told` says so to the user."""
    expression = re.compile(pattern)

    def check(value: str) -> str:
        if not expression.fullmatch(value):
            raise ValueError(f"must be {told}, got '{shown(value)}'")
        return value

    return AfterValidator(check)


Slug = Annotated[
    str,
    like(r"(?=.{1,60}$)[a-z0-9]+(?:[-_][a-z0-9]+)*", "a name such as red-fox, at most 60 letters"),
]
Name = Annotated[str, _chars(60)]
Attribute = Annotated[str, _chars(40)]
Phrase = Annotated[str, _chars(80)]
Clause = Annotated[str, _chars(120)]
Setting = Annotated[str, _chars(240)]
Color = Annotated[str, like(r"#[0-9A-Fa-f]{6}|[^\W\d_][\w -]{0,29}", "a colour word or #RRGGBB")]
Language = Annotated[str, like(r"[a-z]{2,3}", "a language code such as en")]


class Part(BaseModel):
    """A piece of what is kept in files: no unknown field, no text that a file cannot keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and (found := UNSTORABLE.search(text)):
                raise ValueError(f"contains {unstorable_shown(found[0])}")
        return value


class Subject(Part):
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
    def _span_is_normal(cls, value: str | None) -> str | None:
        return normalized(value) or None if value else None


class Relation(Part):
    """`a` stands in relation `kind` to `b`; both are subject ids."""

    a: Slug
    kind: RelationKind
    b: Slug


class Style(Part):
    medium: Medium
    detail: Phrase | None = None
    """The finer style in words: "loose watercolour on rough paper"."""
    preset: Name | None = None
    """Name of the style preset that was applied."""


class TextItem(Part):
    """Words to be rendered in the picture."""

    content: Clause
    """Copied by code from the user's quotes, never written by a model."""
    placement: Name | None = None
    typeface: Name | None = None


class Resolution(Part):
    """What an implicit phrase of the prompt means; added to it, never replacing it."""

    phrase: Clause
    meaning: Clause


# The slots of a description that are one sentence or phrase, and the characters of each.
PHRASES = {"setting": 240, "composition": 120, "lighting": 120, "camera": 120, "mood": 80}


class PromptSpec(Part):
    """The structured description, schema version 1.

    `schema_version`, `source_prompt`, `language` and `text[].content` are set by code; the rest is
    filled by an enhancer or by hand.

    Raises (through `parse_spec` and `replace`): SpecError for unknown fields, wrong types and
    broken limits.
    """

    schema_version: Literal[1] = 1
    source_prompt: str
    """The user's words, verbatim, as `clean_prompt` keeps them: 1 to 4,000 characters."""
    language: Language = "en"
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
    def _source_is_clean(cls, value: str) -> str:
        prompt = normalized(value)
        if not prompt:
            raise ValueError("is empty")
        if len(prompt) > MAX_PROMPT_LENGTH:
            raise ValueError(f"has {len(prompt)} characters, and {MAX_PROMPT_LENGTH} is the most")
        return prompt

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        ids = [subject.id for subject in self.subjects]
        if len(set(ids)) != len(ids):
            raise ValueError(f"subject ids must be unique, got {shown(', '.join(ids))}")
        for relation in self.relations:
            for end in (relation.a, relation.b):
                if end not in ids:
                    raise ValueError(f"relation names '{end}', which is no subject id")
        for subject in self.subjects:
            if subject.source_span is not None and subject.source_span not in self.source_prompt:
                raise ValueError(
                    f"source_span '{shown(subject.source_span)}' of subject '{subject.id}' "
                    "is not in source_prompt"
                )
        return self

    def replace(self, **changes: Any) -> Self:
        """A validated copy with `changes` applied.

        Raises:
            SpecError: a change breaks a rule of the schema.
        """
        try:
            return type(self).model_validate(dict(self) | changes)
        except ValidationError as error:
            sentence = fault_sentence(error, type(self), origin="the description")
            raise SpecError(sentence) from error

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
    prompt = normalized(raw)
    if not prompt:
        raise UsageError('The prompt is empty; say what to draw, as in: imagine "a red fox".')
    length = len(prompt)
    if length > MAX_PROMPT_LENGTH:
        raise UsageError(
            f"The prompt has {length} characters, the limit is {MAX_PROMPT_LENGTH}; shorten it."
        )
    found = UNSTORABLE.search(prompt)
    if found:
        raise UsageError(f"The prompt contains {unstorable_shown(found[0])}; remove it.")
    return prompt


def normalized(text: str) -> str:
    """`text` in Unicode NFC with "\\n" as line end, without outer white space."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def unstorable_shown(char: str) -> str:
    """What a message calls a character that `UNSTORABLE` finds."""
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
    document = decode(text, format, origin=origin)
    if not isinstance(document, dict):
        what = "a list" if isinstance(document, list) else "nothing but a value"
        raise SpecError(f"{origin} holds {what}, no fields; see `imagine enhance`.")
    return spec_from_dict(document, origin=origin)


def spec_from_dict(document: dict[str, Any], *, origin: str = "the description") -> PromptSpec:
    """Validate plain values as a spec.

    A field that is null is left open, as after `exclude:` in YAML. A `source_span` that the source
    prompt no longer has, since someone edited the prompt, is left out.

    Raises:
        SpecError: the first broken rule, with the field it is in.
    """
    found = next((hit for text in texts_in(document) if (hit := UNSTORABLE.search(text))), None)
    if found:
        raise SpecError(f"{origin} contains {unstorable_shown(found[0])}; remove it.")
    try:
        return PromptSpec.model_validate(_without_stale_spans(_without_nulls(document)))
    except ValidationError as error:
        raise SpecError(fault_sentence(error, PromptSpec, origin=origin)) from error


def _without_nulls(value: Any) -> Any:
    """Plain values without the fields that are null, which is how a slot is left open."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _without_stale_spans(document: dict[str, Any]) -> dict[str, Any]:
    source, subjects = document.get("source_prompt"), document.get("subjects")
    if not isinstance(source, str) or not isinstance(subjects, list):
        return document
    prompt = normalized(source)

    def without(subject: Any) -> Any:
        span = subject.get("source_span") if isinstance(subject, dict) else None
        if not isinstance(span, str) or normalized(span) in prompt:
            return subject
        return subject | {"source_span": None}

    return document | {"subjects": [without(subject) for subject in subjects]}


def format_spec(spec: PromptSpec, *, format: SpecFormat) -> str:
    """The spec as text that `parse_spec` reads back to an equal spec; ends with a newline."""
    return encode(spec.to_dict(), format)


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
            f"{quoted_path(path)} does not end in .json, .yaml, .yml or .toml; rename it so."
        ) from None


def load_spec(path: Path) -> PromptSpec:
    """Read a spec file; its ending says the syntax.

    Raises:
        SpecError: it cannot be read, is no regular file, is over 1 MB, is not UTF-8, or is not a
            valid description.
    """
    # What cannot be read is told first: of a directory the ending says nothing.
    text = read_text(path, limit=MAX_SPEC_BYTES)
    format = spec_format_of(path)
    return parse_spec(text, format=format, origin=quoted_path(path))
