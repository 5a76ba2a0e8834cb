"""Room on the disk: before a picture is paid for, there must be a place to save it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from imagine.stages.errors import SaveError, StoppedError, quoted_path

# Kept free for the journal, whose log grows to 4 MB before it is emptied, and for the results.
MARGIN = 6_000_000
# The largest picture that is usual, as long as none was seen.
FIRST_GUESS = 8_000_000


class Room:
    """Lets a picture be drawn when it can be saved; threads share it.

    Pictures are taken to be up to twice as large as the largest one so far. As long as none was
    seen and little is free, they go one at a time.

    Args:
        directory: where they are saved; it, or a directory above it, exists.
        witness: a file there that lasts as long as the run; when it is gone, so is the place.
        free: bytes that can still be written to it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        witness: Path | None = None,
        free: Callable[[], int] | None = None,
    ) -> None:
        self._directory = directory
        self._free = free or (lambda: _free_bytes(directory))
        self._witness = witness
        self._seen = _identity(witness)
        self._largest = 0
        self._held = 0
        self._closed = False
        self._changed = Condition()

    @contextmanager
    def for_pictures(self, number: int = 1) -> Iterator[None]:
        """Around drawing and saving: waits while others hold the room that is missing.

        Raises:
            SaveError: the disk is full.
            StoppedError: the room was closed while this waited.
        """
        with self._changed:
            while not self._fits(number):
                self._changed.wait()
            self._held += number
        try:
            yield
        finally:
            with self._changed:
                self._held -= number
                self._changed.notify_all()

    def saw(self, size: int) -> None:
        """A picture of `size` bytes was saved."""
        with self._changed:
            self._largest = max(self._largest, size)
            self._changed.notify_all()

    def lost(self) -> SaveError | None:
        """What to say where the place that the pictures went to is not there any more."""
        if _identity(self._witness) == self._seen:
            return None
        return SaveError(
            f"{quoted_path(self._directory)} was removed or replaced while pictures went there, so "
            "nothing more was drawn; run the same command again."
        )

    def close(self) -> None:
        """Let nobody in any more: who waits gets a StoppedError."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, number: int) -> bool:
        if self._closed:
            raise StoppedError("The run was stopped before this was drawn.")
        if (lost := self.lost()) is not None:
            raise lost
        each = 2 * self._largest or FIRST_GUESS
        free = self._free() - MARGIN
        if free >= each * (self._held + number):
            return True
        if self._held:
            return False
        if free <= self._largest:
            raise SaveError(
                f"There is no room for another picture in {quoted_path(self._directory)}: the disk "
                "is full, so nothing more was drawn; free some space and run the same command "
                "again."
            )
        return True


def _identity(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _free_bytes(directory: Path) -> int:
    """What may still be written; a great number where that cannot be told."""
    nearest = directory.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        return shutil.disk_usage(nearest).free
    except OSError:
        return 2**62
