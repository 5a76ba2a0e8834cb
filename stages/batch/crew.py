"""Threads of one stage of a batch: they take jobs in turn and work on them side by side."""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Crew(Generic[Job]):
    """At most one thread more than were ever at work, and never more than `most`.

    One thread at a time waits for the next job, the others that are free wait for its turn: so
    jobs begin in the order in which they came, and waiting threads cost nothing.
    """

    def __init__(
        self,
        name: str,
        most: int,
        *,
        take: Callable[[], Job | None],
        work: Callable[[Job], None],
    ) -> None:
        """
        Args:
            name: of the threads, for people who look at them.
            take: waits for the next job; None ends the thread that asked.
            work: does one job; raises nothing.
        """
        self._name = name
        self._most = most
        self._take = take
        self._work = work
        self._turn = Lock()
        self._counting = Lock()
        self._hired = 0
        self._free = 0

    def start(self) -> None:
        """Hire the first thread.

        Raises:
            RuntimeError: the system gives no more threads.
        """
        # Daemons: who is told to stop at once does not wait for a server's answer.
        name = f"imagine-{self._name}-{self._hired + 1}"
        Thread(target=self._serve, name=name, daemon=True).start()
        self._hired += 1

    def _serve(self) -> None:
        while True:
            with self._counting:
                self._free += 1
            with self._turn:
                job = self._take()
                if job is None:
                    return
                self._find_a_successor()
            self._work(job)
            # Its picture would stay in memory until the next job comes.
            del job

    def _find_a_successor(self) -> None:
        """See that somebody waits for the next job while this one is worked on."""
        with self._counting:
            self._free -= 1
            nobody = self._free == 0
        if nobody and self._hired < self._most:
            # Where the system gives no more threads, those that there are do all the work.
            with suppress(RuntimeError):
                self.start()
