"""The header of a .gguf file: a path goes in; its architecture and its tensors' shapes come out.

The format is ggml's (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): a magic word, a
table of values, a table of tensors, and their numbers. Nothing in it is a program.
"""

import io
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from imagine.stages.errors import LocalBackendError, quoted_path, unreadable

MAGIC = b"GGUF"
# Version 1 counted in 32 bits and was gone within weeks.
VERSIONS = (2, 3)
# More than any model has; a damaged file would have us read for ever.
MAX_TENSORS, MAX_VALUES, MAX_TEXT, MAX_DIMENSIONS = 100_000, 10_000, 2**24, 8
ALIGNMENT = 32
# Of the simple types of values: bytes.
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_U32, _TEXT, _LIST = 4, 8, 9
# Of the types of tensors: numbers in a block, and bytes of the block.
_BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}


@dataclass(frozen=True, slots=True)
class Gguf:
    """What the header of a file says.

    Attributes:
        path: of the file.
        architecture: "flux", "sd1", "qwen3", ... as its maker wrote it; "" where nobody did.
        shapes: of the tensors by name, the outermost dimension first.
    """

    path: Path
    architecture: str
    shapes: dict[str, tuple[int, ...]]


class _NoGgufError(Exception):
    """Why the file is none."""


def open_gguf(path: Path) -> Gguf:
    """Read the header, and check that the file is whole.

    Raises:
        LocalBackendError: it cannot be read, is no .gguf file, or was not downloaded to its end.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            values, shapes, end = _header(file)
    except OSError as error:
        raise LocalBackendError(unreadable(path, error)) from error
    except EOFError as error:
        raise LocalBackendError(
            f"The model {quoted_path(path)} is cut off after {size:,} bytes, within its header; "
            "download it again."
        ) from error
    except _NoGgufError as error:
        raise LocalBackendError(
            f"The model {quoted_path(path)} is no .gguf file that can be used: {error}; get it "
            "again from where it came from."
        ) from error
    if size < end:
        raise LocalBackendError(
            f"The model {quoted_path(path)} is cut off, {size:,} of {end:,} bytes are there; "
            "download it again."
        )
    return Gguf(path, values, shapes)


def _header(file: BinaryIO) -> tuple[str, dict[str, tuple[int, ...]], int]:
    """Architecture, shapes, and how long the file is at least."""
    reader = _Reader(file)
    if reader.take(4) != MAGIC:
        raise _NoGgufError("it does not begin as one")
    if (version := reader.number(4)) not in VERSIONS:
        raise _NoGgufError(f"it is of version {version}, and 2 and 3 are known")
    tensors, values = reader.count(MAX_TENSORS, 8), reader.count(MAX_VALUES, 8)
    architecture, alignment = "", ALIGNMENT
    for _ in range(values):
        key, kind = reader.text(), reader.number(4)
        if key == "general.architecture" and kind == _TEXT:
            architecture = reader.text()
        elif key == "general.alignment" and kind == _U32:
            alignment = reader.number(4) or ALIGNMENT
        else:
            reader.skip(kind)
    shapes: dict[str, tuple[int, ...]] = {}
    used = 0
    for _ in range(tensors):
        name = reader.text()
        sides = [reader.number(8) for _ in range(reader.count(MAX_DIMENSIONS, 4))]
        kind, offset = reader.number(4), reader.number(8)
        shapes[name] = tuple(reversed(sides))
        used = max(used, offset + _bytes_of(kind, prod(sides)))
    if not shapes:
        raise _NoGgufError("it holds no tensors")
    start = -(-reader.place // alignment) * alignment
    return architecture, shapes, start + used


def _bytes_of(kind: int, numbers: int) -> int:
    """Of a tensor; 0 of a type that came after this was written."""
    block, width = _BLOCKS.get(kind, (1, 0))
    return -(-numbers // block) * width


class _Reader:
    """Reads the parts of a header in their order.

    Attributes:
        place: bytes that were read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.place = 0

    def take(self, number: int) -> bytes:
        data = self._file.read(number)
        if len(data) < number:
            raise EOFError
        self.place += number
        return data

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def count(self, most: int, width: int) -> int:
        number = self.number(width)
        if number > most:
            raise _NoGgufError(f"it claims {number:,} entries where {most:,} are the most")
        return number

    def text(self) -> str:
        return self.take(self.count(MAX_TEXT, 8)).decode("utf-8", errors="replace")

    def skip(self, kind: int) -> None:
        """Pass over one value."""
        if kind == _TEXT:
            self.text()
        elif kind == _LIST:
            inner, length = self.number(4), self.number(8)
            if inner in _WIDTHS:
                self._jump(_WIDTHS[inner] * length)
            else:
                self._skip_list(inner, length)
        elif kind in _WIDTHS:
            self._jump(_WIDTHS[kind])
        else:
            raise _NoGgufError(f"it has a value of the unknown type {kind}")

    def _skip_list(self, kind: int, length: int) -> None:
        # A language model's vocabulary: texts, one behind the other.
        if kind != _TEXT:
            raise _NoGgufError(f"it has a list of the unknown type {kind}")
        for _ in range(length):
            self._jump(struct.unpack("<Q", self.take(8))[0])

    def _jump(self, number: int) -> None:
        self._file.seek(number, io.SEEK_CUR)
        self.place += number
