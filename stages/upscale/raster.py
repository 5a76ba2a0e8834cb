"""Raster: a picture as strips of rows, so that one larger than memory can pass through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    # (rows, width, channels), contiguous; uint8, or uint16 for a depth of 16.
    Strip = NDArray[np.uint8 | np.uint16]

# Bytes of a strip of a picture in memory.
_STRIP = 2**20
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
_MODES = {channels: mode for mode, channels in _CHANNELS.items()}


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels that come a strip at a time, from top to bottom.

    Attributes:
        width, height: pixels.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; alpha is not multiplied in.
        depth: bits of a sample, 8 or 16.
        strips: begins anew each time it is called; arrays (rows, width, channels) of uint8 or
            uint16, of one row or more, whose rows add up to `height`.
    """

    width: int
    height: int
    channels: int
    depth: int
    strips: "Callable[[], Iterator[Strip]]"

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def raster_of(image: "Image") -> Raster:
    """A picture in memory: L, LA, RGB, RGBA, or I;16 for grey of 16 bits."""
    import numpy as np

    deep = image.mode == "I;16"
    channels = 1 if deep else _CHANNELS[image.mode]
    rows = max(1, _STRIP // (image.width * channels * (2 if deep else 1)))

    def strips() -> "Iterator[Strip]":
        for top in range(0, image.height, rows):
            bottom = min(top + rows, image.height)
            strip: Any = np.asarray(image.crop((0, top, image.width, bottom)))
            yield np.ascontiguousarray(strip.reshape(bottom - top, image.width, channels))

    return Raster(image.width, image.height, channels, 16 if deep else 8, strips)


def image_of(raster: Raster) -> "Image":
    """The whole picture in memory, of 8 bits a sample but for grey of 16 bits (I;16)."""
    from PIL import Image

    deep = raster.depth == 16 and raster.channels == 1
    mode = "I;16" if deep else _MODES[raster.channels]
    # Strip by strip: as one array it would be there twice.
    image = Image.new(mode, raster.size)
    top = 0
    for strip in raster.strips():
        rows = strip if deep or raster.depth == 8 else eight_bits(strip)
        image.paste(Image.fromarray(rows[:, :, 0] if raster.channels == 1 else rows), (0, top))
        top += len(rows)
    return image


def cropped(raster: Raster, left: int, top: int, width: int, height: int) -> Raster:
    """The part of `width` by `height` pixels that begins at (`left`, `top`), which lies within."""
    import numpy as np

    if (width, height) == raster.size:
        return raster

    def strips() -> "Iterator[Strip]":
        above = 0
        for strip in raster.strips():
            rows = strip[max(0, top - above) : max(0, top + height - above)]
            if len(rows):
                yield np.ascontiguousarray(rows[:, left : left + width])
            above += len(strip)
            if above >= top + height:
                return

    return Raster(width, height, raster.channels, raster.depth, strips)


def eight_bits(strip: "Strip") -> "NDArray[np.uint8]":
    """16 bits to 8, rounded: 65535 is 255."""
    import numpy as np

    return ((strip.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
