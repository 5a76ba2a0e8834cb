"""PNG: a file gives its text chunks, wherever they stand and without decoding a pixel.

Pillow would decode the pixels to reach text behind them, and stop at its limit on pixels.
Chunks are length, type, data and CRC (ISO/IEC 15948, 5.3).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CUT = "it ends in the middle"


def read_texts(file: BinaryIO, *, limit: int) -> dict[str, str]:
    """The text chunks of a PNG by keyword; the first of equal keywords wins.

    Args:
        file: at its start.
        limit: bytes that all chunks together may take, packed and unpacked.

    Raises:
        ValueError: the file is damaged; the message says where.
        OverflowError: the chunks are larger than `limit`.
    """
    texts: dict[str, str] = {}
    file.seek(len(SIGNATURE))
    for kind, data in _text_chunks(file, limit):
        keyword, text = _text_of(kind, data, limit)
        limit -= len(data) + len(text)
        if limit < 0:
            raise OverflowError
        texts.setdefault(keyword, text)
    return texts


def _text_chunks(file: BinaryIO, limit: int) -> Iterator[tuple[bytes, bytes]]:
    while True:
        header = file.read(8)
        if len(header) < 8:
            raise ValueError(CUT)
        length, kind = struct.unpack(">I4s", header)
        if kind == b"IEND":
            return
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(length + 4, 1)
            continue
        if length > limit:
            raise OverflowError
        data, checksum = file.read(length), file.read(4)
        if len(data) + len(checksum) < length + 4:
            raise ValueError(CUT)
        if zlib.crc32(kind + data) != int.from_bytes(checksum, "big"):
            raise ValueError(f"the checksum of its {kind.decode()} chunk does not match")
        yield kind, data


def _text_of(kind: bytes, data: bytes, limit: int) -> tuple[str, str]:
    """Keyword and text of one chunk; tEXt and zTXt are Latin-1, iTXt is UTF-8."""
    keyword, _, rest = data.partition(b"\0")
    encoding, compressed = "latin-1", kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        encoding, compressed = "utf-8", rest[:1] == b"\1"
        # Behind two flags stand the language and the translated keyword.
        rest = rest[2:].split(b"\0", 2)[-1]
    if compressed:
        rest = inflate(rest, limit=limit)
    return keyword.decode("latin-1"), rest.decode(encoding, "replace")


def inflate(data: bytes, *, limit: int) -> bytes:
    """Unpack zlib data, never more than `limit` bytes of it.

    Raises:
        ValueError: the data is damaged.
        OverflowError: it unpacks to more than `limit` bytes.
    """
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise ValueError("its compressed text cannot be read") from error
    if len(plain) > limit:
        raise OverflowError
    if not inflater.eof:
        raise ValueError("its compressed text ends in the middle")
    return plain
