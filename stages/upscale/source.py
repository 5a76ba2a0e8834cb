"""Source: a picture file of the user's goes in; its pixels come out upright, with what it carries.

What the file is, its bytes say and not its name. Whatever is no whole, still picture of bearable
size is refused in one sentence.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import SpecError, UsageError, quoted_path, unreadable
from imagine.stages.formats import png
from imagine.stages.formats.kinds import PictureKind
from imagine.stages.formats.png_skip import without_long_texts
from imagine.stages.image import DECODING_ERRORS
from imagine.stages.metadata import embedded_recipe, sidecar_recipe
from imagine.stages.recipe import Recipe, UpscaleRecord
from imagine.stages.references.media import picture_kind_of
from imagine.stages.upscale.carried import MUCH_TEXT, Carried, carried_by
from imagine.stages.upscale.pixels import read_pixels, upright_size
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.record import read_upscales

if TYPE_CHECKING:
    from PIL.Image import Image

# Where Pillow's own limit lies: 700 MB once decoded, or twice that with 16 bits a sample.
MAX_PIXELS = 178_000_000
# As many pixels with four samples of 16 bits take 1.4 GB where nothing is packed.
MAX_FILE = 2**31
TITLES: dict[PictureKind, str] = {
    "png": "PNG",
    "jpg": "JPEG",
    "webp": "WebP",
    "avif": "AVIF",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A picture that was read.

    Attributes:
        path: of the file.
        format: of the file, by its content.
        sha256: of the file, in hexadecimal.
        raster: its pixels, upright; in memory.
        carried: what else is in the file and goes over into others made of it.
        recipe: what made the picture, from the file or its sidecar; None where there is none.
        upscales: what enlarged it before, in order.
        notes: what the user should know, a sentence each.
    """

    path: Path
    format: PictureKind
    sha256: str
    raster: Raster
    carried: Carried
    recipe: Recipe | None = None
    upscales: tuple[UpscaleRecord, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as it is to be seen."""
        return self.raster.size


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture file that is open, its headers read and its pixels not decoded.

    Attributes:
        again: opens it once more.
    """

    kind: PictureKind
    file: BufferedReader
    picture: "Image"
    again: "Callable[[], Image]"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as it is to be seen."""
        return upright_size(self.picture)


def open_source(path: Path) -> Source:
    """Read a picture: PNG, JPEG, WebP, AVIF, BMP, TIFF or a still GIF.

    Raises:
        UsageError: it is not there, is no regular file, is no picture that is read here, moves,
            is damaged or cut off, or is too large.
    """
    with opened(path) as source:
        pixels = read_pixels(source.picture, source.again)
        if source.kind == "png" and _may_lack_rows(source.picture):
            png.check_complete(source.file)
        source.file.seek(0)
        digest = file_digest(source.file, "sha256").hexdigest()
        carried, left = carried_by(source.picture, source.file, source.kind, pixels=pixels)
        recipe, told = recipe_of(path, source.kind)
    # That there is too much text for a recipe is told with the text.
    notes = (*pixels.notes, *left, *(() if MUCH_TEXT in left else told))
    return Source(
        path,
        source.kind,
        digest,
        pixels.raster,
        carried,
        recipe,
        _upscales(path, recipe),
        notes=notes,
    )


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """A picture file, open within the context.

    What goes wrong within is damage to the file; odd but readable files are no news.

    Raises:
        UsageError: as `open_source`.
    """
    kind = picture_kind_of(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    with file, _damage(path, kind), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _check_length(path, file)
        picture = _open(path, kind, file)
        if kind == "png":
            # Pillow would take what is missing for black.
            file.seek(16)
            png.check_filled(file.read(13), path.stat().st_size)
        _check_still(path, kind, picture)
        yield Opened(kind, file, picture, again=lambda: _open(path, kind, file))


def _open(path: Path, kind: PictureKind, file: BufferedReader) -> "Image":
    from PIL import Image, features
    from PIL.Image import DecompressionBombError

    if kind in ("avif", "webp") and not features.check(kind):
        raise UsageError(
            f"{quoted_path(path)} is {TITLES[kind]}, which this Pillow does not read; "
            "save it as PNG or JPEG."
        )
    file.seek(0)
    try:
        # libtiff tells of damage on descriptor 2, too. That is left alone: to turn it away would
        # lose what other threads write there at that moment.
        picture = Image.open(
            without_long_texts(file) if kind == "png" else file, formats=[TITLES[kind].upper()]
        )
    except DecompressionBombError as error:
        raise _too_many_pixels(path, "too many pixels") from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(path, f"{width}x{height} pixels")
    return picture


def _check_length(path: Path, file: BufferedReader) -> None:
    if file.seek(0, 2) > MAX_FILE:
        raise UsageError(
            f"{quoted_path(path)} is larger than {MAX_FILE // 2**30} GB; scale it down first."
        )


def _check_still(path: Path, kind: PictureKind, picture: "Image") -> None:
    """Refuse what moves, has pages, or is laid out in a way that Pillow misreads."""
    # A JPEG may hold a depth map or a preview beside the picture, which comes first.
    frames = 1 if kind == "jpg" else getattr(picture, "n_frames", 1)
    if frames > 1:
        what, one = ("pages", "page") if kind == "tiff" else ("frames", "frame")
        raise UsageError(
            f"{quoted_path(path)} has {frames} {what}, and one still picture is enlarged at a "
            f"time; save each {one} as PNG first."
        )
    if kind == "tiff":
        tags: dict[int, object] = getattr(picture, "tag_v2", {})
        bits, planes = tags.get(258, (8,)), tags.get(284, 1)
        if planes == 2 and isinstance(bits, tuple) and len(bits) > 1 and max(bits) > 8:
            raise UsageError(
                f"{quoted_path(path)} is a TIFF of 16 bits whose colours lie apart (planar), which "
                "is not read here; save it as PNG first."
            )


def _too_many_pixels(path: Path, size: str) -> UsageError:
    return UsageError(
        f"{quoted_path(path)} has {size}, and at most {MAX_PIXELS // 10**6} million are read; "
        "scale it down first."
    )


def _may_lack_rows(picture: "Image") -> bool:
    """Whether the last row is what Pillow makes of one that is not there.

    It shows pixels that end early, but in good order, without a word.
    """
    last = picture.crop((0, picture.height - 1, *picture.size)).getextrema()
    values = [value for band in last for value in (band if isinstance(band, tuple) else (band,))]
    return not any(values) or bool(picture.info.get("interlace"))


@contextmanager
def _damage(path: Path, kind: PictureKind) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise UsageError(
            f"{quoted_path(path)} does not fit into memory; scale it down first."
        ) from error
    except DECODING_ERRORS as error:
        raise UsageError(
            f"{quoted_path(path)} is {TITLES[kind]}, but damaged or cut off; "
            "save it anew, or give another."
        ) from error


def recipe_of(path: Path, kind: PictureKind) -> tuple[Recipe | None, tuple[str, ...]]:
    """The recipe of a picture; what is wrong with one inside it is told, and it is kept as it is.

    A file beside it that has the name of a sidecar may be anything.
    """
    notes: tuple[str, ...] = ()
    recipe = None
    if kind in ("png", "jpg", "webp", "avif"):
        try:
            recipe = embedded_recipe(path)
        except SpecError as error:
            notes = (str(error),)
    if recipe is None:
        try:
            recipe = sidecar_recipe(path)
        except SpecError:
            recipe = None
    return recipe, notes


def _upscales(path: Path, recipe: Recipe | None) -> tuple[UpscaleRecord, ...]:
    if recipe is not None:
        return recipe.upscales
    try:
        return read_upscales(path)
    except SpecError:
        # A GIF, BMP or TIFF has none; one that is broken is no reason to refuse the picture.
        return ()
