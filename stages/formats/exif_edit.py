"""EXIF editing: a block goes in; the same one with other sizes, orientation or comment comes out.

Bytes are changed where they stand: what a camera's maker wrote in its own way (MakerNote) points
at places in the block, and is lost by whoever writes the block anew. Directories are those of
TIFF 6.0, section 2: a count, entries of 12 bytes, and where the next directory lies.
"""

import struct
from dataclasses import dataclass

from imagine.stages.formats.exif import utf16_of

PREFIX = b"Exif\0\0"
_SHORT, _LONG, _RATIONAL, _UNDEFINED = 3, 4, 5, 7
_INCH = 2
# A block without entries.
_EMPTY = b"MM\0*\0\0\0\x08" + bytes(6)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_WIDTH, _HEIGHT, _ORIENTATION, _EXIF_IFD = 0x0100, 0x0101, 0x0112, 0x8769
_RESOLUTION, _RESOLUTION_DOWN, _RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_USER_COMMENT, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0x9286, 0xA002, 0xA003
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202


def without_prefix(block: bytes) -> bytes:
    """The block as TIFF; some programs write "Exif" before it twice."""
    while block.startswith(PREFIX):
        block = block[len(PREFIX) :]
    return block


def tells_resolution(block: bytes) -> bool:
    """Whether a block, without the "Exif" prefix, says how many pixels make an inch."""
    tiff = _of(block)
    try:
        return tiff.find(tiff.number(4, 4), _RESOLUTION) is not None
    except struct.error:
        return False


def with_resolution(block: bytes, across: float, down: float) -> bytes:
    """The block with a resolution; its main directory moves to the end, where it has room to grow.

    Args:
        block: TIFF, without the "Exif" prefix and a resolution; b"" for none.
        across, down: pixels per inch, below 100,000.

    Raises:
        ValueError: the block is damaged.
    """
    tiff = _of(block or _EMPTY)
    try:
        tiff.add_resolution(across, down)
    except struct.error as error:
        raise ValueError("it ends in the middle") from error
    return bytes(tiff.data)


def edited(
    block: bytes, *, width: int, height: int, comment: str | None = None, upright: bool = True
) -> bytes:
    """The block of the same picture in another size, with its pixels turned upright.

    The thumbnail, which shows the picture as it was, goes.

    Args:
        block: TIFF, without the "Exif" prefix.
        width, height: pixels.
        comment: what UserComment becomes; None leaves it as it is.
        upright: whether Orientation stays, as 1, where there is one; else it goes.

    Raises:
        ValueError: the block is damaged.
    """
    tiff = _of(block)
    if not tiff.order:
        raise ValueError("it is no TIFF")
    try:
        _edit(tiff, width, height, comment, upright)
    except (struct.error, IndexError) as error:
        raise ValueError("it ends in the middle") from error
    return bytes(tiff.data)


def _of(block: bytes) -> "_Tiff":
    return _Tiff(bytearray(block), {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4], ""))


def _edit(tiff: "_Tiff", width: int, height: int, comment: str | None, upright: bool) -> None:
    main = tiff.number(4, 4)
    tiff.drop_thumbnail(main)
    # That of the main directory, if any, is of the picture itself.
    tiff.put(main, _WIDTH, width)
    tiff.put(main, _HEIGHT, height)
    if upright:
        tiff.put(main, _ORIENTATION, 1)
    else:
        tiff.remove(main, _ORIENTATION)
    entry = tiff.find(main, _EXIF_IFD)
    if entry is None:
        return
    inner = tiff.number(entry + 8, 4)
    tiff.put(inner, _PIXEL_WIDTH, width)
    tiff.put(inner, _PIXEL_HEIGHT, height)
    if comment is not None:
        order = utf16_of(tiff.value(inner, _USER_COMMENT)[8:])
        tiff.replace(inner, _USER_COMMENT, b"UNICODE\0" + comment.encode(order))


