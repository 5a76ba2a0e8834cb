"""A Scene's hour and weather in; the Light of the picture and its painted sky out."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    fade,
    glow,
    mix,
    multiply,
    noise,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.place import Scene

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Strength = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """How everything in the picture is lit.

    Attributes:
        sky: colours of the sky from the zenith to the horizon.
        haze: the colour that far things fade into.
        scenery: what the background's colours are multiplied by.
        actor: what the subjects' colours are multiplied by.
        shadow: strength of contact shadows, 0 to 1.
        side: where the light comes from, -1 (left) to 1 (right).
    """

    sky: tuple[RGB, ...]
    haze: RGB
    scenery: Strength = (1.0, 1.0, 1.0)
    actor: Strength = (1.0, 1.0, 1.0)
    shadow: float = 0.42
    side: float = -0.5

    def lit(self, color: RGB, depth: float = 0.0) -> RGB:
        """A background colour under this light; `depth` 1 is lost in the haze."""
        return mix(multiply(color, self.scenery), self.haze, depth)


_HOURS = {
    "day": Light(((74, 150, 230), (140, 196, 244), (212, 236, 252)), (206, 226, 240)),
    "dawn": Light(
        ((132, 156, 218), (232, 186, 200), (255, 226, 188)), (248, 216, 196),
        (1.0, 0.92, 0.88), (1.0, 0.97, 0.94), 0.36,
    ),
    "sunset": Light(
        ((70, 58, 128), (196, 88, 118), (250, 148, 92), (255, 208, 130)), (250, 168, 118),
        (0.86, 0.66, 0.62), (1.0, 0.9, 0.82), 0.5,
    ),
    "night": Light(
        ((8, 12, 40), (20, 30, 76), (46, 62, 118)), (44, 58, 108),
        (0.36, 0.42, 0.64), (0.72, 0.78, 0.96), 0.5,
    ),
}  # fmt: skip
_WEATHERS = {
    "cloudy": Light(
        ((150, 164, 180), (188, 198, 208), (216, 222, 228)), (206, 212, 218),
        (0.84, 0.86, 0.88), (0.96, 0.97, 0.98), 0.28,
    ),
    "rain": Light(
        ((96, 112, 130), (136, 150, 164), (176, 188, 198)), (164, 176, 188),
        (0.66, 0.72, 0.78), (0.88, 0.91, 0.95), 0.28,
    ),
    "storm": Light(
        ((40, 46, 64), (70, 80, 100), (120, 128, 142)), (104, 114, 130),
        (0.5, 0.55, 0.64), (0.82, 0.86, 0.94), 0.34,
    ),
    "snowfall": Light(
        ((164, 184, 206), (200, 214, 228), (228, 236, 244)), (222, 232, 242),
        (0.9, 0.94, 1.0), (0.97, 0.98, 1.0), 0.26,
    ),
    "fog": Light(
        ((196, 206, 212), (212, 219, 223), (228, 232, 233)), (218, 224, 227),
        (0.86, 0.88, 0.89), (0.94, 0.95, 0.96), 0.2,
    ),
}  # fmt: skip


def light_of(scene: Scene, random: Random) -> Light:
    """The light that hour, weather and place make; `random` chooses the side it comes from."""
    light = _HOURS[scene.hour]
    if scene.weather != "clear":
        grey = _WEATHERS[scene.weather]
        light = grey if scene.hour == "day" else _blend(light, grey)
    if not scene.outdoors:
        light = _inside(scene, light)
    elif scene.color is not None and scene.place.kind == "sky":
        top = multiply(scene.color, light.scenery)
        light = _with(light, sky=(mix(top, (0, 0, 0), 0.12), top, mix(top, (255, 255, 255), 0.45)))
    return _with(light, side=random.choice((-0.6, 0.6)))


def _inside(scene: Scene, light: Light) -> Light:
    if scene.place.kind == "space":
        return Light(
            ((6, 6, 22), (16, 12, 44), (30, 20, 62)), (20, 16, 50),
            (0.9, 0.9, 1.0), (0.97, 0.97, 1.0), 0.4,
        )  # fmt: skip
    if scene.place.kind == "underwater":
        return Light(scene.place.ground, (30, 110, 160), (0.6, 0.86, 0.98), (0.84, 0.95, 1.0), 0.22)
    if scene.place.key == "stage" or scene.glow in ("spotlight", "candle"):
        warm = (1.0, 0.86, 0.66) if scene.glow == "candle" else (0.92, 0.9, 0.92)
        dark = tuple(0.62 * value for value in warm)
        return _with(light, scenery=(dark[0], dark[1], dark[2]), actor=_toward_white(warm, 0.6))
    if scene.hour == "night":
        return _with(light, scenery=(0.62, 0.6, 0.68), actor=(0.92, 0.9, 0.94))
    if scene.hour in ("sunset", "dawn"):
        return _with(light, scenery=(1.0, 0.88, 0.76), actor=(1.0, 0.95, 0.9))
    return Light(light.sky, light.haze)


def _toward_white(strength: Strength, share: float) -> Strength:
    red, green, blue = (value + (1 - value) * share for value in strength)
    return red, green, blue


def _with(
    light: Light,
    *,
    sky: tuple[RGB, ...] | None = None,
    scenery: Strength | None = None,
    actor: Strength | None = None,
    side: float | None = None,
) -> Light:
    return Light(
        sky or light.sky,
        light.haze,
        scenery or light.scenery,
        actor or light.actor,
        light.shadow,
        light.side if side is None else side,
    )


def _blend(first: Light, second: Light) -> Light:
    size = 4
    sky = tuple(
        mix(first.sky[i * len(first.sky) // size], second.sky[i * len(second.sky) // size], 0.4)
        for i in range(size)
    )
    scenery = tuple(a * (0.4 + 0.6 * b) for a, b in zip(first.scenery, second.scenery, strict=True))
    return Light(
        sky,
        mix(first.haze, second.haze, 0.4),
        (scenery[0], scenery[1], scenery[2]),
        first.actor,
        min(first.shadow, second.shadow),
    )


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
