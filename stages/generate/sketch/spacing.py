"""Groups in columns and levels in; their common scale, and the place of each, in pixels, out."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean as mean

from imagine.stages.generate.sketch.cast import softened
from imagine.stages.generate.sketch.group import Frame, Group
from imagine.stages.generate.sketch.order import (
    COLUMN,
)
from imagine.stages.spec import Position

_ROW = {
    Position.TOP_LEFT: -1, Position.TOP: -1, Position.TOP_RIGHT: -1,
    Position.LEFT: 0, Position.CENTER: 0, Position.RIGHT: 0,
    Position.BOTTOM_LEFT: 1, Position.BOTTOM: 1, Position.BOTTOM_RIGHT: 1,
}  # fmt: skip
_DEPTH = {Position.FOREGROUND: 1.2, Position.BACKGROUND: 0.6}


def scale_of(
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
    # What shows through the gaps of a nearer row needs no gaps of its own.
    spaced = 0.03 if _zigzag(columns, levels, frame) else 0.1
    across = frame.width * (0.8 if lone else 0.9) / (wide * (1 + spaced * (len(columns) - 1)))
    if _zigzag(columns, levels, frame):
        across *= _CLOSER
        high *= 1.5
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


def slots_of(
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
        foot += (0.015 if frame.open else 0.04) * frame.height
        foot = min(lower - 0.06 * frame.height, max(foot, upper + lowest * (lower - upper)))
    feet: dict[int, float] = {}
    for row in rows:
        feet[row] = foot
        foot -= heights[row] * 1.06
    slots: dict[int, tuple[float, float, float]] = {}
    tallest = max(group.height for group in groups)
    # The taller half of a long row steps back, so that it is seen over the other.
    halves = [[groups[index].height for column in columns[start::2] for index in column]
              for start in (0, 1)]  # fmt: skip
    farther = int(zigzag and mean(halves[1]) >= mean(halves[0]))
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
            if zigzag and place % 2 == farther:
                ground -= 0.5 * tallest * scale
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
