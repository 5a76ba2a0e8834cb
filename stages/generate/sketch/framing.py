"""Placements and a camera's distance in; the same placements, nearer or farther, out.

Another seed moves the camera a little: nearer, farther, to the side. What the description fixes
stays as it is, because everything in the picture moves together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.camera import Shot
from imagine.stages.generate.sketch.group import Frame
from imagine.stages.generate.sketch.piece import Piece, head_of

if TYPE_CHECKING:
    from imagine.stages.generate.sketch.layout import Placement

# Shares of the frame.
_MARGIN = 0.02
_WIDE_SIZE = 0.55
_LONE_SIZE = 0.78


def framed(
    placements: Sequence[Placement], frame: Frame, random: Random, *, shot: Shot
) -> tuple[Placement, ...]:
    """The placements as this camera sees them."""
    if shot == "close":
        return _closer(placements, frame)
    lone = len(placements) == 1 and frame.open
    # On an empty stage there is nothing for a distant view to show.
    scale = 1.0 if shot != "wide" else _LONE_SIZE if lone else _WIDE_SIZE
    # One thing may be small in its surroundings; many are small already.
    least = 0.82 if len({item.actor.id for item in placements}) <= 3 else 0.94
    drawn = random.uniform(least, 1.05), random.uniform(-1.0, 1.0), random.uniform(-1.0, 1.0)
    if any(item.actor.position is not None for item in placements):
        return tuple(placements) if shot == "full" else _moved(placements, frame, scale, 0, 0)
    if frame.table:
        # Its feet stay where the table top is drawn.
        return _moved(placements, frame, scale * min(1.0, drawn[0]), drawn[1] * 0.1, 0)
    toward = _lead(placements)
    # The cube is near the middle most of the time, and near a third only now and then.
    aside = abs(drawn[1] ** 3) * toward if toward else 0.4 * drawn[1] ** 3
    return _moved(placements, frame, scale * drawn[0], aside * 0.16, drawn[2] * 0.02)


def _moved(
    placements: Sequence[Placement], frame: Frame, scale: float, aside: float, down: float
) -> tuple[Placement, ...]:
    """Scaled about the middle of the lowest line, then moved by shares of the frame, kept inside.

    Nothing leaves the frame that was inside, and what stands does not leave the ground.
    """
    left, top, right, bottom = _extent(placements)
    scale = min(scale, max(1.0, (1 - 2 * _MARGIN) * frame.width / (right - left)),
                max(1.0, (bottom - _MARGIN * frame.height) / (bottom - top)))  # fmt: skip
    middle = (left + right) / 2
    half = (right - left) * scale / 2
    # Moved aside it keeps a wider margin, or it would look cut off.
    reach = max(0.0, frame.width * (0.5 - 5 * _MARGIN) - half)
    center = frame.width / 2 + max(
        -reach, min(reach, middle - frame.width / 2 + aside * frame.width)
    )
    anchored = frame.stands and not frame.open
    foot = bottom if anchored else bottom - (1 - scale) * (bottom - top) / 2
    foot = min(foot + down * frame.height, frame.height * (1 - _MARGIN))
    foot = max(foot, (frame.top + _MARGIN) * frame.height + (bottom - top) * scale)
    if foot > frame.height:
        return tuple(placements)
    return tuple(
        _at(item, center + (item.left - middle) * scale, foot + (item.top - bottom) * scale, scale)
        for item in placements
    )


def _closer(placements: Sequence[Placement], frame: Frame) -> tuple[Placement, ...]:
    """Heads and shoulders fill the frame; a thing without a head comes as near as it fits."""
    headed = [item for item in placements if _has_shoulders(item)]
    lone = len({item.actor.id for item in headed}) == len(headed) and 0 < len(headed) <= 3
    if not lone:
        left, top, right, bottom = _extent(placements)
        scale = min(0.97 * frame.width / (right - left),
                    (0.97 - frame.top) * frame.height / (bottom - top))  # fmt: skip
    else:
        boxes = [_shoulders(item, placements) for item in headed]
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
        scale = min(frame.width / (right - left),
                    (1 - frame.top) * frame.height / (bottom - top))  # fmt: skip
    scale = max(1.0, scale)
    x = frame.width / 2 - (left + right) / 2 * scale
    y = frame.height * (1 + frame.top) / 2 - (top + bottom) / 2 * scale
    if lone:
        # What lies below the shoulders may fill the frame as far as it reaches.
        below = (max(item.top + item.height for item in headed) - bottom) * scale
        slack = frame.height * (1 - frame.top) - (bottom - top) * scale
        y = frame.height - bottom * scale - min(0.5 * slack, below)
    return tuple(
        replace(_at(item, item.left * scale + x, item.top * scale + y, scale),
                grounded=item.grounded and not lone)
        for item in placements
    )  # fmt: skip


def _has_shoulders(item: Placement) -> bool:
    cutout = item.actor.cutout
    return cutout is not None and cutout.head is not None and cutout.kind in ("animal", "person")


def _shoulders(
    item: Placement, placements: Sequence[Placement]
) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of head and shoulders, with what is worn on the head."""
    x, y, width = head_of(Piece(item.actor, item.left, item.top, item.width, item.height))
    if item.mirrored:
        x = 2 * item.left + item.width - x
    crest = min(
        [
            item.top,
            *(
                other.top
                for other in placements
                if abs(other.left + other.width / 2 - x) < width / 2
            ),
        ]
    )
    # No lower than three quarters of the body, or a squat animal would be shown whole.
    bottom = min(y + 1.85 * width, item.top + 0.85 * item.height)
    bottom = max(bottom, y + 1.1 * width)
    return x - 1.2 * width, max(crest, y - 0.8 * width) - 0.25 * width, x + 1.2 * width, bottom


def _lead(placements: Sequence[Placement]) -> int:
    """The side to which a lone thing is moved to look into the picture: 1 right, -1 left, 0 any."""
    base = min(placements, key=lambda item: abs(item.depth[1]), default=None)
    if base is None or base.actor.cutout is None or base.actor.cutout.facing == "front":
        return 0
    looks_left = (base.actor.cutout.facing == "left") != base.mirrored
    return 1 if looks_left else -1


def _extent(placements: Sequence[Placement]) -> tuple[float, float, float, float]:
    return (
        min(item.left for item in placements),
        min(item.top for item in placements),
        max(item.left + item.width for item in placements),
        max(item.top + item.height for item in placements),
    )


def _at(item: Placement, left: float, top: float, scale: float) -> Placement:
    return replace(item, left=left, top=top, width=item.width * scale, height=item.height * scale)
