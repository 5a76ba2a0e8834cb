"""Groups and the relations between them in; levels, and columns from left to right, out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import ceil

from imagine.stages.generate.sketch.group import Frame, Group
from imagine.stages.spec import Position, RelationKind

COLUMN = {
    Position.TOP_LEFT: -1, Position.LEFT: -1, Position.BOTTOM_LEFT: -1,
    Position.TOP_RIGHT: 1, Position.RIGHT: 1, Position.BOTTOM_RIGHT: 1,
    Position.TOP: 0, Position.CENTER: 0, Position.BOTTOM: 0,
}  # fmt: skip
Link = tuple[int, RelationKind, int]


def levels_of(count: int, links: Sequence[Link]) -> list[int]:
    """0 for what stands lowest; a group above another has a higher level."""
    levels = [0] * count
    for _ in range(count):
        for a, kind, b in links:
            upper, lower = (a, b) if kind is RelationKind.ABOVE else (b, a)
            if kind in (RelationKind.ABOVE, RelationKind.BELOW) and levels[upper] <= levels[lower]:
                levels[upper] = min(count - 1, levels[lower] + 1)
    return levels


def order_of(
    groups: Sequence[Group], links: Sequence[Link], *, mirrored: bool = False
) -> list[int]:
    """The groups from left to right: the permutation that breaks the fewest relations.

    What nothing fixes is in the order of the description, or the other way round if `mirrored`.
    """
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
            position = groups[group].root.position
            wish = COLUMN.get(position) if position is not None else None
            if wish is not None:
                place = at[group] / max(1, len(order) - 1) * 2 - 1 if len(order) > 1 else 0.0
                total += 12 * abs(place - wish)
        wished = [len(order) - 1 - group if mirrored else group for group in order]
        total += 0.1 * sum(abs(place - wish) for place, wish in enumerate(wished))
        return total, order

    best = min(permutations(indices), key=cost)
    return list(best)


def stack(order: Sequence[int], links: Sequence[Link]) -> list[list[int]]:
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


def by_level(order: Sequence[int], levels: Sequence[int]) -> list[list[int]]:
    """Columns for rows that were only wrapped: the first of each row, the second of each, ..."""
    rows: dict[int, list[int]] = {}
    for index in order:
        rows.setdefault(levels[index], []).append(index)
    longest = max(len(row) for row in rows.values())
    return [[row[place] for row in rows.values() if place < len(row)] for place in range(longest)]


def wrapped(groups: Sequence[Group], frame: Frame, levels: list[int]) -> list[int]:
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
