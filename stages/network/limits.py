"""The two limits of a service, found from what it rejects: requests at once, requests a minute.

All times are seconds of one clock that only goes forward.
"""

import math
from collections import deque
from dataclasses import dataclass

# A service that lets so many in says nothing; more are tried as fast as it could say no.
FIRST_LIMIT = 16
GROWTH = 0.05
# A limit that was found is left alone for so long, longer each time that trying more failed.
FIRST_HOLD = 20.0
LAST_HOLD = 300.0
# The same in minutes, for requests a minute.
FIRST_MINUTES = 3.0
LAST_MINUTES = 12.0
# Seconds that are waited beyond a minute: not every request takes as long on its way.
MARGIN = 0.6
# As exact is a delay that a server asks for.
TOLERANCE = 1.0
# More requests a minute than this are not counted.
MOST_COUNTED = 20_000


@dataclass(eq=False, slots=True)
class Turn:
    """One request that was let through.

    Attributes:
        began: when.
        rejected: whether the service was too busy for it.
        ended: whether the service is through with it.
        in_place: it took the place of one that had ended, while the service rested.
    """

    began: float
    rejected: bool = False
    ended: bool = False
    in_place: bool = False


class AtOnce:
    """How many requests may be under way at a time.

    Attributes:
        limit: 1 to `most`.
    """

    def __init__(self, most: int) -> None:
        self.limit = min(most, FIRST_LIMIT)
        self._most = most
        self._ends: deque[float] = deque(maxlen=4 * most)
        self._is_opening = True
        self._grown: float | None = None
        self._lowered = -math.inf
        self._is_trying = False
        # Requests taken since the limit changed, or since a rejection that did not change it.
        self._passed = 0
        self._is_warned = False
        self._hold = FIRST_HOLD

    def wait(self, now: float, in_flight: int) -> float:
        """Seconds until one more may go, which is asked while one wants to.

        Infinity until another ends.
        """
        if in_flight < self.limit:
            return 0.0
        if self.limit >= self._most:
            return math.inf
        if self._is_opening:
            return self._open(now)
        # One more at a time, and only after as many as there may be got through.
        if now < self._lowered + self._hold or self._passed < self.limit:
            return math.inf
        if self._is_trying:
            self._hold = FIRST_HOLD
        self.limit, self._is_trying, self._passed = self.limit + 1, True, 0
        return 0.0

    def _open(self, now: float) -> float:
        """Twice as many as long as nobody objects."""
        if self._grown is None:
            self._grown = now
        if (left := self._grown + GROWTH - now) > 0:
            return left
        self.limit, self._grown = min(2 * self.limit, self._most), now
        return 0.0

    def ended(self, now: float) -> None:
        """A request ended that was not rejected."""
        self._ends.append(now)
        self._passed += 1
        if self._passed >= self.limit:
            self._is_warned = False

    def rejected(self, turn: Turn, now: float, others: int) -> None:
        """Lower the limit to what the service was busy with as it rejected a request.

        Args:
            others: requests that are under way without it.
        """
        was_full = others + 1 >= self.limit
        busy = others + sum(end > turn.began for end in self._ends)
        if not busy:
            # It was not too many of ours: nothing is known but that it is busy.
            self.limit, self._is_opening, self._grown = 1, True, None
            self._lowered = now
            return
        if turn.began <= self._lowered:
            # Of requests that went out together each rejection takes one away, and no more.
            self.limit = max(1, min(busy, self.limit))
            return
        is_odd = not was_full or self._passed >= self.limit
        if is_odd and not self._is_trying and not self._is_warned:
            # As many were taken before: the first rejection may be an accident.
            self._is_warned, self._passed = True, 0
            return
        if self._is_trying:
            self._hold = min(2 * self._hold, LAST_HOLD)
        # With fewer under way than there may be, nobody knows how many would be too many.
        floor = 1 if was_full else self.limit // 2
        self.limit = max(1, floor, min(busy, self.limit - 1))
        self._is_opening = self._is_trying = False
        self._lowered, self._passed = now, 0


class PerMinute:
    """How many requests may begin within a minute.

    Attributes:
        allowance: None as long as no rejection told of one.
    """

    def __init__(self, minute: float) -> None:
        self.allowance: int | None = None
        self._minute = minute
        self._begun: deque[Turn] = deque(maxlen=MOST_COUNTED)
        # What was allowed before more was tried.
        self._proven: int | None = None
        self._changed = -math.inf
        self._is_trying = False
        self._step = 1
        self._hold = FIRST_MINUTES

    def begun(self, turn: Turn) -> None:
        self._begun.append(turn)
        # As long as an answer may take, what came before it is asked for.
        while self._begun[0].began < turn.began - 2 * self._minute:
            self._begun.popleft()

    def wait(self, now: float) -> float:
        """Seconds until one more may begin, which is asked while one wants to."""
        left = self.left(now)
        hold = 1.0 if self._is_trying else self._hold
        if self.allowance is None or not left or now < self._changed + hold * self._minute:
            return left
        # The minute in which the allowance was found may have been somebody else's too.
        if self._is_trying:
            self._hold = FIRST_MINUTES
            self._step *= 2
        self._proven = self.allowance
        self.allowance += min(self._step, 1 + self.allowance // 4)
        self._changed, self._is_trying = now, True
        return 0.0

    def left(self, now: float) -> float:
        """Seconds until the allowance has room for one more."""
        if self.allowance is None or len(self._begun) < self.allowance:
            return 0.0
        return max(0.0, self._expiry(self._begun[-self.allowance]) - now)

    def explains(self, now: float, delay: float) -> bool:
        """Whether a delay is the time until the first of the last minute is a minute old."""
        ages = (now - turn.began for turn in self._begun)
        oldest = next((age for age in ages if age < self._minute), None)
        return oldest is not None and abs(self._minute - oldest - delay) <= TOLERANCE

    def drop(self, turn: Turn) -> None:
        """A rejected request does not count."""
        if turn in self._begun:
            self._begun.remove(turn)

    def rejected(self, rejected: Turn, now: float) -> None:
        """Take what was accepted within the last minute for what is allowed."""
        since = rejected.began - self._minute - MARGIN
        accepted = sum(turn.began > since for turn in self._begun)
        if not accepted and self.allowance is None:
            # Somebody else has used it all.
            return
        if self._is_trying:
            self._hold = min(2 * self._hold, LAST_MINUTES)
        self.allowance = self._proven = max(1, min(accepted, self._proven or accepted))
        self._changed, self._is_trying, self._step = now, False, 1

    def _expiry(self, turn: Turn) -> float:
        return turn.began + self._minute + MARGIN
