"""JPEG: a file gives its outline, and takes EXIF and XMP, all without decoding.

A file is a row of segments: a marker of two bytes, a length and data; a scan is followed by coded
pixels (ITU-T T.81, annex B).
"""

import re
from collections.abc import Iterator

from imagine.stages.formats.outline import CUT, Outline

EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
_START_OF_SCAN, _END = 0xDA, 0xD9
_APP0, _APP1, _APP11 = 0xE0, 0xE1, 0xEB
# Frame headers are C0 to CF but for tables (C4, CC) and what is reserved (C8).
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Any number of FF may stand before a marker.
_MARKER = re.compile(rb"\xff+[\xc0-\xfe]")
# Among coded pixels, FF stands before 0, a restart marker, or itself as filling.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def outline_of(data: bytes) -> Outline:
    """What a whole JPEG says of itself.

    What follows the end of the picture is not looked at: cameras and phones keep more there.

    Raises:
        ValueError: the file is cut or damaged; the message says how.
    """
    size, scanned, signed = None, False, False
    for marker, start, end in segments(data):
        if marker in _FRAMES:
            height, width = _number(data, start + 1), _number(data, start + 3)
            size = width, height
        scanned = scanned or marker == _START_OF_SCAN
        signed = signed or (marker == _APP11 and _is_manifest(data[start:end]))
    if size is None or not all(size):
        raise ValueError("its header makes no sense")
    if not scanned:
        raise ValueError("its picture data are missing")
    return Outline(*size, signed)


def _is_manifest(segment: bytes) -> bool:
    """Whether it begins a JUMBF box of C2PA: boxes in APP11 (ISO 19566-5), its type UUID "c2pa"."""
    return segment.startswith(b"JP") and b"jumb" in segment[:32] and b"c2pa" in segment[:64]


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker of each segment, and where its data start and end, up to the end of the picture.

    Raises:
        ValueError: the file is cut, or something else stands where a marker belongs.
    """
    place = 2
    while True:
        found = _MARKER.match(data, place)
        if found is None:
            # A cut may go through a marker.
            cut = not data[place:].strip(b"\xff")
            raise ValueError(CUT if cut else "its segments are out of order")
        marker, place = found[0][-1], found.end()
        if marker == _END:
            return
        start, end = place + 2, place + _number(data, place)
        if len(data) < end or end < start:
            raise ValueError(CUT)
        yield marker, start, end
        place = end
        if marker == _START_OF_SCAN:
            following = _NEXT_MARKER.search(data, end)
            if following is None:
                raise ValueError(CUT)
            place = following.start()


def _number(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 2])


def has_exif(data: bytes) -> bool:
    return any(found.startswith(EXIF) for found in _app1(data))


def has_xmp(data: bytes) -> bool:
    return any(found.startswith(XMP) for found in _app1(data))


def _app1(data: bytes) -> list[bytes]:
    return [data[start:end] for marker, start, end in segments(data) if marker == _APP1]


def with_blocks(data: bytes, *, exif: bytes, xmp: bytes) -> bytes:
    """The file with an EXIF and an XMP segment behind its start, its APP0 and its EXIF segments.

    Readers look for EXIF right there (JEITA CP-3451, 4.7.1).

    Args:
        data: a whole JPEG.
        exif: the block with its "Exif" prefix, up to 65,533 bytes; empty for none.
        xmp: the packet, up to 65,504 bytes; empty for none.
    """
    place = 2
    for marker, start, end in segments(data):
        if marker != _APP0 and not (marker == _APP1 and data.startswith(EXIF, start)):
            break
        place = end
    contents = [exif] if exif else []
    contents += [XMP + xmp] if xmp else []
    added = [b"\xff\xe1" + (len(content) + 2).to_bytes(2) + content for content in contents]
    return b"".join([data[:place], *added, data[place:]])


def iptc_segment(iptc: bytes) -> bytes:
    """A segment of Photoshop's that holds nothing but IPTC (Adobe Photoshop File Formats).

    Args:
        iptc: data sets of IIM, up to 65,400 bytes.
    """
    resource = b"8BIM" + (0x0404).to_bytes(2) + b"\0\0" + len(iptc).to_bytes(4) + iptc
    content = b"Photoshop 3.0\0" + resource + b"\0" * (len(iptc) % 2)
    return b"\xff\xed" + (len(content) + 2).to_bytes(2) + content
