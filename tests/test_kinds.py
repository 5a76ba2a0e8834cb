"""Kinds of files: every kind by its first bytes, and what looks like one and is none."""

import io

import pytest
from PIL import Image

from imagine.stages.formats.kinds import HEAD, Kind, kind_of


def saved(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, kind)
    return file.getvalue()


def brands(*names: bytes) -> bytes:
    """The start of an ISO media file with a major brand, a version and compatible brands."""
    major, *others = names
    return (
        (16 + 4 * len(others)).to_bytes(4) + b"ftyp" + major + bytes(4) + b"".join(others)
    ) + bytes(40)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        *(
            (saved(name), kind)
            for name, kind in {
                "PNG": "png",
                "JPEG": "jpg",
                "WEBP": "webp",
                "AVIF": "avif",
                "GIF": "gif",
                "BMP": "bmp",
                "TIFF": "tiff",
                "JPEG2000": "jp2",
                "PDF": "pdf",
            }.items()
        ),
        (brands(b"mif1", b"mif1", b"avif"), "avif"),
        (brands(b"avis"), "avif"),
        (brands(b"heic", b"mif1"), "heic"),
        (brands(b"mif1", b"hevc"), "heic"),
        (brands(b"isom", b"mp42"), "mov"),
        (brands(b"qt  "), "mov"),
        (bytes(4) + b"moov" + bytes(40), "mov"),
        (b"\x1a\x45\xdf\xa3" + bytes(40), "matroska"),
        (b"\xff\x0a" + bytes(40), "jxl"),
        (b"", None),
        (b"The wide sea", None),
        (b"BMW is a maker of cars", None),
        (b"RIFF" + bytes(4) + b"WAVE", None),
        (b"\0\0\xff\xffftypavif" + bytes(40), None),
        (b"<html>", None),
    ],
)
def test_the_first_bytes_say_what_a_file_is(data: bytes, kind: Kind | None) -> None:
    assert kind_of(data) == kind
    assert kind_of(data[:HEAD]) == kind
