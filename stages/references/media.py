"""Files of pictures and clips: a path goes in, what its first bytes say it is comes out."""

from pathlib import Path
from typing import Literal

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.files import check_regular

PictureKind = Literal["png", "jpg", "webp", "avif", "gif", "bmp", "tiff"]
ClipKind = Literal["mov", "matroska"]
Kind = PictureKind | ClipKind


def kind_of(path: Path) -> Kind:
    """What the file is, by its first bytes; its name says nothing.

    Raises:
        UsageError: it cannot be read, or is nothing that is read here.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    if (kind := _sniffed(head)) is not None:
        return kind
    raise UsageError(f"{quoted_path(path)} {_no_picture(head)}")


def _sniffed(head: bytes) -> Kind | None:
    starts: list[tuple[bytes, Kind]] = [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpg"),
        (b"GIF8", "gif"),
        (b"II*\x00", "tiff"),
        (b"MM\x00*", "tiff"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
    ]
    for start, kind in starts:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "bmp"
    brands = _brands(head)
    if brands & {b"avif", b"avis"}:
        return "avif"
    if (brands and not _is_heic(brands)) or head[4:8] in (b"moov", b"mdat", b"wide"):
        return "mov"
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands of an ISO media file, which say what it holds."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}


def _is_heic(brands: set[bytes]) -> bool:
    return bool(brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def _no_picture(head: bytes) -> str:
    """What to say of a file that is nothing readable: the rest of a sentence."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "is empty; give a picture."
    if _is_heic(_brands(head)):
        return "is HEIC, which is not read here; save it as JPEG or PNG first."
    if start.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in start:
        return "is SVG, a drawing without pixels; export it as PNG first."
    if head.startswith(b"%PDF"):
        return "is PDF; export the page as PNG first."
    return (
        "is no picture that is read here (PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF, or a clip); "
        "check the path."
    )
