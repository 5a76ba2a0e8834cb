"""The protobuf wire format: bytes of a message in, its fields out; no schema, no dependency."""

from collections.abc import Iterator
from typing import NoReturn

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# A varint of 64 bits has ten bytes.
_MAX_SHIFT = 63


class DamagedError(ValueError):
    """The bytes are no such message; the text says why, for whoever knows the file's name."""


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field, in the order they stand in.

    Whole numbers come as int (unsigned); fixed-width numbers, strings and messages as the bytes
    they are, without a copy.

    Raises:
        DamagedError: it ends early, or is no message.
    """
    position, end = 0, len(message)
    while position < end:
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if kind == _BYTES:
            length, position = _varint(message, position)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise DamagedError(f"a field has the wire type {kind}")
        if length > end - position:
            raise DamagedError(f"it ends {length - (end - position)} bytes early")
        yield number, message[position : position + length]
        position += length


def varints(value: int | memoryview) -> Iterator[int]:
    """The numbers of a repeated field, packed or one at a time, as signed 64 bits."""
    if isinstance(value, int):
        yield signed(value)
        return
    position = 0
    while position < len(value):
        number, position = _varint(value, position)
        yield signed(number)


def signed(number: int) -> int:
    """A varint read as a signed number of 64 bits."""
    return number - 2**64 if number >= 2**63 else number


def whole(value: int | memoryview) -> int:
    """The value of a field that holds a signed number."""
    return signed(value) if isinstance(value, int) else _not("a number")


def message(value: int | memoryview) -> memoryview:
    """The value of a field that holds bytes or another message."""
    return _not("bytes") if isinstance(value, int) else value


def text(value: int | memoryview) -> str:
    """The value of a field that holds a string."""
    return bytes(message(value)).decode("utf-8", errors="replace")


def _not(wanted: str) -> NoReturn:
    raise DamagedError(f"a field does not hold {wanted}")


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > _MAX_SHIFT:
            raise DamagedError("a number has no end")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), position
        shift += 7
