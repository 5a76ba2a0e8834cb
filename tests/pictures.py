"""Pictures as a provider may send them: small files of every format, signed ones among them."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

from imagine.stages.image import ImageFormat

PILLOW: dict[ImageFormat, str] = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
# What begins every C2PA manifest store: a JUMBF superbox and its description (ISO 19566-5). What
# follows it in a real one is not looked at.
_DESCRIPTION = bytes.fromhex("6332706100110010800000aa00389b71") + b"\x03c2pa\0"
MANIFEST = (
    struct.pack(">I", 16 + len(_DESCRIPTION))
    + b"jumb"
    + struct.pack(">I", 8 + len(_DESCRIPTION))
    + b"jumd"
    + _DESCRIPTION
)
_AVIF_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def noise(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.merge(mode, [Image.effect_noise(size, 50) for _ in mode])


def picture(format: ImageFormat, mode: str = "RGB", **options: Any) -> bytes:
    """A file of 64x48; `options` are Pillow's."""
    buffer = io.BytesIO()
    noise(mode).save(buffer, PILLOW[format], **options)
    return buffer.getvalue()


def signed_picture(format: ImageFormat) -> bytes:
    """A file with a C2PA manifest where each format has it; the signature itself is missing."""
    data = picture(format)
    if format == "png":
        return data[:33] + chunk(b"caBX", MANIFEST) + data[33:]
    if format == "jpg":
        segment = b"JP" + struct.pack(">HI", 0x211, 1) + MANIFEST
        return data[:20] + b"\xff\xeb" + struct.pack(">H", len(segment) + 2) + segment + data[20:]
    if format == "webp":
        size = len(data) - 8 + 8 + len(MANIFEST) + len(MANIFEST) % 2
        padding = b"\0" * (len(MANIFEST) % 2)
        added = b"C2PA" + struct.pack("<I", len(MANIFEST)) + MANIFEST + padding
        return b"RIFF" + struct.pack("<I", size) + data[8:] + added
    box = _AVIF_BOX + bytes(4) + b"manifest\0" + bytes(8) + MANIFEST
    return data + struct.pack(">I", 8 + len(box)) + b"uuid" + box


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
