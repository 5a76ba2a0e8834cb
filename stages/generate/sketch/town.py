"""A Land in; houses, streets, stands and neon painted into it out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    glow,
    mix,
    polygon,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.land import Land, fill

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def skyline(canvas: Image, land: Land, random: Random) -> None:
    tall = 62 if land.scene.place.key == "skyline" else 46
    _buildings(canvas, land, random, tall=tall, width=(6, 12), depth=0.62)


def blocks(canvas: Image, land: Land, random: Random) -> None:
    tall = 42 if land.scene.place.key == "skyline" else 40
    _buildings(canvas, land, random, tall=tall, width=(12, 20), depth=0.24)


_WALLS: tuple[RGB, ...] = (
    (150, 160, 188), (186, 150, 136), (168, 172, 178), (140, 150, 166), (196, 176, 150),
    (158, 138, 154),
)  # fmt: skip


def _buildings(
    canvas: Image,
    land: Land,
    random: Random,
    *,
    tall: float,
    width: tuple[float, float],
    depth: float,
) -> None:
    night = land.scene.hour in ("night", "sunset")
    neon = land.scene.glow == "neon"
    x = -random.uniform(0, 8) * land.unit
    lamps: list[tuple[list[float], RGB]] = []
    from PIL import ImageDraw

    while x < canvas.width:
        wide = land.unit * random.uniform(*width)
        high = land.unit * tall * random.uniform(0.5, 1.0)
        top = land.horizon - high
        wall = random.choice(_WALLS)
        box = (round(x), round(top), round(x + wide), land.horizon + 2)
        fill = vertical(
            (max(1, box[2] - box[0]), max(1, box[3] - box[1])),
            (land.light.lit(wall, depth), land.light.lit(wall, min(1.0, depth + 0.25))),
        )
        canvas.paste(fill, box[:2])
        draw = ImageDraw.Draw(canvas)
        if depth < 0.4:
            edge = round(wide * 0.16)
            side = box[2] - edge if land.light.side < 0 else box[0]
            dark = land.light.lit(mix(wall, (30, 30, 60), 0.3), depth)
            draw.rectangle([side, box[1], side + edge, box[3]], fill=dark)
        step = land.unit * (2.6 if depth > 0.4 else 4.2)
        pane = step * 0.5
        y = top + step * 0.7
        while y < land.horizon - step:
            column = x + step * 0.5
            while column + pane < x + wide - step * 0.3:
                lit = random.random() < (0.55 if night else 0.22)
                bright: RGB = (255, 224, 150) if night else (236, 244, 250)
                if neon and lit:
                    bright = random.choice(((255, 90, 200), (90, 230, 255), (255, 214, 120)))
                dim = land.light.lit(mix(wall, (40, 50, 80), 0.45), depth)
                draw.rectangle(
                    [column, y, column + pane, y + pane * 1.25],
                    fill=mix(bright, land.light.haze, depth * 0.55) if lit else dim,
                )
                column += step
            y += step * 1.25
        if neon and depth < 0.4:
            tall_sign = high * random.uniform(0.25, 0.5)
            lamps.append((
                [x + wide * 0.1, top + high * 0.25, x + wide * 0.24, top + high * 0.25 + tall_sign],
                random.choice(((255, 60, 180), (60, 220, 255), (160, 90, 255), (255, 200, 60))),
            ))  # fmt: skip
        x += wide * random.uniform(0.95, 1.25)
    for area, color in lamps:
        center = ((area[0] + area[2]) / 2, (area[1] + area[3]) / 2)
        glow(canvas, center, (area[3] - area[1]) * 0.9, color, 0.75)
        ImageDraw.Draw(canvas).rounded_rectangle(
            area, radius=land.unit * 0.5, fill=mix(color, (255, 255, 255), 0.35)
        )


def houses(canvas: Image, land: Land, random: Random) -> None:
    """A row of small gabled houses under the hills."""
    x = random.uniform(0, 10) * land.unit
    while x < canvas.width:
        wide, high = land.unit * random.uniform(11, 16), land.unit * random.uniform(8, 12)
        base, depth = land.horizon + land.unit * 1.5, 0.2
        wall = random.choice(((244, 232, 210), (226, 196, 170), (206, 220, 228), (240, 214, 190)))
        roof = random.choice(((190, 84, 66), (150, 92, 76), (104, 112, 140)))
        body = [(x, base), (x, base - high), (x + wide, base - high), (x + wide, base)]
        gable = [(x - wide * 0.08, base - high), (x + wide * 0.5, base - high * 1.7),
                 (x + wide * 1.08, base - high)]  # fmt: skip
        canvas.paste(land.light.lit(wall, depth), (0, 0), polygon(canvas.size, body))
        canvas.paste(land.light.lit(roof, depth), (0, 0), polygon(canvas.size, gable))
        pane: RGB = (255, 226, 150) if land.scene.hour in ("night", "sunset") else (150, 190, 214)
        for share in (0.2, 0.62):
            left, top = x + wide * share, base - high * 0.75
            right, low = left + wide * 0.18, top + high * 0.3
            square = [(left, top), (right, top), (right, low), (left, low)]
            canvas.paste(mix(pane, land.light.haze, depth), (0, 0), polygon(canvas.size, square))
        x += wide * random.uniform(1.5, 2.6)


def towers(canvas: Image, land: Land, random: Random) -> None:
    """A far castle on the hills: towers with pointed roofs."""
    if not land.dresser.allows("castle"):
        return
    x0 = canvas.width * (0.5 - 0.32 * (1 if land.light.side > 0 else -1))
    land.dresser.place(
        canvas, "castle", foot=(x0, land.horizon + land.unit * 2), height=land.unit * 34, depth=0.34
    )


def kerb(canvas: Image, land: Land, random: Random) -> None:
    """The pavement at the foot of the houses and a crossing line on the asphalt."""
    deep = canvas.height - land.horizon
    high = max(2, round(deep * 0.16))
    canvas.paste(
        vertical(
            (canvas.width, high), (land.light.lit((196, 192, 190)), land.light.lit((172, 168, 168)))
        ),
        (0, land.horizon),
    )
    canvas.paste(land.light.lit((128, 124, 126)), (0, land.horizon + high, canvas.width,
                 land.horizon + high + max(1, round(deep * 0.02))))  # fmt: skip
    if land.scene.glow == "neon" or land.scene.weather in ("rain", "storm"):
        _wet(canvas, land, top=land.horizon + high, random=random)


def _wet(canvas: Image, land: Land, *, top: int, random: Random) -> None:
    """The upper picture mirrored faintly in wet ground."""
    from PIL import Image, ImageOps

    height = min(top, canvas.height - top)
    if height < 4:
        return
    mirror = ImageOps.flip(canvas.crop((0, top - height, canvas.width, top)))
    mirror = soften(mirror, land.unit * 0.9)
    mask = (
        Image.linear_gradient("L")
        .resize((canvas.width, height))
        .point([round((255 - value) * 0.5) for value in range(256)])
    )
    canvas.paste(mirror, (0, top), mask)


def stands(canvas: Image, land: Land, random: Random) -> None:
    """Rows of spectators as dots, and floodlights."""
    top = land.horizon - round(land.unit * 26)
    canvas.paste(
        vertical((canvas.width, land.horizon - top), (land.light.lit((96, 104, 130), 0.3),
                 land.light.lit((66, 74, 100), 0.1))), (0, top),
    )  # fmt: skip
    tones: tuple[RGB, ...] = ((226, 90, 80), (90, 140, 220), (244, 214, 110), (240, 240, 244))
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    step = max(2.0, land.unit * 1.9)
    y = top + step
    while y < land.horizon - step * 1.5:
        x = random.uniform(0, step)
        while x < canvas.width:
            color = land.light.lit(random.choice(tones), 0.35)
            r = step * 0.3
            draw.ellipse([x - r, y - r, x + r, y + r], fill=color)
            x += step * random.uniform(0.85, 1.3)
        y += step
    canvas.paste(land.light.lit((238, 240, 244), 0.1), (0, land.horizon - round(land.unit * 2),
                 canvas.width, land.horizon))  # fmt: skip


def road(canvas: Image, land: Land, random: Random) -> None:
    """A road from the foreground to the horizon, with its broken middle line."""
    far, near = canvas.width * 0.5, canvas.width * 0.5
    deep = canvas.height - land.horizon
    half_far, half_near = land.unit * 1.2, max(canvas.width * 0.42, land.unit * 40)
    body = [(far - half_far, land.horizon), (far + half_far, land.horizon),
            (near + half_near, canvas.height), (near - half_near, canvas.height)]  # fmt: skip
    fill(canvas, polygon(canvas.size, body), land.light.lit((150, 150, 156), 0.2),
          land.light.lit((98, 98, 106)), start=land.horizon, end=canvas.height)  # fmt: skip

    def paint(draw: ImageDraw, k: float) -> None:
        for index in range(9):
            first, last = (index / 9) ** 2, ((index + 0.5) / 9) ** 2
            for a, b in ((first, last),):
                ya, yb = land.horizon + deep * a, land.horizon + deep * b
                wa, wb = (half_far + (half_near - half_far) * t for t in (a, b))
                draw.polygon([((near - wa * 0.025) * k, ya * k), ((near + wa * 0.025) * k, ya * k),
                              ((near + wb * 0.025) * k, yb * k),
                              ((near - wb * 0.025) * k, yb * k)], fill=220)  # fmt: skip

    canvas.paste(land.light.lit((250, 240, 200)), (0, 0), shape(canvas.size, paint))
