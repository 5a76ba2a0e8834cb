"""The results of a batch: records of items go in; `results.jsonl` says what became of each.

While a run lasts, items stand there in the order in which they end; at its end, all that ever
ended in the directory stand in the order of the input.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from imagine.stages.batch.journal import Journal, line_of
from imagine.stages.errors import SaveError
from imagine.stages.save import write_error

FILE_NAME = "results.jsonl"
_BLOCK = 2**16


class Results:
    """The open results of a directory; `append` may be called from several threads."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._lock = Lock()
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def append(self, record: dict[str, Any]) -> None:
        """Write one line at the end, whole or not at all.

        Raises:
            SaveError: it cannot be written.
        """
        line = line_of(record).encode() + b"\n"
        with self._lock:
            try:
                if self._descriptor is None:
                    self._descriptor = _open_for_appending(self.path)
                written = os.write(self._descriptor, line)
                if written < len(line):
                    _mend(self._descriptor)
                    raise OSError(errno.ENOSPC, "")  # as the next write would
            except OSError as error:
                raise self._error(error) from error

    def rewrite(self, journal: Journal) -> None:
        """Put all lines into order, in one step; not when that was done and nothing came since.

        Raises:
            SaveError: it cannot be written; the lines stay as they are.
        """
        self.close()
        if self._size() is not None and self._size() == journal.results_size:
            return
        temporary = self.path.with_name(f".{FILE_NAME}.tmp")
        try:
            with temporary.open("wb") as file:
                for line in journal.lines():
                    file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            temporary.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise self._error(error) from error
        journal.note_results(size)

    def close(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _size(self) -> int | None:
        return self.path.stat().st_size if self.path.is_file() else None

    def _error(self, error: OSError) -> SaveError:
        return write_error("The results", self.path, error)


def _open_for_appending(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        _mend(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _mend(descriptor: int) -> None:
    """Cut off what a crash or a full disk left of a last line."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    place = end
    while place > 0:
        start = max(0, place - _BLOCK)
        os.lseek(descriptor, start, os.SEEK_SET)
        newline = os.read(descriptor, place - start).rfind(b"\n")
        if newline >= 0:
            place = start + newline + 1
            break
        place = start
    if place < end:
        os.ftruncate(descriptor, place)
