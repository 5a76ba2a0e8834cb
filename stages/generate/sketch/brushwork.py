"""A picture in; the same as watercolour, oil, cut paper or clay out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import noise, soften
from imagine.stages.generate.sketch.texture import bleed, edges, paper, smear, unit_of
from imagine.stages.generate.sketch.tone import flat

if TYPE_CHECKING:
    from PIL.Image import Image


def watercolor(image: Image, lines: Image, random: Random) -> Image:
    """Washes that bleed and dry with darker rims, on rough paper with an uneven edge."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance

    unit = unit_of(image)
    bled = bleed(image, random, unit * 0.34)
    washes = smear(bled, unit * 0.36)
    washes = soften(washes, unit * 0.2)
    pigment = noise(image.size, random, cell=unit * 7)
    pigment = Pillow.blend(pigment, noise(image.size, random, cell=unit * 2), 0.4)
    washes = Pillow.blend(washes, Pillow.new("RGB", image.size, (255, 253, 247)), 0.3)
    washes = ImageEnhance.Color(washes).enhance(1.25)
    tone = pigment.point([round(128 + (value - 128) * 0.38) for value in range(256)])
    washes = ImageChops.soft_light(washes, tone.convert("RGB"))
    # Pigment gathers where a wash dries: thin darker rims of the colour itself.
    rims = edges(washes, unit * 0.5).point([160 + value * 95 // 255 for value in range(256)])
    washes = ImageChops.multiply(washes, rims.convert("RGB"))
    washes = ImageChops.overlay(washes, paper(image, random, 0.35).convert("RGB"))
    return _deckle(washes, random)


def _deckle(image: Image, random: Random) -> Image:
    """White paper with an uneven edge round the picture."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    unit = unit_of(image)
    mask = Pillow.new("L", image.size)
    border = unit * 3.2
    ImageDraw.Draw(mask).rectangle(
        [border, border, image.width - border, image.height - border], fill=255
    )
    mask = soften(mask, unit * 1.6)
    rough = noise(image.size, random, cell=unit * 2.2)
    blend = Pillow.blend(mask, rough, 0.3).point(
        [min(255, max(0, round((value - 96) * 5))) for value in range(256)]
    )
    sheet = Pillow.new("RGB", image.size, (252, 249, 241))
    return Pillow.composite(image, sheet, blend)


def oil(image: Image, lines: Image, random: Random) -> Image:
    """Strokes: the picture is shifted along its own brightness noise, then given relief."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageFilter

    unit = unit_of(image)
    painted = bleed(image, random, unit * 0.5)
    painted = smear(painted, unit * 0.4)
    painted = ImageEnhance.Color(painted).enhance(1.28)
    strokes = [
        noise(image.size, random, cell=unit * 0.5, stretch=6),
        noise((image.height, image.width), random, cell=unit * 0.5, stretch=6).transpose(
            Pillow.Transpose.ROTATE_90
        ),
    ]
    patches = noise(image.size, random, cell=unit * 9).point(
        [min(255, max(0, (value - 118) * 12)) for value in range(256)]
    )
    bristle = Pillow.composite(strokes[0], strokes[1], patches)
    bristle = Pillow.blend(bristle, painted.convert("L"), 0.25)
    relief = bristle.filter(ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128))
    relief = soften(relief, max(0.3, unit * 0.06))
    relief = relief.point([min(255, max(0, round(128 + (v - 128) * 0.18))) for v in range(256)])
    return ImageChops.overlay(painted, relief.convert("RGB"))


def papercut(image: Image, lines: Image, random: Random) -> Image:
    """Flat sheets with a lit upper and a shaded lower edge, on fibrous paper."""
    from PIL import ImageChops, ImageFilter

    plain = flat(image, lines, random)
    relief = soften(plain.convert("L"), unit_of(image) * 0.25).filter(
        ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128)
    )
    relief = relief.point([min(255, max(0, round(333 - 1.6 * value))) for value in range(256)])
    sheet = ImageChops.overlay(plain, soften(relief, 0.8).convert("RGB"))
    return ImageChops.overlay(sheet, paper(image, random, 0.14).convert("RGB"))


def clay(image: Image, lines: Image, random: Random) -> Image:
    """Softened forms with dents of fingers and a matt light from above."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageFilter

    unit = unit_of(image)
    soft = smear(ImageEnhance.Color(image).enhance(0.92), unit * 0.6)
    height = Pillow.blend(soft.convert("L"), noise(image.size, random, cell=unit * 2.4), 0.3)
    relief = soften(height, unit * 0.25).filter(
        ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128)
    )
    relief = relief.point(
        [min(255, max(0, round(128 + (value - 128) * 1.1))) for value in range(256)]
    )
    return ImageChops.overlay(soft, soften(relief, unit * 0.2).convert("RGB"))
