"""One thread in which a native library draws: a call goes in, its steps come out as they happen.

Libraries that draw report their steps by calling back; a backend yields them. Here the library
runs in a thread of its own, always the same one, since some keep a pool of threads or a context for
each thread that calls them.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import Any, TypeVar

from imagine.stages.errors import StoppedError
from imagine.stages.image import Progress

T = TypeVar("T")
# Takes a step; raises StoppedError when nobody waits for the picture any more.
Tell = Callable[[Progress], None]

# Windows cannot be interrupted while it waits for ever.
WAIT = 0.5


class Worker:
    """Runs one piece of work at a time; close it when it is no longer needed.

    Args:
        name: of the thread, for those who look at a running process.
    """

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._one_at_a_time = Lock()

    def run(self, work: Callable[[Tell], T]) -> Generator[Progress, None, T]:
        """Yields the steps that `work` tells, and returns what it returns.

        When the generator is closed, the next `tell` raises StoppedError in the thread, and the
        generator ends when the work has: the library is at rest again. Interrupted by Ctrl-C, it
        ends at once, and the work at its next `tell`.

        Raises:
            whatever `work` raises.
        """
        with self._one_at_a_time:
            told: SimpleQueue[Progress | None] = SimpleQueue()
            stopped = Event()

            def tell(progress: Progress) -> None:
                if stopped.is_set():
                    raise StoppedError("The picture was given up on the way; nothing was saved.")
                told.put(progress)

            running = self._threads.submit(work, tell)
            running.add_done_callback(lambda _: told.put(None))
            try:
                while (step := next_of(told)) is not None:
                    yield step
            except (KeyboardInterrupt, SystemExit):
                # The process is to end, and a library may be loaded for many seconds yet; whoever
                # goes on all the same comes behind it in the thread.
                stopped.set()
                raise
            except BaseException:
                stopped.set()
                _wait(running)
                raise
            return running.result()

    def call(self, work: Callable[[], T]) -> T:
        """What `work` returns, run in the thread to its end.

        Raises:
            whatever `work` raises.
        """
        with self._one_at_a_time:
            running = self._threads.submit(work)
            _wait(running)
            return running.result()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def next_of(queue: "SimpleQueue[T]") -> T:
    """What comes next, however long that takes; Ctrl-C is heard meanwhile."""
    while True:
        try:
            return queue.get(timeout=WAIT)
        except Empty:
            continue


def _wait(running: "Future[Any]") -> None:
    """Until the work has ended, however."""
    from concurrent.futures import wait

    while not running.done():
        wait([running], timeout=WAIT)
