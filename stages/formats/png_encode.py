"""PNG encoding: pixels and chunks become a file, fast, at about the size that Pillow gives.

Pillow's encoder tries five filters on each row and searches long for repetitions. Here one
filter and one search serve the whole picture, chosen on a sample of its rows: photographs have
next to no repetitions and need no search, textures repay a quick one, flat art a thorough one.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, Protocol

from imagine.stages.formats.png import SIGNATURE, chunk
from imagine.stages.formats.png_filters import FILTERS, Filter, filtered

if TYPE_CHECKING:
    from PIL.Image import Image

# What deflate looks for: runs of one byte, or strings that stood there before.
Search = Literal["runs", "quick", "thorough"]
_LEVELS: dict[Search, int] = {"runs": 1, "quick": 2, "thorough": 4}
# Samples of a pixel and the colour type of each mode, and the space of an ICC profile for it.
_MODES = {"L": (1, 0, b"GRAY"), "RGB": (3, 2, b"RGB "), "RGBA": (4, 6, b"RGB ")}
# Bytes of rows that are filtered at once: in a processor's cache that takes a third of the time,
# and the memory needed stays near that of the picture.
_BAND = 256 * 1024
# The rows on which filters and searches are tried: so many strips of so many rows.
_STRIPS = 4
_STRIP_ROWS = 8
# What the slow ones must save: Paeth takes 10 ms for 1024x1024, other filters at most 2; a quick
# search takes 25 to 30 ms on textures, runs 10 to 20.
_PAETH = 1.05
_QUICK = 1.08
# Packed to less than this share of its size, a picture is flat: a thorough search takes 20 ms.
_FLAT = 0.2


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def encode_png(pixels: "Image", chunks: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """The bytes of a PNG file; equal pixels and chunks give equal bytes.

    The ICC profile that came with the pixels goes in as well, where it is of their colour space.

    Args:
        pixels: at least 1x1; what is not L, RGB or RGBA becomes RGB, or RGBA where transparent.
        chunks: types and data of what goes between the header and the pixels.
    """
    if pixels.mode not in _MODES:
        pixels = pixels.convert("RGBA" if pixels.has_transparency_data else "RGB")
    _, color, space = _MODES[pixels.mode]
    header = struct.pack(">IIBBBBB", *pixels.size, 8, color, 0, 0, 0)
    profile = pixels.info.get("icc_profile") or b""
    parts = [SIGNATURE, chunk(b"IHDR", header)]
    if profile[16:20] == space:
        parts.append(chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)))
    parts += [chunk(kind, data) for kind, data in chunks]
    parts += [chunk(b"IDAT", b"".join(_packed(pixels))), chunk(b"IEND", b"")]
    return b"".join(parts)


def _packed(pixels: "Image") -> Iterator[bytes]:
    """The compressed rows, in pieces."""
    filter, search = _choice(pixels)
    compressor = _compressor(search)
    step = _MODES[pixels.mode][0]
    height = max(1, _BAND // (pixels.width * step))
    for top in range(0, pixels.height, height):
        band = _Rows(pixels, [(top, min(top + height, pixels.height))])
        yield compressor.compress(band.lines(filter))
    yield compressor.flush()


class _Rows:
    """Rows of a picture, from one place or several, and the row above each of them."""

    def __init__(self, pixels: "Image", ranges: list[tuple[int, int]]) -> None:
        from PIL import Image

        self._step = _MODES[pixels.mode][0]
        self._width = pixels.width * self._step
        # A crop is zero beyond the edges: so is, by the format, what stands above the first row.
        strips = [
            memoryview(pixels.crop((0, top - 1, pixels.width, bottom)).tobytes())
            for top, bottom in ranges
        ]
        rows = b"".join(strip[self._width :] for strip in strips)
        above = b"".join(strip[: -self._width] for strip in strips)
        size = self._width, len(rows) // self._width
        self._rows = Image.frombuffer("L", size, rows, "raw", "L", 0, 1)
        self._above = Image.frombuffer("L", size, above, "raw", "L", 0, 1)

    def lines(self, filter: Filter) -> bytes:
        """What is compressed: the filtered rows, in front of each the filter's number."""
        image = filtered(filter, self._rows, self._above, step=self._step)
        samples, number = memoryview(image.tobytes()), bytes([FILTERS.index(filter)])
        starts = range(0, len(samples), self._width)
        return b"".join(
            part for start in starts for part in (number, samples[start : start + self._width])
        )


def _choice(pixels: "Image") -> tuple[Filter, Search]:
    """What packs a sample best, for its time."""
    sample = _Rows(pixels, _strips(pixels.height))
    lines = {filter: sample.lines(filter) for filter in FILTERS}
    sizes: dict[tuple[Filter, Search], float] = {}

    def weigh(filter: Filter, search: Search) -> None:
        compressor = _compressor(search)
        size = len(compressor.compress(lines[filter])) + len(compressor.flush())
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


def _strips(height: int) -> list[tuple[int, int]]:
    """First and last row (not included) of strips from all over a picture, or all of it."""
    if height <= _STRIPS * _STRIP_ROWS:
        return [(0, height)]
    tops = [(height - _STRIP_ROWS) * strip // (_STRIPS - 1) for strip in range(_STRIPS)]
    return [(top, top + _STRIP_ROWS) for top in tops]


def _compressor(search: Search) -> _Compressor:
    """zlib-ng's, or that of the standard library, which takes up to twice the time.

    ISA-L takes a third of the time on textures, but leaves the processor's AVX registers in a
    state in which all else in that thread, such as Pillow's drawing, was four times as slow.
    """
    strategy = zlib.Z_RLE if search == "runs" else zlib.Z_DEFAULT_STRATEGY
    try:
        from zlib_ng.zlib_ng import compressobj
    except ImportError:
        return zlib.compressobj(_LEVELS[search], zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    return compressobj(_LEVELS[search], zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
