"""What was paid for, read from a log file, and which payments came twice for a good reason or none.

A log file outlives its server: a server started anew with the same file goes on with it.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Payment:
    """One request whose pictures are paid for.

    Attributes:
        prompt: as it was sent.
        asked: seconds since 1970 when the request came.
        written: seconds since 1970 when the whole answer had been handed to the network; 0.0 for
            an answer that never was.
        pictures: how many.
    """

    prompt: str
    asked: float
    written: float
    pictures: int

    def in_flight_at(self, moment: float) -> bool:
        """Whether the request was asked, and not answered yet."""
        return self.asked <= moment and (not self.written or self.written > moment)

    def arrived_before(self, moments: Sequence[float]) -> float:
        """Seconds from the answer until the first of `moments` after it; infinity without them."""
        later = [moment - self.written for moment in moments if moment >= self.written > 0]
        return min(later, default=math.inf)


@dataclass(frozen=True)
class Repeats:
    """Pictures that were paid for more than once.

    Attributes:
        in_flight: paid again since the client was killed before the answer had been written.
        arrived: of those that were paid again although the answer had been written, the seconds
            from then until the client was killed; infinity when it was not.
    """

    in_flight: int = 0
    arrived: tuple[float, ...] = ()

    def unexcused(self, slack: float) -> tuple[float, ...]:
        """Of `arrived`, what the client had more than `slack` seconds to save."""
        return tuple(seconds for seconds in self.arrived if seconds > slack)


def read_log(path: Path) -> list[dict[str, Any]]:
    """The requests of a log file; a line that a killed server left unfinished is left out."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def payments_in(path: Path) -> list[Payment]:
    """What was paid for, in the order in which it ended."""
    return [
        Payment(
            prompt=entry["prompt"],
            asked=entry["time"],
            written=entry["written"],
            pictures=entry["paid"],
        )
        for entry in read_log(path)
        if entry["paid"]
    ]


def repeats_in(payments: Iterable[Payment], *, kills: Sequence[float]) -> Repeats:
    """How often a prompt of which one picture was wanted was paid for again, and why.

    Args:
        kills: seconds since 1970 when the client was killed.
    """
    by_prompt: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        by_prompt[payment.prompt].extend([payment] * payment.pictures)
    in_flight, arrived = 0, []
    for paid in by_prompt.values():
        kept = [one for one in paid if not any(one.in_flight_at(kill) for kill in kills)]
        surplus = len(paid) - 1
        lost = min(surplus, len(paid) - len(kept))
        in_flight += lost
        arrived += sorted(one.arrived_before(kills) for one in kept)[: surplus - lost]
    return Repeats(in_flight, tuple(sorted(arrived)))
