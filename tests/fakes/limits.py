"""What a service lets through: Limits as they are set, and the Quota of one kind of work."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from fakes.clock import Clock

Number = int | None
ByStep = Number | Mapping[str, int]


@dataclass(frozen=True)
class Limits:
    """What a service lets through, of texts and of pictures each, as every model has its limits.

    Attributes:
        concurrency: requests worked on at the same time; by step where the steps differ.
        queue: whether more of them wait, instead of being answered 429.
        per_minute: requests in any `minute` seconds; by step where the steps differ.
        minute: seconds of a minute; shorter ones make tests quick.
    """

    concurrency: ByStep = None
    queue: bool = False
    per_minute: ByStep = None
    minute: float = 60.0


@dataclass(frozen=True)
class Excess:
    """A request too many.

    Attributes:
        delay: seconds until it would be let through, as far as that is known.
        per_minute: the number a minute that was reached; None for too many at a time.
    """

    delay: float
    per_minute: Number = None


class Quota:
    """Counts the requests of one step against the limits."""

    def __init__(self, limits: Limits, step: str, clock: Clock) -> None:
        self._clock = clock
        self._concurrency = _of(limits.concurrency, step)
        self._per_minute = _of(limits.per_minute, step)
        self._limits = limits
        self._working = 0
        self._free = asyncio.Semaphore(self._concurrency or 1)
        self._recent: deque[float] = deque()

    def excess(self) -> Excess | None:
        """Why a request that comes now is one too many; None when it is let through."""
        limits = self._limits
        if self._concurrency and not limits.queue and self._working >= self._concurrency:
            return Excess(1.0)
        if self._per_minute:
            now = self._clock.now()
            while self._recent and self._recent[0] <= now - limits.minute:
                self._recent.popleft()
            if len(self._recent) >= self._per_minute:
                return Excess(self._recent[0] + limits.minute - now, self._per_minute)
            self._recent.append(now)
        return None

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Around the work for one request that was let through."""
        if not self._concurrency:
            yield
            return
        self._working += 1
        try:
            async with self._free:
                yield
        finally:
            self._working -= 1


def _of(limit: ByStep, step: str) -> Number:
    return limit.get(step) if isinstance(limit, Mapping) else limit