@dataclass(slots=True)
class _Tiff:
    """A block that is being changed; `order` is struct's sign for its order of bytes."""

    data: bytearray
    order: str

    def number(self, place: int, size: int) -> int:
        found: int = struct.unpack_from(self.order + ("H" if size == 2 else "I"), self.data, place)[
            0
        ]
        return found

    def _write(self, place: int, kind: str, value: int) -> None:
        struct.pack_into(self.order + kind, self.data, place, value)

    def entries(self, directory: int) -> range:
        """Where the entries of a directory stand."""
        count = self.number(directory, 2)
        return range(directory + 2, directory + 2 + 12 * count, 12)

    def find(self, directory: int, tag: int) -> int | None:
        return next((at for at in self.entries(directory) if self.number(at, 2) == tag), None)

    def value(self, directory: int, tag: int) -> bytes:
        """The bytes of a value that does not stand in its entry; b"" where there is none."""
        at = self.find(directory, tag)
        if at is None:
            return b""
        start, length = self.number(at + 8, 4), self._length(at)
        return bytes(self.data[start : start + length])

    def _length(self, entry: int) -> int:
        return self.number(entry + 4, 4) * _SIZES.get(self.number(entry + 2, 2), 1)

    def put(self, directory: int, tag: int, value: int) -> None:
        """Change a number that is there; one of 16 bits becomes one of 32 where it has to."""
        at = self.find(directory, tag)
        if at is None:
            return
        short = value < 2**16 and self.number(at + 2, 2) == _SHORT
        self._write(at + 2, "H", _SHORT if short else _LONG)
        self._write(at + 4, "I", 1)
        self._write(at + 8, "I", 0)
        self._write(at + 8, "H" if short else "I", value)

    def remove(self, directory: int, tag: int) -> None:
        """Take an entry out; those behind it move up, and so does what follows the directory."""
        at = self.find(directory, tag)
        if at is None:
            return
        end = self.entries(directory).stop
        self.data[at : end + 4] = self.data[at + 12 : end + 4] + bytes(12)
        self._write(directory, "H", (end - directory - 2) // 12 - 1)

    def replace(self, directory: int, tag: int, value: bytes) -> None:
        """Put a value that is there at the end, and zeros where it stood."""
        at = self.find(directory, tag)
        if at is None:
            return
        length = self._length(at)
        if length > 4:
            self._clear(self.number(at + 8, 4), length)
        self.data += bytes(len(self.data) % 2)
        self._write(at + 2, "H", _UNDEFINED)
        self._write(at + 4, "I", len(value))
        self._write(at + 8, "I", len(self.data))
        self.data += value

    def add_resolution(self, across: float, down: float) -> None:
        main = self.number(4, 4)
        old = self.entries(main)
        values = len(self.data) + len(self.data) % 2
        self.data += bytes(len(self.data) % 2)
        for value in (across, down):
            self.data += struct.pack(self.order + "II", round(value * 1000), 1000)
        added = [
            struct.pack(self.order + "HHII", _RESOLUTION, _RATIONAL, 1, values),
            struct.pack(self.order + "HHII", _RESOLUTION_DOWN, _RATIONAL, 1, values + 8),
            struct.pack(self.order + "HHIHH", _RESOLUTION_UNIT, _SHORT, 1, _INCH, 0),
        ]
        entries = [
            bytes(self.data[at : at + 12])
            for at in old
            if self.number(at, 2) not in (_RESOLUTION_DOWN, _RESOLUTION_UNIT)
        ]
        # They stand in the order of their numbers.
        entries = sorted(
            (*entries, *added), key=lambda entry: struct.unpack_from(self.order + "H", entry)
        )
        link = self.number(old.stop, 4)
        self._write(4, "I", len(self.data))
        self.data += struct.pack(self.order + "H", len(entries)) + b"".join(entries)
        self.data += struct.pack(self.order + "I", link)

    def drop_thumbnail(self, main: int) -> None:
        """Take away the second directory and the picture that it names."""
        link = self.entries(main).stop
        # Some programs end the block where the last directory would say that none follows.
        missing = link + 4 - len(self.data)
        if 0 < missing <= 4:
            self.data += bytes(missing)
        second = self.number(link, 4)
        if not second:
            return
        self._write(link, "I", 0)
        place, length = (self.find(second, tag) for tag in (_THUMBNAIL, _THUMBNAIL_LENGTH))
        if place is None or length is None:
            return
        start, size = self.number(place + 8, 4), self.number(length + 8, 4)
        if start + size >= len(self.data) - 1 and start > second:
            del self.data[start:]
        else:
            self._clear(start, size)

    def _clear(self, start: int, length: int) -> None:
        end = min(start + length, len(self.data))
        # A block that says its comment lies in its header is damaged: nothing is cleared.
        if 8 <= start < end:
            self.data[start:end] = bytes(end - start)
