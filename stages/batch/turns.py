"""Turns: threads that have Python's own work to do, one at a time, and none while they only wait.

Of such work one thread gets done as much as many, which the interpreter would let run in slices.
In turns, the first is ready at once and not with the last, and others that have little to do need
not wait for all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import local


class Turns:
    """Few threads at a time; `with turns:` is a turn, and `with turns.apart():` inside a pause.

    Args:
        number: of threads.
    """

    def __init__(self, number: int = 1) -> None:
        # Tokens: a queue in C, where a Semaphore's waiters wake in Python.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(number):
            self._free.put(None)
        self._mine = local()

    def __enter__(self) -> None:
        self._free.get()
        self._mine.held = True

    def __exit__(self, *_: object) -> None:
        self._mine.held = False
        self._free.put(None)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Around waiting: lets others have their turn, if the calling thread has its own now."""
        if not getattr(self._mine, "held", False):
            yield
            return
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()
