"""A Scene's hour, weather and place in; the Light of the picture out."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from imagine.stages.generate.sketch.brush import (
    RGB,
    mix,
    multiply,
)
from imagine.stages.generate.sketch.place import Scene

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
    # No hour of the day makes a white background cream or blue.
    white = scene.place.kind == "plain" and scene.color is not None and min(scene.color) > 235
    if scene.hour == "night" and not white:
        return _with(light, scenery=(0.62, 0.6, 0.68), actor=(0.92, 0.9, 0.94))
    if scene.hour in ("sunset", "dawn") and not white:
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
