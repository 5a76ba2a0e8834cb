"""All of one actor and a frame in; its group, side by side or in rows, out."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from random import Random

from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.piece import Pieces, bounds


@dataclass(frozen=True, slots=True)
class Frame:
    """The area to be filled.

    Attributes:
        width, height: pixels.
        stands: whether there is a ground, so that things stand at the bottom.
        top, bottom: shares of the height kept free there, for lettering.
        table: the things stand on a table top, which needs room below them.
        open: the ground is a sweep without a horizon, so that things may stand anywhere.
    """

    width: int
    height: int
    stands: bool
    top: float = 0.0
    bottom: float = 0.0
    table: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """All of one root actor with what is fixed to it."""

    root: Actor
    members: tuple[Pieces, ...]
    width: float
    height: float

    @property
    def pieces(self) -> Pieces:
        return tuple(piece for member in self.members for piece in member)


def gather(
    root: Actor, units: tuple[Pieces, ...], shape: float, frame: Frame, random: Random
) -> Group:
    """The units of one actor side by side, or in rows when they are many."""
    boxes = [bounds(unit) for unit in units]
    wide = max(right - left for left, _, right, _ in boxes)
    high = max(bottom - top for _, top, _, bottom in boxes)
    count = len(units)
    stands = frame.stands and not root.flies
    # Of people in a row behind only heads and shoulders are seen, or they would stand on others.
    upright = wide < 0.62 * high
    pitch = high * ((0.3 if upright else 0.5) if stands else 1.08)
    wished = shape * random.uniform(0.75, 1.3)
    columns = _columns(count, wide * 1.08, high, pitch, wished, stands=stands)
    forward = random.randrange(2)
    rows = ceil(count / columns)
    members: list[Pieces] = []
    placed = 0
    for row in range(rows):
        # Front rows are the fuller ones; row 0 is the farthest.
        in_row = count // rows + (1 if row >= rows - count % rows else 0)
        back = (rows - 1 - row) / max(1, rows)
        scale = 1 - (0.3 * back if stands else 0.0)
        for column in range(in_row):
            unit = units[placed]
            placed += 1
            left, _, right, _ = bounds(unit)
            x = (column - (in_row - 1) / 2) * wide * 1.08 * (1 - 0.14 * back * stands)
            y = -(rows - 1 - row) * pitch * (1 - 0.18 * back * stands)
            if rows > 1:
                # Rows are shifted against each other, or a crowd looks like a table of figures.
                x += (0.25 if row % 2 else -0.25) * wide * (columns > 1)
                x += random.uniform(-0.12, 0.12) * wide
                y += random.uniform(-0.1, 0.1) * pitch
            elif count > 2:
                y -= high * (0.07 if column % 2 == forward else 0.0)
            members.append(
                tuple(
                    piece.moved(-(left + right) / 2, 0).scaled(scale).moved(x, y) for piece in unit
                )
            )
    left, top, right, bottom = bounds([piece for member in members for piece in member])
    dx, dy = -(left + right) / 2, -bottom
    shifted = tuple(tuple(piece.moved(dx, dy) for piece in member) for member in members)
    return Group(root, shifted, right - left, bottom - top)


def _columns(
    count: int, wide: float, high: float, pitch: float, shape: float, *, stands: bool
) -> int:
    """The number of columns whose block is nearest to the shape of the place it gets."""
    if count <= 3 and wide * count / high <= (6.5 if stands else 2.6) * shape:
        return count
    if stands and count <= 5 and wide * count / high <= 4.0 * shape:
        return count

    def misfit(columns: int) -> tuple[float, int]:
        rows = ceil(count / columns)
        block = (columns * wide) / (high + (rows - 1) * pitch)
        # A last row with gaps looks unintended, and so does a crowd many rows deep.
        gaps = 0.08 * (columns * rows - count) / columns
        return abs(log(block / (shape * (2.2 if stands else 1.0)))) + gaps, columns

    return min(range(1, count + 1), key=misfit)
