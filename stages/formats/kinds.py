"""Kinds of files: the first bytes go in, what they say the file is comes out."""

from typing import Literal

PictureKind = Literal["png", "jpg", "webp", "avif", "gif", "bmp", "tiff"]
# Containers as ffmpeg calls them: "mov" is MP4 as well, "matroska" WebM.
ClipKind = Literal["mov", "matroska"]
OtherKind = Literal["heic", "jxl", "jp2", "pdf"]
Kind = PictureKind | ClipKind | OtherKind

# As many bytes as tell every kind.
HEAD = 1024
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"\0\0\0\x0cJXL ", "jxl"),
    (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cjP  ", "jp2"),
    (b"%PDF", "pdf"),
)
_HEIC = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)


def kind_of(head: bytes) -> Kind | None:
    """What a file is; None for what is none of Kind.

    Args:
        head: its first HEAD bytes, or all of it.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    # A text may begin with BM; what is reserved is zero.
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "bmp"
    return _iso_kind(head)


def _iso_kind(head: bytes) -> Kind | None:
    """The kind of an ISO media file, by its brands (ISO 14496-12, 4.3), and of old QuickTime."""
    # A text may begin with "The wide"; what stands there is a length of less than 500 MB.
    if head[4:8] in (b"moov", b"mdat", b"wide") and head[0] < ord(" "):
        return "mov"
    length = int.from_bytes(head[:4])
    if head[4:8] != b"ftyp" or not 16 <= length <= HEAD:
        return None
    # The second word is a version.
    words = [head[place : place + 4] for place in range(8, min(length, len(head)), 4)]
    brands = {*words[:1], *words[2:]}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heic" if brands & _HEIC else "mov"
