"""Received pictures: bytes from a server go in; a ReceivedImage comes out, or why they are none."""

import re
from collections.abc import Callable

from imagine.stages.errors import UnusableAnswerError, shown
from imagine.stages.formats import avif, jpeg, png, webp
from imagine.stages.formats.kinds import HEAD, Kind, kind_of
from imagine.stages.formats.outline import Outline
from imagine.stages.image import ImageFormat, ReceivedImage

# Five times what the largest models draw (4096x4096); of more than 89.4 million Pillow warns.
MAX_PIXELS = 89_000_000
_OUTLINES: dict[ImageFormat, Callable[[bytes], Outline]] = {
    "png": png.outline_of,
    "jpg": jpeg.outline_of,
    "webp": webp.outline_of,
    "avif": avif.outline_of,
}
_TITLES: dict[ImageFormat, str] = {"png": "PNG", "jpg": "JPEG", "webp": "WebP", "avif": "AVIF"}
_OTHERS: dict[Kind, str] = {
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "heic": "HEIC",
    "jxl": "JPEG XL",
    "jp2": "JPEG 2000",
    "pdf": "PDF",
    "mov": "video",
    "matroska": "video",
}
_TAGS = re.compile(r"(?is)<(script|style)\b.*?(</\1\s*>|$)|<[^>]*(>|$)")
# What begins a text is enough to recognise it, and to quote it.
_START = 4096


def read_received(
    data: bytes,
    *,
    redact: Callable[[str], str] = lambda text: text,
    option: str = "--model",
) -> ReceivedImage:
    """Find out what picture `data` is, and that it is whole, without decoding its pixels.

    Args:
        data: what a server sent.
        redact: takes the key out of text that a message quotes; a Connection's.
        option: what chooses who is asked, for messages.

    Raises:
        UnusableAnswerError: it is empty, no picture (web page, text), of a format that is not
            read here, cut off in the middle, damaged, or of absurd dimensions.
    """
    if not data:
        raise UnusableAnswerError(
            "The answer is empty instead of a picture; nothing was saved, try again."
        )
    kind = kind_of(data[:HEAD])
    format = _format_of(kind)
    if format is None:
        raise _no_picture(data, kind, redact, option)
    try:
        outline = _OUTLINES[format](data)
    except ValueError as error:
        raise UnusableAnswerError(
            f"The answer is a damaged {_TITLES[format]} of {len(data):,} bytes: {error}; "
            "nothing was saved, try again."
        ) from error
    if outline.width * outline.height > MAX_PIXELS:
        raise UnusableAnswerError(
            f"The answer is a picture of {outline.width}x{outline.height} pixels, and no more than "
            f"{MAX_PIXELS // 1_000_000} megapixels are taken; ask for a smaller size."
        )
    return ReceivedImage(data, format, outline.width, outline.height, outline.signed)


def _format_of(kind: Kind | None) -> ImageFormat | None:
    match kind:
        case "png" | "jpg" | "webp" | "avif":
            return kind
    return None


def _no_picture(
    data: bytes, kind: Kind | None, redact: Callable[[str], str], option: str
) -> UnusableAnswerError:
    other = _OTHERS.get(kind) if kind is not None else None
    if other is not None:
        return UnusableAnswerError(
            f"The answer is a {other} file, and PNG, JPEG, WebP and AVIF are read; "
            f"choose another {option}."
        )
    text = _text_of(data, redact)
    if not text:
        return UnusableAnswerError(
            f"The answer is no picture: {len(data):,} bytes that begin with {data[:8].hex(' ')}; "
            f"check the base URL and {option}."
        )
    what = "text"
    if re.match(r"(?i)<!doctype html|<html|<head|<body", text):
        what, text = "a web page", _TAGS.sub(" ", text)
    elif re.match(r"<svg|<\?xml[^>]*>\s*<svg", text):
        what = "an SVG drawing"
    elif text.startswith("{"):
        what = "JSON"
    words = shown(" ".join(text.split()))
    return UnusableAnswerError(
        f"The answer is {what} instead of a picture: '{words}'; check the base URL and {option}."
    )


def _text_of(data: bytes, redact: Callable[[str], str]) -> str:
    """The beginning of a text, without what stands before its first word; "" if it is none."""
    text = redact(data[:_START].decode("utf-8-sig", "replace"))
    if len(data) > _START:
        # A key that the cut goes through is not recognised, and stands here.
        text = text[: -_START // 2]
    text = text.strip()
    # What is not UTF-8 may be Latin-1.
    odd = sum((char < " " and char not in "\t\r\n\f") or char == "\ufffd" for char in text)
    return text if odd * 20 <= len(text) else ""
