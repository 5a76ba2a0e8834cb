"""WebP: a file gives its outline, and takes EXIF and XMP, all without decoding.

A file is a RIFF of chunks, each a type, a length and data padded to an even length; an extended
file starts with VP8X (RFC 9649).
"""

from collections.abc import Iterator

from imagine.stages.formats.outline import CUT, Outline

_ALPHA, _EXIF, _XMP = 0x10, 0x08, 0x04


def outline_of(data: bytes) -> Outline:
    """What a whole WebP says of itself, be it still or animated.

    Raises:
        ValueError: the file is cut or damaged; the message says how.
    """
    found = _places(data)
    if not found.keys() & {b"VP8 ", b"VP8L", b"ANMF"}:
        raise ValueError("its picture data are missing")
    width, height, _ = _canvas(data, found)
    return Outline(width, height, b"C2PA" in found)


def _canvas(data: bytes, found: dict[bytes, tuple[int, int]]) -> tuple[int, int, bool]:
    """Width, height, and whether there is transparency.

    Raises:
        ValueError: the chunk that says so is too short or begins wrongly.
    """
    kind = next((kind for kind in (b"VP8X", b"VP8L", b"VP8 ") if kind in found), b"")
    start, end = found.get(kind, (0, 0))
    head = data[start : min(end, start + 10)]
    if kind == b"VP8X" and len(head) == 10:
        return _little(head[4:7]) + 1, _little(head[7:10]) + 1, bool(head[0] & _ALPHA)
    if kind == b"VP8L" and len(head) >= 5 and head[0] == 0x2F:
        bits = _little(head[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    # Bit 0 of a frame says that it needs another one before it.
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a" and not head[0] & 1:
        width, height = _little(head[6:8]) & 0x3FFF, _little(head[8:10]) & 0x3FFF
        if width and height:
            return width, height, False
    raise ValueError("its header makes no sense")


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type of each chunk, and where its data start and end.

    Raises:
        ValueError: the file is cut.
    """
    place, end = 12, _riff_end(data)
    if len(data) < end:
        raise ValueError(CUT)
    while place < end:
        start = place + 8
        length = _little(data[place + 4 : start])
        if end < start + length:
            raise ValueError(CUT)
        yield data[place : place + 4], start, start + length
        place = start + length + length % 2


def _places(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Where the data of a chunk of each type start and end."""
    return {kind: (start, end) for kind, start, end in chunks(data)}


def _riff_end(data: bytes) -> int:
    return 8 + _little(data[4:8])


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def has_exif(data: bytes) -> bool:
    return b"EXIF" in _places(data)


def has_xmp(data: bytes) -> bool:
    return b"XMP " in _places(data)


def with_blocks(data: bytes, *, exif: bytes, xmp: bytes) -> bytes:
    """The file with an EXIF and an XMP chunk behind its pictures, made an extended one for it.

    Args:
        data: a whole WebP.
        exif: the block without the "Exif" prefix of a JPEG; empty for none.
        xmp: the packet; empty for none.
    """
    end = _riff_end(data)
    body = data[12:end] + b"\0" * (end % 2)
    flags = (_EXIF if exif else 0) | (_XMP if xmp else 0)
    if body.startswith(b"VP8X"):
        body = body[:8] + bytes([body[8] | flags]) + body[9:]
    else:
        width, height, transparent = _canvas(data, _places(data))
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        flags |= _ALPHA if transparent else 0
        body = _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + canvas) + body
    added = (_chunk(b"EXIF", exif) if exif else b"") + (_chunk(b"XMP ", xmp) if xmp else b"")
    size = 4 + len(body) + len(added)
    return b"".join([b"RIFF", size.to_bytes(4, "little"), b"WEBP", body, added, data[end:]])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
