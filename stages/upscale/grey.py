"""Grey: a raster of one channel to RGB, for upscalers, and back."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagine.stages.upscale.raster import Raster

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Strip


def rgb_of(grey: Raster) -> Raster:
    """The same value as red, green and blue."""
    import numpy as np

    def strips() -> "Iterator[Strip]":
        for strip in grey.strips():
            yield np.repeat(strip, 3, axis=2)

    return Raster(grey.width, grey.height, 3, grey.depth, strips)


def grey_of(rgb: Raster) -> Raster:
    """The mean of red, green and blue, rounded: what `rgb_of` gave comes back as it was."""
    import numpy as np

    def strips() -> "Iterator[Strip]":
        for strip in rgb.strips():
            total = strip[:, :, 0].astype(np.uint32) + strip[:, :, 1] + strip[:, :, 2]
            yield ((total + 1) // 3).astype(strip.dtype)[:, :, None]

    return Raster(rgb.width, rgb.height, 1, rgb.depth, strips)
