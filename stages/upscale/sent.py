"""Sent: strips in, the picture as a file that a server takes out."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError
from imagine.stages.image import MEDIA_TYPES, ImageFormat
from imagine.stages.upscale.raster import Raster, image_of

if TYPE_CHECKING:
    from PIL.Image import Image

# Of a picture whose PNG is too large to be sent.
_JPEG_QUALITY = 95
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture as it goes out.

    Attributes:
        data: the file.
        notes: what became of the user's picture on the way, a sentence each.
    """

    data: bytes
    format: ImageFormat = "png"
    notes: tuple[str, ...] = ()

    def part(self, field: str) -> list[tuple[str, tuple[str, bytes, str]]]:
        """The file as a form carries it in `field`."""
        return [(field, (f"image.{self.format}", self.data, MEDIA_TYPES[self.format]))]


def sent_of(raster: Raster, *, title: str, most: int | None, choice: str) -> Sent:
    """The picture as PNG, or as JPEG where that is too large.

    Args:
        raster: RGB of 8 or 16 bits; servers read 8.
        title: who gets it, for messages.
        most: bytes of a file that the server takes; None for no limit that is known.
        choice: what a user changes where it does not take the picture.

    Raises:
        UsageError: it is too large in either format.
    """
    from imagine.stages.formats.png_encode import encode_png

    image = image_of(raster)
    notes: tuple[str, ...] = ()
    if raster.depth > 8:
        notes = (f"{title} was sent 8 of the {raster.depth} bits of a sample.",)
    data = encode_png(image)
    if most is None or len(data) <= most:
        return Sent(data, notes=notes)
    smaller = _jpeg(image)
    if len(smaller) > most:
        raise UsageError(
            f"{title} takes files of at most {most / _MIB:.1f} MiB, and this picture has "
            f"{len(smaller) / _MIB:.1f} as a JPEG; choose {choice}."
        )
    note = (
        f"{title} was sent a JPEG of quality {_JPEG_QUALITY}, as the PNG has "
        f"{len(data) / _MIB:.1f} MiB and it takes {most / _MIB:.1f}."
    )
    return Sent(smaller, "jpg", (*notes, note))


def _jpeg(image: "Image") -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return file.getvalue()
