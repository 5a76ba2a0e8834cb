"""A bell that wakes one thread, be it the main thread that Ctrl-C may interrupt at any point."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Bell:
    """Rung from any thread and from signal handlers; waited for by one thread.

    An exception out of a signal handler could leave the lock of a Condition or Event taken for
    ever, since these are entered in Python; a SimpleQueue has no such moment.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        self._rings.put(None)

    def wait(self, seconds: float) -> None:
        """Return when it rings, or rang since the last time, or after `seconds`."""
        with suppress(Empty):
            self._rings.get(timeout=seconds)
            while True:
                self._rings.get_nowait()
