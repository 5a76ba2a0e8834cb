"""PNG skipping: an open file goes in; the same file without its long texts comes out.

Pillow refuses a picture because of a text that unpacks to more than 1 MB, as a workflow does, or
because of many; none of them is needed to see it.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from imagine.stages.formats.png import SIGNATURE, text_of

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# What Pillow takes of one text, and of all (MAX_TEXT_CHUNK and MAX_TEXT_MEMORY), less some.
_LONG, _MUCH = 2**20 - 1, 2**25


def without_long_texts(file: BinaryIO) -> BinaryIO:
    """The file itself where there is nothing to skip, else one that reads as if it had none.

    Args:
        file: of a PNG, whole or not; it stays open, and serves no other reader in between.
    """
    skipped = list(_long_texts(file))
    file.seek(0)
    return io.BufferedReader(_Skipping(file, skipped)) if skipped else file


def _long_texts(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where each chunk begins and ends that is to be skipped."""
    place, room = len(SIGNATURE), _MUCH
    while True:
        file.seek(place)
        header = file.read(8)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        if kind == b"IEND":
            return
        end = place + 12 + length
        if kind in _TEXTS:
            size = length if length > _LONG else _size(kind, file.read(length))
            room -= size
            if size > _LONG or room < 0:
                yield place, end
        place = end


def _size(kind: bytes, chunk: bytes) -> int:
    """Bytes of a text, unpacked; more than _LONG for any longer one."""
    try:
        _, text = text_of(kind, chunk, limit=_LONG)
    except OverflowError:
        return _LONG + 1
    except ValueError:
        # Damaged: whoever reads it says so.
        return len(chunk)
    return max(len(chunk), len(text))


class _Skipping(io.RawIOBase):
    """A file without some ranges, which are in order and apart."""

    def __init__(self, file: BinaryIO, skipped: Sequence[tuple[int, int]]) -> None:
        self._file = file
        self._place = 0
        end = file.seek(0, io.SEEK_END)
        starts = (0, *(stop for _, stop in skipped))
        # What is left of the file: where each part begins here, there, and how long it is.
        self._parts: list[tuple[int, int, int]] = []
        length = 0
        for start, stop in zip(starts, (*(start for start, _ in skipped), end), strict=True):
            self._parts.append((length, start, max(0, stop - start)))
            length += max(0, stop - start)
        self._length = length

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        for begin, start, length in self._parts:
            within = self._place - begin
            if 0 <= within < length:
                self._file.seek(start + within)
                data = self._file.read(min(len(buffer), length - within))
                buffer[: len(data)] = data
                self._place += len(data)
                return len(data)
        return 0
