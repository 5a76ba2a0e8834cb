"""Encoding: a picture and its Recipe become the bytes of a file, if possible the provider's own.

A received picture whose format is wanted is never decoded.
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, shown
from imagine.stages.formats.embed import Blocks, blocks_for
from imagine.stages.formats.png_encode import encode_png
from imagine.stages.formats.splice import splice
from imagine.stages.image import GeneratedImage, ImageFormat, ReceivedImage
from imagine.stages.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

# Full chroma, because drawn pictures have saturated edges. AVIF speed 8 takes a quarter to two
# thirds of the CPU time of Pillow's 6, measured on 1024x1024 sketches. Its number of threads
# decides how a picture is cut into tiles: left to the number of cores, each machine would make
# another file.
ENCODER_OPTIONS: dict[ImageFormat, dict[str, Any]] = {
    "jpg": {"subsampling": "4:4:4"},
    "webp": {},
    "avif": {"subsampling": "4:4:4", "speed": 8, "max_threads": 2},
}
DEFAULT_QUALITY: dict[ImageFormat, int] = {"jpg": 92, "webp": 90, "avif": 80}

_TOO_LONG = "The recipe is too long for the JPEG and lies in a file beside it."
_SIGNED = (
    "The picture is signed (C2PA) and was kept as it came; its recipe lies in a file beside it."
)
_NO_PLACE = "The picture was kept as it came; its recipe lies in a file beside it."


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file that is not written yet.

    Attributes:
        data: its bytes.
        recipe_inside: False where a recipe was to go in and had no place.
        notes: what the user should know about it, a sentence each.
    """

    data: bytes
    recipe_inside: bool = True
    notes: tuple[str, ...] = ()


def format_of(image: GeneratedImage, wanted: ImageFormat | None) -> ImageFormat:
    """What the file will be: what is wanted, else what was received, else PNG."""
    if wanted is not None:
        return wanted
    return "png" if image.received is None else image.received.format


def is_kept(image: GeneratedImage, *, format: ImageFormat, quality: int | None) -> bool:
    """Whether the file has the provider's own picture data."""
    received = image.received
    same = received is not None and received.format == format
    return same and (quality is None or format == "png")


def encode_image(
    image: GeneratedImage,
    recipe: Recipe | None,
    *,
    format: ImageFormat,
    quality: int | None = None,
) -> Encoded:
    """The file of a picture, received bytes as they came unless the format or a quality differs.

    Args:
        image: drawn or received.
        recipe: what the file carries, or None for a file without metadata.
        format: of the file.
        quality: 1 to 100, or None; PNG has none.

    Raises:
        UsageError: the encoder refused the picture.
        UnusableAnswerError: what was received cannot be decoded.
    """
    received = image.received
    if received is None:
        return encode(image.pixels, recipe, format=format, quality=quality)
    if is_kept(image, format=format, quality=quality):
        return _kept(received, recipe)
    encoded = encode(image.pixels, recipe, format=format, quality=quality)
    if not received.signed:
        return encoded
    note = f"The picture was encoded anew as {format} and lost the signature (C2PA) it came with."
    return Encoded(encoded.data, encoded.recipe_inside, (note, *encoded.notes))


def _kept(received: ReceivedImage, recipe: Recipe | None) -> Encoded:
    """The bytes as they came, with the recipe spliced in where that harms nothing."""
    if recipe is None:
        return Encoded(received.data)
    if received.signed:
        return Encoded(received.data, recipe_inside=False, notes=(_SIGNED,))
    blocks = blocks_for(recipe, received.format)
    spliced = splice(received, blocks)
    if spliced is None:
        return Encoded(received.data, recipe_inside=False, notes=(_NO_PLACE,))
    return _encoded(spliced, blocks)


def encode(
    pixels: "Image", recipe: Recipe | None, *, format: ImageFormat, quality: int | None = None
) -> Encoded:
    """The file of pixels.

    Args:
        pixels: RGB, or RGBA; a JPEG shows what is transparent on white.
        recipe: what the file carries, or None for a file without metadata.
        format: of the file.
        quality: 1 to 100, or None for the default of the format; PNG has none.

    Raises:
        UsageError: the encoder refused the picture.
    """
    blocks = None if recipe is None else blocks_for(recipe, format)
    try:
        if format == "png":
            data = encode_png(pixels, () if blocks is None else blocks.png_chunks().values())
        else:
            data = _by_pillow(pixels, blocks, format, quality or DEFAULT_QUALITY[format])
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The {pixels.width}x{pixels.height} picture cannot be encoded as {format}: "
            f"{shown(error)}; choose another format or size."
        ) from error
    return _encoded(data, blocks)


def _by_pillow(pixels: "Image", blocks: Blocks | None, format: ImageFormat, quality: int) -> bytes:
    profile = pixels.info.get("icc_profile") or b""
    # One for grey or CMYK is not for what is written, RGB.
    profile = profile if profile[16:20] == b"RGB " else b""
    options = {**ENCODER_OPTIONS[format], "quality": quality, "icc_profile": profile}
    if blocks is not None:
        options |= {"exif": blocks.exif, "xmp": blocks.xmp}
    if format == "jpg" and pixels.mode == "RGBA":
        pixels = on_white(pixels)
    buffer = io.BytesIO()
    pixels.save(buffer, format="JPEG" if format == "jpg" else format.upper(), **options)
    return buffer.getvalue()


def _encoded(data: bytes, blocks: Blocks | None) -> Encoded:
    if blocks is None or blocks.recipe_fits:
        return Encoded(data)
    return Encoded(data, recipe_inside=False, notes=(_TOO_LONG,))


def on_white(pixels: "Image") -> "Image":
    """RGB of an RGBA picture in front of white."""
    from PIL import Image

    white = Image.new("RGBA", pixels.size, "white")
    return Image.alpha_composite(white, pixels).convert("RGB")
