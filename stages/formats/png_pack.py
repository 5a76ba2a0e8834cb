"""PNG packing: rows of samples go in; what suits them, and lines for the compressor, come out.

Pillow's encoder tries five filters on each row and searches long for repetitions. Here one
filter and one search serve many rows, chosen on a sample of them: photographs have next to no
repetitions and need no search, textures repay a quick one, flat art a thorough one.
"""

import zlib
from typing import TYPE_CHECKING, Literal, Protocol

from imagine.stages.formats.png_filters import FILTERS, Filter, filtered

if TYPE_CHECKING:
    from PIL.Image import Image

# What deflate looks for: runs of one byte, or strings that stood there before.
Search = Literal["runs", "quick", "thorough"]
_LEVELS: dict[Search, int] = {"runs": 1, "quick": 2, "thorough": 4}
# Bytes of rows that are filtered at once: in a processor's cache that takes a third of the time,
# and the memory needed stays near that of the picture.
BAND = 256 * 1024
# What the slow ones must save: Paeth takes 10 ms for 1024x1024, other filters at most 2; a quick
# search takes 25 to 30 ms on textures, runs 10 to 20.
_PAETH = 1.05
_QUICK = 1.08
# Packed to less than this share of its size, a picture is flat: a thorough search takes 20 ms.
_FLAT = 0.2


class Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self, mode: int = ..., /) -> bytes: ...


class Rows:
    """Rows of a picture, from one place or several, and the row above each of them.

    Args:
        rows: the samples of rows, one row behind the other.
        above: as long: for each row the one that stands above it in the picture, zeros above the
            first.
        width: bytes of a row.
        step: bytes of a pixel.
    """

    def __init__(self, rows: bytes, above: bytes, *, width: int, step: int) -> None:
        from PIL import Image

        self._step = step
        self._width = width
        size = width, len(rows) // width
        self._rows: Image.Image = Image.frombuffer("L", size, rows, "raw", "L", 0, 1)
        self._above: Image.Image = Image.frombuffer("L", size, above, "raw", "L", 0, 1)

    def lines(self, filter: Filter) -> bytes:
        """What is compressed: the filtered rows, in front of each the filter's number."""
        image: Image = filtered(filter, self._rows, self._above, step=self._step)
        samples, number = memoryview(image.tobytes()), bytes([FILTERS.index(filter)])
        starts = range(0, len(samples), self._width)
        return b"".join(
            part for start in starts for part in (number, samples[start : start + self._width])
        )


def choice(sample: Rows) -> tuple[Filter, Search]:
    """What packs a sample best, for its time."""
    lines = {filter: sample.lines(filter) for filter in FILTERS}
    sizes: dict[tuple[Filter, Search], float] = {}

    def weigh(filter: Filter, search: Search) -> None:
        packer = compressor(search)
        size = len(packer.compress(lines[filter])) + len(packer.flush())
        handicap = (_PAETH if filter == "paeth" else 1) * (_QUICK if search == "quick" else 1)
        sizes[filter, search] = size * handicap

    for filter in FILTERS:
        weigh(filter, "runs")
    best = min(sizes, key=sizes.__getitem__)[0]
    for filter in dict.fromkeys((best, "none")):
        weigh(filter, "quick")
    filter, search = min(sizes, key=sizes.__getitem__)
    if search == "quick" and sizes[filter, search] < _FLAT * len(lines[filter]):
        search = "thorough"
    return filter, search


def strips(height: int, *, count: int, rows: int) -> list[tuple[int, int]]:
    """First and last row (not included) of strips from all over a picture, or all of it."""
    if height <= count * rows:
        return [(0, height)]
    tops = [(height - rows) * strip // (count - 1) for strip in range(count)]
    return [(top, top + rows) for top in tops]


def compressor(search: Search, *, window: int = zlib.MAX_WBITS) -> Compressor:
    """zlib-ng's, or that of the standard library, which takes up to twice the time.

    ISA-L takes a third of the time on textures, but leaves the processor's AVX registers in a
    state in which all else in that thread, such as Pillow's drawing, was four times as slow.

    Args:
        search: what it looks for.
        window: zlib's `wbits`; negative for deflate without header and checksum.
    """
    strategy = zlib.Z_RLE if search == "runs" else zlib.Z_DEFAULT_STRATEGY
    try:
        from zlib_ng.zlib_ng import compressobj
    except ImportError:
        return zlib.compressobj(_LEVELS[search], zlib.DEFLATED, window, 9, strategy)
    packer: Compressor = compressobj(_LEVELS[search], zlib.DEFLATED, window, 9, strategy)
    return packer
