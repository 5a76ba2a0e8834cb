"""The pace that a service allows: requests begin, end and are rejected; how long the next one has
to wait comes out, and what the user should know about it.

A service says no with 429 and means one of two things: too many at once, or too many in the last
minute; and it says for how long it wants to be left alone.
"""

import math
import random

from imagine.stages.network.limits import AtOnce, PerMinute, Turn
from imagine.stages.network.waits import seconds_shown

# Of such a delay the user is told.
LONG_DELAY = 5.0
# Of a server that does not say when it wants to be asked again; doubled while it takes nothing.
FIRST_REST = 0.25
LAST_REST = 30.0
JITTER = 0.02
# A service that rejects what takes the place of an ended request counts something else than
# requests at a time; then its rests are kept to the full for so long.
STRICT = 60.0
# Requests that went out together are all answered after so many seconds without a rejection.
SETTLED = 1.0
# Then the user is told of the limit.
NEWS_AFTER = 0.3


class Pace:
    """Decides when the next request may go. All times are of one clock that only goes forward.

    Attributes:
        in_flight: requests that began and did not end.
        resting_until: when the service may be asked again.
    """

    def __init__(self, most: int, *, minute: float = 60.0) -> None:
        self.in_flight = 0
        self.resting_until = -math.inf
        self._at_once = AtOnce(most)
        self._per_minute = PerMinute(minute)
        # Requests that were rejected and did not yet end.
        self._leaving = 0
        self._rejected_since: float | None = None
        self._latest_rejection = -math.inf
        self._rest = FIRST_REST
        self._counts_minutes = False
        # Requests that ended during this rest, and whose places are free.
        self._freed = 0
        self._strict_until = -math.inf
        self._is_told = True
        self._told = "", 0

    @property
    def limit(self) -> int:
        """Requests that may be under way at a time."""
        return self._at_once.limit

    def wait(self, now: float) -> float:
        """Seconds until the next may go, which is asked while one wants to; 0 for at once.

        Infinity until another ends. Of a service that takes only so many at a time, the place of
        a request that has ended is free even while it rests.
        """
        if now < self.resting_until and not self._freed:
            return self.resting_until - now
        return self._per_minute.wait(now) or self._at_once.wait(now, self.in_flight)

    def rest(self, now: float) -> float:
        """Seconds for which the service is left alone, however many wait; 0 for not at all."""
        return max(0.0, self.resting_until - now, self._per_minute.left(now))

    def begin(self, now: float) -> Turn:
        turn = Turn(now, in_place=now < self.resting_until)
        self._freed -= turn.in_place
        self.in_flight += 1
        self._per_minute.begun(turn)
        return turn

    def end(self, turn: Turn, now: float) -> None:
        """The whole answer is there, or none will come."""
        self.in_flight -= 1
        if turn.rejected:
            self._leaving -= 1
        else:
            self._at_once.ended(now)
            self._rejected_since = None
            self._rest = FIRST_REST
            resting = self._latest_rejection <= now < self.resting_until
            if resting and not self._counts_minutes and now >= self._strict_until:
                self._freed += 1

    def rejected(self, turn: Turn, now: float, *, delay: float | None, per_minute: bool) -> None:
        """The service was too busy for a request that is still under way.

        Args:
            delay: seconds for which it wants to be left alone; None where it does not say.
            per_minute: it says that it counts requests a minute.
        """
        turn.rejected = True
        self._leaving += 1
        self._per_minute.drop(turn)
        if turn.in_place:
            self._strict_until = now + STRICT
        if self._rejected_since is None:
            self._rejected_since = now
        self._counts_minutes = self._is_about_minutes(now, delay, per_minute)
        if self._counts_minutes:
            self._per_minute.rejected(turn, now)
        else:
            self._at_once.rejected(turn, now, self.in_flight - self._leaving)
        if not delay:
            delay = self._rest
            # Not for each of those that went out together.
            if now > self._latest_rejection + min(SETTLED, self._rest / 2):
                self._rest = min(2 * self._rest, LAST_REST)
        self._latest_rejection, self._is_told = now, False
        if self._counts_minutes or now < self._strict_until or now >= self.resting_until:
            self._freed = 0
        rests_until = now + delay + random.uniform(0, JITTER)
        self.resting_until = max(self.resting_until, rests_until)

    def _is_about_minutes(self, now: float, delay: float | None, per_minute: bool) -> bool:
        """Whether too many came within a minute; else too many came at once.

        Words alone do not tell: proxies name the wrong limit. A minute's limit that is none costs
        a minute, a limit at once that is none a few rejections.
        """
        if delay is None:
            return False
        is_long = delay >= LONG_DELAY
        if per_minute and is_long:
            return True
        # The words or the delay speak for a minute; what went out within it has to as well.
        return (per_minute or is_long) and self._per_minute.explains(now, delay)

    def rejected_for(self, now: float) -> float:
        """Seconds for which the service has been taking no request at all."""
        return 0.0 if self._rejected_since is None else now - self._rejected_since

    def news(self, now: float) -> str | None:
        """What the user should know, once, to follow the service's name; None for nothing new."""
        if self._is_told or now < self._latest_rejection + NEWS_AFTER:
            return None
        self._is_told = True
        rest = self.rest(now)
        kind = "a minute" if self._counts_minutes else "at a time"
        limit = (self._per_minute.allowance or 0) if self._counts_minutes else self.limit
        kind_told, limit_told = self._told
        # One more or less is no news.
        if rest < LONG_DELAY and kind == kind_told and abs(limit - limit_told) <= limit / 4:
            return None
        self._told = kind, limit
        verb = "allows" if self._counts_minutes else "takes"
        said = f"{verb} {_requests(limit)} {kind}" if limit else "is busy"
        return f"{said}: waiting {seconds_shown(rest)}" if rest >= LONG_DELAY else said


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number:,} requests"
