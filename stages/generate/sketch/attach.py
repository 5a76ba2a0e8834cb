"""Actors and their relations in; clusters of things that wear, hold, ride and carry others out.

Boxes are in softened metres around the point where the lowest thing stands: x to the right, y
downwards, so that everything above the ground has a negative y.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.spec import Relation, RelationKind

_FACE = re.compile(r"glasses|spectacles|goggles|monocle|mask")
_NECK = re.compile(r"scarf|tie|necklace|bandana|collar|medal|ribbon|bow|lanyard|pendant")
_TORSO = re.compile(
    r"shirt|dress|coat|jacket|sweater|hoodie|suit|vest|blouse|cape|cloak|kimono|robe|uniform|"
    r"sari|jersey|costume|armor|armour|gown|tuxedo|clothes|kurta|bikini|swimsuit|apron|raincoat"
)
_LEGS = re.compile(r"jeans|pants|trousers|shorts|skirt|briefs|kilt|leggings")
_HEAD = re.compile(
    r"hat|cap|crown|tiara|helmet|beret|headphone|hood|wig|turban|beanie|bonnet|fez|sombrero|headband|"
    r"halo|fedora|headdress"
)
_FEET = re.compile(r"shoe|boot|sock|sneaker|sandal|heel|slipper|skate")
_BACK = re.compile(r"backpack|rucksack|wings|bag|handbag|purse|satchel")
_OPEN = re.compile(
    r"box|basket|cup|mug|bucket|bowl|pot|vase|bag|bathtub|tub|boat|canoe|sink|glass|teacup|nest|"
    r"crate|barrel|suitcase|pocket|hat|cart|car|truck|wagon|tank|jar|plate|dish"
)
_SHELTER = re.compile(r"table|tree|umbrella|bridge|desk|parasol|tent|canopy|roof|lamp|arch|bench")
ATTACHING = frozenset({
    RelationKind.WEARING, RelationKind.HOLDING, RelationKind.RIDING, RelationKind.ON,
    RelationKind.INSIDE, RelationKind.BEHIND, RelationKind.IN_FRONT_OF,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing to be drawn: its box, its layer (higher is nearer), whether it is mirrored."""

    actor: Actor
    x: float
    y: float
    width: float
    height: float
    layer: int = 0
    mirrored: bool = False

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


@dataclass(frozen=True, slots=True)
class Bond:
    """`child` is fixed to `parent`; both are actor ids."""

    child: str
    kind: RelationKind
    parent: str


def bonds_of(actors: Sequence[Actor], relations: Sequence[Relation]) -> tuple[Bond, ...]:
    """The relations that fix one actor to another: at most one parent each, no circles."""
    ids = {actor.id: actor for actor in actors}
    parents: dict[str, Bond] = {}
    for relation in relations:
        if relation.a not in ids or relation.b not in ids or relation.a == relation.b:
            continue
        bond = _bond(relation, ids)
        if bond is None or bond.child in parents or _leads_to(bond.parent, bond.child, parents):
            continue
        parents[bond.child] = bond
    return tuple(parents.values())


def _bond(relation: Relation, ids: dict[str, Actor]) -> Bond | None:
    if relation.kind in (RelationKind.WEARING, RelationKind.HOLDING):
        return Bond(relation.b, relation.kind, relation.a)
    if relation.kind is RelationKind.BELOW and _SHELTER.search(ids[relation.b].label.lower()):
        return Bond(relation.a, RelationKind.BELOW, relation.b)
    if relation.kind in ATTACHING:
        return Bond(relation.a, relation.kind, relation.b)
    return None


def _leads_to(start: str, goal: str, parents: dict[str, Bond]) -> bool:
    while start in parents:
        start = parents[start].parent
        if start == goal:
            return True
    return start == goal


def units_of(root: Actor, actors: dict[str, Actor], bonds: Sequence[Bond]) -> tuple[Pieces, ...]:
    """Every one of the root actor with what is fixed to it, `root.count` clusters."""
    return tuple(_unit(root, index, root.count, actors, bonds) for index in range(root.count))


def _unit(
    actor: Actor, index: int, of: int, actors: dict[str, Actor], bonds: Sequence[Bond]
) -> Pieces:
    width, height = actor.box
    pieces: Pieces = (Piece(actor, -width / 2, -height, width, height),)
    for bond in bonds:
        if bond.parent != actor.id:
            continue
        child = actors[bond.child]
        share = _share(child, index, of)
        if share:
            one = _unit(child, 0, 1, actors, bonds)
            pieces = _FIXERS[bond.kind](pieces, pieces[0], one, share)
    return pieces


