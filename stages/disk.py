"""Bytes go in and lie on the disk, in a new file, before anybody is told that they do."""

import errno
import mmap
import os
import sys
from collections import deque
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

# A large file goes past the page cache, which nobody will read it from: a picture of 2 MB takes
# 0.3 ms of CPU then, and 1 to 6 ms through pages that the kernel first has to find.
_DIRECT = getattr(os, "O_DIRECT", 0) if sys.platform == "linux" else 0
_LARGE = 2**18
# Memory, place and length of such a write are multiples of the disk's blocks.
_BLOCK = 4096
_BUFFER = 2**20
# Buffers that wait to be used again; as many threads as want to may write.
_buffers: deque[mmap.mmap] = deque(maxlen=4)


def write_new_file(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Make a file that is not there yet; its bytes are on the disk when this returns.

    Args:
        path: its name.
        data: all of it, or pieces of it in order, made while the file is written.

    Raises:
        FileExistsError: the name is taken.
        OSError: it cannot be written; what was written of it is still there.
    """
    with path.open("xb", buffering=0) as file:
        if isinstance(data, bytes):
            written = _write_directly(file.fileno(), data) if len(data) >= _LARGE else 0
            _write_all(file, memoryview(data)[written:])
        else:
            for piece in data:
                _write_all(file, memoryview(piece))
        os.fsync(file.fileno())


def _write_all(file: FileIO, rest: memoryview) -> None:
    while rest:
        rest = rest[file.write(rest) :]


def _write_directly(descriptor: int, data: bytes) -> int:
    """Write the whole blocks of `data` past the page cache, where that can be done.

    Returns:
        How many bytes were written.
    """
    if not _DIRECT or not _set_direct(descriptor, True):
        return 0
    try:
        buffer = _buffers.pop()
    except IndexError:
        buffer = mmap.mmap(-1, _BUFFER)
    view, whole, written = memoryview(data), len(data) // _BLOCK * _BLOCK, 0
    try:
        while written < whole:
            length = min(_BUFFER, whole - written)
            buffer[:length] = view[written : written + length]
            with memoryview(buffer) as block:
                done = os.write(descriptor, block[:length])
            written += done
            # The disk has no room for whole blocks any more: let the ordinary way say so.
            if done % _BLOCK:
                break
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    finally:
        _buffers.append(buffer)
    _set_direct(descriptor, False)
    return written


def _set_direct(descriptor: int, wanted: bool) -> bool:
    """Whether the file system lets a file be written past the page cache, or not so any more."""
    import fcntl  # not on Windows

    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    flags = flags | _DIRECT if wanted else flags & ~_DIRECT
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
    except OSError:
        return False
    return True
