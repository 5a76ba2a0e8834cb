"""Carried: an open picture file goes in; what goes over from it into another file comes out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, BinaryIO

from imagine.stages.formats import avif, jpeg, png, webp
from imagine.stages.formats.embed import PNG_PARAMETERS, PNG_UPSCALES, PNG_XMP
from imagine.stages.formats.exif import user_comment
from imagine.stages.formats.exif_edit import tells_resolution, without_prefix
from imagine.stages.formats.kinds import PictureKind
from imagine.stages.formats.outline import Outline
from imagine.stages.image import DECODING_ERRORS
from imagine.stages.metadata import MAX_METADATA, parse_a1111
from imagine.stages.upscale.pixels import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

# Chunks that say which colours the numbers are, beside a profile (PNG, third edition, 11.3.2).
_COLORS = (b"cHRM", b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI")
# Those numbers that mean sRGB, or nothing (ITU-T H.273, tables 2 and 3).
_SRGB_PRIMARIES, _SRGB_TRANSFERS = (1, 2), (1, 2, 6, 13)
_SIGNED_PNG, _SIGNED_TIFF = b"caBX", 0xCD41
# ImageMagick puts EXIF and XMP of JPEGs into text.
_RAW_EXIF = ("Raw profile type exif", "Raw profile type APP1")
_RAW_OTHERS = ("Raw profile type xmp", "Raw profile type icc")
# Of a TIFF's own tags those that are of the picture and not of how it is stored: title, camera,
# resolution, program, date, artist, copyright (TIFF 6.0, section 8).
_TIFF_TAGS = (
    0x010D,
    0x010E,
    0x010F,
    0x0110,
    0x011A,
    0x011B,
    0x0128,
    0x0131,
    0x0132,
    0x013B,
    0x8298,
)
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
# Photoshop's resource for IPTC's caption, credit and keywords.
_IPTC = 0x0404

_SIGNED = "The picture is signed (C2PA), and no enlarged picture can keep the signature."
MUCH_TEXT = f"The picture's text takes more than {MAX_METADATA // 2**20} MB and is left out."
_OTHER_PROFILE = "The picture is {} and its colour profile for something else, and left out."
_SIGNED_OUTLINES: dict[PictureKind, Callable[[bytes], Outline]] = {
    "jpg": jpeg.outline_of,
    "webp": webp.outline_of,
    "avif": avif.outline_of,
}


@dataclass(frozen=True, slots=True)
class Carried:
    """What a picture file holds beside its pixels; b"", "" or None for what it has not.

    Attributes:
        icc: the colour profile that the pixels are to be seen through.
        colors: PNG chunks that say the same, types and data.
        exif: the block as TIFF, as it was.
        xmp: the packet, as it was.
        parameters: the A1111 text.
        texts: keywords and texts of a PNG, but for what stands in other fields.
        iptc: the older kind of caption and credit.
        comment: of a JPEG or GIF.
        dpi: pixels per inch, across and down.
    """

    icc: bytes = b""
    colors: tuple[tuple[bytes, bytes], ...] = ()
    exif: bytes = b""
    xmp: bytes = b""
    parameters: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    iptc: bytes = b""
    comment: bytes = b""
    dpi: tuple[float, float] | None = None


def carried_by(
    picture: "Image", file: BinaryIO, kind: PictureKind, *, pixels: Pixels
) -> tuple[Carried, tuple[str, ...]]:
    """What a picture holds beside its pixels, and what is left out, a sentence each.

    Args:
        picture: decoded.
        file: that it was opened from.
        pixels: that were made of it.

    Raises:
        Whatever Pillow raises for a damaged file.
    """
    info: dict[Any, Any] = picture.info
    texts, notes = _texts(file, kind)
    exif = _exif(picture, kind, texts)
    xmp = info.get("xmp") or b""
    if PNG_XMP in texts:
        xmp = texts[PNG_XMP].encode()
    if _is_signed(picture, file, kind):
        notes = (*notes, _SIGNED)
    icc, told = (b"", ()) if pixels.recolored else _profile(info, pixels)
    notes = (*notes, *told)
    colors = [] if pixels.recolored else list(_color_chunks(file, kind))
    if kind == "avif":
        colors, told = _avif_colors(file)
        notes = (*notes, *told)
    spent = {PNG_XMP, PNG_PARAMETERS, PNG_UPSCALES, *_RAW_EXIF, *_RAW_OTHERS}
    carried = Carried(
        icc=icc,
        colors=tuple(colors),
        exif=exif,
        xmp=xmp.encode() if isinstance(xmp, str) else bytes(xmp),
        parameters=texts.get(PNG_PARAMETERS) or _a1111_comment(exif),
        texts=tuple((key, text) for key, text in texts.items() if key not in spent),
        iptc=_iptc(info),
        comment=_comment(info),
        dpi=_resolution(info, exif, kind),
    )
    return carried, notes


def _texts(file: BinaryIO, kind: PictureKind) -> tuple[dict[str, str], tuple[str, ...]]:
    if kind != "png":
        return {}, ()
    try:
        return png.read_texts(file, limit=MAX_METADATA), ()
    except OverflowError:
        return {}, (MUCH_TEXT,)


def _color_chunks(file: BinaryIO, kind: PictureKind) -> Iterator[tuple[bytes, bytes]]:
    if kind == "png":
        file.seek(len(png.SIGNATURE))
        # Each of them once, and none longer than a few numbers.
        yield from dict(png.read_chunks(file, _COLORS, limit=1024)).items()


def _avif_colors(file: BinaryIO) -> tuple[list[tuple[bytes, bytes]], tuple[str, ...]]:
    """The PNG chunk for colours that are no sRGB, and what Pillow left of the bits."""
    file.seek(0)
    data = file.read()
    try:
        bits, named = avif.depth_of(data), avif.colors_of(data)
    except ValueError:
        return [], ()
    notes = (f"The picture has {bits} bits a sample, of which 8 are read.",) if bits > 8 else ()
    if named is None or (named[0] in _SRGB_PRIMARIES and named[1] in _SRGB_TRANSFERS):
        return [], notes
    # RGB of the full range.
    return [(b"cICP", bytes([*named, 0, 1]))], notes


def _exif(picture: "Image", kind: PictureKind, texts: dict[str, str]) -> bytes:
    if kind == "tiff":
        return _tiff_exif(picture)
    found: bytes = picture.info.get("exif") or b""
    raw = next((texts[key] for key in _RAW_EXIF if key in texts), None)
    if not found and raw is not None:
        # An empty line, the name, the length, then hexadecimal digits.
        lines = raw.split("\n")[3:]
        digits = "".join(lines)
        found = bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2})+", digits) else b""
    return without_prefix(found)


def _tiff_exif(picture: "Image") -> bytes:
    """A block of what a TIFF says of the picture; its own directory describes how it is stored."""
    from PIL import Image

    made = Image.Exif()
    try:
        exif = picture.getexif()
        made.update({tag: exif[tag] for tag in _TIFF_TAGS if tag in exif})
        for directory in (_EXIF_IFD, _GPS_IFD):
            values = exif.get_ifd(directory)
            if values:
                made[directory] = dict(values)
        return without_prefix(made.tobytes()) if len(made) else b""
    except (*DECODING_ERRORS, AttributeError):
        return b""


def _a1111_comment(exif: bytes) -> str:
    """The comment, where it is what a picture was drawn from and not a camera's."""
    comment = user_comment(exif) or ""
    return comment if len(parse_a1111(comment)) > 3 else ""


