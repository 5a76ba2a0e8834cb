"""Fields: a value of an input goes in, whatever its format; a Row or BadRow comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagine.stages.batch.columns import (
    COLUMNS,
    HEIGHT,
    ID,
    PROMPT,
    SPEC,
    STAND_INS,
    WIDTH,
    canonical,
    is_empty,
    normal,
    read_id,
    read_option,
)
from imagine.stages.batch.doubts import doubt_about
from imagine.stages.batch.plain import check_plain, check_text
from imagine.stages.batch.rows import BadRow, Row, Value
from imagine.stages.document import decode
from imagine.stages.errors import UsageError, did_you_mean, shown
from imagine.stages.spec import MAX_PROMPT_LENGTH, clean_prompt, spec_from_dict
from imagine.stages.validation import value_shown

# What `imagine enhance --json` writes beside the description.
_OWN = frozenset({"line", "rendered", "guard", "notes", "ok"})
_HEAD_KEYS = ("series", "defaults")
# Of a prompt whose letters are taken apart; put together they are a third or fourth of it.
_MOST_LETTERS = 4 * MAX_PROMPT_LENGTH
# Different names that one input may hold before they are no longer looked up in a memory.
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """What an input says before its rows.

    Attributes:
        series: what all pictures share, as imagine.stages.series reads it.
        defaults: options for the rows that do not set them, by the names of COLUMNS.
    """

    series: Mapping[str, Any] | None = None
    defaults: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeadFields:
    """A value of an input that is no row: what stands around the list of rows."""

    fields: Mapping[str, Any]


def head_in(value: object) -> dict[str, Any] | None:
    """The fields of a value that is no row but stands before them; None for all others."""
    if isinstance(value, HeadFields):
        return dict(value.fields)
    if isinstance(value, dict) and value and value.keys() <= set(_HEAD_KEYS):
        return value
    return None


def behind_items() -> UsageError:
    return UsageError("A key stands here after the items; put it before them.")


class Reader:
    """Makes rows of values.

    Args:
        warn: takes what the user should know, each sentence once.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._names: dict[str, str | None] = {}

    def row(self, line: int, value: Any, start: str) -> Row | BadRow:
        """The row that begins in `line`.

        Args:
            value: a prompt, fields by name, or the error that says why there is neither.
            start: its first words as they stand in the input.
        """
        try:
            if isinstance(value, str):
                return Row(line, _cleaned(value))
            if isinstance(value, UsageError):
                raise value
            if head_in(value) is not None:
                raise UsageError(
                    "'series' and 'defaults' stand here after the first row; put them before it."
                )
            if isinstance(value, dict):
                return self._from_fields(line, value)
            raise UsageError(
                f"The row is {value_shown(value)}; write a prompt, or fields with their names."
            )
        except UsageError as error:
            return BadRow(line, error, shown(start))

    def head(self, fields: Mapping[str, Any]) -> Head:
        """What stands before the rows.

        Raises:
            UsageError: an unknown key, or a wrong value.
        """
        for name, value in fields.items():
            if name not in _HEAD_KEYS:
                raise UsageError(
                    f"There is no key {value_shown(name)} before the rows"
                    f"{did_you_mean(name, list(_HEAD_KEYS))} (known: {', '.join(_HEAD_KEYS)})."
                )
            check_plain(value)
            if not isinstance(value, dict | None):
                raise UsageError(
                    f"'{name}' is {value_shown(value)}; write its fields with their names."
                )
        options, others = self._options(fields.get("defaults") or {})
        for name in others:
            hint = did_you_mean(name, list(COLUMNS)) or "; leave it out."
            raise UsageError(f"'defaults' sets {value_shown(name)}, which is no option{hint}")
        for name in (PROMPT, ID, SPEC):
            if name in options:
                raise UsageError(
                    f"'defaults' sets '{name}', which every row has its own; remove it."
                )
        return Head(fields.get("series"), _checked(options))

    def _from_fields(self, line: int, fields: dict[str, Any]) -> Row:
        if fields.get("ok") is False:
            raise _failure_in(fields)
        if "source_prompt" in fields and "subjects" in fields:
            fields = {SPEC: fields}
        values, extra = self._options(fields)
        for value in extra.values():
            if not isinstance(value, str) or not value.isprintable():
                check_plain(value)
        name = values.pop(ID, None)
        spec = _spec_of(values)
        prompt = _prompt_of(values, extra) if spec is None else None
        if spec is not None:
            values.pop(PROMPT, None)
            if "rendered" in extra:
                extra = {key: value for key, value in extra.items() if key not in _OWN}
        return Row(
            line,
            prompt,
            None if name is None else read_id(name),
            _checked(values) if values else {},
            extra,
            spec,
        )

    def _options(self, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The fields that say something here, by their canonical names, and all others."""
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        called: dict[str, str] = {}
        for written, value in fields.items():
            try:
                name = self._names[written]
            except KeyError:
                name = self._learn(written)
            if name is None:
                extra[written] = value
            elif is_empty(value):
                continue
            elif name in values:
                raise UsageError(
                    f"{value_shown(called[name])} and {value_shown(written)} set the same; "
                    "leave out one of them."
                )
            else:
                values[name] = (
                    read_option(name, value, called=written) if name in COLUMNS else value
                )
                called[name] = written
        return values, extra

    def _learn(self, written: str) -> str | None:
        check_text(written)
        name = canonical(written)
        if len(self._names) < _MOST_NAMES:
            self._names[written] = name
            if name is None and normal(written) not in _OWN:
                doubt = doubt_about(written)
                if doubt is not None:
                    self._warn(doubt)
        return name


def _failure_in(fields: Mapping[str, Any]) -> UsageError:
    """The failure that a line of our own output tells of."""
    error = fields.get("error")
    told = error.get("message") if isinstance(error, dict) else None
    if not isinstance(told, str) or not told.strip():
        told = "It does not say why."
    return UsageError(f"The row is a failure of an earlier command: {shown(told, limit=1000)}")


def _spec_of(values: dict[str, Any]) -> Mapping[str, Any] | None:
    """The description that a row carries, found valid.

    Raises:
        UsageError: it is none.
    """
    spec = values.pop(SPEC, None)
    if spec is None:
        return None
    if isinstance(spec, str):
        spec = decode(spec, "json", origin="'spec'")
    if not isinstance(spec, dict):
        raise UsageError(f"'spec' is {value_shown(spec)}, no description; see `imagine enhance`.")
    check_plain(spec)
    spec_from_dict(spec, origin="'spec'")
    return spec


def _prompt_of(values: dict[str, Any], extra: dict[str, Any]) -> str:
    """The prompt of a row; a stand-in is taken out of `extra`.

    Raises:
        UsageError: there is none, or there are several.
    """
    prompt = values.pop(PROMPT, None)
    if prompt is None:
        found = [name for name in extra if normal(name) in STAND_INS and not is_empty(extra[name])]
        if len(found) > 1:
            names = " and ".join(value_shown(name) for name in found)
            raise UsageError(f'The row has no "prompt", but {names}; call one of them prompt.')
        if found:
            prompt = extra.pop(found[0])
    if isinstance(prompt, int) and not isinstance(prompt, bool):
        prompt = str(prompt)
    if not isinstance(prompt, str):
        raise UsageError('The row has no text under "prompt"; add it.')
    return _cleaned(prompt)


def _cleaned(prompt: str) -> str:
    """As `clean_prompt`, which would take minutes over a megabyte of stacked accents."""
    if len(prompt) > _MOST_LETTERS:
        raise UsageError(
            f"The prompt has {len(prompt)} characters, the limit is {MAX_PROMPT_LENGTH}; "
            "shorten it."
        )
    return clean_prompt(prompt)


def _checked(values: dict[str, Any]) -> dict[str, Value]:
    """Options that go together.

    Raises:
        UsageError: one of them excludes another.
    """
    width, height = values.pop(WIDTH, None), values.pop(HEIGHT, None)
    if width is not None or height is not None:
        _check_sides(width, height, values)
        values["size"] = read_option("size", f"{_side(width)}x{_side(height)}", called="size")
    if "size" in values and "aspect_ratio" in values:
        raise UsageError(
            f"'size' {shown(values['size'])} and 'aspect_ratio' {values['aspect_ratio']} exclude "
            "each other; leave out one of them."
        )
    return values


def _check_sides(width: Any, height: Any, values: Mapping[str, Any]) -> None:
    if "size" in values:
        raise UsageError("'size' and 'width' or 'height' are both set; leave out one of them.")
    if width is None or height is None:
        missing = "width" if width is None else "height"
        raise UsageError(f"'{missing}' is missing beside the other side; add it.")


def _side(value: Any) -> str:
    """A side in pixels, as text; what pandas writes as 512.0 is 512."""
    text = str(value).strip()
    return text.removesuffix(".0")
