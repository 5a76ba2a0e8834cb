"""PNG streaming: rows go in from top to bottom; the pieces of a file come out, one by one.

What is in memory is a few megabytes of rows, however tall the picture. Each such segment is
packed by itself, with a filter and a search chosen on a sample of it: a plain sky above a forest
does not decide for both.
"""

import struct
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.formats.png import SIGNATURE, chunk
from imagine.stages.formats.png_pack import BAND, Rows, choice, compressor, strips

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    # (rows, width, samples of a pixel), uint8 or uint16.
    Strip = NDArray[np.uint8 | np.uint16]

# Colour type by the samples of a pixel.
_COLORS = {1: 0, 2: 4, 3: 2, 4: 6}
# Bytes of rows that are packed together, and of those on which filters and searches are tried.
_SEGMENT = 4 * 2**20
_SAMPLE = 96 * 1024
_SAMPLE_STRIPS = 4
# zlib's header for a window of 32 KB, the fastest of its four levels (RFC 1950, 2.2).
_HEADER = b"\x78\x01"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a PNG's header says.

    Attributes:
        width, height: pixels.
        channels: samples of a pixel: grey, grey and alpha, RGB, RGB and alpha.
        depth: bits of a sample, 8 or 16.
    """

    width: int
    height: int
    channels: int
    depth: int

    @property
    def step(self) -> int:
        """Bytes of a pixel."""
        return self.channels * self.depth // 8


def stream_png(
    layout: Layout, strips: "Iterable[Strip]", chunks: Sequence[tuple[bytes, bytes]] = ()
) -> Iterator[bytes]:
    """The pieces of a PNG file; equal rows and chunks give equal bytes, however tall the strips.

    Args:
        layout: of the picture.
        strips: its rows, one or more at a time, `layout.height` of them together.
        chunks: types and data of what goes between the header and the pixels.
    """
    bits = struct.pack(
        ">IIBBBBB", layout.width, layout.height, layout.depth, _COLORS[layout.channels], 0, 0, 0
    )
    yield SIGNATURE + chunk(b"IHDR", bits)
    for kind, data in chunks:
        yield chunk(kind, data)
    checksum, above, start = zlib.adler32(b""), bytes(layout.width * layout.step), _HEADER
    for segment in _segments(layout, strips):
        packed, checksum = _pack(segment, above, layout, checksum)
        yield chunk(b"IDAT", start + packed)
        above, start = segment[-len(above) :], b""
    # An empty last block, then the checksum of all lines.
    yield chunk(b"IDAT", b"\x03\0" + checksum.to_bytes(4))
    yield chunk(b"IEND", b"")


def _segments(layout: Layout, strips: "Iterable[Strip]") -> Iterator[bytes]:
    """The samples of so many rows at a time, as the format orders their bytes."""
    size = layout.width * layout.step
    size *= max(1, _SEGMENT // size)
    waiting: list[memoryview] = []
    length = 0
    for strip in strips:
        # The format has the high byte first.
        swap = layout.depth == 16 and sys.byteorder == "little"
        rest = memoryview((strip.byteswap() if swap else strip).tobytes())
        while length + len(rest) >= size:
            waiting.append(rest[: size - length])
            rest = rest[size - length :]
            yield b"".join(waiting)
            waiting, length = [], 0
        waiting.append(rest)
        length += len(rest)
    if length:
        yield b"".join(waiting)


def _pack(segment: bytes, above: bytes, layout: Layout, checksum: int) -> tuple[bytes, int]:
    """Blocks of deflate that end on a whole byte, and the checksum with their lines in it."""
    width = len(above)
    height = len(segment) // width
    rows = max(1, min(8, _SAMPLE // _SAMPLE_STRIPS // width))
    samples = strips(height, count=_SAMPLE_STRIPS, rows=rows)
    filter, search = choice(_rows(segment, above, layout, samples))
    packer = compressor(search, window=-zlib.MAX_WBITS)
    packed = []
    band = max(1, BAND // width)
    for top in range(0, height, band):
        lines = _rows(segment, above, layout, [(top, min(top + band, height))]).lines(filter)
        checksum = zlib.adler32(lines, checksum)
        packed.append(packer.compress(lines))
    packed.append(packer.flush(zlib.Z_SYNC_FLUSH))
    return b"".join(packed), checksum


def _rows(segment: bytes, above: bytes, layout: Layout, ranges: list[tuple[int, int]]) -> Rows:
    width = len(above)
    view = memoryview(segment)
    rows = b"".join(view[top * width : bottom * width] for top, bottom in ranges)
    over = b"".join(
        part
        for top, bottom in ranges
        for part in (
            above if top == 0 else view[(top - 1) * width : top * width],
            view[top * width : (bottom - 1) * width],
        )
    )
    return Rows(rows, over, width=width, step=layout.step)
