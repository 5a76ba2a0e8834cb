"""How fast a batch goes: counts and the time go in, a rate and the time that is left come out."""

import math
from collections import deque
from typing import NamedTuple

# The rate is that of the last half minute, or of more where less than this ended in it.
WINDOW = 30.0
FEWEST = 5
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class _Moment(NamedTuple):
    time: float
    ended: int
    pictures: int


class Pace:
    """The pace of a running batch.

    Args:
        start: when it began, in seconds of any clock that never goes back.
    """

    def __init__(self, start: float) -> None:
        self._moments = deque([_Moment(start, 0, 0)])
        self._now = self._moments[0]

    def see(self, time: float, *, ended: int, pictures: int, in_flight: int) -> None:
        """Take note of where the batch is; to be called some times a second.

        Args:
            time: of the same clock as the start.
            ended: items that are done or failed.
            pictures: that are finished.
            in_flight: items under way. Many of them may end at the same moment, so that a rate
                holds only over more than one such wave.
        """
        self._now = _Moment(time, ended, pictures)
        moments = self._moments
        if (ended, pictures) != moments[-1][1:] and time - moments[-1].time >= WINDOW / 60:
            moments.append(self._now)
        fewest = max(FEWEST, 2 * in_flight)
        while (
            len(moments) > 1
            and time - moments[1].time >= WINDOW
            and ended - moments[1].ended >= fewest
        ):
            moments.popleft()

    @property
    def pictures_a_minute(self) -> float | None:
        """None while there are none."""
        pictures = self._now.pictures - self._moments[0].pictures
        if pictures <= 0 or self._seconds <= 0:
            return None
        return pictures / self._seconds * MINUTE

    def seconds_left(self, items: int) -> float | None:
        """How long so many further items will take; None while nobody can know."""
        ended = self._now.ended - self._moments[0].ended
        if items <= 0 or ended <= 0 or self._seconds <= 0:
            return None
        return items * self._seconds / ended

    @property
    def _seconds(self) -> float:
        return self._now.time - self._moments[0].time


def rate_text(a_minute: float) -> str:
    """A rate as people read it: "1,200 a minute", "4.5 a minute", "12 an hour"."""
    if a_minute >= 9.95:
        return f"{a_minute:,.0f} a minute"
    if a_minute >= 0.95:
        return f"{a_minute:.1f}".removesuffix(".0") + " a minute"
    an_hour = round(a_minute * MINUTE)
    return f"{an_hour} an hour" if an_hour else "less than 1 an hour"


def duration_text(seconds: float) -> str:
    """How long something took: "0.4 s", "42 s", "4 min 12 s", "2 h 5 min", "3 days 1 h"."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    if round(seconds) < MINUTE:
        return f"{round(seconds)} s"
    if round(seconds) < HOUR:
        return _in_units(seconds, MINUTE, "min", 1, "s")
    return _long_duration_text(seconds, step=MINUTE)


def rough_duration_text(seconds: float) -> str:
    """How long something will take, as far as one knows: "45 s", "4 min", "2 h 10 min"."""
    if seconds <= 90:
        return f"{max(5, math.ceil(seconds / 5) * 5)} s"
    if seconds <= 90 * MINUTE:
        return f"{round(seconds / MINUTE)} min"
    return _long_duration_text(seconds, step=10 * MINUTE)


def _long_duration_text(seconds: float, *, step: int) -> str:
    """Hours and minutes, rounded to steps, or days and hours."""
    rounded = round(seconds / step) * step
    if rounded < DAY:
        return _in_units(rounded, HOUR, "h", MINUTE, "min")
    hours = round(seconds / HOUR) * HOUR
    return _in_units(hours, DAY, "day" if hours < 2 * DAY else "days", HOUR, "h")


def _in_units(seconds: float, large: int, large_name: str, small: int, small_name: str) -> str:
    """A duration in two units, the smaller one where there is any of it."""
    many, rest = divmod(round(seconds), large)
    few = rest // small
    return f"{many} {large_name}" + (f" {few} {small_name}" if few else "")
