"""The measures of an outdoor scene in; outlines and filled layers that other painters share out."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    mix,
    polygon,
    vertical,
)
from imagine.stages.generate.sketch.dressing import Dresser
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene

if TYPE_CHECKING:
    from PIL.Image import Image

Point = tuple[float, float]
# Lower than any picture, in pixels: where outlines of ground are closed.
_FAR_BELOW = 100_000.0


@dataclass(frozen=True, slots=True)
class Land:
    """What every layer painter needs.

    Attributes:
        scene, light, dresser: as read from the description.
        horizon: pixels from the top.
        unit: a hundredth of the shorter side, in pixels.
    """

    scene: Scene
    light: Light
    dresser: Dresser
    horizon: int
    unit: float


def ridge(
    random: Random, width: float, *, base: float, height: float, waves: float, rough: float = 0.0
) -> list[Point]:
    """The outline of hills from left to right, closed far below; `waves` across the width."""
    phases = [(random.uniform(0, 2 * pi), random.uniform(0.7, 1.4)) for _ in range(3)]
    steps = 160
    points = []
    for index in range(steps + 1):
        x = index / steps
        rise = sum(
            sin(2 * pi * waves * share * (2**octave) * x + phase) / (1.9**octave)
            for octave, (phase, share) in enumerate(phases)
        )
        jag = rough * random.uniform(-1, 1)
        points.append((x * width, base - height * (0.5 + 0.28 * rise + jag)))
    floor = _FAR_BELOW
    return [(0.0, floor), *points, (float(width), floor)]


def fill(canvas: Image, mask: Image, top: RGB, bottom: RGB, *, start: float, end: float) -> None:
    """Fill the mask with a gradient that runs from `start` to `end` pixels from the top."""
    first, last = max(0, round(start)), min(canvas.height, max(round(start) + 2, round(end)))
    first = min(first, canvas.height - 1)
    band = vertical((canvas.width, max(1, last - first)), (top, bottom))
    canvas.paste(band, (0, first), mask.crop((0, first, canvas.width, first + band.height)))
    if last < canvas.height:
        below = mask.crop((0, last, canvas.width, canvas.height))
        canvas.paste(bottom, (0, last), below)


def ridge_layer(
    canvas: Image,
    land: Land,
    random: Random,
    *,
    color: RGB,
    height: float,
    depth: float,
    waves: float,
    lift: float = 0.0,
) -> None:
    base = land.horizon - lift * land.unit
    points = ridge(random, canvas.width, base=base, height=height * land.unit, waves=waves)
    top = land.light.lit(color, depth)
    bottom = land.light.lit(mix(color, (255, 255, 255), 0.12), min(1.0, depth + 0.28))
    fill(canvas, polygon(canvas.size, points), top, bottom, start=base - height * land.unit,
          end=land.horizon + land.unit)  # fmt: skip
