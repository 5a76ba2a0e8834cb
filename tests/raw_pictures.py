"""PNG and TIFF files made by hand, of kinds that Pillow reads and does not write."""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pictures import chunk

_COLORS = {1: 0, 2: 4, 3: 2, 4: 6}


def raw_png(samples: NDArray[Any], *extra: bytes, bits: int | None = None) -> bytes:
    """A PNG of (rows, columns, channels) samples; `bits` packs grey of less than 8.

    Args:
        extra: chunks between header and pixels.
    """
    height, width, channels = samples.shape
    if bits is None:
        bits = samples.itemsize * 8
        rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(height, -1)
        lines = [bytes([0]) + row.tobytes() for row in rows]
    else:
        lines = [
            bytes([0]) + _packed([int(value) for value in row], bits) for row in samples[..., 0]
        ]
    header = struct.pack(">IIBBBBB", width, height, bits, _COLORS[channels], 0, 0, 0)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(b"".join(lines)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def _packed(row: list[int], bits: int) -> bytes:
    text = "".join(f"{value:0{bits}b}" for value in row)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[place : place + 8], 2) for place in range(0, len(text), 8))


def raw_tiff(
    samples: NDArray[np.uint16], *, order: str = "<", packed: bool = False, planar: bool = False
) -> bytes:
    """A TIFF of one strip of 16-bit samples, (rows, columns, channels)."""
    height, width, channels = samples.shape
    ordered = samples.transpose(2, 0, 1) if planar else samples
    data = ordered.astype(np.dtype("u2").newbyteorder(order)).tobytes()  # type: ignore[call-overload]
    data = zlib.compress(data) if packed else data
    values: dict[int, list[int]] = {
        256: [width],
        257: [height],
        258: [16] * channels,
        259: [8 if packed else 1],
        262: [2 if channels > 2 else 1],
        273: [0],
        277: [channels],
        278: [height],
        279: [len(data)],
        284: [2 if planar else 1],
    }
    if channels == 4:
        values[338] = [2]
    start = 8 + 2 + 12 * len(values) + 4
    directory, beyond = b"", b""
    values[273] = [start + (2 * channels if channels > 2 else 0)]
    for tag, numbers in values.items():
        content = struct.pack(f"{order}{len(numbers)}I", *numbers)
        kind = 4
        if tag == 258:
            kind, content = 3, struct.pack(f"{order}{len(numbers)}H", *numbers)
        if len(content) > 4:
            beyond, content = beyond + content, struct.pack(f"{order}I", start + len(beyond))
        directory += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + content.ljust(4, b"\0")
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    count = struct.pack(f"{order}H", len(values))
    return header + count + directory + struct.pack(f"{order}I", 0) + beyond + data


def black_only_profile() -> bytes:
    """An ICC profile for CMYK in which black ink alone is seen (ICC.1:2001-04, 6.5.7, lut8)."""
    table = bytes(range(256))
    corners = [number & 1 for number in range(16)]  # of ink; black changes fastest
    lightness = b"".join(bytes([0 if black else 255, 128, 128]) for black in corners)
    matrix = struct.pack(">9i", *(65536 if place in (0, 4, 8) else 0 for place in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + table * 4 + lightness + table * 3
    words = b"desc" + bytes(4) + struct.pack(">I", 2) + b"k\0" + bytes(78)
    tags = {
        b"desc": words,
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061),
        b"A2B0": lut,
    }
    start = 128 + 4 + 12 * len(tags)
    index, content = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        index += name + struct.pack(">II", start + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    header = struct.pack(">I", start + len(content)) + bytes(4) + b"\x02\x10\0\0prtrCMYKLab "
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return header + index + content
