"""Where a batch is, on one or two lines of a terminal: a Tally and a size in, styled lines out."""

from collections.abc import Callable
from typing import TypeAlias

from rich.cells import cell_len
from rich.console import Console as RichConsole
from rich.text import Text

from imagine.cli.tally import Tally

LiveLines: TypeAlias = Callable[[Tally, int, int], tuple[str, ...]]
LONGEST_BAR = 24
SHORTEST_BAR = 6
GAP = "  "
# The cursor waits in the first column.
MARGIN = " "


def live_lines() -> "LiveLines | None":
    """What turns a tally, and the terminal's columns and rows, into lines with escape sequences.

    None where the terminal knows no escape sequences.
    """
    rich = RichConsole(stderr=True, highlight=False)
    if rich.legacy_windows:
        return None

    def lines(tally: Tally, columns: int, rows: int) -> tuple[str, ...]:
        # The last column stays free: some terminals begin a new line behind it.
        width = columns - 1
        texts = [how_far(tally, width)]
        below = what_now(tally, width)
        if rows > 2 and below:
            texts.append(below)
        return tuple(_escaped(text, rich, width) for text in texts)

    return lines


def how_far(tally: Tally, width: int) -> Text:
    """Bar, count, failures, rate, time left, money: as many of them as there is room for."""
    total = tally.total
    count = f"{tally.done:,} done" if total is None else f"{tally.done:,}/{total:,}"
    # In the order of reading, each with its rank when room is short.
    parts = [
        (0, Text(count, style="bold")),
        (1, Text(f"{tally.failed:,} failed" if tally.failed else "", style="bold red")),
        (5, Text(tally.rate)),
        (3, Text(tally.left)),
        (4, Text(tally.dollars, style="yellow")),
        (6, Text(f"{tally.skipped:,} before" if tally.skipped else "", style="dim")),
    ]
    room = width - len(MARGIN)
    bar_room = SHORTEST_BAR + len(GAP) if total else 0
    kept: set[int] = set()
    for rank, text in sorted(parts, key=lambda part: part[0]):
        needed = text.cell_len + (len(GAP) if kept else 0)
        # The bar ranks third.
        if kept and needed + (bar_room if rank > 2 else 0) > room:
            break
        if text:
            kept.add(rank)
            room -= needed
    shown = [text for rank, text in parts if rank in kept]
    if total and room >= bar_room:
        ended = (tally.done + tally.failed) / total
        shown.insert(0, bar(ended, min(LONGEST_BAR, room - len(GAP))))
    return Text(MARGIN) + Text(GAP).join(shown)


def bar(part: float, cells: int) -> Text:
    """A bar of so many cells, `part` of it (0 to 1) filled; it can be told without colours."""
    filled = int(min(1.0, part) * cells)
    return Text.assemble(("━" * filled, "green"), ("─" * (cells - filled), "dim"))


def what_now(tally: Tally, width: int) -> Text:
    """What is in flight and what is waited for; the latter alone when there is no room for both."""
    stages = ", ".join(f"{stage} {count:,}" for stage, count in tally.flying.items())
    note = Text(tally.note, style="yellow")
    if not note:
        return Text(MARGIN + stages, style="dim") if stages else Text()
    if len(MARGIN) + cell_len(stages) + len(GAP) + note.cell_len > width or not stages:
        return Text(MARGIN) + note
    return Text.assemble(MARGIN, (stages, "dim"), GAP) + note


def _escaped(text: Text, rich: RichConsole, width: int) -> str:
    text.truncate(max(1, width), overflow="ellipsis")
    with rich.capture() as captured:
        rich.print(text, soft_wrap=True, end="")
    return captured.get()
