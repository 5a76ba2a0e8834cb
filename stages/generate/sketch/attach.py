"""Actors and their relations in; clusters of things that wear, hold, ride and carry others out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.piece import Piece, Pieces, bounds
from imagine.stages.generate.sketch.pose import FIXERS, SHELTER
from imagine.stages.spec import Relation, RelationKind

ATTACHING = frozenset({
    RelationKind.WEARING, RelationKind.HOLDING, RelationKind.RIDING, RelationKind.ON,
    RelationKind.INSIDE, RelationKind.BEHIND, RelationKind.IN_FRONT_OF,
})  # fmt: skip

_HEAP_ROWS = 4


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
    if relation.kind is RelationKind.BELOW and SHELTER.search(ids[relation.b].label.lower()):
        return Bond(relation.a, RelationKind.BELOW, relation.b)
    if relation.kind is RelationKind.INSIDE and ids[relation.b].cutout is None:
        # On a block with a name it would hide the name; it stands beside it.
        return None
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
    base = pieces[0]
    if actor.heaped:
        carried = [actors[bond.child].box[0] for bond in bonds if bond.parent == actor.id]
        pieces = _heap(actor, max(carried, default=0.0))
        left, top, right, bottom = bounds(pieces)
        # Things stand on the heap as a whole, wherever a single one of it has its surface.
        plain = replace(actor, cutout=None)
        base = Piece(plain, left, top, right - left, bottom - top)
    for bond in bonds:
        if bond.parent != actor.id:
            continue
        child = actors[bond.child]
        share = _share(child, index, of)
        if share:
            one = _unit(child, 0, 1, actors, bonds)
            pieces = FIXERS[bond.kind](pieces, base, one, share)
    return pieces


def _heap(actor: Actor, load: float) -> Pieces:
    """A pile of one thing, rows that narrow upwards, at least as wide as what lies on it."""
    width, height = actor.box
    bottom = max(_HEAP_ROWS + 3, min(16, ceil(1.15 * load / (0.72 * width))))
    pieces: Pieces = ()
    for row in range(_HEAP_ROWS):
        count = bottom - row * (2 if bottom > 2 * _HEAP_ROWS + 2 else 1)
        for index in range(count):
            # A fixed unevenness: a heap laid out by a ruler would be a wall.
            tilt = ((7 * index + 5 * row) % 5 - 2) * 0.05
            x = (index - (count - 1) / 2 + tilt) * 0.72 * width - width / 2
            y = -height * (1 + (0.42 + tilt) * row)
            pieces += (Piece(actor, x, y, width, height, layer=-row, mirrored=index % 2 == 1),)
    return pieces


def _share(child: Actor, index: int, of: int) -> int:
    """How many of a child go to unit `index` of `of`: one each, or its count dealt out."""
    if child.count == 1 and of > 1:
        return 1
    return child.count // of + (1 if index < child.count % of else 0)
