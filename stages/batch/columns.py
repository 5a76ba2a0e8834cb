"""Columns: the names that an input may give to options go in; what they mean and hold comes out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args

from imagine.stages.batch.plain import check_text
from imagine.stages.batch.rows import Row, Value
from imagine.stages.drawing import LEAST_HIRES, MAX_GUIDANCE, MAX_STEPS, MOST_HIRES
from imagine.stages.enlargement import FACTORS
from imagine.stages.errors import UsageError, unknown_name
from imagine.stages.image import ImageFormat, parse_aspect_ratio, parse_size
from imagine.stages.names import check_template
from imagine.stages.plan import MAX_PICTURES, MAX_SEED
from imagine.stages.validation import value_shown

ColumnKind = Literal["text", "list", "whole", "number", "files"]

PROMPT, ID, SPEC, WIDTH, HEIGHT = "prompt", "id", "spec", "width", "height"
# Without a column "prompt" the only one of these is it.
STAND_INS = ("text", "caption", "description")
MAX_ALTERNATIVES = 8
MAX_ID = 200
_FORMATS: tuple[str, ...] = get_args(ImageFormat)
# pandas writes whole numbers as 3.0 where one of the column is missing.
_WHOLE = re.compile(r"-?[0-9]{1,18}(?:\.0{1,9})?")
# A spreadsheet may be of a country that writes 7,5.
_NUMBER = re.compile(r"-?(?=[.,]?[0-9])[0-9]{0,9}(?:[.,][0-9]{0,9})?")
_SEPARATORS = {"list": ",", "files": r"[|;]"}


def _ratio(text: str) -> str:
    parse_aspect_ratio(text)
    return text


def _size(text: str) -> str:
    width, height = parse_size(text)
    return f"{width}x{height}"


def _format(text: str) -> str:
    name = {"jpeg": "jpg"}.get(text.lower(), text.lower())
    if name not in _FORMATS:
        raise unknown_name("format", text, list(_FORMATS))
    return name


def _name(text: str) -> str:
    check_template(text, batch=True)
    return text


@dataclass(frozen=True, slots=True)
class Column:
    """An option that a row can set for itself.

    Attributes:
        kind: of its value: text, a list of texts, a whole number, a number, or names of files.
        aliases: other names of the column.
        least, most: of a number.
        among: the only numbers that there are; "2x" means 2.
        read: checks a text, and gives it in the way it is stored.
    """

    kind: ColumnKind
    aliases: tuple[str, ...] = ()
    least: float = 0
    most: float = 0
    among: tuple[int, ...] = ()
    read: Callable[[str], str] | None = None


# By the names that the parameters of `imagine generate` have.
COLUMNS: dict[str, Column] = {
    "negative": Column("list", ("negative_prompt", "neg")),
    "style": Column("list", ("styles",)),
    "aspect_ratio": Column("text", ("ar", "aspect", "ratio"), read=_ratio),
    "size": Column("text", ("resolution", "image_size"), read=_size),
    "num": Column(
        "whole",
        ("n", "count", "num_images", "num_images_per_prompt", "n_iter"),
        least=1,
        most=MAX_PICTURES,
    ),
    "seed": Column("whole", most=MAX_SEED),
    "enhance_seed": Column("whole", ("enhancer_seed",), most=MAX_SEED),
    "enhancer": Column("text"),
    "backend": Column("text"),
    "model": Column("text"),
    "steps": Column("whole", ("num_inference_steps", "num_steps"), least=1, most=MAX_STEPS),
    "guidance": Column("number", ("guidance_scale", "cfg", "cfg_scale"), most=MAX_GUIDANCE),
    "image": Column("files", ("images", "init_image")),
    "strength": Column("number", ("denoising_strength",), most=1),
    "mask": Column("text", ("mask_image",)),
    "lora": Column("list", ("loras",)),
    "scheduler": Column("text", ("sampler", "sampler_name")),
    "refine": Column("number", ("hr_scale", "hires_scale"), least=LEAST_HIRES, most=MOST_HIRES),
    "refine_strength": Column("number", ("hires_strength",), most=1),
    "upscale": Column("whole", ("upscale_factor",), among=FACTORS),
    "upscaler": Column("text"),
    "denoise": Column("whole", most=100),
    "sharpen": Column("number", most=2),
    "name": Column("text", ("output", "filename", "file_name", "file", "out"), read=_name),
    "format": Column("text", ("output_format", "image_format"), read=_format),
    "quality": Column("whole", least=1, most=100),
    "pick": Column("whole", least=1, most=MAX_ALTERNATIVES),
}
# Every name that a column with a meaning may have, and which it is.
CANONICAL = {name: name for name in (*COLUMNS, PROMPT, ID, SPEC, WIDTH, HEIGHT)} | {
    alias: name for name, column in COLUMNS.items() for alias in column.aliases
}


def normal(name: str) -> str:
    """A column's name for comparing: lower case, "_" for hyphens and spaces."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def canonical(name: str) -> str | None:
    """What a column called `name` sets: a name of COLUMNS, or prompt, id, spec, width, height.

    None for a column that is no option.
    """
    return CANONICAL.get(normal(name))