def _share(child: Actor, index: int, of: int) -> int:
    """How many of a child go to unit `index` of `of`: one each, or its count dealt out."""
    if child.count == 1 and of > 1:
        return 1
    return child.count // of + (1 if index < child.count % of else 0)


def _fit(pieces: Pieces, width: float) -> Pieces:
    left, _, right, _ = bounds(pieces)
    return tuple(piece.scaled(width / (right - left)) for piece in pieces)


def _shrink(pieces: Pieces, width: float, height: float) -> Pieces:
    left, top, right, bottom = bounds(pieces)
    factor = min(1.0, width / (right - left), height / (bottom - top))
    return tuple(piece.scaled(factor) for piece in pieces)


def _at(pieces: Pieces, x: float, y: float, layer: int = 0) -> Pieces:
    """Moved so that the middle of the base is at x, y, and `layer` layers nearer."""
    left, _, right, bottom = bounds(pieces)
    dx, dy = x - (left + right) / 2, y - bottom
    return tuple(
        replace(piece.moved(dx, dy), layer=piece.layer + layer) for piece in pieces
    )


def _head(base: Piece) -> tuple[float, float, float]:
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


def _wear(pieces: Pieces, base: Piece, worn: Pieces, share: int) -> Pieces:
    x, y, head = _head(base)
    name = worn[0].actor.label.lower()
    bottom = base.y + base.height
    if _FACE.search(name):
        fitted = _fit(worn, head * 0.86)
        return pieces + _at(fitted, x, y + head * 0.5 + _tall(fitted) / 2, 2)
    if _NECK.search(name):
        fitted = _shrink(_fit(worn, head * 0.7), head, base.height * 0.34)
        return pieces + _at(fitted, x, min(bottom, y + head * 0.92 + _tall(fitted)), 2)
    if _TORSO.search(name):
        fitted = _shrink(_fit(worn, base.width * 0.98), base.width * 1.1, base.height * 0.55)
        return pieces + _at(fitted, base.x + base.width / 2, min(bottom, y + head * 0.9 + _tall(fitted)), 2)
    if _LEGS.search(name):
        fitted = _shrink(_fit(worn, base.width * 0.8), base.width, base.height * 0.4)
        return pieces + _at(fitted, base.x + base.width / 2, bottom - base.height * 0.06, 2)
    if _FEET.search(name):
        fitted = _fit(worn, base.width * 0.5)
        return pieces + _at(fitted, base.x + base.width / 2, bottom + _tall(fitted) * 0.2, 2)
    if _BACK.search(name):
        fitted = _shrink(_fit(worn, base.width * 0.6), base.width, base.height * 0.4)
        return pieces + _at(fitted, base.x + base.width * 0.84, bottom - base.height * 0.3, -1)
    if not _HEAD.search(name) and (worn[0].actor.cutout is None or worn[0].actor.cutout.habitat != "head"):
        fitted = _shrink(_fit(worn, base.width * 0.6), base.width, base.height * 0.4)
        return pieces + _at(fitted, base.x + base.width / 2, bottom - base.height * 0.12, 2)
    fitted = _fit(worn, head * (0.8 if "crown" in name or "tiara" in name else 1.12))
    return pieces + _at(fitted, x, y + head * 0.16, 2)


def _tall(pieces: Pieces) -> float:
    _, top, _, bottom = bounds(pieces)
    return bottom - top


