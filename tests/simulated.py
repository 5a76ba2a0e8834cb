"""A busy server, simulated on a clock of its own: hands send requests to it through a Pace."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from imagine.stages.network.pace import Pace


@dataclass
class Server:
    """Takes requests; what it does not take it rejects at once.

    Attributes:
        at_once: requests worked on at a time; may be changed while it works.
        per_minute: in any minute.
        fixed: minutes begin on the clock, instead of with each request.
        latency: seconds of work.
        way: seconds that a request takes there, and an answer back.
        delay: seconds that it asks for when too many come at once; None for not saying.
    """

    at_once: int = 1000
    per_minute: int | None = None
    fixed: bool = False
    latency: float = 2.0
    way: float = 0.01
    delay: float | None = 1.0
    working: int = 0
    most_working: int = 0
    accepted: list[float] = field(default_factory=list)
    rejected: list[float] = field(default_factory=list)

    def refusal(self, now: float) -> tuple[float | None, bool] | None:
        """Delay, and whether it is about a minute; None for a request that is taken."""
        if self.working >= self.at_once:
            return self.delay, False
        if self.per_minute is not None:
            start = now - now % 60 if self.fixed else now - 60
            recent = [time for time in self.accepted if time > start]
            if len(recent) >= self.per_minute:
                return (start + 60 if self.fixed else recent[-self.per_minute] + 60) - now, True
        return None


class Run:
    """`hands` threads that send `items` requests, each again until it is taken.

    Attributes:
        took: seconds of the clock until all were done.
        order: of the requests as they were first let through.
    """

    def __init__(
        self,
        server: Server,
        *,
        items: int,
        hands: int = 64,
        most: int = 64,
        until: float = 1e9,
        begin: float = 0.0,
        events: dict[float, Callable[[], None]] | None = None,
    ) -> None:
        self.server = server
        self.pace = Pace(most)
        self.news: list[str] = []
        self.done = 0
        self.took = 0.0
        self.now = begin
        self._begin = begin
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._left = items
        self._waiting: deque[int] = deque()
        self._next_look = -1.0
        for _ in range(min(hands, items)):
            self._take()
        for time, act in (events or {}).items():
            self._at(time, act)
        while self._heap and self._heap[0][0] < begin + until:
            self.now, _, act = heapq.heappop(self._heap)
            act()
            self._look()

    def _at(self, time: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (time, next(self._number), act))

    def _take(self) -> None:
        if self._left:
            self._left -= 1
            self._waiting.append(self._left)
            self._at(self.now, lambda: None)

    def _look(self) -> None:
        """As a Gate does: let through whom the pace lets through, and look again in time."""
        while self._waiting:
            if (pause := self.pace.wait(self.now)) > 0:
                if pause < 1e6 and not self.now < self._next_look <= self.now + pause:
                    self._next_look = self.now + pause
                    self._at(self._next_look, lambda: None)
                break
            self._send(self._waiting.popleft())
        if (said := self.pace.news(self.now)) is not None:
            self.news.append(said)

    def _send(self, item: int) -> None:
        turn, server = self.pace.begin(self.now), self.server

        def arrive() -> None:
            refusal = server.refusal(self.now)
            if refusal is not None:
                server.rejected.append(self.now)
                self._at(self.now + server.way, lambda: reject(*refusal))
                return
            server.accepted.append(self.now)
            server.working += 1
            server.most_working = max(server.working, server.most_working)
            self._at(self.now + server.latency, finish)

        def reject(delay: float | None, per_minute: bool) -> None:
            self.pace.rejected(turn, self.now, delay=delay, per_minute=per_minute)
            self.pace.end(turn, self.now)
            self._waiting.append(item)

        def finish() -> None:
            server.working -= 1
            self._at(self.now + server.way, end)

        def end() -> None:
            self.pace.end(turn, self.now)
            self.done += 1
            self.took = self.now - self._begin
            self._take()

        self._at(self.now + server.way, arrive)
