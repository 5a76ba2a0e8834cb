"""A picture and its subjects' outlines in; the same as woodblock, anime, Bauhaus or logo out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import RGB, fade, soften
from imagine.stages.generate.sketch.texture import edges, paper, smear, unit_of

if TYPE_CHECKING:
    from PIL.Image import Image

_INDIGO: RGB = (34, 44, 74)
_RICE_PAPER: RGB = (244, 230, 200)
_PRIMARIES: tuple[RGB, ...] = (
    (214, 50, 38), (28, 74, 158), (245, 192, 44), (26, 24, 26), (241, 233, 216),
)  # fmt: skip


def _flat(image: Image, colors: int) -> Image:
    """Patches of that many of the picture's own colours."""
    from PIL import Image as Pillow

    plain = smear(image, unit_of(image) * 0.5)
    return plain.quantize(
        colors, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE
    ).convert("RGB")


def woodblock(image: Image, lines: Image, random: Random) -> Image:
    """Muted inks on rice paper, indigo outlines, and a band of ink that fades down from the top."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageOps

    unit = unit_of(image)
    light = image.point([round(255 * (value / 255) ** 0.62) for value in range(256)] * 3)
    muted = _flat(ImageEnhance.Color(light).enhance(0.78), 20)
    printed = ImageChops.multiply(muted, Pillow.new("RGB", image.size, _RICE_PAPER))
    band = Pillow.linear_gradient("L").resize((image.width, max(1, round(image.height * 0.3))))
    shade = Pillow.new("L", image.size)
    shade.paste(ImageOps.flip(band).point([round(value * 0.62) for value in range(256)]), (0, 0))
    sky = ImageChops.multiply(printed, Pillow.new("RGB", image.size, (96, 128, 176)))
    printed = Pillow.composite(sky, printed, shade)
    contour = ImageChops.darker(edges(muted, max(0.8, unit * 0.3)), ImageOps.invert(lines))
    printed = Pillow.composite(printed, Pillow.new("RGB", image.size, _INDIGO), contour)
    return ImageChops.overlay(printed, paper(image, random, 0.16).convert("RGB"))


def anime(image: Image, lines: Image, random: Random) -> Image:
    """Cel colours with fine dark lines around the subjects, before softly painted, bright light."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageOps

    unit = unit_of(image)
    cels = soften(_flat(ImageEnhance.Color(image).enhance(1.35), 24), unit * 0.08)
    bright = ImageEnhance.Brightness(cels).enhance(1.06)
    haze = soften(bright, unit * 4).point([round(value * 0.16) for value in range(256)] * 3)
    lit = ImageChops.screen(bright, haze)
    fine = ImageOps.invert(fade(lines, 0.8))
    return Pillow.composite(lit, Pillow.new("RGB", image.size, (72, 40, 52)), fine)


def bauhaus(image: Image, lines: Image, random: Random) -> Image:
    """Areas of red, blue, yellow, black and off-white, and nothing else."""
    from PIL import Image as Pillow
    from PIL import ImageEnhance

    inks = Pillow.new("P", (1, 1))
    inks.putpalette([level for color in _PRIMARIES for level in color])
    vivid = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.7)).enhance(1.15)
    vivid = ImageEnhance.Brightness(vivid).enhance(1.12)
    plain = smear(vivid, unit_of(image) * 0.8)
    return soften(plain.quantize(palette=inks, dither=Pillow.Dither.NONE).convert("RGB"), 0.5)


def mark(image: Image, lines: Image, random: Random) -> Image:
    """Black on white: what is dark or strongly coloured, and the outline of what is pale."""
    from PIL import ImageChops, ImageOps

    unit = unit_of(image)
    plain = smear(image, unit * 0.8)
    _, saturation, _ = plain.convert("HSV").split()
    colored = saturation.point([255 * (value > 118) for value in range(256)])
    dark = plain.convert("L").point([255 * (value < 96) for value in range(256)])
    cuts = edges(soften(plain, unit * 0.2), max(0.8, unit * 0.45))
    inner = ImageChops.multiply(soften(ImageChops.lighter(colored, dark), unit * 0.3), cuts)
    drawn = soften(ImageChops.lighter(inner, lines), unit * 0.35)
    crisp = drawn.point([min(255, max(0, (value - 104) * 9)) for value in range(256)])
    return ImageOps.colorize(crisp, (255, 255, 255), (20, 19, 23))
