"""A place's layers in; everything below the sky painted in depth out."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.ground import paint_ground, rows, sea
from imagine.stages.generate.sketch.land import Land
from imagine.stages.generate.sketch.terrain import (
    cave,
    craters,
    drifts,
    dunes,
    hills,
    mountains,
    peaks,
    volcano,
)
from imagine.stages.generate.sketch.town import blocks, houses, kerb, road, skyline, stands, towers
from imagine.stages.generate.sketch.woods import autumn, evergreens, forest, palms, reef, trees

if TYPE_CHECKING:
    from PIL.Image import Image


def paint_layers(canvas: Image, land: Land, random: Random) -> None:
    """Everything between sky and ground, farthest first; then the ground itself."""
    before = [name for name in land.scene.place.layers if name not in _ON_GROUND]
    after = [name for name in land.scene.place.layers if name in _ON_GROUND]
    for name in before:
        LAYERS[name](canvas, land, random)
    paint_ground(canvas, land, random)
    for name in after:
        LAYERS[name](canvas, land, random)


_Painter = Callable[["Image", Land, Random], None]
_ON_GROUND = frozenset({"road", "rows", "kerb", "craters", "reef", "houses", "towers"})
LAYERS: dict[str, _Painter] = {
    "hills": hills, "mountains": mountains, "peaks": peaks, "drifts": drifts, "dunes": dunes,
    "evergreens": evergreens, "trees": trees, "forest": forest, "palms": palms,
    "autumn": autumn, "sea": sea, "skyline": skyline, "blocks": blocks, "houses": houses,
    "towers": towers, "rows": rows, "road": road, "kerb": kerb, "stands": stands,
    "volcano": volcano, "cave": cave, "craters": craters, "reef": reef,
}  # fmt: skip
