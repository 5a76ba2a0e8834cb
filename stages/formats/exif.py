"""EXIF: text becomes a block with a UserComment that every reader understands, and back."""

import struct
import warnings
from typing import Literal

_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_SOFTWARE, _EXIF_IFD, _EXIF_VERSION, _USER_COMMENT = 0x0131, 0x8769, 0x9000, 0x9286


def exif_block(comment: str, *, program: str) -> bytes:
    """An EXIF block with `comment` as UserComment and `program` as Software.

    Built by hand, big-endian with two directories: Pillow would store the comment as type BYTE,
    which piexif, exiv2 and A1111 do not read; EXIF 2.32 asks for UNDEFINED. The characters are
    UTF-16 after the prefix "UNICODE".
    """
    software = program.encode("ascii", "replace") + b"\0"
    user_comment = b"UNICODE\0" + comment.encode("utf-16-be")
    # The TIFF header takes 8 bytes, a directory of two entries 2 + 2 * 12 + 4.
    software_at = 8 + 30
    exif_ifd_at = software_at + len(software) + len(software) % 2
    comment_at = exif_ifd_at + 30
    return b"".join(
        [
            b"Exif\0\0MM",
            struct.pack(">HI", 42, 8),
            struct.pack(">H", 2),
            _ifd_entry(_SOFTWARE, _ASCII, software, at=software_at),
            struct.pack(">HHII", _EXIF_IFD, _LONG, 1, exif_ifd_at),
            struct.pack(">I", 0),
            software + b"\0" * (len(software) % 2),
            struct.pack(">H", 2),
            _ifd_entry(_EXIF_VERSION, _UNDEFINED, b"0232", at=0),
            _ifd_entry(_USER_COMMENT, _UNDEFINED, user_comment, at=comment_at),
            struct.pack(">I", 0),
            user_comment,
        ]
    )


def _ifd_entry(tag: int, kind: int, value: bytes, *, at: int) -> bytes:
    inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(">I", at)
    return struct.pack(">HHI", tag, kind, len(value)) + inline


def user_comment(exif: bytes) -> str | None:
    """The UserComment of an EXIF block, of either of its encodings; None where there is none."""
    from PIL import Image

    directory = Image.Exif()
    try:
        with warnings.catch_warnings():
            # Pillow warns of damaged directories; the comment is there or is not.
            warnings.simplefilter("ignore")
            directory.load(exif)
            comment = directory.get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, struct.error):
        return None
    if not isinstance(comment, bytes) or len(comment) <= 8:
        return None
    prefix, text = comment[:8], comment[8:]
    if prefix == b"UNICODE\0":
        return text.decode(utf16_of(text), "replace")
    return text.decode("utf-8", "replace") if prefix == b"ASCII\0\0\0" else None


def utf16_of(text: bytes) -> Literal["utf-16-be", "utf-16-le"]:
    """Which way round a comment in UTF-16 is: ExifTool goes by the block, A1111 does not.

    Every text has more characters with a small high byte, spaces for one, than with a small low
    byte.
    """
    little = text[1::2].count(0) > text[0::2].count(0)
    return "utf-16-le" if little else "utf-16-be"
