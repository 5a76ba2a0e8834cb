"""Where a batch is at one moment, as numbers; a plain line for people comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from imagine.cli.pace import rate_text, rough_duration_text


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a batch is.

    Attributes:
        done, failed: items of this run that ended.
        total: items of this run; None where nobody knows.
        skipped: items that were finished before.
        flying: how many are in each stage.
        a_minute: pictures a minute; None where nobody knows.
        seconds_left: until the batch is through; None where nobody knows.
        spent: dollars; None for nothing.
        note: what is waited for, one line; "" for nothing.
    """

    done: int
    failed: int = 0
    total: int | None = None
    skipped: int = 0
    flying: Mapping[str, int] = field(default_factory=dict)
    a_minute: float | None = None
    seconds_left: float | None = None
    spent: float | None = None
    note: str = ""

    @property
    def rate(self) -> str:
        """ "48 a minute", or ""."""
        return "" if self.a_minute is None else rate_text(self.a_minute)

    @property
    def left(self) -> str:
        """ "2 min left", or ""."""
        if self.seconds_left is None:
            return ""
        return f"{rough_duration_text(self.seconds_left)} left"

    @property
    def dollars(self) -> str:
        """ "$1.20", or ""."""
        if self.spent is None:
            return ""
        from imagine.stages.money.prices import dollars

        return dollars(self.spent)


def plain_line(tally: Tally) -> str:
    """ "120 of 200 done, 3 failed, 16 in flight, 48 a minute, about 2 min left, $1.20." """
    in_flight = sum(tally.flying.values())
    parts = (
        f"{tally.done:,} done"
        if tally.total is None
        else f"{tally.done:,} of {tally.total:,} done",
        f"{tally.failed:,} failed" if tally.failed else "",
        f"{in_flight:,} in flight" if in_flight else "",
        tally.rate,
        f"about {tally.left}" if tally.left else "",
        tally.dollars,
    )
    note = f" {tally.note}." if tally.note else ""
    return ", ".join(filter(None, parts)) + "." + note
