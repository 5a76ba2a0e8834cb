"""A Land in; rows of trees, palms and coral painted into it out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    mix,
    shape,
    vertical,
)
from imagine.stages.generate.sketch.land import Land, Point

if TYPE_CHECKING:
    from PIL.Image import Image


def evergreens(canvas: Image, land: Land, random: Random) -> None:
    _tree_rows(canvas, land, random, ("evergreen tree",), ((13, 5, 0.55), (18, 9, 0.32)))


def trees(canvas: Image, land: Land, random: Random) -> None:
    _tree_rows(
        canvas, land, random, ("deciduous tree", "evergreen tree"), ((14, 8, 0.5), (20, 13, 0.25))
    )


def forest(canvas: Image, land: Land, random: Random) -> None:
    rows = ((34, 9, 0.66), (44, 15, 0.42), (58, 26, 0.18))
    _tree_rows(canvas, land, random, ("evergreen tree", "deciduous tree"), rows)


def palms(canvas: Image, land: Land, random: Random) -> None:
    _tree_rows(
        canvas, land, random, ("palm tree", "deciduous tree"), ((40, 20, 0.45), (56, 30, 0.15))
    )


def autumn(canvas: Image, land: Land, random: Random) -> None:
    """Round trees in the colours of autumn, with their trunks."""
    for tall, gap, depth in ((26, 10, 0.5), (38, 20, 0.2)):
        x = random.uniform(-gap, 0) * land.unit
        while x < canvas.width + gap * land.unit:
            height = land.unit * tall * random.uniform(0.8, 1.2)
            leaf = random.choice(((214, 120, 44), (226, 158, 52), (190, 76, 44), (168, 112, 50)))
            foot = (x, land.horizon + land.unit)
            _round_tree(canvas, land, foot=foot, height=height, leaf=leaf, depth=depth)
            x += gap * land.unit * random.uniform(0.7, 1.3)


def _round_tree(
    canvas: Image, land: Land, *, foot: Point, height: float, leaf: RGB, depth: float
) -> None:
    width = height * 0.7
    size = (max(4, round(width)), max(4, round(height)))
    trunk = shape(
        size,
        lambda draw, k: draw.rectangle(
            [width * 0.45 * k, height * 0.5 * k, width * 0.55 * k, height * k], fill=255
        ),
    )
    crown = shape(
        size, lambda draw, k: draw.ellipse([0, 0, width * k - 1, height * 0.74 * k], fill=255)
    )
    spot = (round(foot[0] - width / 2), round(foot[1] - height))
    canvas.paste(land.light.lit((110, 78, 58), depth), spot, trunk)
    fill = vertical(size, (land.light.lit(mix(leaf, (255, 236, 150), 0.3), depth),
                           land.light.lit(mix(leaf, (90, 40, 30), 0.25), depth)))  # fmt: skip
    canvas.paste(fill, spot, crown)


def _tree_rows(
    canvas: Image,
    land: Land,
    random: Random,
    names: tuple[str, ...],
    rows: tuple[tuple[float, float, float], ...],
) -> None:
    allowed = tuple(name for name in names if land.dresser.allows(name, far=True))
    if not allowed:
        return
    for index, (tall, gap, depth) in enumerate(rows):
        land.dresser.row(
            canvas, allowed, random, base=land.horizon + land.unit * (1 + 2 * index),
            height=tall * land.unit, gap=gap * land.unit, depth=depth,
        )  # fmt: skip


def reef(canvas: Image, land: Land, random: Random) -> None:
    """Coral and weed on the sea floor."""
    for name, tall in (("coral", 15), ("seaweed", 18), ("spiral shell", 6)):
        for _ in range(2):
            x = random.choice((random.uniform(0.02, 0.25), random.uniform(0.75, 0.98)))
            y = canvas.height - random.uniform(0, 5) * land.unit
            land.dresser.place(
                canvas, name, foot=(x * canvas.width, y),
                height=land.unit * tall * random.uniform(0.8, 1.2), depth=0.25,
            )  # fmt: skip
