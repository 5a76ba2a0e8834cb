"""Waiting in tests: for as long as what other threads do takes, on a machine however slow."""

import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

# Seconds after which a test that waits has failed; what it must not wait for takes longer.
PATIENT = 20.0
LONG = 60.0


def until(condition: Callable[[], object]) -> None:
    """Wait for something that is sure to happen."""
    deadline = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


def is_in(function: str) -> bool:
    """Whether the main thread, where the tests run, is in a function of this name now."""
    return _is_in(function, sys._current_frames().get(threading.main_thread().ident or 0))


def another_is_in(function: str) -> bool:
    """Whether any thread but this one is in a function of this name now."""
    mine = threading.get_ident()
    frames = sys._current_frames().items()
    return any(_is_in(function, frame) for thread, frame in frames if thread != mine)


def _is_in(function: str, frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame is not None


def processor_seconds(work: Callable[[], object]) -> float:
    """What `work` takes of a processor that counts to 200,000 in 4 ms; of slower ones as much less.

    Time in which the machine does something else does not count.
    """
    before = _counting()
    start = time.process_time()
    work()
    spent = time.process_time() - start
    return spent * 0.004 / max(before, _counting())


def _counting() -> float:
    start = time.process_time()
    for _ in range(200_000):
        pass
    return time.process_time() - start


class Limit:
    """Fails what takes as long as only something that hangs does.

    >>> with Limit():
    ...     stop_what_takes(LONG)
    """

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *exception: object) -> None:
        assert time.monotonic() - self._began < PATIENT, "it waited for what it should not"
