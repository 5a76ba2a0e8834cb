"""The gate of one service: requests come, and as many at a time go through as the service takes."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from imagine.stages.errors import StoppedError
from imagine.stages.network.limits import Turn
from imagine.stages.network.pace import Pace
from imagine.stages.network.providers import silent

# Whoever waits looks up so often (seconds), and hears what there is to tell.
STEP = 0.25


class Gate:
    """Lets requests through in the order in which they came; threads share it."""

    def __init__(
        self,
        *,
        most: int,
        minute: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        apart: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Nobody is under way.

        Args:
            most: requests that may ever be under way at a time, from 1.
            minute: seconds of a minute; shorter ones make tests quick.
            clock: tells seconds, and only goes forward.
            apart: entered around all waiting and each exchange, in which the thread does nothing.
        """
        self.most = most
        self._clock = clock
        self.apart = apart
        self._pace = Pace(most, minute=minute)
        self._lock = threading.Lock()
        self._waiters: deque[_Waiter] = deque()
        self._is_closed = False

    @property
    def limit(self) -> int:
        """Requests that may be under way at a time now."""
        return self._pace.limit

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._pace.in_flight

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._waiters)

    @property
    def resting(self) -> float:
        """Seconds until the service may be asked again; 0 when it may now."""
        with self._lock:
            return self._pace.rest(self._clock())

    @contextmanager
    def turn(self, tell: Callable[[str], None] = silent) -> Iterator[Turn]:
        """Around one exchange: waits until it may begin.

        Args:
            tell: takes what the user should know, to follow the service's name: "takes 16
                requests at a time". Each is told to one of those who wait.

        Raises:
            StoppedError: the gate was closed meanwhile.
        """
        waiter = _Waiter()
        with self.apart():
            try:
                yield self._entered(waiter, tell)
            finally:
                self._leave(waiter)

    def end(self, turn: Turn) -> None:
        """The service has done its work for this turn and only sends what came of it.

        The next request goes out while the answer is read. Without this call a turn ends when its
        `with` block does.
        """
        with self._lock:
            self._end(turn)
            self._admit()

    def _end(self, turn: Turn) -> None:
        if not turn.ended:
            turn.ended = True
            self._pace.end(turn, self._clock())

    def rejected(self, turn: Turn, *, delay: float | None, per_minute: bool) -> None:
        """The service was too busy for the request of this turn (429), which has not ended.

        Args:
            delay: seconds for which it wants to be left alone; None where it does not say.
            per_minute: it says that it counts requests a minute.
        """
        with self._lock:
            self._pace.rejected(turn, self._clock(), delay=delay, per_minute=per_minute)

    @property
    def rejected_for(self) -> float:
        """Seconds for which the service has been taking no request at all."""
        with self._lock:
            return self._pace.rejected_for(self._clock())

    def close(self) -> None:
        """Let nobody through any more: who waits gets a StoppedError within a moment.

        A signal's handler may call this, whatever lock the thread that it interrupts has.
        """
        self._is_closed = True

    def sleep(self, seconds: float) -> None:
        """Wait before another attempt, outside of any turn.

        Raises:
            StoppedError: the gate was closed meanwhile.
        """
        end = self._clock() + seconds
        with self.apart():
            while (left := end - self._clock()) > 0:
                self._check_open()
                time.sleep(min(left, STEP))

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoppedError(
                "The run was stopped before this was asked for; run it again to go on."
            )

    def _entered(self, waiter: "_Waiter", tell: Callable[[str], None]) -> Turn:
        with self._lock:
            self._waiters.append(waiter)
        while True:
            with self._lock:
                pause = self._admit()
                if waiter.turn is None:
                    self._check_open()
                is_first = waiter.turn is None and self._waiters[0] is waiter
                waiter.called.clear()
                news = self._pace.news(self._clock())
            if news is not None:
                tell(news)
            if waiter.turn is not None:
                return waiter.turn
            waiter.called.wait(min(pause, STEP) if is_first else STEP)

    def _leave(self, waiter: "_Waiter") -> None:
        with self._lock:
            if waiter.turn is not None:
                self._end(waiter.turn)
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            self._admit()

    def _admit(self) -> float:
        """Let through whom the service takes; seconds until it takes the next."""
        called = None
        while self._waiters and not self._is_closed:
            now = self._clock()
            if (pause := self._pace.wait(now)) > 0:
                break
            called = self._waiters.popleft()
            called.turn = self._pace.begin(now)
            called.called.set()
        else:
            return math.inf
        if called is not None:
            # Only the first of those who wait knows how long; it was not yet the first.
            self._waiters[0].called.set()
        return pause


class _Waiter:
    """A request before it is let through.

    Attributes:
        called: that there is something new for it.
    """

    __slots__ = ("called", "turn")

    def __init__(self) -> None:
        self.called = threading.Event()
        self.turn: Turn | None = None
