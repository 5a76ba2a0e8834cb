"""Resampling: a raster in, the same raster in another size out, strip by strip."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.window import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image, Resampling

    from imagine.stages.upscale.raster import Strip

Filter = Literal["lanczos", "bicubic", "nearest"]

# How far a filter looks to each side, in pixels of the larger spacing.
_REACH: dict[Filter, int] = {"lanczos": 3, "bicubic": 2, "nearest": 0}
# Bytes of a strip, of what goes in or comes out, whichever is larger.
_STRIP = 2**22


def resized(raster: Raster, size: tuple[int, int], filter_: Filter) -> Raster:
    """The raster in exactly `size`; itself where it has that already.

    Equal to resizing the whole picture with Pillow, first across and then down, but for 1 where
    rounding falls otherwise; "nearest" enlarges pixels to squares of one size, whatever the factor:
    where it is no whole number, a pixel that two squares share is mixed of both. Channels are
    resampled each on its own: alpha is not multiplied in.
    """
    if raster.size == size:
        return raster
    width, height = size
    step = raster.height / height
    sample = raster.channels * (raster.depth // 8)
    rows = max(1, int(_STRIP / (sample * max(width, raster.width * step))))
    margin = math.ceil(_REACH[filter_] * max(1.0, step)) + 1

    def strips() -> "Iterator[Strip]":
        with Window(raster) as window:
            for top in range(0, height, rows):
                bottom = min(top + rows, height)
                first = max(0, top * raster.height // height - margin)
                last = min(raster.height, -(-bottom * raster.height // height) + margin)
                part = window.rows(first, last)
                if filter_ == "nearest":
                    grows = width >= raster.width and height >= raster.height
                    copied = _squares if grows else _nearest
                    yield copied(part, raster.size, size, (top, bottom), first)
                else:
                    # Exact integers are divided once, so that the ends fall on whole numbers.
                    start = (top * raster.height - first * height) / height
                    stop = (bottom * raster.height - first * height) / height
                    box = (0, start, raster.width, stop)
                    yield _filtered(part, (width, bottom - top), filter_, box)

    return Raster(width, height, raster.channels, raster.depth, strips)


def _nearest(
    part: "Strip",
    before: tuple[int, int],
    after: tuple[int, int],
    rows: tuple[int, int],
    first: int,
) -> "Strip":
    """Each pixel a copy of the one that its middle falls on."""
    import numpy as np

    down = (2 * np.arange(*rows, dtype=np.int64) + 1) * before[1] // (2 * after[1]) - first
    across = (2 * np.arange(after[0], dtype=np.int64) + 1) * before[0] // (2 * after[0])
    return np.ascontiguousarray(part[down][:, across])


def _squares(
    part: "Strip",
    before: tuple[int, int],
    after: tuple[int, int],
    rows: tuple[int, int],
    first: int,
) -> "Strip":
    """Each pixel a square, all of one size; a pixel that two of them share is mixed of both."""
    import numpy as np

    down, parts = _shares(before[1], after[1], *rows)
    top = int(down[0])
    # Across first: of rows that are repeated it is done once.
    lines = part[top - first : int(down[-1]) + 2 - first]
    wide = _mixed(lines, *_shares(before[0], after[0], 0, after[0]), axis=1)
    return np.ascontiguousarray(_mixed(wide, down - top, parts, axis=0))


def _shares(
    before: int, after: int, start: int, stop: int
) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """Which pixel each of those from `start` to before `stop` begins in, and how much of it is.

    The rest is of the next one. Both are of a row of `before` that is enlarged to `after`.
    """
    import numpy as np

    edges = np.arange(start, stop, dtype=np.int64) * before
    pixels = edges // after
    return pixels, np.minimum((pixels + 1) * after - edges, before) / before


def _mixed(
    strip: "Strip", pixels: "NDArray[np.int64]", shares: "NDArray[np.float64]", *, axis: int
) -> "Strip":
    import numpy as np

    result = np.take(strip, pixels, axis)
    shared = np.flatnonzero(shares < 1)
    if len(shared):
        one, other = (np.take(strip, pixels[shared] + step, axis) for step in (0, 1))
        share = shares[shared].reshape((-1, 1, 1) if axis == 0 else (-1, 1))
        values = np.rint(one * share + other * (1 - share)).astype(strip.dtype)
        result[(slice(None),) * axis + (shared,)] = values
    return result


def _filtered(
    part: "Strip", size: tuple[int, int], filter_: Filter, box: tuple[float, float, float, float]
) -> "Strip":
    import numpy as np
    import PIL.Image

    way = PIL.Image.Resampling.LANCZOS if filter_ == "lanczos" else PIL.Image.Resampling.BICUBIC
    if part.dtype == np.uint8 and part.shape[2] == 3:
        return _resize(PIL.Image.fromarray(part), size, way, box)
    strip = np.empty((size[1], size[0], part.shape[2]), part.dtype)
    for channel in range(part.shape[2]):
        # uint8 is Pillow's L, uint16 its I;16.
        plane = PIL.Image.fromarray(np.ascontiguousarray(part[:, :, channel]))
        strip[:, :, channel] = _resize(plane, size, way, box)
    return strip


def _resize(
    image: "Image", size: tuple[int, int], way: "Resampling", box: tuple[float, float, float, float]
) -> "NDArray[np.uint8 | np.uint16]":
    """The box of the image, across first and then down.

    In one call Pillow may begin with the direction that is cheaper, which is not the same for
    every strip; what is rounded and clipped in between would show.
    """
    import numpy as np

    across = image.resize((size[0], image.height), way)
    return np.asarray(across.resize(size, way, (0, box[1], size[0], box[3])))
