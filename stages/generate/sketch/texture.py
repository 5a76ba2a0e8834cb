"""A finished picture in; its lines, paper and brushed patches, which the media share, out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import grain, noise, soften

if TYPE_CHECKING:
    from PIL.Image import Image


def unit_of(image: Image) -> float:
    return min(image.size) / 100


def edges(image: Image, width: float) -> Image:
    """Dark lines on white where colours change: a difference of two blurs."""
    from PIL import ImageChops, ImageOps

    bands = image.split()
    lines = None
    for band in bands:
        inner = soften(band, max(0.4, width * 0.5))
        outer = soften(band, max(0.8, width * 1.1))
        line = ImageChops.difference(inner, outer)
        lines = line if lines is None else ImageChops.lighter(lines, line)
    if lines is None:
        return image.convert("L")
    return ImageOps.invert(lines.point([min(255, max(0, (v - 4) * 14)) for v in range(256)]))


def paper(image: Image, random: Random, strength: float) -> Image:
    """Paper fibre as a grey sheet around 128."""
    from PIL import Image as Pillow

    fine = soften(grain(image.size, random), max(0.6, unit_of(image) * 0.08))
    coarse = noise(image.size, random, cell=max(2.0, unit_of(image) * 0.6))
    sheet = Pillow.blend(fine, coarse, 0.35)
    return sheet.point([round(128 + (value - 128) * strength) for value in range(256)])


def bleed(image: Image, random: Random, reach: float) -> Image:
    """Outlines made irregular: the picture is mixed with shifted copies of itself by noise."""
    from PIL import Image as Pillow
    from PIL import ImageChops

    result = image
    for dx, dy in ((1, 0.4), (-0.5, 1), (-0.8, -0.7)):
        shifted = ImageChops.offset(image, round(dx * reach), round(dy * reach))
        blobs = noise(image.size, random, cell=max(3.0, reach * 2.4))
        mask = blobs.point([min(255, max(0, (value - 140) * 6)) for value in range(256)])
        result = Pillow.composite(shifted, result, mask)
    return result


def smear(image: Image, radius: float) -> Image:
    """Flat patches with kept edges: median filters run at reduced size."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    factor = max(1, round(radius / 2))
    small = image.reduce(factor) if min(image.size) > 8 * factor else image
    small = small.filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.MedianFilter(3))
    return (
        small.resize(image.size, Pillow.Resampling.BICUBIC) if small.size != image.size else small
    )
