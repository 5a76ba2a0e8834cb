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
from imagine.stages.generate.sketch.cast import Actor, softened
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
from imagine.stages.generate.sketch.piece import Piece, bounds
from imagine.stages.spec import Position, Relation

_ROW = {
    Position.TOP_LEFT: -1, Position.TOP: -1, Position.TOP_RIGHT: -1,
    Position.LEFT: 0, Position.CENTER: 0, Position.RIGHT: 0,
    Position.BOTTOM_LEFT: 1, Position.BOTTOM: 1, Position.BOTTOM_RIGHT: 1,
}  # fmt: skip


_DEPTH = {Position.FOREGROUND: 1.2, Position.BACKGROUND: 0.6}


@dataclass(frozen=True, slots=True)
class Placement:
    """One thing in the picture: its box in pixels, and how it is drawn.

    Attributes:
        actor: what it is.
        left, top, width, height: pixels.
        mirrored: drawn the other way round.
        grounded: it stands on something and throws a contact shadow there.
        depth: order of drawing; larger is nearer.
    """

    actor: Actor
    left: float
    top: float
    width: float
    height: float
    mirrored: bool
    grounded: bool
    depth: tuple[float, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """All placements, farthest first; and where the lowest row stands, a share of the height."""

    placements: tuple[Placement, ...]
    floor: float


def arrange(
    actors: Sequence[Actor], relations: Sequence[Relation], frame: Frame, random: Random
) -> Layout:
    """Where each of the actors goes; empty for no actors."""
    if not actors:
        return Layout((), 0.86)
    bonds = bonds_of(actors, relations)
    by_id = {actor.id: actor for actor in actors}
    fixed = {bond.child: bond.parent for bond in bonds}
    roots = [actor for actor in actors if actor.id not in fixed]
    shape = frame.width / (frame.height * (1 - frame.top - frame.bottom))
    beside = max(1, sum(not (frame.stands and root.flies) for root in roots))
    # Even beside many others a group is no narrow pile, unless the frame itself is narrow.
    share = max(shape / beside, min(0.6, shape))
    groups = [gather(root, units_of(root, by_id, bonds), share, frame, random) for root in roots]
    group_of = {actor.id: roots.index(_root(actor, by_id, fixed)) for actor in actors}
    links = [
        (group_of[relation.a], relation.kind, group_of[relation.b])
        for relation in relations
        if relation.a in group_of
        and relation.b in group_of
        and group_of[relation.a] != group_of[relation.b]
    ]
    return _compose(groups, links, frame, random)


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
    order = [index for index in order_of(groups, links) if index in standing]
    columns = stack(order, links) if any(levels) and links else by_level(order, levels)
    scale, gap = _scale(groups, columns, levels, frame, flying=bool(flying))
    slots = _slots(groups, columns, levels, frame, scale=scale, gap=gap)
    placements: list[Placement] = []
    for index, (x, foot, factor) in slots.items():
        placements += _placed(groups[index], x, foot, factor, frame, lowest=levels[index] == 0,
                              random=random, alone=len(groups) == 1)  # fmt: skip
    crest = min((item.top for item in placements), default=frame.height * 0.5)
    placements += _flown([groups[index] for index in flying], frame, crest, random)
    floor = max((foot for _, foot, _ in slots.values()), default=frame.height * 0.86) / frame.height
    return Layout(tuple(sorted(placements, key=lambda item: item.depth)), floor)


def _scale(
    groups: Sequence[Group],
    columns: Sequence[Sequence[int]],
    levels: Sequence[int],
    frame: Frame,
    *,
    flying: bool,
) -> tuple[float, float]:
    """Pixels for a softened metre, and the gap between columns in pixels."""
    wide = sum(max(groups[index].width for index in column) for column in columns)
    high = _height(groups, columns, levels)
    free = 1 - frame.top - frame.bottom
    tall = frame.height * free * (0.52 if flying else 0.58 if frame.table else 0.74)
    if len(columns) == 1 and len(columns[0]) == 1:
        group = groups[columns[0][0]]
        # Alone, a tiny thing is to look tiny and a giant one to fill the frame.
        lead = max(0.45, min(1.22, _lead(group)))
        tall *= lead if group.root.count == 1 else 1.0
        # A block with a name on it needs no more room than the name.
        tall *= 0.7 if group.root.cutout is None else 1.0
    if len(set(levels)) > 1:
        tall *= 1.14
    lone = (
        len(columns) == 1
        and groups[columns[0][0]].root.count == 1
        and frame.width < 2 * frame.height
    )
    across = frame.width * (0.8 if lone else 0.9) / (wide * (1 + 0.1 * (len(columns) - 1)))
    if _zigzag(columns, levels, frame):
        across *= _CLOSER
        high *= 1.4
    scale = min(across, tall / high, 0.95 * frame.height * free / high)
    left = frame.width * 0.9 - wide * scale / (_CLOSER if _zigzag(columns, levels, frame) else 1)
    gap = min(left / (len(columns) + 1), 0.35 * high * scale) if len(columns) > 1 else 0.0
    return scale, max(gap, 0.04 * scale)


# In two rows, one showing through the gaps of the other, columns come this much closer.
_CLOSER = 1.45


def _zigzag(columns: Sequence[Sequence[int]], levels: Sequence[int], frame: Frame) -> bool:
    """Whether one row is so long that every other thing should step back behind it."""
    single = all(len(column) == 1 and levels[column[0]] == 0 for column in columns)
    return single and len(columns) > max(4, 4 * frame.width / frame.height) and not frame.table


def _lead(group: Group) -> float:
    """How much larger than usual the attributes of a lone subject ask it to be."""
    actor = group.root
    return actor.extent / softened(actor.cutout)


def _height(
    groups: Sequence[Group], columns: Sequence[Sequence[int]], levels: Sequence[int]
) -> float:
    rows: dict[int, float] = {}
    for column in columns:
        for index in column:
            rows[levels[index]] = max(rows.get(levels[index], 0.0), groups[index].height)
    return sum(rows.values()) * (1 + 0.06 * (len(rows) - 1))


def _slots(
    groups: Sequence[Group],
    columns: Sequence[Sequence[int]],
    levels: Sequence[int],
    frame: Frame,
    *,
    scale: float,
    gap: float,
) -> dict[int, tuple[float, float, float]]:
    """For every group the x of its middle, the y of its feet, and its own pixels per metre."""
    widths = [max(groups[index].width for index in column) * scale for column in columns]
    zigzag = _zigzag(columns, levels, frame)
    closer = 1 / _CLOSER if zigzag else 1.0
    x = (frame.width - sum(widths) * closer - gap * (len(columns) - 1)) / 2
    rows = sorted({levels[index] for column in columns for index in column})
    heights = {
        row: max(groups[i].height for column in columns for i in column if levels[i] == row) * scale
        for row in rows
    }
    block = sum(heights.values()) * (1 + 0.06 * (len(rows) - 1))
    upper, lower = frame.height * frame.top, frame.height * (1 - frame.bottom)
    middle = (upper + lower) / 2
    foot = middle + block / 2
    if frame.table:
        foot = min(lower - 0.17 * frame.height, max(foot, upper + 0.76 * (lower - upper)))
    elif frame.stands:
        lowest = 0.6 if frame.open else 0.8
        foot += 0.04 * frame.height
        foot = min(lower - 0.06 * frame.height, max(foot, upper + lowest * (lower - upper)))
    feet: dict[int, float] = {}
    for row in rows:
        feet[row] = foot
        foot -= heights[row] * 1.06
    slots: dict[int, tuple[float, float, float]] = {}
    tallest = max(group.height for group in groups)
    for place, (column, width) in enumerate(zip(columns, widths, strict=True)):
        for index in column:
            group, position = groups[index], groups[index].root.position
            ground = feet[levels[index]]
            factor = scale * _DEPTH.get(position, 1.0) if position else scale
            if frame.stands and levels[index] == 0 and len(columns) > 1:
                # Small things stand nearer, as one would place them to be seen.
                ground -= 0.03 * frame.height * (group.height / tallest - 0.5)
            if position is Position.BACKGROUND and frame.stands:
                ground -= 0.1 * frame.height
            if zigzag and place % 2:
                ground -= 0.4 * tallest * scale
            slots[index] = (x + width * closer / 2, ground, factor)
        x += width * closer + gap
    if len(groups) == 1 and groups[0].root.position in COLUMN:
        return {0: _cell(groups[0], frame, scale)}
    return slots


def _cell(group: Group, frame: Frame, scale: float) -> tuple[float, float, float]:
    """A lone group in the cell of the 3x3 grid that it asks for."""
    position = group.root.position
    column, row = (COLUMN[position], _ROW[position]) if position else (0, 0)
    if not column and not row:
        wide, high = 0.8, 0.7
    else:
        wide, high = (0.46 if column else 0.7), (0.44 if row else 0.6)
    free = frame.height * (1 - frame.top - frame.bottom)
    factor = min(scale, wide * frame.width / group.width, high * free / group.height)
    x = frame.width / 2 + column * (frame.width * 0.47 - group.width * factor / 2)
    middle = frame.height * frame.top + free / 2
    y = middle + row * (free * 0.46 - group.height * factor / 2)
    return x, y + group.height * factor / 2, factor


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
        if _turns(member[0], x + center * factor, frame, random, alone=alone):
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
                )
            )
    return placements


def _turns(base: Piece, x: float, frame: Frame, random: Random, *, alone: bool) -> bool:
    """Whether a cluster is mirrored: what looks sideways is to look towards the middle."""
    cutout = base.actor.cutout
    if cutout is None or cutout.facing == "front" or cutout.panel is not None:
        return False
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
