"""Signals: one that comes while httpcore takes a lock comes again a moment later."""

import signal
import time

import pytest
from httpcore._synchronization import ThreadLock
from patience import LONG, PATIENT

from imagine.cli.signals import Interruption, watch_signals


def test_a_signal_within_httpcores_lock_leaves_the_lock_free() -> None:
    lock = ThreadLock()
    taken = lock._lock

    class Raising:
        """The lock itself, and Ctrl-C at the worst moment."""

        def acquire(self) -> bool:
            got = taken.acquire()
            signal.raise_signal(signal.SIGINT)
            return got

        def release(self) -> None:
            taken.release()

    lock._lock = Raising()  # type: ignore[assignment]
    interruption = Interruption()
    with watch_signals(interruption), pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with lock:
            pass
        time.sleep(LONG)
    assert interruption.happened
    assert taken.acquire(timeout=PATIENT)
    taken.release()