def is_empty(value: Any) -> bool:
    """Whether a cell says nothing, so that the option counts as not set."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def read_option(name: str, value: Any, *, called: str) -> Value:
    """The value of option `name`, checked as far as that goes without a backend.

    Args:
        name: of COLUMNS.
        value: text, or the plain value of a JSON or YAML file; not an empty one.
        called: what the input calls the column.

    Raises:
        UsageError: it is of another kind, or out of range.
    """
    column = COLUMNS[name]
    if column.kind in ("whole", "number"):
        return _numeral(column, value, called)
    if column.kind in ("list", "files"):
        return _texts(column, value, called)
    text = _text(value, called)
    return text if column.read is None else column.read(text)


def _text(value: Any, called: str) -> str:
    # YAML and JSON files have 5 where the name 5 is meant.
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _unfit(called, value, "text")
    check_text(value)
    return value.strip()


def _texts(column: Column, value: Any, called: str) -> list[str]:
    if isinstance(value, str):
        value = re.split(_SEPARATORS[column.kind], value)
    if not isinstance(value, list):
        raise _unfit(called, value, "text and no list")
    return [text for item in value if not is_empty(item) and (text := _text(item, called))]


def _numeral(column: Column, value: Any, called: str) -> int | float:
    if column.among:
        return _factor(column, value, called)
    number = _parsed(value, whole=column.kind == "whole")
    if number is None or not column.least <= number <= column.most:
        kind = "whole number" if column.kind == "whole" else "number"
        raise _unfit(called, value, f"{kind} from {column.least} to {column.most}")
    return number


def _factor(column: Column, value: Any, called: str) -> int:
    """One of a few numbers, or 1, which asks for nothing."""
    text = value.strip().lower().removesuffix("x") if isinstance(value, str) else value
    number = _parsed(text, whole=True)
    if number not in (1, *column.among):
        told = ", ".join(map(str, column.among))
        raise UsageError(
            f"{value_shown(called)} is {value_shown(value)}, which is none of {told}; correct it."
        )
    return int(number)


def _parsed(value: Any, *, whole: bool) -> int | float | None:
    if isinstance(value, str):
        text = value.strip()
        if not (_WHOLE if whole else _NUMBER).fullmatch(text):
            return None
        return int(text.partition(".")[0]) if whole else float(text.replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    if whole:
        return int(value) if value == int(value) else None
    return value


def _unfit(called: str, value: Any, wanted: str) -> UsageError:
    return UsageError(
        f"{value_shown(called)} is {value_shown(value)}, which is no {wanted}; correct it."
    )


def read_id(value: Any) -> str:
    """The user's own name for a row.

    Raises:
        UsageError: it is no text or number of 1 to 200 printable characters.
    """
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise _unfit("id", value, "text")
    text = text.strip()
    if not 1 <= len(text) <= MAX_ID or not text.isprintable():
        raise UsageError(
            f"The id {value_shown(text)} is not 1 to {MAX_ID} printable characters; correct it."
        )
    return text


def with_defaults(options: Mapping[str, Value], defaults: Mapping[str, Value]) -> dict[str, Value]:
    """What a row sets, and of what its file sets for all rows the rest.

    A row's size takes the place of an aspect ratio for all, and the other way round.
    """
    either = {"size", "aspect_ratio"}
    replaced = either if either & options.keys() else set()
    return {name: value for name, value in defaults.items() if name not in replaced} | dict(options)


def files_of(row: Row, base: Path) -> list[Path]:
    """The reference pictures of a row.

    Args:
        base: the directory that relative names count from: that of the input file.
    """
    names = row.options.get("image", [])
    return [base / name for name in names] if isinstance(names, list) else []
