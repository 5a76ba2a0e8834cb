"""AVIF: a file gives its outline without being decoded.

A file is a row of boxes, each a length, a type and data, some with boxes inside (ISO 14496-12,
4.2; AV1 Image File Format, section 4).
"""

from collections.abc import Iterator

from imagine.stages.formats.outline import CUT, Outline

# The type of C2PA's box (C2PA Technical Specification, A.5).
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
# From the file to the boxes that say what its pictures are like: size, bits, colours.
_WAY = (b"meta", b"iprp", b"ipco")


def outline_of(data: bytes) -> Outline:
    """What a whole AVIF says of itself, be it still or animated.

    Raises:
        ValueError: the file is cut or damaged; the message says how.
    """
    signed = filled = False
    for kind, start, end in boxes(data, 0, len(data)):
        signed = signed or (kind == b"uuid" and data[start : start + 16] == _C2PA)
        filled = filled or (kind == b"mdat" and start < end)
    if not filled:
        raise ValueError("its picture data are missing")
    # Thumbnails and the tiles of a grid have smaller sizes than the picture.
    sizes = [
        (_number(data, inside + 4), _number(data, inside + 8)) for inside, _ in _all(data, b"ispe")
    ]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    if not (width and height):
        raise ValueError("its header makes no sense")
    return Outline(width, height, signed)


def depth_of(data: bytes) -> int:
    """Bits of a sample; 8 where it does not say (ISO 23008-12, 6.5.6).

    Raises:
        ValueError: as `outline_of`.
    """
    found = [max(data[inside + 5 : end], default=8) for inside, end in _all(data, b"pixi")]
    return max(found, default=8)


def colors_of(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer of its colours by number (ITU-T H.273); None where it names none.

    Raises:
        ValueError: as `outline_of`.
    """
    for inside, end in _all(data, b"colr"):
        if data[inside : inside + 4] == b"nclx" and inside + 8 <= end:
            return data[inside + 5], data[inside + 7]
    return None


def _all(data: bytes, kind: bytes) -> list[tuple[int, int]]:
    return list(_found(data, kind, 0, len(data)))


def _found(
    data: bytes, wanted: bytes, start: int, end: int, depth: int = 0
) -> Iterator[tuple[int, int]]:
    """Where the data of each box of a type start and end, of those that stand _WAY deep."""
    for kind, inside, stop in boxes(data, start, end):
        if depth == len(_WAY):
            if kind == wanted:
                yield inside, stop
        elif kind == _WAY[depth]:
            # "meta" begins with version and flags.
            yield from _found(data, wanted, inside + 4 * (kind == b"meta"), stop, depth + 1)


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type of each box from `start` to `end`, and where its data start and end.

    Raises:
        ValueError: a box ends behind `end`: the file is cut.
    """
    while start < end:
        length, inside = _number(data, start), start + 8
        kind = data[start + 4 : inside]
        if length == 1:
            length, inside = int.from_bytes(data[inside : inside + 8]), inside + 8
        elif length == 0:
            length = end - start
        stop = start + length
        if not inside <= stop <= end:
            raise ValueError(CUT)
        yield kind, inside, stop
        start = stop


def _number(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4])
