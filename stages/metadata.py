"""Metadata: a picture file, its sidecar or a recipe file gives the Recipe that made it.

A foreign picture without a recipe gives what its A1111 parameters say. Pixels are not decoded,
and no more than 8 MB of metadata is read, so a hostile file costs little.
"""

import json
import os
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imagine.stages.document import decode
from imagine.stages.errors import NoRecipeError, SpecError, quoted_path, unreadable
from imagine.stages.files import check_regular, read_text
from imagine.stages.formats import png
from imagine.stages.formats.embed import PNG_PARAMETERS, PNG_RECIPE
from imagine.stages.formats.exif import user_comment
from imagine.stages.formats.xmp import own_properties, recipe_in
from imagine.stages.recipe import Recipe, parse_recipe

MAX_METADATA = 8 * 2**20
# A line of settings that is longer holds something else.
MAX_SETTINGS = 2**16
# A key stands at the start or behind a comma, and is short: so every character is tried once.
_SETTING = re.compile(r'(?:^|,)\s*(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])+"(?=\s*(?:,|$))|[^,]*)')


def sidecar_of(path: Path) -> Path:
    """Where the sidecar of a picture lies: `fox.png.json` beside `fox.png`."""
    return path.with_name(path.name + ".json")


def is_file(path: Path) -> bool:
    """Whether a file lies there; under a name that is too long, as a sidecar's may be, none does.

    Path.is_file raises an error for such a name.
    """
    return os.path.isfile(path)  # noqa: PTH113


def read_recipe(path: Path) -> Recipe:
    """The recipe that a picture carries, else the one of its sidecar; or that of a recipe file.

    Args:
        path: a PNG, JPEG, WebP or AVIF file, or a recipe as JSON.

    Raises:
        NoRecipeError: it is a picture, and neither it nor a sidecar holds a recipe.
        SpecError: there is no such file, it is no regular file, it is neither a picture nor a
            recipe, it is damaged, or its recipe is broken or of a newer version.
    """
    start = _start_of(path)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _read_recipe_file(path)
    recipe = embedded_recipe(path) or sidecar_recipe(path)
    if recipe is None:
        raise NoRecipeError(
            f"{quoted_path(path)} carries no recipe and {quoted_path(sidecar_of(path).name)} is "
            "not beside it; name a picture that imagine saved with its metadata."
        )
    return recipe


def embedded_recipe(path: Path) -> Recipe | None:
    """The recipe inside a PNG, JPEG, WebP or AVIF file; None where it carries none.

    Raises:
        SpecError: as `read_recipe`.
    """
    text = _recipe_text(path, _start_of(path))
    if text is None:
        return None
    return parse_recipe(text, origin=f"The recipe in {quoted_path(path)}")


def embedded_text(path: Path, *, chunk: str, property: str) -> str | None:
    """Words of this program in a picture: of a PNG's text chunk, or of a property in XMP.

    Raises:
        SpecError: there is no such file, it is no picture, or it is damaged.
    """
    start = _start_of(path)
    with _errors_name(path):
        if start.startswith(png.SIGNATURE):
            return _png_texts(path).get(chunk)
        return own_properties(_open_blocks(path)[1]).get(property)


def sidecar_recipe(path: Path) -> Recipe | None:
    """The recipe that lies beside a picture; None where no sidecar is.

    The record of what enlarged another program's picture (imagine.stages.upscale.record), which
    lies there too, is no recipe.

    Raises:
        SpecError: it is broken, or the file beside it is neither.
    """
    sidecar = sidecar_of(path)
    if not is_file(sidecar):
        return None
    text = read_text(sidecar, limit=MAX_METADATA)
    document = decode(text, "json", origin=quoted_path(sidecar))
    if isinstance(document, dict) and "upscales" in document and "spec" not in document:
        return None
    return parse_recipe(text, origin=quoted_path(sidecar))


def read_parameters(path: Path) -> dict[str, str]:
    """What a picture's A1111 parameters say: `prompt`, `negative_prompt` and settings by name.

    Empty when the picture carries none.

    Raises:
        SpecError: there is no such file, it is no picture, or it is damaged.
    """
    start = _start_of(path)
    with _errors_name(path):
        if start.startswith(png.SIGNATURE):
            text = _png_texts(path).get(PNG_PARAMETERS)
        else:
            text = user_comment(_open_blocks(path)[0])
    return {} if text is None else parse_a1111(text)


def parse_a1111(text: str) -> dict[str, str]:
    """Split an A1111 parameters text: `prompt`, `negative_prompt`, and the settings by name.

    As AUTOMATIC1111 reads it: the last line holds the settings when it has at least three. Takes
    time in proportion to the text.
    """
    *lines, last = text.strip().split("\n")
    found = _SETTING.findall(last) if len(last) <= MAX_SETTINGS else []
    settings = {key.strip(): _unquoted(value.strip()) for key, value in found}
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
        SpecError: it cannot be opened, or is no regular file.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise SpecError(unreadable(path, error)) from error


def _read_recipe_file(path: Path) -> Recipe:
    return parse_recipe(read_text(path, limit=MAX_METADATA), origin=quoted_path(path))


def _recipe_text(path: Path, start: bytes) -> str | None:
    with _errors_name(path):
        if start.startswith(png.SIGNATURE):
            return _png_texts(path).get(PNG_RECIPE)
        return recipe_in(_open_blocks(path)[1], limit=MAX_METADATA)


def _png_texts(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return png.read_texts(file, limit=MAX_METADATA)


def _open_blocks(path: Path) -> tuple[bytes, bytes]:
    """The EXIF and the XMP block of a JPEG, WebP or AVIF, empty where it has none.

    Pillow finds them without decoding a pixel.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns of huge pictures and of damaged EXIF; neither matters here.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("JPEG", "WEBP", "AVIF")) as picture:
                exif, xmp = picture.info.get("exif", b""), picture.info.get("xmp", b"")
    except UnidentifiedImageError as error:
        raise SpecError(
            f"{quoted_path(path)} is neither a picture (PNG, JPEG, WebP, AVIF) nor a recipe, or it "
            "is damaged; name a file that imagine saved."
        ) from error
    except Image.DecompressionBombError as error:
        raise SpecError(
            f"{quoted_path(path)} has too many pixels to be opened; use a smaller picture."
        ) from error
    # Pillow's AVIF reader raises RuntimeError.
    except (OSError, ValueError, SyntaxError, RuntimeError, struct.error) as error:
        raise ValueError("its headers cannot be read") from error
    if len(exif) + len(xmp) > MAX_METADATA:
        raise OverflowError
    return exif, xmp


@contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Turn what the readers of formats raise into errors that name the file."""
    try:
        yield
    except OverflowError as error:
        raise _too_large(path) from error
    except ValueError as error:
        raise SpecError(
            f"{quoted_path(path)} is damaged: {error}; use the original file."
        ) from error


def _too_large(path: Path) -> SpecError:
    return SpecError(
        f"{quoted_path(path)} holds more than {MAX_METADATA // 2**20} MB of metadata; "
        "no picture of imagine does, use the original file."
    )
