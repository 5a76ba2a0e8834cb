"""One drawn thing as a box in softened metres: moved, scaled, mirrored, measured.

The origin is the point where the lowest thing stands: x to the right, y downwards, so that
everything above the ground has a negative y.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from imagine.stages.generate.sketch.cast import Actor


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing to be drawn.

    Attributes:
        actor: what it is.
        x, y, width, height: its box.
        layer: higher is nearer.
        mirrored: drawn the other way round.
        rests: it lies on a surface of another thing that is seen from above.
    """

    actor: Actor
    x: float
    y: float
    width: float
    height: float
    layer: int = 0
    mirrored: bool = False
    rests: bool = False

    def moved(self, dx: float, dy: float) -> Piece:
        return replace(self, x=self.x + dx, y=self.y + dy)

    def scaled(self, factor: float) -> Piece:
        return replace(
            self, x=self.x * factor, y=self.y * factor,
            width=self.width * factor, height=self.height * factor,
        )  # fmt: skip

    def flipped(self) -> Piece:
        return replace(self, x=-self.x - self.width, mirrored=not self.mirrored)


Pieces = tuple[Piece, ...]


def bounds(pieces: Sequence[Piece]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all of them."""
    return (
        min(piece.x for piece in pieces),
        min(piece.y for piece in pieces),
        max(piece.x + piece.width for piece in pieces),
        max(piece.y + piece.height for piece in pieces),
    )


def fit(pieces: Pieces, width: float) -> Pieces:
    left, _, right, _ = bounds(pieces)
    return tuple(piece.scaled(width / (right - left)) for piece in pieces)


def shrink(pieces: Pieces, width: float, height: float) -> Pieces:
    left, top, right, bottom = bounds(pieces)
    factor = min(1.0, width / (right - left), height / (bottom - top))
    return tuple(piece.scaled(factor) for piece in pieces)


def at(pieces: Pieces, x: float, y: float, layer: int = 0) -> Pieces:
    """Moved so that the middle of the base is at x, y, and `layer` layers nearer."""
    left, _, right, bottom = bounds(pieces)
    dx, dy = x - (left + right) / 2, y - bottom
    return tuple(replace(piece.moved(dx, dy), layer=piece.layer + layer) for piece in pieces)


def tall(pieces: Pieces) -> float:
    _, top, _, bottom = bounds(pieces)
    return bottom - top


def wide(pieces: Pieces) -> float:
    left, _, right, _ = bounds(pieces)
    return right - left


def head_of(base: Piece) -> tuple[float, float, float]:
    """x and y of the top of the head and the head's width, in the cluster's units."""
    cutout = base.actor.cutout
    if cutout is not None and cutout.head is not None:
        x, y, width = cutout.head
    elif cutout is not None and cutout.kind == "animal" and cutout.facing != "front":
        # Without an anchor: an animal seen from the side carries its head in front.
        x, y, width = (0.25 if cutout.facing == "left" else 0.75), 0.06, 0.4
    else:
        x, y, width = 0.5, 0.02, 0.5
    return base.x + x * base.width, base.y + y * base.height, width * base.width
