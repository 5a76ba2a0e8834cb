"""Metadata: a picture file, its sidecar or a recipe file gives the Recipe that made it.

A foreign picture without a recipe gives what its A1111 parameters say. Pixels are not decoded,
and no more than 8 MB of metadata is read, so a hostile file costs little.
"""

import base64
import binascii
import json
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from imagine.stages.embed import PNG_PARAMETERS, PNG_RECIPE, XMP_NAMESPACE
from imagine.stages.errors import SpecError
from imagine.stages.recipe import Recipe, parse_recipe

MAX_METADATA = 8 * 2**20
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SETTING = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def sidecar_of(path: Path) -> Path:
    """Where the sidecar of a picture lies: `fox.png.json` beside `fox.png`."""
    return path.with_name(path.name + ".json")


def read_recipe(path: Path) -> Recipe:
    """The recipe that a picture carries, else the one of its sidecar; or that of a recipe file.

    Args:
        path: a PNG, JPEG, WebP or AVIF file, or a recipe as JSON.

    Raises:
        SpecError: there is no such file, it is neither a picture nor a recipe, it is damaged,
            or neither it nor a sidecar holds a recipe.
    """
    start = _start_of(path)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _read_recipe_file(path)
    text = _recipe_text(path, start)
    if text is not None:
        return parse_recipe(text, origin=f"The recipe in {path}")
    sidecar = sidecar_of(path)
    if sidecar.is_file():
        return _read_recipe_file(sidecar)
    raise SpecError(
        f"{path} carries no recipe and {sidecar.name} is not beside it; "
        "name a picture that imagine saved with its metadata."
    )


def read_parameters(path: Path) -> dict[str, str]:
    """What a picture's A1111 parameters say: `prompt`, `negative_prompt` and settings by name.

    Empty when the picture carries none.

    Raises:
        SpecError: there is no such file, it is no picture, or it is damaged.
    """
    start = _start_of(path)
    if start.startswith(PNG_SIGNATURE):
        text = _png_texts(path).get(PNG_PARAMETERS)
    else:
        text = _user_comment(_open_blocks(path)[0])
    return {} if text is None else parse_a1111(text)


