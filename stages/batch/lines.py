"""Lines: the bytes of an input go in, its lines with their numbers come out.

Lines of text (one prompt each, a JSON object, or a line of A1111's) and JSON Lines become values.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from imagine.stages.batch.source import Source
from imagine.stages.batch.webui import fields_of, is_command
from imagine.stages.document import decode
from imagine.stages.errors import SpecError, UsageError

# No prompt is longer than 4,000 characters and no description than some 30 KB; a longer row is a
# wrong file, not to be held whole.
MAX_ROW = 1_000_000

Line = tuple[int, bytes]
"""A line's number, from 1, and its bytes with their line end."""
Found = tuple[int, Any, str]
"""Where a row begins, from 1; its value as plain values, or the UsageError that says why it cannot
be read; and its first words as they stand there."""

_OBJECT = re.compile(r'\{\s*"[^"]*"\s*:')


class BrokenInputError(UsageError):
    """Nothing more can be read; `line` is the first that is lost."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


def read_lines(source: Source) -> Iterator[Line]:
    """The lines, which end in LF, CRLF or CR.

    A line of more than MAX_ROW bytes comes in pieces of the same number, the first of which is
    longer than MAX_ROW.

    Raises:
        BrokenInputError: the input cannot be read any further.
    """
    number, rest = 1, b""
    # Blocks of a line that arrives in many.
    waiting: list[bytes] = []
    size = 0
    while block := _block(source, number):
        waiting.append(block)
        size += len(block)
        if _is_inside_line(rest, block) and size < MAX_ROW:
            continue
        lines = (rest + b"".join(waiting)).splitlines(keepends=True)
        waiting.clear()
        size = 0
        # A CR at the very end may be half of a CRLF.
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        for line in lines:
            yield number, line
            number += 1
        if len(rest) > MAX_ROW + 1:
            # The last byte stays behind: it may be a CR, and that must not end the line twice.
            yield number, rest[:-1]
            rest = rest[-1:]
    rest += b"".join(waiting)
    if rest:
        yield number, rest


def _is_inside_line(rest: bytes, block: bytes) -> bool:
    return b"\n" not in block and b"\r" not in block and not rest.endswith(b"\r")


def _block(source: Source, number: int) -> bytes:
    try:
        return source.read()
    except UsageError as error:
        raise BrokenInputError(str(error), line=number) from error


def whole_lines(lines: Iterable[Line]) -> Iterator[tuple[int, str | UsageError, str]]:
    """Each line as text, or why it cannot be read."""
    overlong = 0
    for number, raw in lines:
        if number == overlong:
            continue
        if len(raw) > MAX_ROW:
            overlong = number
            yield number, too_long(), beginning(raw)
            continue
        try:
            text = raw.decode().strip()
        except UnicodeDecodeError:
            yield number, not_utf8(), beginning(raw)
            continue
        yield number, text, text


def text_values(lines: Iterable[Line]) -> Iterator[Found]:
    """The values of lines of text: blank lines and # comments are left out."""
    for number, text, start in whole_lines(lines):
        if isinstance(text, UsageError):
            yield number, text, start
        elif text[:1] == "{" and _OBJECT.match(text):
            yield number, json_value(text, number), start
        elif text[:2] == "--" and is_command(text):
            yield number, _command(text), start
        elif text and text[0] != "#":
            yield number, text, start


def json_line_values(lines: Iterable[Line]) -> Iterator[Found]:
    """The values of JSON Lines: blank lines are left out."""
    for number, text, start in whole_lines(lines):
        if isinstance(text, UsageError):
            yield number, text, start
        elif text:
            yield number, json_value(text, number), start


def json_value(text: str, line: int) -> Any:
    """The value of a JSON text that begins in `line`, or the UsageError that says why not."""
    try:
        return decode(text, "json", origin="The row", first_line=line)
    except SpecError as error:
        return UsageError(str(error))


def _command(text: str) -> Any:
    try:
        return fields_of(text)
    except UsageError as error:
        return error


def too_long() -> UsageError:
    return UsageError(f"The row has over {MAX_ROW:,} bytes, which is no prompt; shorten it.")


def not_utf8() -> UsageError:
    return UsageError("The row is not UTF-8; convert the file.")


def beginning(raw: bytes) -> str:
    """The first words of a row that cannot be read."""
    return raw[:400].decode("utf-8", "replace").strip()
