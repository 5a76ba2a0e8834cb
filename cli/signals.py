"""Signals: Ctrl-C and termination become exceptions, so that nothing half-done is left."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

# Modules that take such locks.
_LOCKING = (
    "_synchronization.py",
    *(
        os.path.join("batch", f"{module}.py")  # noqa: PTH118  # an ending, no path
        for module in ("database", "journal", "roll", "kept", "answers")
    ),
)


class Interrupts:
    """Who is told of Ctrl-C besides, since an exception may get lost on its way."""

    def __init__(self, listener: Callable[[], None]) -> None:
        self.happened = False
        self._listener = listener

    def tell(self) -> None:
        self.happened = True
        self._listener()


_listening: list[Interrupts] = []


@contextmanager
def telling_of_interrupts(listener: Callable[[], None]) -> Iterator[Interrupts]:
    """Have `listener` called by the signal's handler; it takes no lock."""
    interrupts = Interrupts(listener)
    _listening.append(interrupts)
    try:
        yield interrupts
    finally:
        _listening.remove(interrupts)


class Interruption:
    """Whether Ctrl-C was pressed, and what is said of it."""

    def __init__(self) -> None:
        self.happened = False

    def report(self, *, json: bool, told: str = "") -> int:
        """Say so, on stdout too when that is JSON; returns the exit code.

        Args:
            told: how far it came, in a sentence of the command's own.
        """
        message = told or "Interrupted; what is finished is kept."
        if sys.stderr is not None:
            sys.stderr.write(f"\n{message}\n")
        if json:
            from imagine.cli.console import Console

            error = {"type": "Interrupted", "message": message, "exit_code": 130}
            Console().result_json({"ok": False, "error": error})
        return 130


@contextmanager
def watch_signals(interruption: Interruption) -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C and SystemExit on SIGTERM and SIGHUP.

    Their default action would end the process with temporary files left behind. A signal that the
    parent has us ignore (nohup, a shell's background job) stays ignored.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        interruption.happened = True
        for interrupts in _listening:
            interrupts.tell()
        if not _put_off(number, frame):
            raise KeyboardInterrupt

    def terminate(number: int, frame: FrameType | None) -> None:
        if not _put_off(number, frame):
            raise SystemExit(128 + number)

    handlers = {signal.SIGINT: interrupt, signal.SIGTERM: terminate}
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = terminate
    before = {}
    for number, handler in handlers.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def end_now(code: int) -> NoReturn:
    """End the process without waiting for threads: all is told, and what was half-done is gone.

    A second Ctrl-C while a thread is waited for has Python take that thread for ended (3.11 to
    3.12, `Thread.join`), and the native code that still runs in it abort the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    os._exit(code)


def _put_off(number: int, frame: FrameType | None) -> bool:
    """Have a signal come again a moment later when it came while a lock is taken.

    httpcore's and the journal's are entered in Python: an exception between taking one and saying
    so would leave it taken, and whoever cleans up would wait for it for ever.
    """
    while frame is not None and not frame.f_code.co_filename.endswith(_LOCKING):
        frame = frame.f_back
    if frame is None:
        return False
    from threading import Timer

    again = Timer(0.01, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
    return True


@contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """While another program has the terminal, Ctrl-C is its own.

    A handler that does nothing, and not SIG_IGN: that one the other program would inherit.
    """
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
