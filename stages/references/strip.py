"""Pictures without their metadata: bytes go in, the same pixels without place and camera come out.

What says how the pixels look stays: colour profile, gamma, transparency, Adobe's colour transform.
"""

import struct
from collections.abc import Iterator

from imagine.stages.formats import png, webp
from imagine.stages.image import ImageFormat

_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"}
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
# Bits of VP8X that announce EXIF (8) and XMP (4).
_WEBP_ANNOUNCED = 0x08 | 0x04
# JFIF, colour profile, Adobe.
_JPEG_KEPT = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}
_JPEG_COMMENT, _JPEG_SCAN, _JPEG_END = 0xFE, 0xDA, 0xD9


def strip(data: bytes, format: ImageFormat) -> bytes:
    """The picture without EXIF, XMP, comments, previews and whatever follows its end.

    Args:
        data: a whole still picture that a decoder has accepted.
        format: png, jpg or webp.

    Raises:
        ValueError: its structure is broken all the same.
    """
    match format:
        case "png":
            kept = [
                data[start - 8 : end + 4]
                for kind, start, end in png.chunks(data)
                if kind in _PNG_KEPT
            ]
            return png.SIGNATURE + b"".join(kept)
        case "jpg":
            return b"\xff\xd8" + b"".join(_jpeg_segments(data))
        case "webp":
            body = b"".join(_webp_chunks(data))
            return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    raise ValueError(format)


def _webp_chunks(data: bytes) -> Iterator[bytes]:
    for kind, start, end in webp.chunks(data):
        # Chunks start at even places.
        chunk = data[start - 8 : end + end % 2]
        if kind == b"ANMF":
            raise ValueError("animated WebP")
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_ANNOUNCED]) + chunk[9:]
        if kind in _WEBP_KEPT:
            yield chunk


def _jpeg_segments(data: bytes) -> Iterator[bytes]:
    at = 2
    while True:
        at = data.index(b"\xff", at)
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker == _JPEG_END:
            yield b"\xff\xd9"
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2 or at + 2 + length > len(data):
            raise ValueError("JPEG segment beyond its end")
        segment = data[at : at + 2 + length]
        at += len(segment)
        if _is_kept(marker, segment):
            yield segment
        if marker == _JPEG_SCAN:
            end = _scan_end(data, at)
            yield data[at:end]
            at = end


def _is_kept(marker: int, segment: bytes) -> bool:
    if marker == _JPEG_COMMENT:
        return False
    if 0xE0 <= marker <= 0xEF:
        start = _JPEG_KEPT.get(marker)
        return start is not None and segment[4:].startswith(start)
    return True


def _scan_end(data: bytes, at: int) -> int:
    """Where the next marker begins; stuffed zeros and restart markers belong to the scan."""
    while True:
        at = data.index(b"\xff", at)
        following = data[at + 1]
        if following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        elif following == 0xFF:
            at += 1
        else:
            return at
