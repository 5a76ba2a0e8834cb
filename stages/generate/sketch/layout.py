"""Actors, relations and a frame in; where each thing goes, in pixels, out.

Things that wear, hold or carry each other are one cluster (attach.py); the clusters are then
ordered by all left, right, between and beside relations at once, put on levels by above and
below, and scaled so that all of it fits the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from imagine.stages.generate.sketch.attach import bonds_of, units_of
from imagine.stages.generate.sketch.camera import Shot
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.framing import framed
from imagine.stages.generate.sketch.group import Frame, Group, gather
from imagine.stages.generate.sketch.order import (
    COLUMN,
    Link,
    by_level,
    levels_of,
    order_of,
    stack,
    wrapped,
)
from imagine.stages.generate.sketch.piece import Pieces, bounds
from imagine.stages.generate.sketch.spacing import scale_of, slots_of
from imagine.stages.spec import Relation, RelationKind

# Of these a mirror image is as good as the picture itself.
_EITHER_WAY = frozenset({"animal", "person", "plant", "food"})


@dataclass(frozen=True, slots=True)
class Placement:
    """One thing in the picture: its box in pixels, and how it is drawn.

    Attributes:
        actor: what it is.
        left, top, width, height: pixels.
        mirrored: drawn the other way round.
        grounded: it stands on something and throws a contact shadow there.
        depth: order of drawing; larger is nearer.
        rests: it throws a shadow on the thing that carries it.
    """

    actor: Actor
    left: float
    top: float
    width: float
    height: float
    mirrored: bool
    grounded: bool
    depth: tuple[float, int]
    rests: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """All placements, farthest first; and where the lowest row stands, a share of the height."""

    placements: tuple[Placement, ...]
    floor: float


def arrange(
    actors: Sequence[Actor],
    relations: Sequence[Relation],
    frame: Frame,
    random: Random,
    *,
    shot: Shot = "full",
) -> Layout:
    """Where each of the actors goes, as a camera at that distance sees them; empty for none."""
    if not actors:
        return Layout((), 0.86)
    bonds = bonds_of(actors, relations)
    by_id = {actor.id: actor for actor in actors}
    fixed = {bond.child: bond.parent for bond in bonds}
    roots = [actor for actor in actors if actor.id not in fixed]
    shape = frame.width / (frame.height * (1 - frame.top - frame.bottom))
    upright = {
        link.a for link in relations if link.kind in (RelationKind.ABOVE, RelationKind.BELOW)
    }
    beside = max(
        1, sum(not (frame.stands and root.flies) and root.id not in upright for root in roots)
    )
    # Even beside many others a group is no narrow pile, unless the frame itself is narrow.
    share = max(shape / beside, min(0.6, shape))
    groups = [
        gather(root, units_of(root, by_id, bonds), max(share, 1.2 * root.flies), frame, random)
        for root in roots
    ]
    group_of = {actor.id: roots.index(_root(actor, by_id, fixed)) for actor in actors}
    links = [
        (group_of[relation.a], relation.kind, group_of[relation.b])
        for relation in relations
        if relation.a in group_of
        and relation.b in group_of
        and group_of[relation.a] != group_of[relation.b]
    ]
    layout = _compose(groups, links, frame, random)
    placements = framed(layout.placements, frame, random, shot=shot)
    moved = [item.top + item.height for item in placements if item.grounded]
    floor = max(moved) / frame.height if moved else layout.floor
    return Layout(placements, floor)


def _root(actor: Actor, by_id: dict[str, Actor], fixed: dict[str, str]) -> Actor:
    while actor.id in fixed:
        actor = by_id[fixed[actor.id]]
    return actor


def _compose(groups: list[Group], links: list[Link], frame: Frame, random: Random) -> Layout:
    linked = {index for a, _, b in links for index in (a, b)}
    flying = [
        index
        for index, group in enumerate(groups)
        if group.root.flies and index not in linked and frame.stands
    ]
    if len(flying) == len(groups):
        flying = []
    standing = [index for index in range(len(groups)) if index not in flying]
    levels = levels_of(len(groups), links)
    if not links and not flying:
        levels = wrapped(groups, frame, levels)
    mirrored = random.random() < 0.5
    order = [index for index in order_of(groups, links, mirrored=mirrored) if index in standing]
    columns = stack(order, links) if any(levels) and links else by_level(order, levels)
    scale, gap = scale_of(groups, columns, levels, frame, flying=bool(flying))
    slots = slots_of(groups, columns, levels, frame, scale=scale, gap=gap)
    placements: list[Placement] = []
    for index, (x, foot, factor) in slots.items():
        placements += _placed(groups[index], x, foot, factor, frame, lowest=levels[index] == 0,
                              random=random, alone=len(groups) == 1)  # fmt: skip
    crest = min((item.top for item in placements), default=frame.height * 0.5)
    placements += _flown([groups[index] for index in flying], frame, crest, random)
    floor = max((foot for _, foot, _ in slots.values()), default=frame.height * 0.86) / frame.height
    return Layout(tuple(sorted(placements, key=lambda item: item.depth)), floor)


def _placed(
    group: Group,
    x: float,
    foot: float,
    factor: float,
    frame: Frame,
    *,
    lowest: bool,
    random: Random,
    alone: bool,
) -> list[Placement]:
    """The pieces of a group in pixels, kept inside the frame and looking into the picture."""
    half = group.width * factor / 2
    x = min(max(x, half + 0.01 * frame.width), frame.width - half - 0.01 * frame.width)
    if half * 2 > frame.width:
        x = frame.width / 2
    foot = min(foot, frame.height * 0.985)
    placements: list[Placement] = []
    for member in group.members:
        left, _, right, bottom = bounds(member)
        center = (left + right) / 2
        turned = member
        if _turns(member, x + center * factor, frame, random, alone=alone):
            turned = tuple(piece.moved(-center, 0).flipped().moved(center, 0) for piece in member)
        near = foot + bottom * factor
        for piece in turned:
            on_ground = abs(piece.y + piece.height - bottom) < 0.02 * group.height
            placements.append(
                Placement(
                    actor=piece.actor,
                    left=x + piece.x * factor,
                    top=foot + piece.y * factor,
                    width=piece.width * factor,
                    height=piece.height * factor,
                    mirrored=piece.mirrored,
                    grounded=on_ground and lowest and not group.root.flies,
                    depth=(round(near, 3), piece.layer),
                    rests=piece.rests,
                )
            )
    return placements


def _turns(member: Pieces, x: float, frame: Frame, random: Random, *, alone: bool) -> bool:
    """Whether a cluster is mirrored: what looks sideways is to look towards the middle."""
    cutout = member[0].actor.cutout
    if cutout is None or any(piece.actor.lettered for piece in member):
        return False
    if cutout.facing == "front":
        kinds = {piece.actor.cutout.kind for piece in member if piece.actor.cutout is not None}
        return alone and bool(kinds & _EITHER_WAY) and random.random() < 0.5
    if alone and abs(x - frame.width / 2) < 0.02 * frame.width:
        return random.random() < 0.5
    return (cutout.facing == "left") == (x < frame.width / 2)


def _flown(groups: Sequence[Group], frame: Frame, crest: float, random: Random) -> list[Placement]:
    """Flying groups over the rest of the picture, at the sides first."""
    upper = frame.height * (frame.top + 0.05)
    room = max(0.16 * frame.height, crest - upper)
    spots = [0.76, 0.24, 0.5, 0.9, 0.1, 0.63]
    if random.random() < 0.5:
        spots = [1 - spot for spot in spots]
    placements: list[Placement] = []
    for index, group in enumerate(groups):
        wish = COLUMN.get(group.root.position) if group.root.position else None
        share = spots[index % len(spots)] if wish is None else 0.5 + 0.3 * wish
        if len(groups) == 1 and group.root.count > 3:
            share = 0.5
        wide = frame.width * (0.8 if group.root.count > 3 else 0.34 if len(groups) < 3 else 0.26)
        factor = min(wide / group.width, min(room * 0.9, 0.34 * frame.height) / group.height)
        foot = upper + (room - group.height * factor) * 0.4 + group.height * factor
        placed = _placed(group, frame.width * share, foot, factor, frame, lowest=False,
                         random=random, alone=False)  # fmt: skip
        placements += [replace(item, depth=(-1.0, item.depth[1])) for item in placed]
    return placements
