"""A first look at a picture: a path goes in; its kind, size and recipe come out, undecoded."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError, unreadable
from imagine.stages.files import sha256_of
from imagine.stages.formats.embed import PNG_PARAMETERS
from imagine.stages.formats.kinds import PictureKind
from imagine.stages.formats.png import read_texts
from imagine.stages.metadata import MAX_METADATA
from imagine.stages.recipe import Recipe
from imagine.stages.upscale.auto import Known
from imagine.stages.upscale.source import Opened, opened, recipe_of

if TYPE_CHECKING:
    from PIL.Image import Image

# Where the prompt ends in what AUTOMATIC1111 and its kin write into pictures.
_PROMPT_ENDS = re.compile(r"^(?:Negative prompt:|Steps: \d)", re.MULTILINE)
# Of a JPEG or WebP: the directory of EXIF, its user's comment, and how that names its encoding.
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_ENCODINGS = {b"UNICODE\0": "utf-16-be", b"ASCII\0\0\0": "ascii"}


@dataclass(frozen=True, slots=True)
class Look:
    """What can be known of a picture without decoding it.

    Attributes:
        kind: of the file, by its content.
        size: width and height in pixels, as it is to be seen.
        recipe: what made it; None where there is none that can be read.
        words: the prompt that another program drew it from; "" where none is told.
        colours: how many the palette of a PNG has; None where there is none.
    """

    path: Path
    kind: PictureKind
    size: tuple[int, int]
    recipe: Recipe | None
    words: str = ""
    colours: int | None = None

    @property
    def known(self) -> Known:
        """What tells which upscaler suits it."""
        if self.recipe is not None:
            return Known.of(self.recipe)
        return Known(words=self.words, size=self.size, colours=self.colours)

    def sha256(self) -> str:
        """Of the file as it is now, in hexadecimal.

        Raises:
            UsageError: it cannot be read any more.
        """
        try:
            return sha256_of(self.path)
        except OSError as error:
            raise UsageError(unreadable(self.path, error)) from error


def look_at(path: Path) -> Look:
    """Look at a picture.

    Raises:
        UsageError: as imagine.stages.upscale.source.open_source, but for damage to its pixels.
    """
    with opened(path) as source:
        recipe = recipe_of(path, source.kind)[0]
        return Look(
            path,
            source.kind,
            source.size,
            recipe,
            words="" if recipe is not None else _words(source),
            colours=_colours(source),
        )


def _words(source: Opened) -> str:
    """The positive prompt that AUTOMATIC1111 or one of its kin wrote into a picture."""
    told = _png_parameters(source) if source.kind == "png" else _user_comment(source.picture)
    ends = _PROMPT_ENDS.search(told)
    return told[: ends.start()].strip() if ends is not None else ""


def _png_parameters(source: Opened) -> str:
    source.file.seek(0)
    try:
        return read_texts(source.file, limit=MAX_METADATA).get(PNG_PARAMETERS, "")
    except (ValueError, OverflowError):
        return ""


def _user_comment(picture: "Image") -> str:
    comment = picture.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT, b"")
    if not isinstance(comment, bytes):
        return ""
    return comment[8:].decode(_ENCODINGS.get(comment[:8], "utf-8"), "replace")


def _colours(source: Opened) -> int | None:
    palette = source.picture.palette
    if source.kind != "png" or source.picture.mode != "P" or palette is None:
        return None
    return len(palette.palette) // len(palette.mode)
