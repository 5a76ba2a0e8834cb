"""JSON: the lines of a JSON file go in, a value for each item of its list comes out.

The file may be one list, an object with the list under "items" or "prompts" and `series` and
`defaults` before it, or objects one after the other.
"""

import re
from collections.abc import Iterable, Iterator
from typing import cast

from imagine.stages.batch.fields import HeadFields, behind_items
from imagine.stages.batch.lines import (
    MAX_ROW,
    Found,
    Line,
    beginning,
    json_value,
    not_utf8,
    too_long,
)
from imagine.stages.errors import UsageError

# The rest of a text, with its last quote where that is in the same piece.
_TEXT = rb'[^"\\]*(?:\\.[^"\\]*)*("?)'
_TEXT_END = re.compile(_TEXT, re.DOTALL)
_SIGN = re.compile(rb'"' + _TEXT + rb"|[\[\]{},]", re.DOTALL)
_LIST_KEY = re.compile(rb',?\s*"(?:items|prompts)"\s*:\s*\Z')
# As long as such a key with the white space around it may be.
_KEY_ROOM = 200


def json_values(lines: Iterable[Line]) -> Iterator[Found]:
    """The items of a JSON file; only one of them is held at a time."""
    cutter = _Cutter()
    for number, raw in lines:
        yield from cutter.feed(number, raw)
    yield from cutter.end()


class _Cutter:
    """Cuts JSON text into items by its brackets, so that a bad item spoils no other one."""

    def __init__(self) -> None:
        # How many brackets are open here, and around the items.
        self._depth = self._floor = 0
        self._in_text = self._escaped = False
        self._after_items = False
        # The text of the item so far, and the lines where it begins and that is read now.
        self._held = bytearray()
        self._too_long = False
        self._line = self._last = 1

    def feed(self, number: int, raw: bytes) -> Iterator[Found]:
        """The items that end in this line or piece of a line."""
        if number != self._last:
            # No text of JSON goes on in the next line; a quote that is missing spoils one item.
            self._in_text = self._escaped = False
            self._last = number
        begin = 0
        for end, sign in self._signs(raw):
            yield from self._step(sign, raw[begin:end])
            begin = end
        self._hold(raw[begin:])

    def end(self) -> Iterator[Found]:
        """What is left at the end of the file."""
        yield from self._item()
        if self._floor:
            error = UsageError("The list is not closed with ]; the file may be cut off.")
            yield self._last, error, ""

    def _signs(self, raw: bytes) -> Iterator[tuple[int, bytes]]:
        """Signs outside of texts that may begin or end an item, each with the place behind it.

        They are brackets, commas between items, and the last quote of a text that is an item.
        """
        place = 0
        if self._in_text:
            # It matches everything; what a backslash stands before is not looked at.
            rest = _TEXT_END.match(raw, 1 if self._escaped else 0)
            place = self._through_text(cast("re.Match[bytes]", rest), raw)
            if self._depth == 0 and not self._in_text:
                yield place, b'"'
        for found in _SIGN.finditer(raw, place):
            sign = found[0]
            if sign[:1] == b'"':
                self._through_text(found, raw)
                if self._depth == 0 and not self._in_text:
                    yield found.end(), b'"'
            elif sign != b"," or self._depth == self._floor:
                yield found.end(), sign

    def _through_text(self, found: re.Match[bytes], raw: bytes) -> int:
        """Where a text ends; or that it goes on in the next piece, maybe behind a backslash."""
        end = found.end()
        self._in_text = not found[1]
        self._escaped = self._in_text and end < len(raw)
        return end

    def _step(self, sign: bytes, piece: bytes) -> Iterator[Found]:
        """Take in the text up to a sign, which it ends with."""
        at_floor = self._depth == self._floor
        if sign == b"[" and self._floor == 0 and self._depth < 2:
            yield from self._opened(piece)
        elif sign in b"[{":
            self._hold(piece)
            self._depth += 1
        elif at_floor and sign in b",]}":
            self._hold(piece[:-1])
            yield from self._item()
            if sign != b"," and self._floor:
                self._close_list()
        else:
            self._hold(piece)
            if sign in b"]}":
                self._depth -= 1
            if self._depth == self._floor == 0:
                yield from self._item()

    def _opened(self, piece: bytes) -> Iterator[Found]:
        """A bracket that may open the list of items."""
        self._hold(piece[:-1])
        key = _LIST_KEY.search(self._held[-_KEY_ROOM:]) if self._depth else None
        if self._depth == 0 and not self._held:
            self._floor = 1
        elif key is not None and not self._after_items:
            del self._held[len(self._held) - len(key[0]) :]
            self._hold(b"}")
            for line, value, start in self._item():
                if value != {}:
                    yield line, HeadFields(value) if isinstance(value, dict) else value, start
            self._floor = 2
        else:
            self._hold(b"[")
        self._depth += 1

    def _close_list(self) -> None:
        self._after_items = self._floor == 2
        self._depth = self._floor - 1
        self._floor = 0
        if self._after_items:
            self._hold(b"{")

    def _hold(self, piece: bytes) -> None:
        """Keep what is of the item; of one that is too long only its beginning."""
        if not self._held:
            piece = piece.lstrip()
            self._line = self._last
        if len(self._held) + len(piece) > MAX_ROW:
            self._too_long = True
        if not self._too_long or not self._held:
            self._held += piece[: MAX_ROW + 1]

    def _item(self) -> Iterator[Found]:
        """The item that ends here; none between two commas."""
        raw, too_much = bytes(self._held).strip(), self._too_long
        self._held.clear()
        self._too_long = False
        if not raw:
            return
        start = beginning(raw)
        if too_much:
            yield self._line, too_long(), start
        elif self._after_items:
            self._after_items = False
            if raw[1:].strip(b", \t\r\n}"):
                yield self._line, behind_items(), start
        else:
            yield self._line, _value(raw, self._line), start


def _value(raw: bytes, line: int) -> object:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return not_utf8()
    return json_value(text, line)
