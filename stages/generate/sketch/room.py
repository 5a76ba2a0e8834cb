"""The measures of an indoor scene in; what the painters of its parts share out."""

from __future__ import annotations

from dataclasses import dataclass

from imagine.stages.generate.sketch.brush import (
    RGB,
)
from imagine.stages.generate.sketch.dressing import Dresser
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Room:
    """What every painter of a part needs.

    Attributes:
        scene, light, dresser: as read from the description.
        skirting: where wall and floor meet, pixels from the top.
        unit: a hundredth of the shorter side, in pixels.
        wall, floor: their colours, unlit.
    """

    scene: Scene
    light: Light
    dresser: Dresser
    skirting: int
    unit: float
    wall: RGB
    floor: RGB