def _profile(info: dict[Any, Any], pixels: Pixels) -> tuple[bytes, tuple[str, ...]]:
    """Where it is for pixels of this kind: one for CMYK may lie beside RGB by mistake."""
    profile: bytes = info.get("icc_profile") or b""
    space, name = (b"GRAY", "grey") if pixels.raster.channels < 3 else (b"RGB ", "RGB")
    if not profile or profile[16:20] == space:
        return profile, ()
    return b"", (_OTHER_PROFILE.format(name),)


def _iptc(info: dict[Any, Any]) -> bytes:
    resources = info.get("photoshop")
    found = resources.get(_IPTC) if isinstance(resources, dict) else None
    return found if isinstance(found, bytes) else b""


def _comment(info: dict[Any, Any]) -> bytes:
    found = info.get("comment") or b""
    # Some end it like a text of C.
    return (found.encode() if isinstance(found, str) else bytes(found)).rstrip(b"\0")


def _resolution(info: dict[Any, Any], exif: bytes, kind: PictureKind) -> tuple[float, float] | None:
    found = info.get("dpi")
    # Pillow says 72 of a JPEG that does not say.
    if kind == "jpg" and info.get("jfif_unit") not in (1, 2) and not tells_resolution(exif):
        return None
    if not isinstance(found, tuple) or len(found) != 2:
        return None
    across, down = (float(value) for value in found)
    # Some write 0 or 1 for "unknown".
    plausible = all(isfinite(value) and 1 < value < 100_000 for value in (across, down))
    return (across, down) if plausible else None


def _is_signed(picture: "Image", file: BinaryIO, kind: PictureKind) -> bool:
    if kind == "png":
        file.seek(len(png.SIGNATURE))
        try:
            return any(png.read_chunks(file, (_SIGNED_PNG,), limit=MAX_METADATA))
        except OverflowError:
            return True
    if kind == "tiff":
        return _SIGNED_TIFF in getattr(picture, "tag_v2", {})
    outline = _SIGNED_OUTLINES.get(kind)
    if outline is None:
        return False
    file.seek(0)
    try:
        return outline(file.read()).signed
    except ValueError:
        # Decoded all the same: it is built oddly.
        return False
