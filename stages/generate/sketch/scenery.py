"""A Scene and a horizon in; the painted background out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.backdrop import paint_backdrop
from imagine.stages.generate.sketch.brush import (
    RGB,
    fade,
    glow,
    mix,
    mottle,
    noise,
    polygon,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.dressing import Dresser
from imagine.stages.generate.sketch.interior import paint_room
from imagine.stages.generate.sketch.land import Land
from imagine.stages.generate.sketch.landscape import paint_layers
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.sky import paint_rays, paint_sky, paint_stars

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

# Backgrounds are soft: above this many pixels on the longer side they are enlarged.
_LARGEST = 2048


def paint_scenery(
    scene: Scene,
    light: Light,
    dresser: Dresser,
    random: Random,
    *,
    size: tuple[int, int],
    horizon: float,
    table: tuple[float, float] | None = None,
) -> Image:
    """The background as RGB of that size.

    Args:
        size: width and height in pixels.
        horizon: where ground or floor begins, as a share of the height from the top.
        table: upper edge and front edge of the table top as such shares, if there is one.
    """
    from PIL import Image

    factor = min(1.0, _LARGEST / max(size))
    small = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    canvas = Image.new("RGB", small)
    _paint_place(canvas, scene, light, dresser, random, horizon=round(horizon * small[1]))
    if table is not None:
        canvas = soften(canvas, min(small) * 0.008)
        _paint_table(canvas, scene, light, random, table)
    return canvas if small == size else canvas.resize(size, Image.Resampling.BICUBIC)


def _paint_place(
    canvas: Image, scene: Scene, light: Light, dresser: Dresser, random: Random, *, horizon: int
) -> None:
    kind, unit = scene.place.kind, min(canvas.size) / 100
    if kind == "room":
        paint_room(canvas, scene, light, dresser, random, skirting=max(1, horizon))
    elif kind == "plain":
        paint_backdrop(canvas, scene, light, random, horizon=horizon)
    elif kind == "space":
        _paint_space(canvas, scene, light, random)
        if scene.place.layers:
            paint_layers(canvas, Land(scene, light, dresser, horizon, unit), random)
    elif kind == "underwater":
        _paint_deep(canvas, scene, light, random)
        paint_layers(canvas, Land(scene, light, dresser, canvas.height, unit), random)
    elif kind == "sky":
        paint_sky(canvas, scene, light, random, horizon=canvas.height, without=dresser.named)
    else:
        paint_sky(
            canvas,
            scene,
            light,
            random,
            horizon=min(canvas.height, horizon + 2),
            without=dresser.named,
        )
        paint_layers(
            canvas, Land(scene, light, dresser, min(horizon, canvas.height - 1), unit), random
        )


def _paint_space(canvas: Image, scene: Scene, light: Light, random: Random) -> None:
    canvas.paste(vertical(canvas.size, light.sky), (0, 0))
    tints: tuple[RGB, ...] = ((126, 70, 200), (50, 120, 220), (220, 80, 160), (40, 170, 180))
    if scene.color is not None:
        tints = (scene.color, mix(scene.color, (255, 255, 255), 0.3))
    for _ in range(4):
        center = (random.uniform(0, 1) * canvas.width, random.uniform(0, 1) * canvas.height)
        glow(
            canvas, center, max(canvas.size) * random.uniform(0.25, 0.5), random.choice(tints), 0.5
        )
    dust = noise(canvas.size, random, cell=min(canvas.size) * 0.1)
    canvas.paste(mottle(canvas, dust, 0.55), (0, 0))
    paint_stars(canvas, random, area=canvas.size, count=150)


def _paint_deep(canvas: Image, scene: Scene, light: Light, random: Random) -> None:
    surface, deep = scene.place.ground
    if scene.color is not None:
        surface, deep = scene.color, mix(scene.color, (4, 20, 50), 0.6)
    canvas.paste(vertical(canvas.size, (mix(surface, (255, 255, 255), 0.3), surface, deep)), (0, 0))
    source = (canvas.width * (0.5 + 0.3 * light.side), -0.3 * canvas.height)
    paint_rays(canvas, source, (210, 246, 255), 0.22)
    unit = min(canvas.size) / 100
    floor = canvas.height - 13 * unit
    bed = [(0.0, float(canvas.height)), (0.0, floor + 2 * unit),
           *((canvas.width * i / 8, floor + unit * random.uniform(-3, 3)) for i in range(9)),
           (float(canvas.width), float(canvas.height))]  # fmt: skip
    sand = mix((224, 206, 150), deep, 0.45)
    canvas.paste(sand, (0, 0), soften(polygon(canvas.size, bed), unit))

    def bubbles(draw: ImageDraw, k: float) -> None:
        for _ in range(26):
            x, y = random.uniform(0, canvas.width), random.uniform(0, canvas.height * 0.9)
            r = unit * random.uniform(0.4, 1.5)
            draw.ellipse([(x - r) * k, (y - r) * k, (x + r) * k, (y + r) * k], outline=150,
                         width=max(1, round(unit * 0.2 * k)))  # fmt: skip
            draw.ellipse([(x - r * 0.5) * k, (y - r * 0.6) * k, (x - r * 0.1) * k,
                          (y - r * 0.2) * k], fill=190)  # fmt: skip

    canvas.paste((225, 248, 255), (0, 0), shape(canvas.size, bubbles))


def _paint_table(
    canvas: Image, scene: Scene, light: Light, random: Random, edges: tuple[float, float]
) -> None:
    """A table top in perspective across the picture: surface, front edge, the dark below it."""
    from PIL import Image

    color = scene.table or (172, 116, 70)
    top, front = round(edges[0] * canvas.height), round(edges[1] * canvas.height)
    front = max(front, top + 2)
    inset = canvas.width * 0.05
    corners = [(inset, top), (canvas.width - inset, top), (canvas.width * 1.03, front),
               (-canvas.width * 0.03, front)]  # fmt: skip
    surface = polygon(canvas.size, corners)
    size = (canvas.width, max(2, front - top))
    unit = min(canvas.size) / 100
    shadow = soften(surface.point([round(value * 0.5) for value in range(256)]), unit * 2)
    canvas.paste((20, 12, 10), (0, round(unit * 1.5)), shadow)
    far, near = mix(color, (255, 255, 255), 0.22), mix(color, (0, 0, 0), 0.04)
    wood = vertical(size, (light.lit(far), light.lit(near)))
    wood = mottle(wood, noise(size, random, cell=unit * 0.55, stretch=26), 0.22)
    wood = mottle(wood, noise(size, random, cell=unit * 3, stretch=9), 0.14)
    canvas.paste(wood, (0, top), surface.crop((0, top, canvas.width, front)))
    gloss = Image.new("L", size)
    canvas.paste((255, 255, 255), (0, top), gloss)
    edge = max(2, round(unit * 4))
    rim = vertical((canvas.width, edge), (light.lit(mix(color, (255, 255, 255), 0.16)),
                                          light.lit(mix(color, (0, 0, 0), 0.32))))  # fmt: skip
    canvas.paste(rim, (0, front))
    below = canvas.height - front - edge
    if below > 0:
        under = canvas.crop((0, front + edge, canvas.width, canvas.height))
        dark = Image.new("RGB", under.size, mix(light.lit(color), (16, 10, 12), 0.72))
        mask = (
            Image.linear_gradient("L")
            .resize(under.size)
            .point([round(255 - value * 0.35) for value in range(256)])
        )
        canvas.paste(dark, (0, front + edge), fade(mask, 0.9))
