"""A cluster and what it wears, holds or carries in; both as one cluster out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from imagine.stages.generate.sketch.cast import softened
from imagine.stages.generate.sketch.piece import (
    Piece,
    Pieces,
    at,
    bounds,
    fit,
    head_of,
    shrink,
    tall,
    wide,
)
from imagine.stages.spec import RelationKind


@dataclass(frozen=True, slots=True)
class _Garment:
    """Where something worn goes on the body.

    Attributes:
        words: a pattern of what is worn so.
        width: in widths of the head, or of the body where `on_body`.
        tallest: limit of its height, as a share of the body's.
        line: where it goes: head widths below the top of the head; a share of the body's height
            above its feet where `from_feet`.
        hangs: how much of its own height lies below that line.
        aside: how far it is moved from the middle, in widths of the body.
        layer: 2 in front of the body, -1 behind it.
    """

    words: re.Pattern[str]
    width: float
    line: float
    hangs: float = 0.0
    tallest: float = 1.0
    on_body: bool = False
    from_feet: bool = False
    aside: float = 0.0
    layer: int = 2


_GARMENTS = (
    _Garment(re.compile(r"glasses|spectacles|goggles|monocle|mask"), 0.86, 0.5, 0.5),
    _Garment(
        re.compile(r"scarf|tie|necklace|bandana|collar|medal|ribbon|bow|lanyard|pendant"),
        0.7, 0.92, 1.0, tallest=0.34,
    ),
    _Garment(
        re.compile(
            r"shirt|dress|coat|jacket|sweater|hoodie|suit|vest|blouse|cape|cloak|kimono|robe|"
            r"uniform|sari|jersey|costume|armou?r|gown|tuxedo|clothes|kurta|bikini|apron"
        ),
        0.98, 0.9, 1.0, tallest=0.55, on_body=True,
    ),
    _Garment(
        re.compile(r"jeans|pants|trousers|shorts|skirt|briefs|kilt|leggings"),
        0.8, 0.06, tallest=0.4, on_body=True, from_feet=True,
    ),
    _Garment(
        re.compile(r"shoe|boot|sock|sneaker|sandal|heel|slipper|skate"),
        0.5, 0.0, 0.2, tallest=0.3, on_body=True, from_feet=True,
    ),
    _Garment(
        re.compile(r"backpack|rucksack|wings|bag|handbag|purse|satchel"),
        0.6, 0.3, tallest=0.4, on_body=True, from_feet=True, aside=0.34, layer=-1,
    ),
    _Garment(re.compile(r"crown|tiara|halo|wreath"), 0.8, 0.16),
    _Garment(
        re.compile(
            r"hat|cap|helmet|beret|headphone|hood|wig|turban|beanie|bonnet|fez|sombrero|headband|"
            r"fedora|headdress"
        ),
        1.12, 0.16,
    ),
)  # fmt: skip
# Whatever else is worn hangs on the body; what the art knows as headwear is a hat.
_HUNG = _Garment(re.compile(""), 0.6, 0.12, tallest=0.4, on_body=True, from_feet=True)
_HAT = _GARMENTS[-1]
_BOARD = re.compile(r"board|ski|sled|carpet|scooter|broom|wave|raft|escalator|elevator")
_OPEN = re.compile(
    r"box|basket|cup|mug|bucket|bowl|pot|vase|bag|bathtub|tub|boat|canoe|sink|glass|teacup|nest|"
    r"crate|barrel|suitcase|pocket|hat|cart|car|truck|wagon|tank|jar|plate|dish"
)
# Middle and lower edge of the opening, and its width, as shares of the art's box.
_BRIMS = {
    "bathtub": (0.47, 0.54, 0.86), "bowl": (0.5, 0.62, 0.84), "coffee": (0.42, 0.62, 0.6),
    "nest": (0.54, 0.44, 0.6), "pot": (0.5, 0.5, 0.6), "sink": (0.5, 0.48, 0.7),
    "plate": (0.5, 0.68, 0.56),
}  # fmt: skip
# Of these the upper edge is seen from the side: what is in them rises behind it.
_EDGES = {"basket": 0.36, "bucket": 0.05, "mug": 0.08, "barrel": 0.03, "vase": 0.04}
SHELTER = re.compile(r"table|tree|umbrella|bridge|desk|parasol|tent|canopy|roof|lamp|arch|bench")


def _garment(worn: Piece) -> _Garment:
    name = worn.actor.label.lower()
    for garment in _GARMENTS:
        if garment.words.search(name):
            return garment
    headwear = worn.actor.cutout is not None and worn.actor.cutout.habitat == "head"
    return _HAT if headwear else _HUNG


def _wish(worn: Piece) -> float:
    """How much smaller or larger than fitting its attributes want it: a "tiny" crown."""
    usual = softened(worn.actor.cutout)
    return min(1.4, max(0.75, worn.actor.extent / usual))


def _wear(pieces: Pieces, base: Piece, worn: Pieces, share: int) -> Pieces:
    """What is worn, at its place on head or body; several of one kind are worn as one."""
    x, y, head = head_of(base)
    garment = _garment(worn[0])
    unit = base.width if garment.on_body else head
    fitted = shrink(
        fit(worn, unit * garment.width * _wish(worn[0])),
        base.width * 1.3, base.height * garment.tallest,
    )  # fmt: skip
    middle = base.x + base.width / 2 if garment.on_body else x
    bottom = base.y + base.height
    line = bottom - garment.line * base.height if garment.from_feet else y + garment.line * head
    foot = min(line + garment.hangs * tall(fitted), bottom + 0.06 * base.height)
    return pieces + at(fitted, middle + garment.aside * base.width, foot, garment.layer)


def _grip(base: Piece) -> tuple[float, float]:
    """Where a held thing goes: at the hand; at the mouth of an animal seen from the side."""
    cutout = base.actor.cutout
    sideways = cutout is not None and cutout.kind == "animal" and cutout.facing != "front"
    if cutout is not None and sideways and cutout.hand is None and cutout.head is not None:
        x, y, head = head_of(base)
        return x + (-0.6 if cutout.facing == "left" else 0.6) * head, y + 1.15 * head
    hand = cutout.hand if cutout is not None and cutout.hand is not None else (0.92, 0.62)
    return base.x + hand[0] * base.width, base.y + hand[1] * base.height


def _hold(pieces: Pieces, base: Piece, held: Pieces, share: int) -> Pieces:
    small = shrink(held, base.width * 1.0 + base.height * 0.15, base.height * 0.5)
    x, y = _grip(base)
    for index in range(share):
        side = x if index % 2 == 0 else 2 * (base.x + base.width / 2) - x
        step = (index // 2) * wide(small) * 0.5
        offset = step if index % 2 == 0 else -step
        pieces += at(small, side + offset, y + tall(small) * 0.55, 3)
    return pieces


def _ride(pieces: Pieces, base: Piece, rider: Pieces, share: int) -> Pieces:
    cutout = base.actor.cutout
    seat = cutout.seat if cutout is not None and cutout.seat is not None else (0.5, 0.34)
    x, y = base.x + seat[0] * base.width, base.y + seat[1] * base.height
    fitted = shrink(rider, base.width * 0.8, base.height * 1.15)
    if (first := rider[0].actor.cutout) is not None and cutout is not None:
        opposite = {first.facing, cutout.facing} == {"left", "right"}
        fitted = tuple(piece.flipped() for piece in fitted) if opposite else fitted
    stands = _BOARD.search(base.actor.label.lower()) is not None
    for index in range(share):
        spread = (index - (share - 1) / 2) * wide(fitted) * 0.7
        # On a board one stands; astride, the lower part of the rider is behind the mount.
        sunk, layer = (0.02, 1) if stands else (0.34, -1)
        pieces += at(fitted, x + spread, y + tall(fitted) * sunk, layer)
    return pieces


def _rest(pieces: Pieces, base: Piece, upper: Pieces, share: int) -> Pieces:
    """Things on top of the base: side by side on its upper surface."""
    cutout = base.actor.cutout
    seat = cutout.seat if cutout is not None and cutout.seat is not None else None
    x, y = base.x + base.width / 2, base.y + base.height * 0.04
    if seat is not None:
        x, y = base.x + seat[0] * base.width, base.y + seat[1] * base.height
    room = base.width * (0.9 if share == 1 else 0.98 / min(share, 6))
    fitted = shrink(upper, room, max(base.height * 1.6, base.width))
    # Only where enough of the surface is seen does a shadow fall on it and nowhere else.
    if seat is not None and seat[1] > 0.18 and wide(fitted) < 0.9 * base.width:
        fitted = (replace(fitted[0], rests=True), *fitted[1:])
    per_row = min(share, 6)
    for index in range(share):
        row, column = divmod(index, per_row)
        in_row = min(per_row, share - row * per_row)
        spread = (column - (in_row - 1) / 2) * max(wide(fitted) * 1.02, base.width * 0.8 / per_row)
        pieces += at(fitted, x + spread, y - row * tall(fitted) * 0.7, 1)
    return pieces


def _enclose(pieces: Pieces, base: Piece, inner: Pieces, share: int) -> Pieces:
    """Things inside the base: rising out of an open one, in front of the middle of a closed one."""
    middle = base.x + base.width / 2
    cutout = base.actor.cutout
    if cutout is not None and (brim := _BRIMS.get(cutout.key)) is not None:
        return _fill(pieces, base, inner, share, brim)
    if _OPEN.search(base.actor.label.lower()):
        edge = base.y + base.height * _EDGES.get(cutout.key if cutout is not None else "", 0.0)
        fitted = shrink(inner, base.width * 0.8 / (min(share, 4) ** 0.6), base.height * 0.95)
        for index in range(share):
            row, column = divmod(index, 4)
            in_row = min(4, share - row * 4)
            x = middle + (column - (in_row - 1) / 2) * base.width * 0.8 / min(share, 4)
            pieces += at(fitted, x, edge + tall(fitted) * (0.36 - 0.25 * row), -1 - row)
        return pieces
    fitted = shrink(inner, base.width * 0.56 / min(share, 4), base.height * 0.5)
    for index in range(share):
        row, column = divmod(index, 4)
        in_row = min(4, share - row * 4)
        x = middle + (column - (in_row - 1) / 2) * base.width * 0.6 / min(share, 4)
        pieces += at(fitted, x, base.y + base.height * (0.8 - 0.2 * row), 1)
    return pieces


def _fill(
    pieces: Pieces, base: Piece, inner: Pieces, share: int, brim: tuple[float, float, float]
) -> Pieces:
    """Things in a container that is seen from above: they lie on its opening, nearest last."""
    x, y, width = brim
    rows = 1 if share <= 4 else 2
    per_row = -(-share // rows)
    room = width * base.width
    fitted = shrink(inner, room * (1.0 if per_row == 1 else 1.25 / per_row), base.height * 0.68)
    step = 0.0 if per_row == 1 else min(wide(fitted) * 0.95, (room - wide(fitted)) / (per_row - 1))
    for index in range(share):
        row, column = divmod(index, per_row)
        in_row = min(per_row, share - row * per_row)
        middle = base.x + x * base.width + (column - (in_row - 1) / 2) * step
        foot = base.y + y * base.height - row * 0.45 * tall(fitted)
        pieces += at(fitted, middle, foot, 3 - row)
    return pieces


def _behind(pieces: Pieces, base: Piece, far: Pieces, share: int) -> Pieces:
    """Things behind the base: raised, and far enough to the side to be seen."""
    left, _, right, _ = bounds(pieces)
    larger = tall(far) > 1.5 * base.height
    for index in range(share):
        side = 1 if index % 2 == 0 else -1
        reach = 0.0 if larger and share == 1 else (right - left) * 0.34 + wide(far) * 0.3
        x = (left + right) / 2 + side * (reach + (index // 2) * wide(far) * 0.7)
        pieces += at(far, x, -base.height * (0.1 if larger else 0.2), -2)
    return pieces


def _before(pieces: Pieces, base: Piece, near: Pieces, share: int) -> Pieces:
    """Things in front of the base: lower, covering at most a corner of it."""
    left, _, right, _ = bounds(pieces)
    smaller = tall(near) < 0.66 * base.height and wide(near) * share < 0.8 * base.width
    drop = base.height * (0.08 if smaller else 0.14)
    for index in range(share):
        spread = (index - (share - 1) / 2) * wide(near) * 1.02
        offset = 0.0 if smaller else -(right - left) * 0.34 - wide(near) * 0.3
        pieces += at(near, (left + right) / 2 + spread + offset, drop, 3)
    return pieces


def _shelter(pieces: Pieces, base: Piece, near: Pieces, share: int) -> Pieces:
    """Things under the base: at its foot, no higher than half of it."""
    fitted = shrink(near, base.width * 0.8 / share, base.height * 0.46)
    for index in range(share):
        spread = (index - (share - 1) / 2) * wide(fitted) * 1.05
        pieces += at(fitted, base.x + base.width / 2 + spread, base.height * 0.04, 2)
    return pieces


FIXERS = {
    RelationKind.WEARING: _wear,
    RelationKind.HOLDING: _hold,
    RelationKind.RIDING: _ride,
    RelationKind.ON: _rest,
    RelationKind.INSIDE: _enclose,
    RelationKind.BEHIND: _behind,
    RelationKind.IN_FRONT_OF: _before,
    RelationKind.BELOW: _shelter,
}
