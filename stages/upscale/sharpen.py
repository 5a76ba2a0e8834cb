"""Sharpening: an RGB raster in, the same raster with its edges made steeper out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.window import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from imagine.stages.upscale.raster import Strip

MAX_SHARPEN = 2.0
# The blur is the binomial (1, 6, 15, 20, 15, 6, 1) / 64 both ways: a Gaussian of 1.2 pixels.
_REACH = 3
# Parts of red, green and blue in what the eye sees as brightness (ITU-R BT.601).
_LUMA = (0.299, 0.587, 0.114)
# Pixels that are worked on at a time, so that they stay in the processor's cache.
_AREA = 2**17


def check_sharpen(amount: float) -> None:
    """Refuse what is no amount to sharpen by.

    Raises:
        UsageError: naming the option.
    """
    if not 0 <= amount <= MAX_SHARPEN:
        raise UsageError(f"--sharpen {amount:g} is not from 0 to 2; 0.5 is a gentle amount.")


def sharpened(raster: Raster, amount: float) -> Raster:
    """Unsharp mask: to each channel is added how much brighter the pixel is than around it.

    The same is added to red, green and blue, so that no edge changes its colour; results are
    clipped to what a sample holds. Equal for every way of cutting the raster into strips.

    Args:
        amount: what the difference is multiplied by, 0 to 2; 0 gives the raster itself.
    """
    if amount == 0:
        return raster

    def strips() -> "Iterator[Strip]":
        rows = max(16, _AREA // raster.width)
        with Window(raster) as window:
            for top in range(0, raster.height, rows):
                bottom = min(top + rows, raster.height)
                first, last = max(0, top - _REACH), min(raster.height, bottom + _REACH)
                part = window.rows(first, last)
                missing = first - (top - _REACH), bottom + _REACH - last
                yield _steeper(part, top - first, bottom - first, missing, amount)

    return Raster(raster.width, raster.height, raster.channels, raster.depth, strips)


def _steeper(
    part: "Strip", top: int, bottom: int, missing: tuple[int, int], amount: float
) -> "Strip":
    """Rows from `top` to before `bottom` of the part, sharpened."""
    import numpy as np

    full = np.iinfo(part.dtype).max
    red, green, blue = (part[:, :, channel] * np.float32(_LUMA[channel]) for channel in range(3))
    luma = red + green + blue
    around = np.pad(luma, (missing, (_REACH, _REACH)), "edge")
    detail = luma[top:bottom] - _blurred(around)
    detail *= np.float32(amount)
    # Rounded once, by what is cut off when the sum becomes a whole number.
    detail += np.float32(0.5)
    result = np.empty((bottom - top, *part.shape[1:]), part.dtype)
    for channel in range(3):
        result[:, :, channel] = np.clip(part[top:bottom, :, channel] + detail, 0, full)
    return result


def _blurred(plane: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Binomial of order 6 both ways; three pixels less on each side."""
    import numpy as np

    for _ in range(2 * _REACH):
        plane = plane[1:] + plane[:-1]
    for _ in range(2 * _REACH):
        plane = plane[:, 1:] + plane[:, :-1]
    return plane * np.float32(1 / 4096)
