"""Messages between this process and the one that draws: plain values and bytes over a pipe.

A frame is four bytes with the length of a line of JSON, that line, and the bytes whose lengths
stand in it.
"""

import json
import struct
from typing import IO, Any

_LENGTH = struct.Struct("<I")
_BLOBS = "blobs"

# Values and bytes.
Frame = tuple[dict[str, Any], list[bytes]]


def send(pipe: IO[bytes], message: dict[str, Any], *blobs: bytes) -> None:
    """Write one message.

    Raises:
        OSError: the other side is gone.
    """
    head = json.dumps({**message, _BLOBS: [len(blob) for blob in blobs]}).encode()
    pipe.write(b"".join([_LENGTH.pack(len(head)), head, *blobs]))
    pipe.flush()


def receive(pipe: IO[bytes]) -> Frame | None:
    """Read one message; None where the other side has ended, or ends within it."""
    start = pipe.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(start)
    head = pipe.read(length)
    if len(head) < length:
        return None
    message = json.loads(head)
    blobs = [pipe.read(size) for size in message.pop(_BLOBS)]
    return message, blobs
