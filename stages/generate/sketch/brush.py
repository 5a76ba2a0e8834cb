"""Colours, shapes and a seeded random source in; gradients, masks and textures out.

Everything here is Pillow alone and the same on every machine: noise comes from seeded bytes,
never from Pillow's own random effects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

RGB = tuple[int, int, int]
# Below this many pixels a mask is painted at twice its size; above, the eye cannot tell.
_SUPERSAMPLED = 2_500_000


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """`first` with `share` (0 to 1) of `second` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def multiply(color: RGB, light: tuple[float, float, float]) -> RGB:
    """The colour as it looks under a light of the given strength for red, green and blue."""
    red, green, blue = (min(255, max(0, round(a * b))) for a, b in zip(color, light, strict=True))
    return red, green, blue


def brightness(color: RGB) -> float:
    """Perceived brightness, 0 to 1 (Rec. 601 weights)."""
    return (0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]) / 255


def vertical(size: tuple[int, int], stops: Sequence[RGB]) -> Image:
    """An RGB picture that runs through `stops` from top to bottom at equal distances."""
    from PIL import Image

    column = Image.new("RGB", (1, len(stops)))
    column.putdata(list(stops))
    if len(stops) > 1:
        # The first and last stop are to lie on the edges, not half a sample inside them.
        edge = 0.5
        column = column.resize(
            (1, 256), Image.Resampling.BILINEAR, box=(0, edge, 1, len(stops) - edge)
        )
    return column.resize(size, Image.Resampling.BILINEAR)


def glow(
    canvas: Image, center: tuple[float, float], radius: float, color: RGB, strength: float
) -> None:
    """Lay light of `color` on the RGB canvas: `strength` (0 to 1) at `center`, 0 at `radius`."""
    from PIL import Image

    side = max(2, round(2 * radius))
    # Built in: 0 in the centre of 256 x 256 pixels, 181 in the middle of each edge, 255 beyond.
    disc = Image.radial_gradient("L").point(
        [round(255 * strength * max(0.0, 1 - value / 180) ** 1.6) for value in range(256)]
    )
    disc = disc.resize((side, side), Image.Resampling.BILINEAR)
    canvas.paste(color, (round(center[0] - side / 2), round(center[1] - side / 2)), disc)


def shape(size: tuple[int, int], paint: Callable[[ImageDraw, float], None]) -> Image:
    """A mask with smooth edges: `paint` draws in white, multiplying coordinates by its scale."""
    from PIL import Image, ImageDraw

    factor = 2 if size[0] * size[1] <= _SUPERSAMPLED else 1
    mask = Image.new("L", (size[0] * factor, size[1] * factor))
    paint(ImageDraw.Draw(mask), float(factor))
    return mask.reduce(2) if factor == 2 else mask


def empty_mask(size: tuple[int, int]) -> Image:
    """A mask that is 0 everywhere."""
    from PIL import Image

    return Image.new("L", size)


def polygon(size: tuple[int, int], points: Sequence[tuple[float, float]]) -> Image:
    """A mask with smooth edges of the polygon through `points`, in pixels."""
    return shape(
        size,
        lambda draw, k: draw.polygon([(x * k, y * k) for x, y in points], fill=255),
    )


def soften(image: Image, radius: float) -> Image:
    """A Gaussian blur of `radius` pixels, made at reduced size where that cannot be seen."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    if radius < 0.3:
        return image
    factor = max(1, min(8, int(radius / 3)))
    if factor == 1 or min(image.size) < 4 * factor:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(image.size, Pillow.Resampling.BILINEAR)


def fade(mask: Image, share: float) -> Image:
    """The mask with every value multiplied by `share` (0 to 1)."""
    return mask.point([round(value * share) for value in range(256)])


def noise(size: tuple[int, int], random: Random, *, cell: float, stretch: float = 1.0) -> Image:
    """Smooth grey noise of all values; `cell` is the size of its blobs in pixels.

    `stretch` widens the blobs: 6 gives wood grain and ripples.
    """
    from PIL import Image

    columns = min(256, max(2, round(size[0] / (cell * stretch)) + 1))
    rows = min(256, max(2, round(size[1] / cell) + 1))
    grains = Image.frombytes("L", (columns, rows), random.randbytes(columns * rows))
    return grains.resize(size, Image.Resampling.BICUBIC)


def grain(size: tuple[int, int], random: Random) -> Image:
    """Fine grey noise, a value a pixel: one tile of 256 pixels, repeated."""
    from PIL import Image

    tile = Image.frombytes("L", (256, 256), random.randbytes(65536))
    sheet = Image.new("L", size)
    for left in range(0, size[0], 256):
        for top in range(0, size[1], 256):
            sheet.paste(tile, (left, top))
    return sheet


def mottle(image: Image, texture: Image, amount: float) -> Image:
    """The RGB picture lightened and darkened by a grey texture; `amount` is the share of 255."""
    from PIL import ImageChops

    center = texture.point([round(128 + (value - 128) * amount) for value in range(256)])
    # overlay is neutral at 128 and keeps black and white.
    return ImageChops.overlay(image, center.convert("RGB"))
