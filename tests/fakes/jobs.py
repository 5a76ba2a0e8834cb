"""Work that takes time behind a queue: a Job is waiting, drawing, done, failed or canceled."""

from dataclasses import dataclass
from typing import Any

from fakes.clock import Clock
from fakes.faults import Fault
from fakes.log import Entry
from fakes.pictures import Picture


@dataclass
class Job:
    """One prediction or queued request.

    Attributes:
        entry: the log's line for the request that created it; takes what is paid.
        seconds: how long it takes; the first quarter of it is spent waiting.
    """

    id: str
    entry: Entry
    input: dict[str, Any]
    pictures: tuple[Picture, ...]
    fault: Fault
    seconds: float
    clock: Clock
    canceled: bool = False

    def __post_init__(self) -> None:
        self.begun = self.clock.now()

    @property
    def age(self) -> float:
        return self.clock.now() - self.begun

    @property
    def left(self) -> float:
        """Seconds until it is finished."""
        return max(0.0, self.seconds - self.age)

    @property
    def state(self) -> str:
        """waiting, drawing, done or canceled; what failed is "done" too."""
        if self.canceled:
            return "canceled"
        if self.fault == "never-done":
            return "waiting" if self.age < 0.05 else "drawing"
        if self.age >= self.seconds:
            return "done"
        return "waiting" if self.age < self.seconds / 4 else "drawing"

    def cancel(self) -> bool:
        """Stop it and take back what was counted as paid; False when it is finished."""
        if self.state == "done":
            return False
        self.canceled = True
        self.entry.pictures = ()
        return True
