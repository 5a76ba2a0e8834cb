"""A picture and its subjects' outlines in; the same in pencil, ink, neon, comic or glass out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import fade, noise, soften
from imagine.stages.generate.sketch.texture import edges, paper, unit_of
from imagine.stages.generate.sketch.tone import flat

if TYPE_CHECKING:
    from PIL.Image import Image


def pencil(image: Image, lines: Image, random: Random) -> Image:
    """Graphite on paper: outlines, and a layer of hatching for each darker tone."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageOps

    unit = unit_of(image)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    drawn = ImageChops.multiply(
        edges(image, max(0.7, unit * 0.24)), ImageOps.invert(fade(lines, 0.6))
    )
    shade = soften(grey, unit * 0.4)
    sheet = Pillow.new("L", image.size, 250)
    # Each tone darker than its threshold gets one more layer of parallel strokes.
    for index, (threshold, angle) in enumerate(((176, 45), (126, 45), (78, -45))):
        hatch = _hatching(image.size, unit * (0.95 - 0.12 * index), angle, random)
        dark = shade.point([max(0, min(255, (threshold - value) * 5)) for value in range(256)])
        strokes = ImageChops.multiply(dark, ImageOps.invert(hatch))
        sheet = ImageChops.subtract(sheet, fade(strokes, 0.5))
    tone = shade.point([205 + value * 50 // 255 for value in range(256)])
    sheet = ImageChops.multiply(ImageChops.multiply(sheet, tone), drawn)
    sheet = ImageChops.overlay(sheet, paper(image, random, 0.5))
    return ImageOps.colorize(sheet, (46, 44, 52), (253, 251, 245))


def crayon(image: Image, lines: Image, random: Random) -> Image:
    """Strokes of coloured pencil: the pencil drawing over light colours."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance

    colors = ImageEnhance.Color(soften(image, unit_of(image) * 0.3)).enhance(1.3)
    light = Pillow.blend(Pillow.new("RGB", image.size, "white"), colors, 0.75)
    graphite = pencil(image, lines, random)
    strokes = Pillow.blend(Pillow.new("RGB", image.size, "white"), graphite, 0.6)
    return ImageChops.multiply(light, strokes)


def _hatching(size: tuple[int, int], pitch: float, angle: int, random: Random) -> Image:
    """White with dark parallel strokes at 45 degrees, a little uneven."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    sheet = Pillow.new("L", size, 255)
    draw = ImageDraw.Draw(sheet)
    pitch = max(2.0, pitch * 1.5)
    width = max(1, round(pitch * 0.4))
    reach = size[0] + size[1]
    start = -float(size[1])
    while start < reach:
        jitter = random.uniform(-0.25, 0.25) * pitch
        if angle > 0:
            ends = [(start + jitter, size[1]), (start + size[1], 0)]
        else:
            ends = [(start + jitter, 0), (start + size[1], size[1])]
        draw.line(ends, fill=random.randint(0, 70), width=width)
        start += pitch
    wobble = noise(size, random, cell=max(3.0, pitch * 5))
    return Pillow.composite(
        soften(sheet, 0.4), Pillow.new("L", size, 255),
        wobble.point([min(255, 90 + value) for value in range(256)]),
    )  # fmt: skip


def ink(image: Image, lines: Image, random: Random) -> Image:
    """Black outlines on cream paper, the darkest parts hatched."""
    from PIL import ImageChops, ImageOps

    unit = unit_of(image)
    drawn = _strokes(image, lines)
    grey = ImageOps.autocontrast(soften(image.convert("L"), unit * 0.3), cutoff=1)
    hatch = _hatching(image.size, unit * 0.9, 45, random)
    dark = grey.point([255 if value < 84 else 0 for value in range(256)])
    shade = ImageChops.multiply(soften(dark, 0.8), ImageOps.invert(hatch))
    return ImageOps.colorize(ImageChops.subtract(drawn, shade), (24, 22, 34), (252, 249, 240))


def _strokes(image: Image, lines: Image) -> Image:
    """Black outlines on white: those of the subjects, and thinner ones inside and behind them."""
    from PIL import ImageChops, ImageOps

    unit = unit_of(image)
    inner = edges(soften(image, unit * 0.15), max(0.8, unit * 0.32))
    inner = inner.point([min(255, max(0, round((value - 60) * 1.7))) for value in range(256)])
    return ImageChops.darker(inner, ImageOps.invert(lines))


def blueprint(image: Image, lines: Image, random: Random) -> Image:
    """White outlines and a fine grid on blue paper."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageDraw, ImageOps

    unit = unit_of(image)
    grid = Pillow.new("L", image.size, 255)
    pen = ImageDraw.Draw(grid)
    step = max(4.0, 5 * unit)
    for index in range(1, int(max(image.size) / step) + 1):
        pen.line([(index * step, 0), (index * step, image.height)], fill=225)
        pen.line([(0, index * step), (image.width, index * step)], fill=225)
    sheet = ImageChops.darker(_strokes(image, lines), grid)
    tone = image.convert("L").point([255 - (255 - value) // 7 for value in range(256)])
    return ImageOps.colorize(ImageChops.multiply(sheet, tone), (240, 246, 255), (26, 74, 148))


def neon(image: Image, lines: Image, random: Random) -> Image:
    """Glowing tubes along the outlines, in the colours beside them, before a dark wall."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageOps

    unit = unit_of(image)
    hue, saturation, value = soften(image, unit * 0.8).convert("HSV").split()
    vivid = Pillow.merge("HSV", (
        hue, saturation.point([min(255, 90 + 2 * level) for level in range(256)]),
        value.point([255] * 256),
    )).convert("RGB")  # fmt: skip
    inner = ImageOps.invert(edges(soften(image, unit * 0.25), max(0.9, unit * 0.36)))
    tubes = soften(ImageChops.lighter(fade(inner, 0.75), lines), unit * 0.1)
    black = Pillow.new("RGB", image.size, (0, 0, 0))
    base = ImageChops.add(
        image.point([round(level * 0.24) for level in range(256)] * 3),
        Pillow.new("RGB", image.size, (12, 6, 30)),
    )
    lit = Pillow.composite(vivid, black, tubes)
    wide = soften(lit, unit * 2.6).point([min(255, level * 3) for level in range(256)] * 3)
    close = soften(lit, unit * 0.7).point([min(255, level * 2) for level in range(256)] * 3)
    core = soften(tubes, unit * 0.1).point([max(0, level - 140) for level in range(256)])
    glowing = ImageChops.screen(ImageChops.screen(base, wide), ImageChops.screen(close, lit))
    return ImageChops.screen(glowing, core.convert("RGB"))


def comic(image: Image, lines: Image, random: Random) -> Image:
    """Few flat colours, printed dots in the shade, black outlines."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance

    unit = unit_of(image)
    plain = flat(ImageEnhance.Color(image).enhance(1.25), lines, random)
    dots = _halftone(image, max(3.0, unit * 1.25))
    toned = ImageChops.multiply(plain, dots.convert("RGB"))
    black = Pillow.new("RGB", image.size, (20, 16, 28))
    return Pillow.composite(toned, black, _strokes(image, lines))


def _halftone(image: Image, pitch: float) -> Image:
    """Dots on a grid that grow with the darkness below them, on light grey."""
    from PIL import Image as Pillow
    from PIL import ImageChops

    tile = Pillow.radial_gradient("L").resize(
        (max(3, round(pitch)),) * 2, Pillow.Resampling.BICUBIC
    )
    screen = Pillow.new("L", image.size)
    for row, top in enumerate(range(0, image.height, tile.height)):
        shift = -(tile.width // 2) if row % 2 else 0
        for left in range(shift, image.width, tile.width):
            screen.paste(tile, (left, top))
    grey = soften(image.convert("L"), pitch * 0.6)
    mixed = ImageChops.add(grey, screen, scale=1.0, offset=-96)
    return mixed.point([208 if value < 96 else 255 for value in range(256)])
