"""A Scene without a place and a horizon in; its coloured backdrop, as a stylist sets it up, out."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    brightness,
    fade,
    glow,
    mix,
    multiply,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_WHITE: RGB = (255, 255, 255)


def paint_backdrop(
    canvas: Image, scene: Scene, light: Light, random: Random, *, horizon: int
) -> None:
    """A paper sweep without an edge between wall and floor, and what the scene hangs before it."""
    color: RGB = scene.color or scene.place.ground[0]
    if color == _WHITE:
        canvas.paste(color, (0, 0, *canvas.size))
        return
    dark = brightness(color) < 0.2
    # A colour multiplied by itself is darker without turning grey.
    deep = multiply(color, (color[0] / 255, color[1] / 255, color[2] / 255))
    upper = light.lit(mix(color, deep, 0.7))
    middle = light.lit(mix(color, _WHITE, 0.06 if dark else 0.16))
    lower = light.lit(mix(deep, (0, 0, 0), 0.08))
    canvas.paste(vertical(canvas.size, (upper, middle, middle, lower)), (0, 0))
    pale = light.lit(mix(color, _WHITE, 0.3 if dark else 0.6))
    center = (canvas.width * (0.5 + 0.16 * light.side), canvas.height * 0.42)
    glow(canvas, center, max(canvas.size) * 0.66, pale, 0.75)
    if scene.backdrop == "bokeh":
        _hang_lights(canvas, pale, random, below=horizon)
    elif scene.backdrop == "disc":
        _hang_disc(canvas, pale, light)
    elif scene.backdrop == "rays":
        _spread_rays(canvas, pale, random)
    elif scene.backdrop == "drape":
        _hang_drape(canvas, color, light, random)
    if scene.backdrop in ("bokeh", "disc", "drape", "floor") and scene.table is None:
        _lay_floor(canvas, light.lit(mix(deep, (190, 90, 60), 0.26)), horizon)


def _lay_floor(canvas: Image, color: RGB, horizon: int) -> None:
    """A floor that meets the wall in a soft edge, darker towards us."""
    horizon = min(horizon, canvas.height - 2)
    near = mix(color, (40, 24, 30), 0.16)
    floor = vertical(
        (canvas.width, canvas.height - horizon), (mix(color, _WHITE, 0.2), color, near)
    )

    def below(draw: ImageDraw, k: float) -> None:
        draw.rectangle([0, horizon * k, canvas.width * k, canvas.height * k], fill=215)

    mask = soften(shape(canvas.size, below), min(canvas.size) * 0.008)
    canvas.paste(floor, (0, horizon), mask.crop((0, horizon, canvas.width, canvas.height)))


def _hang_lights(canvas: Image, color: RGB, random: Random, *, below: int) -> None:
    """Fairy lights far out of focus."""
    unit = min(canvas.size) / 100
    spots = [
        (random.uniform(0, canvas.width), random.uniform(-0.05, 0.92) * below,
         unit * random.uniform(2.2, 6.5), random.randint(70, 190))
        for _ in range(round(30 * canvas.width / canvas.height))
    ]  # fmt: skip

    def paint(draw: ImageDraw, k: float) -> None:
        for x, y, r, value in spots:
            draw.ellipse([(x - r) * k, (y - r) * k, (x + r) * k, (y + r) * k], fill=value)

    warm = mix(color, (255, 236, 190), 0.55)
    canvas.paste(warm, (0, 0), fade(soften(shape(canvas.size, paint), unit * 0.5), 0.8))


def _hang_disc(canvas: Image, color: RGB, light: Light) -> None:
    """One large pale disc, as behind a stage."""
    radius = min(canvas.size) * 0.4
    x, y = canvas.width * (0.5 + 0.1 * light.side), canvas.height * 0.44

    def paint(draw: ImageDraw, k: float) -> None:
        draw.ellipse([(x - radius) * k, (y - radius) * k, (x + radius) * k, (y + radius) * k],
                     fill=200)  # fmt: skip

    canvas.paste(mix(color, _WHITE, 0.35), (0, 0), shape(canvas.size, paint))


def _spread_rays(canvas: Image, color: RGB, random: Random) -> None:
    """Pale rays from a point low behind the subject."""
    x, y = canvas.width * random.uniform(0.4, 0.6), canvas.height * 0.62
    reach, count = 2.0 * max(canvas.size), 14
    turn = random.uniform(0, 2 * pi / count)

    def paint(draw: ImageDraw, k: float) -> None:
        for index in range(count):
            first = turn + index * 2 * pi / count
            ends = [(x + cos(a) * reach, y + sin(a) * reach) for a in (first, first + pi / count)]
            draw.polygon([(x * k, y * k), *((px * k, py * k) for px, py in ends)], fill=120)

    canvas.paste(color, (0, 0), soften(shape(canvas.size, paint), min(canvas.size) * 0.004))


def _hang_drape(canvas: Image, color: RGB, light: Light, random: Random) -> None:
    """A curtain in soft folds."""
    from PIL import Image as Pillow

    folds = max(4, round(9 * canvas.width / canvas.height))
    widths = [random.uniform(0.6, 1.4) for _ in range(folds)]
    row = Pillow.new("L", (folds * 2, 1))
    row.putdata(
        [110 if index % 2 else round(150 * widths[index // 2]) for index in range(folds * 2)]
    )
    mask = row.resize(canvas.size, Pillow.Resampling.BICUBIC)
    deep = light.lit(mix(mix(color, (255, 90, 70), 0.12), (60, 20, 60), 0.3))
    canvas.paste(deep, (0, 0), fade(mask, 0.62))
