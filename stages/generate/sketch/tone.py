"""A picture in; the same as photograph, sepia, black and white, flat or pixel art out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import grain, soften
from imagine.stages.generate.sketch.texture import smear, unit_of

if TYPE_CHECKING:
    from PIL.Image import Image


def render(image: Image, lines: Image, random: Random) -> Image:
    """As it is: the cut-outs are 3D renders."""
    return image


def pixel(image: Image, lines: Image, random: Random) -> Image:
    """A coarse grid of square pixels in 28 colours."""
    from PIL import Image as Pillow
    from PIL import ImageEnhance

    cell = max(1, round(min(image.size) / 80))
    columns, rows = -(-image.width // cell), -(-image.height // cell)
    small = image.resize((columns, rows), Pillow.Resampling.BOX)
    small = ImageEnhance.Contrast(ImageEnhance.Color(small).enhance(1.2)).enhance(1.1)
    limited = small.quantize(28, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    grid = limited.convert("RGB").resize((columns * cell, rows * cell), Pillow.Resampling.NEAREST)
    # The last cells may be cut: a cell is a whole number of pixels, all of them squares.
    return grid.crop((0, 0, *image.size))


def mono(image: Image, lines: Image, random: Random) -> Image:
    """Black and white, with a little more contrast."""
    from PIL import ImageEnhance, ImageOps

    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    return _vignette(ImageEnhance.Contrast(grey).enhance(1.12).convert("RGB"), 0.25)


def sepia(image: Image, lines: Image, random: Random) -> Image:
    """Brown tones and dark corners."""
    from PIL import ImageOps

    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    toned = ImageOps.colorize(grey, (44, 26, 14), (252, 240, 212), mid=(164, 124, 82))
    return _vignette(toned, 0.45)


def _vignette(image: Image, strength: float) -> Image:
    """The corners darkened."""
    from PIL import Image as Pillow

    mask = Pillow.radial_gradient("L").resize(image.size, Pillow.Resampling.BILINEAR)
    mask = mask.point([round(max(0, value - 110) * strength * 1.5) for value in range(256)])
    result = image.copy()
    result.paste((10, 6, 12), (0, 0), mask)
    return result


def photo(image: Image, lines: Image, random: Random) -> Image:
    """The depth blur is laid on the background earlier; here tone, light bloom and grain."""
    from PIL import ImageChops, ImageEnhance

    unit = unit_of(image)
    toned = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.02)).enhance(1.05)
    bloom = soften(toned, unit * 2.5).point(
        [round(max(0, value - 150) * 0.5) for value in range(256)] * 3
    )
    toned = ImageChops.screen(toned, bloom)
    film = grain(image.size, random).point([round(128 + (v - 128) * 0.09) for v in range(256)])
    return _vignette(ImageChops.overlay(toned, film.convert("RGB")), 0.14)


def flat(image: Image, lines: Image, random: Random) -> Image:
    """Few flat colours without shading."""
    from PIL import Image as Pillow
    from PIL import ImageEnhance

    plain = smear(ImageEnhance.Color(image).enhance(1.2), unit_of(image) * 0.4)
    colors = plain.quantize(28, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    return soften(colors.convert("RGB"), 0.5)


def noir(image: Image, lines: Image, random: Random) -> Image:
    """Black and white with inky shadows: light falls in slanted bars, as through blinds."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageDraw, ImageOps

    unit = unit_of(image)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=2)
    hard = grey.point([round(255 * _s_curve(value / 255)) for value in range(256)])
    bars = Pillow.new("L", image.size, 112)
    pen = ImageDraw.Draw(bars)
    pitch, slope = 13 * unit, 0.22 * image.width
    top = -slope + random.uniform(0, pitch)
    while top < image.height + slope:
        pen.polygon(
            [(0, top + slope), (image.width, top), (image.width, top + 0.62 * pitch),
             (0, top + slope + 0.62 * pitch)], fill=255,
        )  # fmt: skip
        top += pitch
    lit = ImageChops.multiply(hard, soften(bars, unit * 0.7))
    film = grain(image.size, random).point([round(128 + (v - 128) * 0.16) for v in range(256)])
    return _vignette(ImageChops.overlay(lit, film).convert("RGB"), 0.8)


def _s_curve(value: float) -> float:
    """0 to 1 to the same, the middle steeper."""
    return value * value * (3 - 2 * value)


def macro(image: Image, lines: Image, random: Random) -> Image:
    """A photograph whose focus is so shallow that everything off the middle is blurred."""
    from PIL import Image as Pillow

    sharp = photo(image, lines, random)
    mask = Pillow.radial_gradient("L").resize(image.size, Pillow.Resampling.BILINEAR)
    mask = mask.point([min(255, max(0, (value - 118) * 3)) for value in range(256)])
    return Pillow.composite(soften(sharp, unit_of(image) * 1.3), sharp, mask)
