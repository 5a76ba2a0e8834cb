"""A Scene and its Light in; the sky with clouds, stars, sun or moon painted out."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    fade,
    glow,
    mix,
    noise,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def paint_sky(
    canvas: Image,
    scene: Scene,
    light: Light,
    random: Random,
    *,
    horizon: int,
    without: frozenset[str] = frozenset(),
) -> None:
    """Fill the canvas down to `horizon` pixels with sky, stars, clouds, sun or moon.

    Those of them that `without` names in the singular are left out.
    """
    width = canvas.width
    canvas.paste(vertical((width, max(1, horizon)), light.sky), (0, 0))
    if horizon < 4:
        return
    if scene.hour == "night" and scene.weather == "clear" and "star" not in without:
        paint_stars(canvas, random, area=(width, horizon), count=70)
    if not {"sun", "moon"} & without and scene.weather == "clear":
        _paint_body(canvas, scene, light, random, horizon)
    if "cloud" not in without:
        _paint_clouds(canvas, scene, light, random, horizon)


def _paint_body(canvas: Image, scene: Scene, light: Light, random: Random, horizon: int) -> None:
    unit = min(canvas.size) / 100
    x = canvas.width * (0.5 + 0.62 * light.side + random.uniform(-0.04, 0.04))
    if scene.hour == "night":
        y, radius, color, halo = horizon * random.uniform(0.2, 0.3), 6.0, (250, 246, 224), 0.45
    elif scene.hour == "day":
        y, radius, color, halo = horizon * random.uniform(0.16, 0.26), 5.5, (255, 248, 214), 0.8
    else:
        x = canvas.width * (0.5 + 0.3 * light.side)
        y, radius, color, halo = horizon * 0.86, 8.0, (255, 236, 170), 0.95
    glow(canvas, (x, y), unit * radius * 5, color, halo * 0.8)
    disc = shape(
        canvas.size,
        lambda draw, k: draw.ellipse(
            [(x - unit * radius) * k, (y - unit * radius) * k,
             (x + unit * radius) * k, (y + unit * radius) * k], fill=255,
        ),
    )  # fmt: skip
    canvas.paste(mix(color, (255, 255, 255), 0.3), (0, 0), disc)


def paint_stars(canvas: Image, random: Random, *, area: tuple[int, int], count: int) -> None:
    """Scatter stars of several sizes over the upper `area` pixels of the canvas."""
    unit = min(canvas.size) / 100

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(count):
            x, y = random.uniform(0, area[0]), random.uniform(0, area[1])
            radius = unit * random.choice((0.12, 0.16, 0.2, 0.32))
            draw.ellipse(
                [(x - radius) * k, (y - radius) * k, (x + radius) * k, (y + radius) * k],
                fill=random.randint(120, 255),
            )

    stars = shape(canvas.size, paint)
    halo = soften(stars, unit * 0.7).point([min(255, value * 3) for value in range(256)])
    canvas.paste((190, 205, 255), (0, 0), fade(halo, 0.35))
    canvas.paste((255, 252, 240), (0, 0), stars)


def _paint_clouds(canvas: Image, scene: Scene, light: Light, random: Random, horizon: int) -> None:
    heavy = scene.weather in ("cloudy", "rain", "storm", "snowfall")
    if scene.weather == "fog" or (scene.hour == "night" and not heavy):
        return
    if heavy:
        _paint_overcast(canvas, light, random, horizon)
        return
    white = (255, 255, 255) if scene.hour == "day" else mix(light.haze, (255, 240, 230), 0.5)
    under = mix(white, light.sky[1], 0.38)
    amount = 4 if scene.place.kind == "sky" else 3
    span = canvas.width / max(canvas.height, 1)
    count = max(2, min(9, round(amount * max(1.0, span))))
    for index in range(count):
        x = canvas.width * (index + random.uniform(0.1, 0.9)) / count
        y = horizon * random.uniform(0.1, 0.62)
        size = min(canvas.size) * random.uniform(0.12, 0.2) * (1.3 if amount == 4 else 1.0)
        _paint_cloud(canvas, random, center=(x, y), size=size, white=white, under=under)


def _paint_cloud(
    canvas: Image,
    random: Random,
    *,
    center: tuple[float, float],
    size: float,
    white: RGB,
    under: RGB,
) -> None:
    """One cloud, `size` pixels wide from its centre to each side, flat below and round above."""
    width, height = max(4, round(size * 2.2)), max(4, round(size * 1.1))
    puffs = [(random.uniform(0.14, 0.86), random.uniform(0.16, 0.26)) for _ in range(7)]

    def paint(draw: ImageDraw, k: float) -> None:
        base = height * 0.8
        draw.rounded_rectangle(
            [width * 0.06 * k, (base - height * 0.26) * k, width * 0.94 * k, base * k],
            radius=height * 0.13 * k, fill=255,
        )  # fmt: skip
        for share, radius in puffs:
            # The cloud is a hill of discs: high in the middle, low at its ends.
            r = height * radius * (0.7 + 0.9 * sin(pi * share))
            x, y = width * share, base - r * 0.9
            draw.ellipse([(x - r) * k, (y - r) * k, (x + r) * k, (y + r) * k], fill=255)

    mask = soften(shape((width, height), paint), max(0.5, size * 0.012))
    fill = vertical((width, height), (white, white, under))
    spot = (round(center[0] - width / 2), round(center[1] - height / 2))
    canvas.paste(fill, spot, fade(mask, 0.92))


def _paint_overcast(canvas: Image, light: Light, random: Random, horizon: int) -> None:
    size = (canvas.width, max(2, horizon))
    texture = noise(size, random, cell=min(canvas.size) * 0.12, stretch=3)
    fine = noise(size, random, cell=min(canvas.size) * 0.05, stretch=3)
    from PIL import Image

    mask = Image.blend(texture, fine, 0.35)
    dark, bright = mix(light.sky[0], (0, 0, 0), 0.18), mix(light.sky[-1], (255, 255, 255), 0.2)
    canvas.paste(dark, (0, 0), mask.point([max(0, min(190, (v - 120) * 3)) for v in range(256)]))
    canvas.paste(bright, (0, 0), mask.point([max(0, min(150, (110 - v) * 3)) for v in range(256)]))


def paint_rays(canvas: Image, center: tuple[float, float], color: RGB, strength: float) -> None:
    """Broad soft rays that run out from `center`."""
    reach = 1.6 * max(canvas.size)

    def paint(draw: ImageDraw, k: float) -> None:
        for index in range(14):
            start = 2 * pi * index / 14
            points = [center] + [
                (center[0] + reach * cos(a), center[1] + reach * sin(a))
                for a in (start - 0.09, start + 0.09)
            ]
            draw.polygon([(x * k, y * k) for x, y in points], fill=255)

    mask = soften(shape(canvas.size, paint), min(canvas.size) * 0.02)
    canvas.paste(color, (0, 0), fade(mask, strength))
