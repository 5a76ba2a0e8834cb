"""Text in JSON, YAML or TOML goes in, plain values come out; and back.

The text is written by hand or comes from strangers, so it is data and nothing else: YAML without
tags, aliases and guessed types, and no syntax with endless nesting.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from imagine.stages.errors import SpecError, shown

if TYPE_CHECKING:
    import yaml

Syntax = Literal["json", "yaml", "toml"]

MAX_NESTING = 30
# The only fields that hold numbers; any other plain word of YAML is the text that was typed.
_NUMBERS = frozenset({"schema_version", "count"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_IN_TOML = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)")


class _PlacedError(ValueError):
    """What is wrong, and at which line and column, both from 1."""

    def __init__(self, line: int, column: int, what: str) -> None:
        self.line = line
        self.column = column
        self.what = what


def decode(text: str, syntax: Syntax, *, origin: str, first_line: int = 1) -> Any:
    """Plain values from text.

    In YAML `16:9`, `on`, `no` and `2020-01-01` are text; whole numbers stand only under `count`
    and `schema_version`.

    Args:
        text: the document.
        syntax: what it is written in.
        origin: what to call it in an error, usually the file name.
        first_line: where it begins in its file.

    Raises:
        SpecError: the text is not of that syntax; says at which line and column.
    """
    try:
        document = _READERS[syntax](text.replace("\r\n", "\n"))
        _check_nesting(document)
        return document
    except RecursionError:
        reason = "it is nested too deeply"
    except _PlacedError as fault:
        place = f"line {fault.line + first_line - 1}, column {fault.column}"
        reason = f"{place}: {fault.what[:1].lower()}{shown(fault.what[1:], limit=120)}"
    except ValueError as error:
        reason = str(error)
    raise SpecError(f"{origin} is not valid {syntax.upper()}: {reason}; correct it.")


def encode(document: dict[str, Any], syntax: Syntax) -> str:
    """Plain values as text that `decode` reads back to equal values; ends with a newline."""
    if syntax == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if syntax == "toml":
        import tomli_w

        return tomli_w.dumps(document)
    import yaml

    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)


def texts_in(document: Any) -> Iterator[str]:
    """Every text in plain values, keys included, however deep they are nested."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value


def _check_nesting(document: Any) -> None:
    """Whoever walks the document may count on few levels.

    Raises:
        RecursionError: there are more than `MAX_NESTING`.
    """
    level = [document]
    for _ in range(MAX_NESTING + 1):
        if not level:
            return
        tables = [value.values() for value in level if isinstance(value, dict)]
        lists = [value for value in level if isinstance(value, list)]
        level = [item for items in (*tables, *lists) for item in items]
    if level:
        raise RecursionError


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _PlacedError(error.lineno, error.colno, error.msg) from error
    except ValueError as error:  # Python reads no number of over 4,300 digits
        raise ValueError("it holds a number of too many digits") from error


def _from_toml(text: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _IN_TOML.fullmatch(str(error))
        if found is None:
            raise ValueError(shown(str(error).lower())) from error
        raise _PlacedError(int(found["line"]), int(found["column"]), found["what"]) from error
    except ValueError as error:
        raise ValueError("it holds a number of too many digits") from error


def _from_yaml(text: str) -> Any:
    import yaml

    # The C parser takes a fraction of the time, and is not in every build of PyYAML.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Events(yaml.parse(text, Loader=loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "it cannot be read"
        raise (ValueError(what) if mark is None else _at_mark(mark, what)) from error
    except yaml.YAMLError as error:
        raise ValueError("it holds a character that YAML has not") from error


def _at_mark(mark: Any, what: str) -> _PlacedError:
    return _PlacedError(mark.line + 1, mark.column + 1, what)


class _Events:
    """Builds values from YAML's events, where tags and aliases are still to be seen."""

    def __init__(self, events: "Iterator[yaml.Event]") -> None:
        self.events = events

    def document(self) -> Any:
        next(self.events)
        if self._kind(next(self.events)) == "StreamEnd":
            return None
        value = self._value(next(self.events), depth=0)
        next(self.events)
        after = next(self.events)
        if self._kind(after) != "StreamEnd":
            raise _at_mark(after.start_mark, "a second document begins")
        return value

    @staticmethod
    def _kind(event: "yaml.Event") -> str:
        return type(event).__name__.removesuffix("Event")

    def _value(self, event: Any, *, depth: int, key: str = "") -> Any:
        kind = self._kind(event)
        if kind == "Alias":
            raise _at_mark(event.start_mark, "aliases (* and &) are not read, write the value out")
        if event.tag is not None:
            tag = shown(event.tag.replace("tag:yaml.org,2002:", "!!"), limit=40)
            told = f"the tag {tag} is not read, write the value alone"
            raise _at_mark(event.start_mark, told)
        if depth > MAX_NESTING:
            raise RecursionError
        if kind == "MappingStart":
            return self._mapping(depth)
        if kind == "SequenceStart":
            return [self._value(item, depth=depth + 1) for item in self._until("SequenceEnd")]
        return self._scalar(event, key)

    def _until(self, end: str) -> "Iterator[yaml.Event]":
        while self._kind(event := next(self.events)) != end:
            yield event

    def _mapping(self, depth: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for event in self._until("MappingEnd"):
            if self._kind(event) != "Scalar":
                raise _at_mark(event.start_mark, "a field needs a name")
            key = event.value  # type: ignore[attr-defined]
            if key in fields:
                raise _at_mark(event.start_mark, f"the field '{shown(key)}' stands here again")
            fields[key] = self._value(next(self.events), depth=depth + 1, key=key)
        return fields

    @staticmethod
    def _scalar(event: Any, key: str) -> str | int | None:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block
            return text
        if text in _NULLS:
            return None
        if key in _NUMBERS and re.fullmatch(r"[-+]?[0-9]{1,18}", text):
            return int(text)
        return text


_READERS = {"json": _from_json, "yaml": _from_yaml, "toml": _from_toml}
