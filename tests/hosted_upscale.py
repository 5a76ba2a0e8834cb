"""Pictures and requests for tests of upscalers behind HTTP."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from imagine.stages.image import Progress
from imagine.stages.upscale import Enlarged, Upscaler, UpscaleRequest
from imagine.stages.upscale.raster import Raster, image_of, raster_of


def picture(width: int = 96, height: int = 64) -> Image.Image:
    """A smooth slope of colours, which resampling leaves as it is."""
    across = np.linspace(0, 255, width)[None, :, None]
    down = np.linspace(0, 255, height)[:, None, None]
    flat = np.full((height, width, 1), 96.0)
    planes = [np.broadcast_to(plane, (height, width, 1)) for plane in (across, down, flat)]
    return Image.fromarray(np.concatenate(planes, axis=2).astype(np.uint8))


def deep(width: int = 96, height: int = 64) -> Raster:
    """The same picture of 16 bits a sample."""
    pixels = np.asarray(picture(width, height)).astype(np.uint16) * np.uint16(257)
    return Raster(width, height, 3, 16, lambda: iter([pixels]))


def enlarged(
    upscaler: Upscaler,
    raster: Raster | None = None,
    *,
    by: float = 4,
    told: Callable[[Progress], None] = lambda progress: None,
    **changes: Any,
) -> Enlarged:
    """What comes of one picture, `by` times as wide and as high."""
    raster = raster or raster_of(picture())
    width, height = round(raster.width * by), round(raster.height * by)
    request = UpscaleRequest(**{"width": width, "height": height, **changes})
    made = upscaler.upscale(raster, request, on_progress=told)
    assert made.raster.size == (request.width, request.height)
    assert (made.raster.channels, made.raster.depth) == (raster.channels, raster.depth)
    return made


def away(made: Enlarged) -> float:
    """How far the result is from the slope that it should be, at most, of 255."""
    image = image_of(made.raster)
    # Edges are rounded off by resampling.
    border = 16
    box = (border, border, image.width - border, image.height - border)
    want = np.asarray(picture(*image.size).crop(box)).astype(int)
    return float(np.abs(np.asarray(image.crop(box)).astype(int) - want).max())
