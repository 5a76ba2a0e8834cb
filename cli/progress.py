"""The display of a running batch: counts in; live lines out, or a plain line now and then."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from imagine.cli.console import Console, is_terminal, visible
from imagine.cli.pace import Pace
from imagine.cli.streams import STREAMS
from imagine.cli.tally import Tally, plain_line

if TYPE_CHECKING:
    from imagine.cli.live import LiveLines
    from imagine.stages.batch.run import Counts

STAGES = ("describing", "drawing", "finishing")
# Seconds between plain lines.
INTERVAL = 30.0
# Rates and times that change more often than once a second cannot be read.
READABLE = 1.0


class BatchDisplay:
    """Shows how far a batch is, on stderr, until its `with` block ends.

    A terminal gets one or two lines at its bottom, which are gone in the end. Elsewhere, and with
    --json, a plain line appears every half minute. With --quiet nothing is shown.

    Args:
        total: items of this run; None while nobody knows. It may be set later.
        skipped: items that were finished before; they are no part of `total`.
        stages: what counts as in flight, by the names of Counts.
        clock: seconds, never going back.

    `update` is called from one thread; any thread may print through the console meanwhile.
    """

    def __init__(
        self,
        console: Console,
        *,
        total: int | None,
        skipped: int = 0,
        stages: Sequence[str] = STAGES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self._console = console
        self._skipped = skipped
        self._stages = stages
        self._clock = clock
        self._live: LiveLines | None = None
        self._ended = False

    def __enter__(self) -> Self:
        self._told_at = self._read_at = self._clock()
        self._pace = Pace(self._read_at)
        self._a_minute: float | None = None
        self._left: float | None = None
        if is_terminal() and not (self._console.quiet or self._console.json):
            from imagine.cli.live import live_lines

            self._live = live_lines()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        if self._live is not None:
            STREAMS.display(())

    def update(self, counts: "Counts", spent: float | None, note: str = "") -> None:
        """Show where the batch is now; to be called some ten times a second.

        Args:
            spent: dollars so far; None or 0 where nothing costs anything.
            note: what the batch waits for, without a full stop; "" for nothing.
        """
        if self._console.quiet or self._ended:
            return
        now = self._clock()
        tally = self._tally(counts, spent, note, now=now)
        if self._live is not None:
            STREAMS.display(self._live(tally, *_size()))
        elif now - self._told_at >= INTERVAL:
            self._told_at = now
            self._console.note(plain_line(tally))

    def _tally(self, counts: "Counts", spent: float | None, note: str, *, now: float) -> Tally:
        ended = counts.done + counts.failed
        flying = {stage: getattr(counts, stage) for stage in self._stages}
        in_flight = sum(flying.values())
        self._pace.see(now, ended=ended, pictures=counts.pictures, in_flight=in_flight)
        if now - self._read_at >= READABLE:
            self._read_at = now
            self._a_minute = self._pace.pictures_a_minute
            self._left = None if self.total is None else self._pace.seconds_left(self.total - ended)
        return Tally(
            done=counts.done,
            failed=counts.failed,
            total=self.total,
            skipped=self._skipped,
            flying=flying,
            a_minute=self._a_minute,
            seconds_left=self._left,
            spent=spent or None,
            note=" ".join(visible(note).split()),
        )


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal at this moment; some terminals say 0."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return 80, 24
    return columns or 80, rows or 24