def parse_a1111(text: str) -> dict[str, str]:
    """Split an A1111 parameters text: `prompt`, `negative_prompt`, and the settings by name.

    As AUTOMATIC1111 reads it: the last line holds the settings when it has at least three.
    """
    *lines, last = text.strip().split("\n")
    settings = {key.strip(): _unquoted(value.strip()) for key, value in _SETTING.findall(last)}
    if len(settings) < 3:
        lines, settings = [*lines, last], {}
    prompt, _, negative = "\n".join(lines).partition("Negative prompt:")
    parts = {"prompt": prompt.strip(), "negative_prompt": negative.strip()}
    return {key: value for key, value in parts.items() if value} | settings


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def _start_of(path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        SpecError: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError(f"{path} cannot be read: {reason}; check the name.") from error


def _read_recipe_file(path: Path) -> Recipe:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_METADATA + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError(f"{path} cannot be read: {reason}; check the name.") from error
    if len(data) > MAX_METADATA:
        raise _too_large(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    return parse_recipe(text, origin=str(path))


def _recipe_text(path: Path, start: bytes) -> str | None:
    if start.startswith(PNG_SIGNATURE):
        return _png_texts(path).get(PNG_RECIPE)
    return _recipe_in_xmp(_open_blocks(path)[1], path)


def _too_large(path: Path) -> SpecError:
    return SpecError(
        f"{path} holds more than {MAX_METADATA // 2**20} MB of metadata; no picture of "
        "imagine does, use the original file."
    )


def _damaged(path: Path, what: str) -> SpecError:
    return SpecError(f"{path} is damaged: {what}; use the original file.")


# PNG: chunks of length, type, data and CRC (ISO/IEC 15948). Pillow would decode the pixels to
# reach text behind them, and stop at its limit on pixels.


def _png_texts(path: Path) -> dict[str, str]:
    """Text chunks by keyword; the first of equal keywords wins."""
    texts: dict[str, str] = {}
    room = MAX_METADATA
    with path.open("rb") as file:
        file.seek(len(PNG_SIGNATURE))
        for kind, data in _png_text_chunks(file, path):
            keyword, text = _png_text(kind, data, path, room)
            room -= len(text) + len(data)
            if room < 0:
                raise _too_large(path)
            texts.setdefault(keyword, text)
    return texts


def _png_text_chunks(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, bytes]]:
    while True:
        header = file.read(8)
        if len(header) < 8:
            raise _damaged(path, "it ends in the middle")
        length, kind = struct.unpack(">I4s", header)
        if kind == b"IEND":
            return
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            file.seek(length + 4, 1)
            continue
        if length > MAX_METADATA:
            raise _too_large(path)
        data, checksum = file.read(length), file.read(4)
        if len(data) + len(checksum) < length + 4:
            raise _damaged(path, "it ends in the middle")
        if zlib.crc32(kind + data) != int.from_bytes(checksum, "big"):
            raise _damaged(path, f"the checksum of a {kind.decode()} chunk does not match")
        yield kind, data


def _png_text(kind: bytes, data: bytes, path: Path, room: int) -> tuple[str, str]:
    keyword, _, rest = data.partition(b"\0")
    encoding = "latin-1"
    compressed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        encoding = "utf-8"
        compressed = rest[:1] == b"\1"
        # Behind the two flags stand the language and the translated keyword.
        rest = rest[2:].split(b"\0", 2)[-1]
    if compressed:
        rest = _inflate(rest, path, room)
    return keyword.decode("latin-1"), rest.decode(encoding, "replace")


def _inflate(data: bytes, path: Path, room: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, room + 1)
    except zlib.error as error:
        raise _damaged(path, "its compressed text cannot be read") from error
    if len(plain) > room:
        raise _too_large(path)
    if not inflater.eof:
        raise _damaged(path, "its compressed text ends in the middle")
    return plain


# JPEG, WebP and AVIF: Pillow finds the EXIF and XMP blocks without decoding a pixel.


def _open_blocks(path: Path) -> tuple[bytes, bytes]:
    """The EXIF and the XMP block of a picture, empty where it has none.

    Raises:
        SpecError: it is no picture of these formats, it is damaged, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with (
            _without_warnings(),
            Image.open(path, formats=("JPEG", "WEBP", "AVIF")) as picture,
        ):
            exif, xmp = picture.info.get("exif", b""), picture.info.get("xmp", b"")
    except UnidentifiedImageError as error:
        raise SpecError(
            f"{path} is neither a picture (PNG, JPEG, WebP, AVIF) nor a recipe, or it is damaged; "
            "name a file that imagine saved."
        ) from error
    except Image.DecompressionBombError as error:
        raise SpecError(
            f"{path} has too many pixels to be opened; use a smaller picture."
        ) from error
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise _damaged(path, "its headers cannot be read") from error
    if len(exif) + len(xmp) > MAX_METADATA:
        raise _too_large(path)
    return exif, xmp


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep Pillow's warnings of damaged and of huge pictures from the user's terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _user_comment(exif: bytes) -> str | None:
    """The text of the EXIF UserComment, whichever of its encodings was used."""
    from PIL import Image

    directory = Image.Exif()
    try:
        with _without_warnings():
            directory.load(exif)
            comment = directory.get_ifd(0x8769).get(0x9286)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, struct.error):
        return None
    if not isinstance(comment, bytes) or len(comment) <= 8:
        return None
    prefix, text = comment[:8], comment[8:]
    if prefix == b"UNICODE\0":
        return text.decode("utf-16-be", "replace")
    return text.decode("utf-8", "replace") if prefix == b"ASCII\0\0\0" else None


def _recipe_in_xmp(packet: bytes, path: Path) -> str | None:
    found = _own_properties(packet)
    if "recipe" in found:
        return found["recipe"]
    if "recipeDeflate" not in found:
        return None
    try:
        packed = base64.b64decode(found["recipeDeflate"])
    except binascii.Error as error:
        raise _damaged(path, "its recipe cannot be read") from error
    return _inflate(packed, path, MAX_METADATA).decode("utf-8", "replace")


def _own_properties(packet: bytes) -> dict[str, str]:
    """Properties of our namespace in an XMP packet, written as elements or as attributes.

    Programs that edit XMP may turn the one into the other. A packet that is no XML, or that
    defines entities, has none.
    """
    found: dict[str, str] = {}
    current: list[str] = []

    def own(name: str) -> str | None:
        return name.removeprefix(XMP_NAMESPACE + " ") if name.startswith(XMP_NAMESPACE) else None

    def start(name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if (short := own(key)) is not None:
                found[short] = value
        current.append(own(name) or "")

    def text(data: str) -> None:
        if current and current[-1]:
            found[current[-1]] = found.get(current[-1], "") + data

    def refuse(*_: object) -> None:
        raise ValueError("a document type in XMP")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: current.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet.rstrip(b"\0"), True)
    except (expat.ExpatError, ValueError):
        return {}
    return found
