"""Writing: the pixels of an enlarged picture go in; a file under a name of its own comes out.

A PNG is written while its pixels are computed, a strip at a time, and so may be larger than
memory; the other formats are encoded in one piece.
"""

import io
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages import VERSION
from imagine.stages.errors import UsageError, shown
from imagine.stages.formats.encode import DEFAULT_QUALITY, ENCODER_OPTIONS, on_white
from imagine.stages.formats.png_stream import Layout, stream_png
from imagine.stages.image import ImageFormat
from imagine.stages.metadata import sidecar_of
from imagine.stages.publish import publish
from imagine.stages.recipe import UpscaleRecord
from imagine.stages.save import Artifact, check_format, write_error
from imagine.stages.upscale.embedding import Embedding, colors_only, embedding
from imagine.stages.upscale.raster import Raster, eight_bits, image_of
from imagine.stages.upscale.record import History
from imagine.stages.upscale.source import Source

if TYPE_CHECKING:
    from PIL.Image import Image

    from imagine.stages.upscale.raster import Strip

# Pixels that the formats encoded in one piece may have: 10, 24 and 45 bytes for each (measured)
# make 2 to 3 GB.
MAX_ENCODED: dict[ImageFormat, int] = {
    "jpg": 178_000_000,
    "webp": 128_000_000,
    "avif": 68_000_000,
}
_WHITE = "What is transparent is shown on white, as a JPEG has no transparency."
_SHALLOW = "The picture has 16 bits a sample, and {} holds 8."
_BESIDE = "The recipe is too long for the JPEG and lies in a file beside it."


def check_enlarged(format: ImageFormat, width: int, height: int) -> None:
    """Refuse a result that cannot be written, before anything is computed.

    Raises:
        UsageError: a side is longer than the format allows, or the picture is larger than what is
            encoded in one piece.
        ConfigError: the installed Pillow cannot write it.
    """
    check_format(format, width, height)
    if format != "png" and width * height > MAX_ENCODED[format]:
        raise UsageError(
            f"The size {width}x{height} is too large for {format}, which takes "
            f"{MAX_ENCODED[format] // 10**6} million pixels here; choose png or a smaller size."
        )


def save_enlarged(
    raster: Raster,
    source: Source,
    record: UpscaleRecord | None,
    *,
    target: Path,
    format: ImageFormat,
    quality: int | None = None,
    metadata: bool = True,
    sidecar: bool = False,
    overwrite: bool = False,
) -> Artifact:
    """Write an enlarged picture, and its sidecar when there is one, whole or not at all.

    A name that is taken gets "-2", "-3" and so on, also against other processes. On any failure,
    an interruption or an error out of the strips included, no picture, temporary file, sidecar or
    new empty directory is left, and with `overwrite` the old files are back.

    Args:
        raster: the pixels; their strips are read once, while the file is written.
        source: the picture that it was made of, whose metadata go over.
        record: how; None for pixels that were not enlarged.
        target: the file's name; its directory is made.
        format: of the file.
        quality: 1 to 100 for JPEG, WebP and AVIF; None for 92, 90, 80.
        metadata: whether the file carries what the source did, and the record; the colour profile
            stays in any case.
        sidecar: whether the recipe, or else the record, is also written beside it; done anyway,
            with a note, when the file cannot carry it.
        overwrite: whether a file of that name is replaced.

    Raises:
        UsageError: the size is too large for the format, or its encoder refused the picture.
        ConfigError: the installed Pillow cannot write it.
        SaveError: the picture cannot be written.
        ImagineError: whatever the strips raise.
    """
    check_enlarged(format, *raster.size)
    history = _history(source, record)
    blocks = colors_only(source.carried, format)
    if metadata:
        blocks = embedding(
            source.carried, history, format=format, width=raster.width, height=raster.height
        )
    notes = blocks.notes if blocks.complete else (*blocks.notes, _BESIDE)
    if format == "png":
        picture = _Pieces(_png(raster, blocks))
    else:
        data, told = _encoded(raster, blocks, format, quality or DEFAULT_QUALITY[format])
        picture, notes = _Pieces(iter([data])), (*notes, *told)
    files: list[Iterable[bytes]] = [picture]
    beside = history.to_json(indent=2)
    if beside is not None and (sidecar or not blocks.complete):
        files.append([f"{beside}\n".encode()])
    try:
        path = publish(files, target, overwrite=overwrite)
    except OSError as error:
        raise write_error("The picture", target, error) from error
    finally:
        picture.close()
    return Artifact(
        path=path,
        sidecar_path=sidecar_of(path) if len(files) > 1 else None,
        width=raster.width,
        height=raster.height,
        bytes=picture.length,
        sha256=picture.digest.hexdigest(),
        notes=notes,
    )


def _history(source: Source, record: UpscaleRecord | None) -> History:
    upscales = source.upscales if record is None else (*source.upscales, record)
    recipe = source.recipe
    if recipe is not None:
        recipe = recipe.model_copy(update={"upscales": upscales, "original": False})
    return History(recipe, upscales, program=f"imagine {VERSION}")


class _Pieces:
    """Pieces of a file as they pass: counted, and their sha256 taken.

    Whoever stops before the end closes them: what computes them has threads and rows in memory,
    which an error that is kept would keep with it.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.length = 0
        self.digest = sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.length += len(piece)
            self.digest.update(piece)
            yield piece

    def close(self) -> None:
        _close(self._pieces)


def _png(raster: Raster, blocks: Embedding) -> Iterator[bytes]:
    layout = Layout(raster.width, raster.height, raster.channels, raster.depth)
    strips = raster.strips()
    try:
        yield from stream_png(layout, strips, blocks.chunks)
    finally:
        _close(strips)


def _close(made: Iterator[object]) -> None:
    """End what computes its values one by one; a list's have been made."""
    if isinstance(made, Generator):
        made.close()


def _encoded(
    raster: Raster, blocks: Embedding, format: ImageFormat, quality: int
) -> tuple[bytes, tuple[str, ...]]:
    """A file of a format without 16 bits, and what was lost."""
    notes: tuple[str, ...] = ()
    if raster.depth == 16:
        notes, raster = (_SHALLOW.format(format),), _of_eight_bits(raster)
    pixels = image_of(raster)
    if format == "jpg" and raster.channels in (2, 4):
        pixels, shown_on_white = _opaque(pixels)
        notes += (_WHITE,) if shown_on_white else ()
    options = {**ENCODER_OPTIONS[format], "quality": quality, **blocks.options}
    buffer = io.BytesIO()
    try:
        pixels.save(buffer, format="JPEG" if format == "jpg" else format.upper(), **options)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The {raster.width}x{raster.height} picture cannot be encoded as {format}: "
            f"{shown(error)}; choose another format or size."
        ) from error
    return buffer.getvalue(), notes


def _of_eight_bits(raster: Raster) -> Raster:
    def strips() -> "Iterator[Strip]":
        for strip in raster.strips():
            yield eight_bits(strip)

    return replace(raster, depth=8, strips=strips)


def _opaque(pixels: "Image") -> "tuple[Image, bool]":
    """Without alpha, and whether that shows."""
    low: Any = pixels.getchannel("A").getextrema()[0]
    gray = pixels.mode == "LA"
    if low == 255:
        return pixels.convert("L" if gray else "RGB"), False
    white = on_white(pixels.convert("RGBA"))
    return (white.convert("L") if gray else white), True
