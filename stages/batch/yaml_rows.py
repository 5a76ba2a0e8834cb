"""YAML: the lines of a YAML file go in, a value for each item comes out.

A document is a list of items, or fields with the list under `items` or `prompts` and `series` and
`defaults` before it, or a single item. Items are cut apart by their lines, before any of them is
read, so that the file is never held whole and a bad item spoils no other one.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from imagine.stages.batch.fields import HeadFields, behind_items
from imagine.stages.batch.lines import MAX_ROW, Found, Line, beginning, not_utf8, too_long
from imagine.stages.document import decode
from imagine.stages.errors import SpecError, UsageError

_BOUNDARY = re.compile(rb"(?:---|\.\.\.)(?=\s|\Z)")
_ITEM = re.compile(rb"( *)-(?=\s|\Z)")
_LIST_KEY = re.compile(rb"(?:items|prompts)\s*:\s*(?:#.*)?\Z")
LIST_KEYS = ("items", "prompts")
_IN_LINES = re.compile(rb"\s*[^\s'\"|>][^\n]*\n\s*\S")


def yaml_values(lines: Iterable[Line]) -> Iterator[Found]:
    """The items of a YAML file; only one of them is held at a time.

    Plain words are the text that was typed: 16:9, on and 007 stay so.
    """
    cutter = _Cutter()
    for number, raw in lines:
        yield from cutter.feed(number, raw)
    yield from cutter.end()


class _Cutter:
    """Cuts a file into items, or documents that hold no list of lines."""

    def __init__(self) -> None:
        # The text of the item so far, and the lines where it begins and that is read now.
        self._held = bytearray()
        self._too_long = False
        self._line = self._last = 0
        self._begin_document()

    def _begin_document(self) -> None:
        # Columns before the hyphens of the items: None where there are none, -1 before the first.
        self._indent: int | None = None
        self._below_key = self._is_broken = False
        self._is_empty = True

    def feed(self, number: int, raw: bytes) -> Iterator[Found]:
        """The items that end before this line or piece of a line."""
        if number == self._last:
            self._hold(raw)
            return
        self._last = number
        if _BOUNDARY.match(raw):
            yield from self._piece()
            self._begin_document()
            # What follows the sign in its line is content.
            raw = raw[3:] if raw.startswith(b"---") else b""
        if self._is_broken or (self._is_empty and raw.startswith(b"%")):
            return
        if raw.strip()[:1] not in (b"", b"#"):
            yield from self._before_content(raw)
        elif not self._held:
            return
        self._hold(raw)

    def end(self) -> Iterator[Found]:
        """What is left at the end of the file."""
        yield from self._piece()

    def _before_content(self, raw: bytes) -> Iterator[Found]:
        """What ends before a line that is neither blank nor a comment."""
        item = _ITEM.match(raw)
        is_first, self._is_empty = self._is_empty, False
        if item and (is_first or self._indent == -1):
            self._indent = len(item[1])
        elif item and len(item[1]) == self._indent:
            yield from self._piece()
        elif self._indent is None and _LIST_KEY.match(raw.rstrip()):
            yield from self._head()
            self._indent, self._below_key = -1, True
        elif self._below_key and not raw[:1].isspace():
            yield from self._piece()
            yield self._last, behind_items(), beginning(raw)
            self._is_broken = True

    def _hold(self, raw: bytes) -> None:
        """Keep what is of the item; of one that is too long only its beginning."""
        if self._is_broken or self._indent == -1:
            return
        if not self._held:
            self._line = self._last
        if len(self._held) + len(raw) > MAX_ROW:
            self._too_long = True
        if not self._too_long or not self._held:
            self._held += raw[: MAX_ROW + 1]

    def _head(self) -> Iterator[Found]:
        """What stands in a document before its list of items."""
        for line, value, start in self._piece():
            yield line, HeadFields(value) if isinstance(value, dict) else value, start

    def _piece(self) -> Iterator[Found]:
        """The item that ends here, or the items of a document that is read in one go."""
        raw, too_much = bytes(self._held), self._too_long
        self._held.clear()
        self._too_long = False
        if not raw.strip():
            return
        start = beginning(raw.lstrip(b" -"))
        value: Any
        if too_much:
            value = too_long() if self._indent is not None else _list_too_long(raw)
        else:
            value = _value(raw, self._line)
        for each in _spread(value, raw):
            yield self._line, each, start


def _value(raw: bytes, line: int) -> Any:
    try:
        return decode(raw.decode(), "yaml", origin="The row", first_line=line)
    except UnicodeDecodeError:
        return not_utf8()
    except SpecError as error:
        return UsageError(str(error))


def _list_too_long(raw: bytes) -> UsageError:
    if not raw.lstrip().startswith(b"["):
        return too_long()
    return UsageError(
        f"The list has over {MAX_ROW:,} bytes; write every item on a line of its own, after '- '."
    )


def _spread(value: Any, raw: bytes) -> Iterator[Any]:
    """The items in the value of a document."""
    if isinstance(value, list):
        yield from value
        return
    if isinstance(value, dict):
        for key in LIST_KEYS:
            if isinstance(value.get(key), list):
                if len(value) > 1:
                    yield HeadFields({name: item for name, item in value.items() if name != key})
                yield from value[key]
                return
    if isinstance(value, str) and _IN_LINES.match(raw):
        # YAML makes one text of them, and they were meant as many.
        value = UsageError("The prompts stand in lines without '- ' before them; write it.")
    if value is not None:
        yield value
