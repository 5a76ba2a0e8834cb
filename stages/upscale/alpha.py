"""Alpha: a raster with transparency in, its colours and its alpha apart out, and back again.

What a picture stores under pixels that cannot be seen is often black. Enlarging would mix it into
the pixels at the edge, which then show it as a rim; so colours are spread from what is seen into
what is not, before.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.window import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from imagine.stages.upscale.raster import Strip

# Steps of the blurs that colours are spread with: 1 + 2 + 4 + 8 pixels, no less than what
# resampling and the networks look at to any effect.
_STEPS = (1, 2, 4, 8)
_REACH = sum(_STEPS)
# Pixels that are worked on at a time, so that memory stays small.
_AREA = 2**18


def alpha_of(raster: Raster) -> Raster:
    """The last channel alone."""

    def strips() -> "Iterator[Strip]":
        for strip in raster.strips():
            yield strip[:, :, -1:]

    return Raster(raster.width, raster.height, 1, raster.depth, strips)


def colours_of(raster: Raster) -> Raster:
    """All channels but alpha; pixels of which nothing is seen take the colours nearest to them.

    Beyond 15 pixels from anything that is seen they stay as they are.
    """
    channels = raster.channels - 1

    def strips() -> "Iterator[Strip]":
        rows = max(2 * _REACH, _AREA // raster.width)
        with Window(raster) as window:
            for top in range(0, raster.height, rows):
                bottom = min(top + rows, raster.height)
                first, last = max(0, top - _REACH), min(raster.height, bottom + _REACH)
                part = window.rows(first, last)
                yield _spread(part, top - first, bottom - first)

    return Raster(raster.width, raster.height, channels, raster.depth, strips)


def joined(colours: Raster, alpha: Raster) -> Raster:
    """The colours with the alpha as their last channel; both of one size and depth."""
    import numpy as np

    def strips() -> "Iterator[Strip]":
        top = 0
        with Window(alpha) as window:
            for strip in colours.strips():
                yield np.concatenate((strip, window.rows(top, top + len(strip))), axis=2)
                top += len(strip)

    return Raster(colours.width, colours.height, colours.channels + 1, colours.depth, strips)


def _spread(part: "Strip", top: int, bottom: int) -> "Strip":
    """The colours of rows from `top` to before `bottom`, with those of the rest in reach."""
    import numpy as np

    colours = np.ascontiguousarray(part[top:bottom, :, :-1])
    hidden = part[top:bottom, :, -1] == 0
    if not hidden.any() or not part[:, :, -1].any():
        return colours
    # Sums of colours by weight, and of weights, over a neighbourhood that grows at each step: a
    # pixel takes the mean of the first that holds anything seen.
    weights = part[:, :, -1].astype(np.float32)
    planes = [part[:, :, channel] * weights for channel in range(part.shape[2] - 1)]
    for step in _STEPS:
        weights = _summed(weights, step)
        planes = [_summed(plane, step) for plane in planes]
        found = hidden & (weights[top:bottom] > 0)
        for channel, plane in enumerate(planes):
            mean = plane[top:bottom][found] / weights[top:bottom][found]
            colours[found, channel] = mean + np.float32(0.5)
        hidden &= ~found
    return colours


def _summed(plane: "NDArray[np.float32]", step: int) -> "NDArray[np.float32]":
    """Each pixel and the two at `step` from it, the middle twice, down and across."""
    down = 2 * plane
    down[step:] += plane[:-step]
    down[:-step] += plane[step:]
    both = 2 * down
    both[:, step:] += down[:, :-step]
    both[:, :-step] += down[:, step:]
    return both
