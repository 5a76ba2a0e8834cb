"""Pictures of exact sizes as PNG, JPEG or WebP bytes, quick to make and to encode in base64.

A picture is a short head, which names the prompt it was drawn for, and a tail that all pictures
of its size and colours share: the tail is compressed and put into base64 once.
"""

import base64
import hashlib
import io
import random
import re
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

Kind = Literal["png", "jpeg", "webp"]
VARIANTS = 8
# The variant that is none of these.
BLACK = -1
# In the place of megabytes: bands of one colour each.
FLAT = -1.0

_MARK = re.compile(rb"prompt [0-9a-f]{32}(?= picture )")

# Inside Picture the name `bytes` is a property.
_Bytes = bytes

# ISO 19566-5: the box type of a C2PA manifest store.
_C2PA = bytes.fromhex("6332706100110010800000aa00389b71")


@dataclass(frozen=True)
class Picture:
    """An encoded picture; `head` is a multiple of 3 bytes unless the picture was damaged."""

    width: int
    height: int
    mime: str
    head: _Bytes
    tail: _Bytes = b""
    tail64: _Bytes | None = None

    @cached_property
    def bytes(self) -> _Bytes:
        return self.head + self.tail

    @cached_property
    def sha256(self) -> str:
        # Joined, the bytes of every picture in a log would stay in memory.
        digest = hashlib.sha256(self.head)
        digest.update(self.tail)
        return digest.hexdigest()

    @property
    def base64(self) -> list[_Bytes]:
        """In pieces that follow each other."""
        if self.tail64 is None:
            return [base64.b64encode(self.bytes)]
        return [base64.b64encode(self.head), self.tail64]

    def damaged(self, data: _Bytes, *, mime: str | None = None) -> "Picture":
        """The same picture with other bytes, or under another type."""
        return Picture(self.width, self.height, mime or self.mime, data)


def draw(
    width: int,
    height: int,
    *,
    prompt: str,
    number: int = 0,
    kind: Kind = "png",
    megabytes: float = 0.0,
    tiny: bool = False,
    signed: bool = False,
    black: bool = False,
) -> Picture:
    """A picture of exactly `width` x `height`.

    Args:
        prompt: chooses the colours; its hash stands in the file's text chunk or comment.
        number: tells pictures of one prompt apart.
        megabytes: about this much of it is noise that does not compress.
        tiny: without noise and in bands of one colour, so that it takes a few kB at any size.
        signed: carries a C2PA box as real signed pictures do (its signature is a dummy).
        black: black all over, as safety checkers leave a picture.
    """
    digest = hashlib.sha256(f"{number}\n{prompt}".encode()).hexdigest()
    variant = BLACK if black else int(digest[:8], 16) % VARIANTS
    noise = FLAT if tiny else megabytes
    told = f"prompt {hashlib.sha256(prompt.encode()).hexdigest()[:32]} picture {number}"
    if kind == "png":
        tail, tail64 = _png_tail(width, height, variant, noise)
        head = _png_head(width, height, told, signed=signed)
        return Picture(width, height, "image/png", head, tail, tail64)
    if kind == "jpeg":
        tail, tail64 = _jpeg_tail(width, height, variant, noise)
        return Picture(width, height, "image/jpeg", _jpeg_head(told, signed=signed), tail, tail64)
    return Picture(width, height, "image/webp", _pillow(width, height, variant, "WEBP", noise))


