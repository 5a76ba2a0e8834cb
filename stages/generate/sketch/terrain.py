"""A Land in; hills, mountains, dunes, rock and craters painted into it out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    fade,
    glow,
    mix,
    polygon,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.land import Land, fill, ridge, ridge_layer

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def hills(canvas: Image, land: Land, random: Random) -> None:
    waves = max(0.6, canvas.width / canvas.height)
    near = land.scene.place.ground[0]
    cool = mix(near, (70, 130, 120), 0.35)
    ridge_layer(canvas, land, random, color=cool, height=26, depth=0.5, waves=waves * 0.9)
    ridge_layer(
        canvas, land, random, color=mix(near, cool, 0.5), height=15, depth=0.22, waves=waves * 0.7
    )


def mountains(canvas: Image, land: Land, random: Random) -> None:
    waves = max(0.8, 1.3 * canvas.width / canvas.height)
    for height, depth in ((42, 0.62), (30, 0.42)):
        ridge_layer(
            canvas, land, random, color=(104, 124, 168), height=height, depth=depth, waves=waves
        )


def peaks(canvas: Image, land: Land, random: Random) -> None:
    """Pointed mountains with snow on them, two rows deep."""
    unit, base = land.unit, land.horizon + land.unit
    count = max(2, round(2.6 * canvas.width / canvas.height))
    for row, (tall, depth) in enumerate(((52, 0.55), (36, 0.3))):
        for index in range(count + row):
            x = canvas.width * (index + random.uniform(0.1, 0.9)) / (count + row)
            height = unit * tall * random.uniform(0.75, 1.1)
            half = height * random.uniform(0.75, 1.0)
            top = base - height
            jag = [random.uniform(-0.05, 0.05) for _ in range(6)]
            left = [(x - half * t, top + height * t + height * jag[i]) for i, t in
                    ((2, 0.68), (1, 0.36), (0, 0.16))]  # fmt: skip
            right = [(x + half * t, top + height * t + height * jag[i]) for i, t in
                     ((3, 0.2), (4, 0.42), (5, 0.7))]  # fmt: skip
            outline = [(x - half, base), *left, (x, top), *right, (x + half, base)]
            rock = (118, 126, 158) if row == 0 else (104, 112, 138)
            fill(canvas, polygon(canvas.size, outline), land.light.lit(rock, depth),
                  land.light.lit(rock, min(1, depth + 0.3)), start=top, end=base)  # fmt: skip
            lean = -1 if land.light.side < 0 else 1
            dark = [(x, top), *(right if lean < 0 else reversed(left)),
                    (x - lean * half, base), (x + lean * half * 0.06, base),
                    (x + lean * half * 0.1, top + height * 0.5)]  # fmt: skip
            canvas.paste(
                land.light.lit(mix(rock, (30, 36, 80), 0.3), depth), (0, 0),
                fade(polygon(canvas.size, dark), 0.4),
            )  # fmt: skip
            rim = [(0.1, 0.17), (0.02, 0.24), (-0.08, 0.16)]
            cap = [left[2], (x, top), right[0],
                   *((x + half * across, top + height * down) for across, down in rim)]  # fmt: skip
            canvas.paste(
                land.light.lit((250, 252, 255), depth * 0.5), (0, 0), polygon(canvas.size, cap)
            )


def drifts(canvas: Image, land: Land, random: Random) -> None:
    for height, depth in ((20, 0.4), (12, 0.2)):
        ridge_layer(canvas, land, random, color=(226, 236, 248), height=height, depth=depth,
                     waves=1.1)  # fmt: skip


def dunes(canvas: Image, land: Land, random: Random) -> None:
    for height, depth, tone in ((30, 0.45, (232, 182, 112)), (18, 0.18, (240, 194, 122))):
        base = land.horizon + land.unit
        points = ridge(
            random, canvas.width, base=base, height=height * land.unit,
            waves=0.7 * max(1.0, canvas.width / canvas.height),
        )  # fmt: skip
        mask = polygon(canvas.size, points)
        fill(canvas, mask, land.light.lit(mix(tone, (255, 244, 214), 0.3), depth),
              land.light.lit(mix(tone, (150, 84, 50), 0.2), depth),
              start=base - height * land.unit, end=base)  # fmt: skip


def volcano(canvas: Image, land: Land, random: Random) -> None:
    if land.dresser.mentions("volcano"):
        return
    x, base = canvas.width * 0.5, land.horizon + land.unit
    half, high = land.unit * 52, land.unit * 46
    top = base - high
    glow(canvas, (x, top), land.unit * 46, (255, 120, 50), 0.8)
    cone = [(x - half, base), (x - land.unit * 8, top), (x + land.unit * 8, top), (x + half, base)]
    fill(canvas, polygon(canvas.size, cone), land.light.lit((92, 66, 70), 0.05),
          land.light.lit((120, 90, 92), 0.3), start=top, end=base)  # fmt: skip
    for lean in (-1, 0.2, 1):
        run = [(x + lean * land.unit * 5 - land.unit, top),
               (x + lean * land.unit * 5 + land.unit, top),
               (x + lean * land.unit * random.uniform(13, 20), top + high * 0.7)]  # fmt: skip
        canvas.paste((255, 140, 46), (0, 0), soften(polygon(canvas.size, run), land.unit * 0.2))
    glow(canvas, (x, top), land.unit * 12, (255, 214, 110), 0.9)


def cave(canvas: Image, land: Land, random: Random) -> None:
    """Rock all round, with an opening full of light."""
    canvas.paste(vertical(canvas.size, ((52, 44, 52), (84, 72, 76))), (0, 0))
    center = (canvas.width * 0.5, land.horizon * 0.72)
    glow(canvas, center, land.unit * 68, (255, 226, 170), 0.9)

    def paint(draw: ImageDraw, k: float) -> None:
        x = 0.0
        while x < canvas.width:
            wide = land.unit * random.uniform(6, 13)
            near = 1 - abs(x - center[0]) / canvas.width * 1.6
            long = land.unit * random.uniform(8, 26) * (1.3 - near * 0.6)
            draw.polygon(
                [(x * k, 0), ((x + wide) * k, 0), ((x + wide * 0.5) * k, long * k)], fill=255
            )
            x += wide * 0.8

    canvas.paste((44, 37, 45), (0, 0), shape(canvas.size, paint))


def craters(canvas: Image, land: Land, random: Random) -> None:
    deep = canvas.height - land.horizon

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(14):
            share = random.random()
            y = land.horizon + deep * (0.06 + 0.9 * share)
            wide = land.unit * (2 + 13 * share) * random.uniform(0.5, 1.2)
            x = random.uniform(0, canvas.width)
            draw.ellipse([(x - wide) * k, (y - wide * 0.26) * k, (x + wide) * k,
                          (y + wide * 0.26) * k], fill=110)  # fmt: skip
            draw.ellipse([(x - wide * 0.92) * k, (y - wide * 0.16) * k, (x + wide * 0.94) * k,
                          (y + wide * 0.26) * k], fill=45)  # fmt: skip

    canvas.paste(mix(land.light.lit(land.scene.place.ground[1]), (20, 16, 30), 0.7), (0, 0),
                 shape(canvas.size, paint))  # fmt: skip
