"""The process's stdout and stderr: text goes in, whole lines come out, above a live display.

There is one object, STREAMS, because a process has one terminal, however many threads write.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import RLock

# The cursor waits at the first character of the display. A terminal that breaks the lines anew,
# because its window was made narrower, keeps it there, so that erasing from there downwards
# always removes all of the display and nothing else.
ERASE = "\r\x1b[J"
END_OF_LINE = "\x1b[K"
UP = "\x1b[1A"
# A character that turns out wider than expected is cut off, and does not begin a line of its own.
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"


class Streams:
    """Both streams, for any number of threads.

    A display is lines at the bottom of the terminal behind stderr; what is written goes above it.
    """

    def __init__(self) -> None:
        # Re-entrant, so that Ctrl-C within a write cannot lock its own thread out. Two of them,
        # so that a reader of stdout who takes his time does not hold up the display.
        self._writing_out = RLock()
        self._writing_err = RLock()
        self._display: tuple[str, ...] = ()

    def write_out(self, text: str) -> None:
        """Write whole lines to stdout, at once.

        Raises:
            OSError: they cannot be written.
        """
        if not sys.stdout.isatty():
            with self._writing_out:
                sys.stdout.write(text)
                sys.stdout.flush()
            return
        # Nearly always the terminal that the display is on; where it is not, no harm is done.
        with self._writing_err, self._without_display():
            sys.stdout.write(text)
            sys.stdout.flush()

    def write_err(self, text: str) -> None:
        """Write whole lines to stderr, at once; closed or full, it takes none."""
        with self._writing_err, self._without_display():
            _write(text)

    def display(self, lines: Sequence[str]) -> None:
        """Show these lines at the bottom of the terminal, in the place of the last ones.

        Args:
            lines: each narrower than the terminal, with nothing in it that moves the cursor;
                none to end the display.
        """
        with self._writing_err:
            if tuple(lines) == self._display:
                return
            if not lines:
                _write(ERASE)
            self._display = tuple(lines)
            self._draw()

    @contextmanager
    def _without_display(self) -> Iterator[None]:
        if not self._display:
            yield
            return
        _write(ERASE)
        try:
            yield
        finally:
            self._draw()

    def _draw(self) -> None:
        """The display in one write, so that no terminal shows half of it."""
        if self._display:
            shown = f"{END_OF_LINE}\n".join(self._display)
            back = UP * (len(self._display) - 1)
            _write(f"{NO_WRAP}\r{shown}\x1b[J{WRAP}{back}\r")


def _write(text: str) -> None:
    """A closed or full stderr stops no picture from being drawn."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


STREAMS = Streams()
