"""PNG encoding: pixels and chunks become a file, fast, at about the size that Pillow gives."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from imagine.stages.formats.png import SIGNATURE, chunk
from imagine.stages.formats.png_pack import BAND, Rows, choice, compressor, strips

if TYPE_CHECKING:
    from PIL.Image import Image

# Samples of a pixel and the colour type of each mode, and the space of an ICC profile for it.
_MODES = {"L": (1, 0, b"GRAY"), "RGB": (3, 2, b"RGB "), "RGBA": (4, 6, b"RGB ")}
# The rows on which filters and searches are tried: so many strips of so many rows.
_STRIPS = 4
_STRIP_ROWS = 8


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
        parts.append(chunk(*profile_chunk(profile)))
    parts += [chunk(kind, data) for kind, data in chunks]
    parts += [chunk(b"IDAT", b"".join(_packed(pixels))), chunk(b"IEND", b"")]
    return b"".join(parts)


def profile_chunk(profile: bytes) -> tuple[bytes, bytes]:
    """Type and data of the chunk that holds an ICC profile."""
    return b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)


def _packed(pixels: "Image") -> Iterator[bytes]:
    """The compressed rows, in pieces."""
    sample = strips(pixels.height, count=_STRIPS, rows=_STRIP_ROWS)
    filter, search = choice(_rows(pixels, sample))
    packer = compressor(search)
    step = _MODES[pixels.mode][0]
    height = max(1, BAND // (pixels.width * step))
    for top in range(0, pixels.height, height):
        band = _rows(pixels, [(top, min(top + height, pixels.height))])
        yield packer.compress(band.lines(filter))
    yield packer.flush()


def _rows(pixels: "Image", ranges: list[tuple[int, int]]) -> Rows:
    step = _MODES[pixels.mode][0]
    width = pixels.width * step
    # A crop is zero beyond the edges: so is, by the format, what stands above the first row.
    found = [
        memoryview(pixels.crop((0, top - 1, pixels.width, bottom)).tobytes())
        for top, bottom in ranges
    ]
    rows = b"".join(strip[width:] for strip in found)
    above = b"".join(strip[:-width] for strip in found)
    return Rows(rows, above, width=width, step=step)
