"""A composed picture and its Scene in; rain, snow, fog and coloured light over it out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import fade, glow, noise, shape, soften
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.sky import paint_rays

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def lay_weather(canvas: Image, scene: Scene, light: Light, random: Random) -> None:
    """Paint over the RGB canvas whatever is between the eye and the scene."""
    if scene.outdoors:
        if scene.weather == "fog":
            _fog(canvas, light, random)
        elif scene.weather in ("rain", "storm"):
            _rain(canvas, random)
        elif scene.weather == "snowfall":
            _snow(canvas, random)
    _glow(canvas, scene, light)


def _fog(canvas: Image, light: Light, random: Random) -> None:
    from PIL import Image

    banks = noise(canvas.size, random, cell=min(canvas.size) * 0.16, stretch=3)
    rise = Image.linear_gradient("L").resize(canvas.size)
    mask = Image.blend(banks, rise, 0.45).point(
        [max(0, min(170, round((value - 70) * 1.1))) for value in range(256)]
    )
    canvas.paste(light.haze, (0, 0), mask)


def _rain(canvas: Image, random: Random) -> None:
    unit = min(canvas.size) / 100
    count = round(230 * max(canvas.size) / min(canvas.size))

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(min(count, 900)):
            x, y = random.uniform(-0.1, 1.1) * canvas.width, random.uniform(-0.1, 1) * canvas.height
            long = unit * random.uniform(3, 8)
            ends = [(x * k, y * k), ((x - long * 0.22) * k, (y + long) * k)]
            width = max(1, round(unit * 0.14 * k))
            draw.line(ends, fill=random.randint(50, 130), width=width)

    canvas.paste((222, 232, 244), (0, 0), shape(canvas.size, paint))


def _snow(canvas: Image, random: Random) -> None:
    unit = min(canvas.size) / 100
    count = round(150 * max(canvas.size) / min(canvas.size))

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(min(count, 700)):
            x, y = random.uniform(0, canvas.width), random.uniform(0, canvas.height)
            r = unit * random.choice((0.25, 0.35, 0.5, 0.8))
            draw.ellipse([(x - r) * k, (y - r) * k, (x + r) * k, (y + r) * k],
                         fill=random.randint(130, 235))  # fmt: skip

    canvas.paste((255, 255, 255), (0, 0), soften(shape(canvas.size, paint), unit * 0.1))


def _glow(canvas: Image, scene: Scene, light: Light) -> None:
    """Neon from both sides, a candle's pool, a spotlight's cone, sunbeams; all but subtle."""
    from PIL import Image, ImageChops

    width, height = canvas.size
    if scene.glow is None:
        return
    light_map = Image.new("RGB", (max(1, width // 4), max(1, height // 4)))
    reach = max(light_map.size)
    if scene.glow == "neon":
        glow(light_map, (0, light_map.height * 0.5), reach * 0.6, (255, 40, 170), 0.3)
        glow(
            light_map, (light_map.width, light_map.height * 0.5), reach * 0.6, (30, 190, 255), 0.26
        )
    elif scene.glow == "candle":
        glow(light_map, (light_map.width * 0.5, light_map.height * 0.6), reach * 0.6,
             (255, 168, 70), 0.34)  # fmt: skip
    elif scene.glow == "moon":
        glow(light_map, (light_map.width * (0.5 + 0.4 * light.side), 0), reach * 0.8,
             (120, 150, 255), 0.3)  # fmt: skip
    elif scene.glow == "sun" and scene.outdoors and scene.weather == "clear":
        glow(light_map, (light_map.width * (0.5 + 0.5 * light.side), 0), reach * 0.9,
             (255, 214, 130), 0.34)  # fmt: skip
        paint_rays(light_map, (light_map.width * (0.5 + 0.5 * light.side), 0), (255, 236, 190), 0.1)
    elif scene.glow == "spotlight":
        glow(light_map, (light_map.width * 0.5, light_map.height * 0.45), reach * 0.5,
             (255, 240, 214), 0.26)  # fmt: skip
    spread = light_map.resize(canvas.size, Image.Resampling.BILINEAR)
    canvas.paste(ImageChops.screen(canvas, spread), (0, 0))
    if scene.glow in ("candle", "spotlight"):
        dark = Image.radial_gradient("L").resize(canvas.size, Image.Resampling.BILINEAR)
        dark = fade(dark.point([max(0, value - 90) for value in range(256)]), 0.9)
        canvas.paste((8, 5, 12), (0, 0), dark)
