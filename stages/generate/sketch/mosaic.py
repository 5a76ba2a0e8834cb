"""A picture in; the same in pieces out: stained glass with leads, or the facets of low poly."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.texture import edges, unit_of

if TYPE_CHECKING:
    from PIL.Image import Image

Corners = list[list[tuple[float, float]]]
_LEAD = (22, 20, 26)


def stained(image: Image, lines: Image, random: Random) -> Image:
    """Glass pieces of strong colour in dark leads, which also follow the outlines."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageDraw, ImageEnhance, ImageOps

    vivid = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.7)).enhance(1.12)
    pitch = max(4.0, min(image.size) / 30)
    corners = _corners(image.size, pitch, random)
    glass = Pillow.blend(_glazed(vivid, corners), vivid, 0.45)
    pen = ImageDraw.Draw(glass)
    width = max(1, round(pitch * 0.09))
    for upper, lower in pairwise(corners):
        pen.line(upper, fill=_LEAD, width=width)
        for top, bottom in zip(upper, lower, strict=True):
            pen.line([top, bottom], fill=_LEAD, width=width)
    leads = ImageChops.darker(edges(image, unit_of(image) * 0.4), ImageOps.invert(lines))
    return Pillow.composite(glass, Pillow.new("RGB", image.size, _LEAD), leads)


def facets(image: Image, lines: Image, random: Random) -> Image:
    """Plain triangles, each of the colour in its middle."""
    from PIL import ImageEnhance

    pitch = max(3.0, min(image.size) / 56)
    return _glazed(ImageEnhance.Color(image).enhance(1.15), _corners(image.size, pitch, random))


def _corners(size: tuple[int, int], pitch: float, random: Random) -> Corners:
    """The corners of a shaken grid, rows of points, beginning outside the picture."""
    columns, rows = round(size[0] / pitch) + 3, round(size[1] / pitch) + 3
    return [
        [
            ((x + random.uniform(-0.36, 0.36)) * pitch, (y + random.uniform(-0.36, 0.36)) * pitch)
            for x in range(-1, columns)
        ]
        for y in range(-1, rows)
    ]


def _glazed(image: Image, corners: Corners) -> Image:
    """Two triangles for every cell of the grid, each in the picture's colour at its middle."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    sheet = Pillow.new("RGB", image.size, _LEAD)
    pen = ImageDraw.Draw(sheet)
    for y, (upper, lower) in enumerate(pairwise(corners)):
        for x in range(len(upper) - 1):
            a, b, c, d = upper[x], upper[x + 1], lower[x + 1], lower[x]
            for half in ((a, b, c), (a, c, d)) if (x + y) % 2 else ((a, b, d), (b, c, d)):
                middle = [sum(point[axis] for point in half) / 3 for axis in (0, 1)]
                spot = tuple(
                    min(side - 1, max(0, round(at)))
                    for at, side in zip(middle, image.size, strict=True)
                )
                pen.polygon(half, fill=image.getpixel((spot[0], spot[1])))
    return sheet
