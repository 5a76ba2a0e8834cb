"""Actors, relations and a frame in; where each thing goes, in pixels, out.

Things that wear, hold or carry each other are one cluster (attach.py); the clusters are then
ordered by all left, right, between and beside relations at once, put on levels by above and
below, and scaled so that all of it fits the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from math import ceil, log
from random import Random

from imagine.stages.generate.sketch.attach import Piece, Pieces, bonds_of, bounds, units_of
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.spec import Position, Relation, RelationKind

_COLUMN = {
    Position.TOP_LEFT: -1, Position.LEFT: -1, Position.BOTTOM_LEFT: -1,
    Position.TOP_RIGHT: 1, Position.RIGHT: 1, Position.BOTTOM_RIGHT: 1,
    Position.TOP: 0, Position.CENTER: 0, Position.BOTTOM: 0,
}  # fmt: skip
_ROW = {
    Position.TOP_LEFT: -1, Position.TOP: -1, Position.TOP_RIGHT: -1,
    Position.LEFT: 0, Position.CENTER: 0, Position.RIGHT: 0,
    Position.BOTTOM_LEFT: 1, Position.BOTTOM: 1, Position.BOTTOM_RIGHT: 1,
}  # fmt: skip
_DEPTH = {Position.FOREGROUND: 1.2, Position.BACKGROUND: 0.6}


@dataclass(frozen=True, slots=True)
class Frame:
    """The area to be filled.

    Attributes:
        width, height: pixels.
        stands: whether there is a ground, so that things stand at the bottom.
        top, bottom: shares of the height kept free there, for lettering.
        table: the things stand on a table top, which needs room below them.
    """

    width: int
    height: int
    stands: bool
    top: float = 0.0
    bottom: float = 0.0
    table: bool = False


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
    """All placements, farthest first, and the line on which the lowest row stands (a share of the height)."""

    placements: tuple[Placement, ...]
    floor: float


@dataclass(frozen=True, slots=True)
class _Group:
    """All of one root actor with what is fixed to it."""

    root: Actor
    members: tuple[Pieces, ...]
    width: float
    height: float

    @property
    def pieces(self) -> Pieces:
        return tuple(piece for member in self.members for piece in member)


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
    groups = [
        _gather(root, units_of(root, by_id, bonds), shape / len(roots), frame, random)
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
    return _compose(groups, links, frame, random)


def _root(actor: Actor, by_id: dict[str, Actor], fixed: dict[str, str]) -> Actor:
    while actor.id in fixed:
        actor = by_id[fixed[actor.id]]
    return actor


def _gather(
    root: Actor, units: tuple[Pieces, ...], shape: float, frame: Frame, random: Random
) -> _Group:
    """The units of one actor side by side, or in rows when they are many."""
    boxes = [bounds(unit) for unit in units]
    wide = max(right - left for left, _, right, _ in boxes)
    high = max(bottom - top for _, top, _, bottom in boxes)
    count = len(units)
    stands = frame.stands and not root.flies
    pitch = high * (0.5 if stands else 1.08)
    columns = _columns(count, wide * 1.08, high, pitch, shape, stands=stands)
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
                y -= high * (0.07 if column % 2 else 0.0)
            members.append(
                tuple(
                    piece.moved(-(left + right) / 2, 0).scaled(scale).moved(x, y) for piece in unit
                )
            )
    left, top, right, bottom = bounds([piece for member in members for piece in member])
    dx, dy = -(left + right) / 2, -bottom
    shifted = tuple(tuple(piece.moved(dx, dy) for piece in member) for member in members)
    return _Group(root, shifted, right - left, bottom - top)


def _columns(
    count: int, wide: float, high: float, pitch: float, shape: float, *, stands: bool
) -> int:
    """The number of columns whose block is nearest to the shape of the place it gets."""
    if count <= 3 or (stands and count <= 5):
        # A few things on a ground stand side by side; only a very narrow place stacks them.
        return count if wide * count / high <= (6.0 if stands else 2.6) * shape else 1

    def misfit(columns: int) -> tuple[float, int]:
        rows = ceil(count / columns)
        block = (columns * wide) / (high + (rows - 1) * pitch)
        # A last row with gaps looks unintended, and so does a crowd many rows deep.
        gaps = 0.08 * (columns * rows - count) / columns
        return abs(log(block / (shape * (1.5 if stands else 1.0)))) + gaps, columns

    return min(range(1, count + 1), key=misfit)


_Link = tuple[int, RelationKind, int]


def _levels(count: int, links: Sequence[_Link]) -> list[int]:
    """0 for what stands lowest; a group above another has a higher level."""
    levels = [0] * count
    for _ in range(count):
        for a, kind, b in links:
            upper, lower = (a, b) if kind is RelationKind.ABOVE else (b, a)
            if kind in (RelationKind.ABOVE, RelationKind.BELOW) and levels[upper] <= levels[lower]:
                levels[upper] = min(count - 1, levels[lower] + 1)
    return levels


def _order(groups: Sequence[_Group], links: Sequence[_Link]) -> list[int]:
    """The groups from left to right: the permutation that breaks the fewest relations."""
    indices = list(range(len(groups)))

    def cost(order: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        at = {group: place for place, group in enumerate(order)}
        total = 0.0
        beside: dict[int, list[int]] = {}
        for a, kind, b in links:
            gap = at[b] - at[a]
            if kind is RelationKind.LEFT_OF:
                total += 100 * (gap < 0)
            elif kind is RelationKind.RIGHT_OF:
                total += 100 * (gap > 0)
            elif kind is RelationKind.BETWEEN:
                beside.setdefault(a, []).append(b)
            else:
                total += 4 * (abs(gap) - 1)
        for middle, ends in beside.items():
            sides = {at[end] < at[middle] for end in ends}
            total += 50 * (len(ends) > 1 and len(sides) < 2)
            total += sum(2 * (abs(at[end] - at[middle]) - 1) for end in ends)
        for group in order:
            wish = _COLUMN.get(groups[group].root.position) if groups[group].root.position else None
            if wish is not None:
                place = at[group] / max(1, len(order) - 1) * 2 - 1 if len(order) > 1 else 0.0
                total += 12 * abs(place - wish)
        total += 0.1 * sum(abs(at[group] - group) for group in order)
        return total, order

    return list(min(permutations(indices), key=cost))


def _stack(order: Sequence[int], links: Sequence[_Link]) -> list[list[int]]:
    """Columns from left to right; what is above or below another shares its column."""
    upright = {RelationKind.ABOVE, RelationKind.BELOW}
    sideways = {RelationKind.LEFT_OF, RelationKind.RIGHT_OF, RelationKind.BETWEEN}
    columns: list[list[int]] = []
    for group in order:
        for column in columns:
            pairs = [kind for a, kind, b in links if {a, b} & set(column) and group in (a, b)]
            if upright & set(pairs) and not sideways & set(pairs):
                column.append(group)
                break
        else:
            columns.append([group])
    return columns


def _compose(
    groups: list[_Group], links: list[_Link], frame: Frame, random: Random
) -> Layout:
    linked = {index for a, _, b in links for index in (a, b)}
    flying = [
        index
        for index, group in enumerate(groups)
        if group.root.flies and index not in linked and frame.stands
    ]
    if len(flying) == len(groups):
        flying = []
    standing = [index for index in range(len(groups)) if index not in flying]
    levels = _levels(len(groups), links)
    if not links and not flying:
        levels = _wrapped(groups, frame, levels)
    order = [index for index in _order(groups, links) if index in standing]
    columns = _stack(order, links) if any(levels) and links else _by_level(order, levels)
    scale, gap = _scale(groups, columns, levels, frame, flying=bool(flying))
    room = {
        index: box
        for index, box in _slots(groups, columns, levels, frame, scale=scale, gap=gap).items()
    }
    placements: list[Placement] = []
    for index, (x, foot, factor) in room.items():
        placements += _placed(groups[index], x, foot, factor, frame, lowest=levels[index] == 0,
                              random=random, alone=len(groups) == 1)  # fmt: skip
    crest = min((item.top for item in placements), default=frame.height * 0.5)
    placements += _flown([groups[index] for index in flying], frame, crest, random)
    floor = max((foot for _, foot, _ in room.values()), default=frame.height * 0.86) / frame.height
    return Layout(tuple(sorted(placements, key=lambda item: item.depth)), floor)


def _by_level(order: Sequence[int], levels: Sequence[int]) -> list[list[int]]:
    """Columns for rows that were only wrapped: the first of each row, the second of each, ..."""
    rows: dict[int, list[int]] = {}
    for index in order:
        rows.setdefault(levels[index], []).append(index)
    longest = max(len(row) for row in rows.values())
    return [
        [row[place] for row in rows.values() if place < len(row)] for place in range(longest)
    ]


def _wrapped(groups: Sequence[_Group], frame: Frame, levels: list[int]) -> list[int]:
    """Levels for groups without relations: several rows where one would be far too wide."""
    shape = frame.width / frame.height
    wide, high = sum(group.width for group in groups), max(group.height for group in groups)
    rows = 1
    # On a ground, rows one above the other read as "above"; only narrow frames are worth it.
    limit = 3.4 if frame.stands else 2.2
    while rows < len(groups) and (wide / rows) / (high * rows) > limit * shape:
        rows += 1
    if rows == 1:
        return levels
    per_row = ceil(len(groups) / rows)
    # The first named stands in front, hence lowest.
    return [index // per_row for index in range(len(groups))]


def _scale(
    groups: Sequence[_Group],
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
    across = frame.width * 0.9 / (wide * (1 + 0.1 * (len(columns) - 1)))
    scale = min(across, tall / high, 0.95 * frame.height * free / high)
    left = frame.width * 0.9 - wide * scale
    gap = min(left / (len(columns) + 1), 0.35 * high * scale) if len(columns) > 1 else 0.0
    return scale, max(gap, 0.04 * scale)


def _lead(group: _Group) -> float:
    """How much larger than usual the attributes of a lone subject ask it to be."""
    actor = group.root
    usual = min(2.1, max(0.42, (actor.cutout.scale if actor.cutout else 1.0) ** 0.35))
    return actor.extent / usual


def _height(
    groups: Sequence[_Group], columns: Sequence[Sequence[int]], levels: Sequence[int]
) -> float:
    rows: dict[int, float] = {}
    for column in columns:
        for index in column:
            rows[levels[index]] = max(rows.get(levels[index], 0.0), groups[index].height)
    return sum(rows.values()) * (1 + 0.06 * (len(rows) - 1))


def _slots(
    groups: Sequence[_Group],
    columns: Sequence[Sequence[int]],
    levels: Sequence[int],
    frame: Frame,
    *,
    scale: float,
    gap: float,
) -> dict[int, tuple[float, float, float]]:
    """For every group the x of its middle, the y of its feet, and its own pixels per metre."""
    widths = [max(groups[index].width for index in column) * scale for column in columns]
    x = (frame.width - sum(widths) - gap * (len(columns) - 1)) / 2
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
        foot = min(lower - 0.16 * frame.height, max(foot, upper + 0.7 * (lower - upper)))
    elif frame.stands:
        foot = min(lower - 0.06 * frame.height, max(foot, upper + 0.86 * (lower - upper)))
    feet: dict[int, float] = {}
    for row in rows:
        feet[row] = foot
        foot -= heights[row] * 1.06
    slots: dict[int, tuple[float, float, float]] = {}
    tallest = max(group.height for group in groups)
    for column, width in zip(columns, widths, strict=True):
        for index in column:
            group, position = groups[index], groups[index].root.position
            ground = feet[levels[index]]
            factor = scale * _DEPTH.get(position, 1.0) if position else scale
            if frame.stands and levels[index] == 0 and len(columns) > 1:
                # Small things stand nearer, as one would place them to be seen.
                ground -= 0.03 * frame.height * (group.height / tallest - 0.5)
            if position is Position.BACKGROUND and frame.stands:
                ground -= 0.1 * frame.height
            slots[index] = (x + width / 2, ground, factor)
        x += width + gap
    if len(groups) == 1 and groups[0].root.position in _COLUMN:
        return {0: _cell(groups[0], frame, scale)}
    return slots


def _cell(group: _Group, frame: Frame, scale: float) -> tuple[float, float, float]:
    """A lone group in the cell of the 3x3 grid that it asks for."""
    position = group.root.position
    column, row = (_COLUMN[position], _ROW[position]) if position else (0, 0)
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
    group: _Group,
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


def _flown(
    groups: Sequence[_Group], frame: Frame, crest: float, random: Random
) -> list[Placement]:
    """Flying groups over the rest of the picture, at the sides first."""
    upper = frame.height * (frame.top + 0.05)
    room = max(0.16 * frame.height, crest - upper)
    spots = [0.76, 0.24, 0.5, 0.9, 0.1, 0.63]
    if random.random() < 0.5:
        spots = [1 - spot for spot in spots]
    placements: list[Placement] = []
    for index, group in enumerate(groups):
        wish = _COLUMN.get(group.root.position) if group.root.position else None
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