def _hold(pieces: Pieces, base: Piece, held: Pieces, share: int) -> Pieces:
    cutout = base.actor.cutout
    hand = cutout.hand if cutout is not None and cutout.hand is not None else (0.92, 0.62)
    small = _shrink(held, base.width * 1.0 + base.height * 0.15, base.height * 0.5)
    x, y = base.x + hand[0] * base.width, base.y + hand[1] * base.height
    for index in range(share):
        side = x if index % 2 == 0 else 2 * (base.x + base.width / 2) - x
        step = (index // 2) * _wide(small) * 0.5
        offset = step if index % 2 == 0 else -step
        pieces += _at(small, side + offset, y + _tall(small) * 0.55, 3)
    return pieces


def _wide(pieces: Pieces) -> float:
    left, _, right, _ = bounds(pieces)
    return right - left


def _ride(pieces: Pieces, base: Piece, rider: Pieces, share: int) -> Pieces:
    cutout = base.actor.cutout
    seat = cutout.seat if cutout is not None and cutout.seat is not None else (0.5, 0.34)
    x, y = base.x + seat[0] * base.width, base.y + seat[1] * base.height
    fitted = _shrink(rider, base.width * 0.8, base.height * 1.15)
    if (first := rider[0].actor.cutout) is not None and cutout is not None:
        opposite = {first.facing, cutout.facing} == {"left", "right"}
        fitted = tuple(piece.flipped() for piece in fitted) if opposite else fitted
    for index in range(share):
        spread = (index - (share - 1) / 2) * _wide(fitted) * 0.7
        pieces += _at(fitted, x + spread, y + _tall(fitted) * 0.22, 1)
    return pieces


def _rest(pieces: Pieces, base: Piece, upper: Pieces, share: int) -> Pieces:
    """Things on top of the base: side by side on its upper surface."""
    cutout = base.actor.cutout
    seat = cutout.seat if cutout is not None and cutout.seat is not None else None
    x, y = base.x + base.width / 2, base.y + base.height * 0.04
    if seat is not None:
        x, y = base.x + seat[0] * base.width, base.y + seat[1] * base.height
    room = base.width * (0.9 if share == 1 else 0.98 / min(share, 6))
    fitted = _shrink(upper, room, max(base.height * 1.6, base.width))
    per_row = min(share, 6)
    for index in range(share):
        row, column = divmod(index, per_row)
        in_row = min(per_row, share - row * per_row)
        spread = (column - (in_row - 1) / 2) * max(_wide(fitted) * 1.02, base.width * 0.8 / per_row)
        pieces += _at(fitted, x + spread, y - row * _tall(fitted) * 0.7, 1)
    return pieces


def _enclose(pieces: Pieces, base: Piece, inner: Pieces, share: int) -> Pieces:
    """Things inside the base: rising out of an open one, in front of the middle of a closed one."""
    middle = base.x + base.width / 2
    if _OPEN.search(base.actor.label.lower()):
        fitted = _shrink(inner, base.width * 0.8 / min(share, 4), base.height * 0.95)
        for index in range(share):
            row, column = divmod(index, 4)
            in_row = min(4, share - row * 4)
            x = middle + (column - (in_row - 1) / 2) * base.width * 0.8 / min(share, 4)
            pieces += _at(fitted, x, base.y + _tall(fitted) * (0.42 - 0.25 * row), -1 - row)
        return pieces
    fitted = _shrink(inner, base.width * 0.56 / min(share, 4), base.height * 0.5)
    for index in range(share):
        row, column = divmod(index, 4)
        in_row = min(4, share - row * 4)
        x = middle + (column - (in_row - 1) / 2) * base.width * 0.6 / min(share, 4)
        pieces += _at(fitted, x, base.y + base.height * (0.8 - 0.2 * row), 1)
    return pieces


def _behind(pieces: Pieces, base: Piece, far: Pieces, share: int) -> Pieces:
    """Things behind the base: raised, and far enough to the side to be seen."""
    left, _, right, _ = bounds(pieces)
    larger = _tall(far) > 1.5 * base.height
    for index in range(share):
        side = 1 if index % 2 == 0 else -1
        reach = 0.0 if larger and share == 1 else (right - left) * 0.34 + _wide(far) * 0.3
        x = (left + right) / 2 + side * (reach + (index // 2) * _wide(far) * 0.7)
        pieces += _at(far, x, -base.height * (0.1 if larger else 0.2), -2)
    return pieces


def _before(pieces: Pieces, base: Piece, near: Pieces, share: int) -> Pieces:
    """Things in front of the base: lower, covering at most a corner of it."""
    left, _, right, _ = bounds(pieces)
    smaller = _tall(near) < 0.66 * base.height and _wide(near) * share < 0.8 * base.width
    drop = base.height * (0.08 if smaller else 0.14)
    for index in range(share):
        spread = (index - (share - 1) / 2) * _wide(near) * 1.02
        offset = 0.0 if smaller else -(right - left) * 0.34 - _wide(near) * 0.3
        pieces += _at(near, (left + right) / 2 + spread + offset, drop, 3)
    return pieces


def _shelter(pieces: Pieces, base: Piece, near: Pieces, share: int) -> Pieces:
    """Things under the base: at its foot, no higher than half of it."""
    fitted = _shrink(near, base.width * 0.8 / share, base.height * 0.46)
    for index in range(share):
        spread = (index - (share - 1) / 2) * _wide(fitted) * 1.05
        pieces += _at(fitted, base.x + base.width / 2 + spread, base.height * 0.04, 2)
    return pieces


_FIXERS = {
    RelationKind.WEARING: _wear,
    RelationKind.HOLDING: _hold,
    RelationKind.RIDING: _ride,
    RelationKind.ON: _rest,
    RelationKind.INSIDE: _enclose,
    RelationKind.BEHIND: _behind,
    RelationKind.IN_FRONT_OF: _before,
    RelationKind.BELOW: _shelter,
}
