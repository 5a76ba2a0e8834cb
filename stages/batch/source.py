"""An input as bytes: a file or stream goes in, its unpacked bytes come out as they arrive."""

import gzip
import io
import zlib
from typing import IO, Protocol, cast

from imagine.stages.errors import UsageError, shown
from imagine.stages.formats.kinds import HEAD, kind_of

BLOCK = 1 << 16
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
# What no list of prompts begins with, and what to do about it.
_FOREIGN = {
    b"\xff\xfe": "The input is UTF-16; convert it to UTF-8.",
    b"\xfe\xff": "The input is UTF-16; convert it to UTF-8.",
    b"PK\x03\x04": "The input is a workbook or an archive; save its sheet as CSV, or unpack it.",
}


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class Source:
    """The bytes of an input, gunzipped where it is gzip, without byte order mark.

    Nothing is read before the first `read`, so that a terminal is not waited for too early.

    Args:
        stream: of bytes; it stays open.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._unpacked: _Readable | None = None

    def read(self) -> bytes:
        """What has arrived, at most some 64 KB, waiting for the first byte; b"" at the end.

        Raises:
            UsageError: the input cannot be read any further, or is no text in UTF-8.
        """
        try:
            if self._unpacked is None:
                self._unpacked = _unpacked(self._stream)
                return _start(self._unpacked)
            return self._unpacked.read1(BLOCK)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UsageError(
                f"The gzip input is damaged from here on: {shown(error)}; make it anew."
            ) from error
        except OSError as error:
            reason = error.strerror or shown(error)
            raise UsageError(f"The input cannot be read from here on: {reason}; try again.") from (
                error
            )


def _unpacked(stream: IO[bytes]) -> _Readable:
    buffered = cast("io.BufferedReader", stream)
    if not hasattr(stream, "peek"):
        buffered = io.BufferedReader(cast("io.RawIOBase", stream))
    if buffered.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
        return gzip.GzipFile(fileobj=buffered)
    return buffered


def _start(stream: _Readable) -> bytes:
    """The first bytes, as many as tell what the input is."""
    start = stream.read1(BLOCK)
    while any(mark.startswith(start) and mark != start for mark in (_BOM, *_FOREIGN)):
        more = stream.read1(BLOCK)
        if not more:
            break
        start += more
    for mark, told in _FOREIGN.items():
        if start.startswith(mark):
            raise UsageError(told)
    kind = kind_of(start[:HEAD])
    if kind is not None:
        raise UsageError(f"The input is a file of kind {kind}, no list of prompts; name another.")
    # Where no more than the mark has arrived, that is not the end.
    return start.removeprefix(_BOM) or stream.read1(BLOCK)
