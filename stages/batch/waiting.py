"""Jobs that were described and wait to be drawn; some may be drawn together."""

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from imagine.stages.batch.ending import Job

Item = TypeVar("Item")
Task = TypeVar("Task")


class Waiting(Generic[Item, Task]):
    """A queue of jobs, for who holds the lock of the flow."""

    def __init__(self, *, together: int) -> None:
        """
        Args:
            together: jobs of one kind that are drawn at once, at most.
        """
        self._together = together
        self._jobs: deque[Job[Item, Task]] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def extend(self, jobs: Sequence[Job[Item, Task]]) -> None:
        self._jobs.extend(jobs)

    def clear(self) -> None:
        self._jobs.clear()

    def is_full(self) -> bool:
        """Whether as many as can be drawn together with the first job wait."""
        if self._together == 1:
            return True
        kind = self._jobs[0].kind
        return sum(job.kind == kind for job in self._jobs) >= self._together

    def take(self) -> list[Job[Item, Task]]:
        """The first job and those behind it that may be drawn together with it."""
        first = self._jobs.popleft()
        jobs = [first]
        if self._together > 1:
            others: deque[Job[Item, Task]] = deque()
            for job in self._jobs:
                fits = job.kind == first.kind and len(jobs) < self._together
                (jobs if fits else others).append(job)
            self._jobs = others
        return jobs
