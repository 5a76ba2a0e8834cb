"""Files of pictures and clips: a path goes in, what its first bytes say it is comes out."""

from pathlib import Path

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.files import check_regular
from imagine.stages.formats import kinds
from imagine.stages.formats.kinds import HEAD, ClipKind, Kind, PictureKind


def picture_kind_of(path: Path) -> PictureKind:
    """As `kind_of`, where a clip will not do.

    Raises:
        UsageError: it cannot be read, or is no picture that is read here.
    """
    kind = kind_of(path, clips=False)
    match kind:
        case "mov" | "matroska":
            raise UsageError(f"{quoted_path(path)} is a video; save a frame of it as PNG first.")
    return kind


def kind_of(path: Path, *, clips: bool = True) -> PictureKind | ClipKind:
    """What the file is, by its first bytes; its name says nothing.

    Args:
        path: of the file.
        clips: whether messages offer them.

    Raises:
        UsageError: it cannot be read, or is nothing that is read here.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    kind = kinds.kind_of(head)
    match kind:
        case None | "heic" | "jxl" | "jp2" | "pdf":
            raise UsageError(f"{quoted_path(path)} {_no_picture(head, kind, clips)}")
    return kind


def _no_picture(head: bytes, kind: Kind | None, clips: bool) -> str:
    """What to say of a file that is nothing readable: the rest of a sentence."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "is empty; give a picture."
    if kind == "heic":
        return "is HEIC, which is not read here; save it as JPEG or PNG first."
    if start.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in start:
        return "is SVG, a drawing without pixels; export it as PNG first."
    if kind == "pdf":
        return "is PDF; export the page as PNG first."
    known = "PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF" + (", or a clip" if clips else "")
    return f"is no picture that is read here ({known}); check the path."