def enlarge(data: _Bytes, width: int, height: int, *, kind: Kind = "png") -> Picture:
    """The picture in `data`, resampled to exactly `width` x `height`."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        larger = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    larger.save(out, kind.upper())
    return Picture(width, height, f"image/{kind}", out.getvalue())


def prepare(width: int, height: int, *, megabytes: float) -> None:
    """Make what all pictures of this size share, which would hold up the first answers."""
    for variant in range(VARIANTS):
        _png_tail(width, height, variant, megabytes)


def prompt_mark(prompt: str) -> str:
    """What the text chunk of every picture of `prompt` begins with."""
    return f"prompt {hashlib.sha256(prompt.encode()).hexdigest()[:32]}"


def mark_in(data: bytes) -> str | None:
    """The `prompt_mark` in a file's bytes; None where there is none, as in every WebP."""
    found = _MARK.search(data)
    return found[0].decode() if found else None


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png_head(width: int, height: int, told: str, *, signed: bool) -> bytes:
    head = b"\x89PNG\r\n\x1a\n"
    head += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    if signed:
        head += chunk(b"caBX", jumbf())
    # The text ends in as many spaces as make the head a multiple of 3 bytes, for base64.
    spare = -(len(head) + 12 + len(b"fake\0") + len(told)) % 3
    return head + chunk(b"tEXt", b"fake\0" + told.encode() + b" " * spare)


@lru_cache(maxsize=64)
def _png_tail(width: int, height: int, variant: int, megabytes: float) -> tuple[bytes, bytes]:
    rows = pixels(width, height, variant, megabytes)
    stride = width * 3
    raw = b"".join(
        b"\0" + rows[start : start + stride] for start in range(0, height * stride, stride)
    )
    tail = chunk(b"IDAT", zlib.compress(raw, 9 if megabytes == FLAT else 1)) + chunk(b"IEND", b"")
    return tail, base64.b64encode(tail)


def _jpeg_head(told: str, *, signed: bool) -> bytes:
    head = b"\xff\xd8"
    if signed:
        box = b"JP" + struct.pack(">HI", 1, 1) + jumbf()
        head += b"\xff\xeb" + struct.pack(">H", len(box) + 2) + box
    spare = -(len(head) + 4 + len(told)) % 3
    comment = told.encode() + b" " * spare
    return head + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment


@lru_cache(maxsize=64)
def _jpeg_tail(width: int, height: int, variant: int, megabytes: float) -> tuple[bytes, bytes]:
    tail = _pillow(width, height, variant, "JPEG", megabytes)[2:]
    return tail, base64.b64encode(tail)


@lru_cache(maxsize=64)
def _pillow(width: int, height: int, variant: int, name: str, megabytes: float) -> bytes:
    from PIL import Image

    image = Image.frombytes("RGB", (width, height), pixels(width, height, variant, megabytes))
    out = io.BytesIO()
    image.save(out, name, quality=90)
    return out.getvalue()


def pixels(width: int, height: int, variant: int, megabytes: float = 0.0) -> bytes:
    """RGB rows: a slope of two colours in bands, then noise in the last `megabytes`; or FLAT."""
    if variant == BLACK:
        return bytes(width * height * 3)
    hue = random.Random(variant)
    low = [hue.randrange(0, 128) for _ in range(3)]
    high = [hue.randrange(128, 256) for _ in range(3)]
    bands = []
    for band in range(16):
        row = bytearray()
        for x in range(width):
            along = band / 16 if megabytes == FLAT else (x / width + band / 16) / 2
            row += bytes(int(a + (b - a) * along) for a, b in zip(low, high, strict=True))
        bands.append(bytes(row))
    plain = b"".join(bands[y * 16 // height] for y in range(height))
    noise = hue.randbytes(min(len(plain), int(max(megabytes, 0.0) * 2**20)))
    return plain[: len(plain) - len(noise)] + noise


def jumbf() -> bytes:
    """A C2PA manifest store with nothing in it: one JUMBF superbox with its description."""
    description = _C2PA + b"\x03" + b"c2pa\0"
    inner = struct.pack(">I", 8 + len(description)) + b"jumd" + description
    return struct.pack(">I", 8 + len(inner)) + b"jumb" + inner


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG, WebP or GIF, or None when the bytes are none of these."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if not type_of(data):
        return None
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except (UnidentifiedImageError, OSError):
        return None


def type_of(data: bytes) -> str:
    """The MIME type that the first bytes tell, or ""."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[4:12] in (b"ftypheic", b"ftypheif", b"ftypmif1"):
        return "image/heic"
    return ""
