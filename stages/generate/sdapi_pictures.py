"""Pictures that a drawing begins with: a ReferenceImage and a size in, base64 of that size out."""

import io
from base64 import b64encode
from typing import TYPE_CHECKING

from imagine.stages.image import ReferenceImage

if TYPE_CHECKING:
    from PIL.Image import Image

# From here a mask's gray counts as white.
WHITE = 128


def covering(image: ReferenceImage, size: tuple[int, int]) -> str:
    """The picture enlarged or shrunk until it covers `size`, its middle cut out."""
    if (image.width, image.height) == size and image.format in ("png", "jpg"):
        return image.base64
    return _as_png(_covered(image, "RGB", size))


def mask_covering(mask: ReferenceImage, size: tuple[int, int]) -> str:
    """The mask brought to `size` as its picture is, in black and white."""
    gray = _covered(mask, "L", size)
    return _as_png(gray.point([255 if value >= WHITE else 0 for value in range(256)]))


def _covered(image: ReferenceImage, mode: str, size: tuple[int, int]) -> "Image":
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(image.data)) as picture:
        return ImageOps.fit(picture.convert(mode), size, Image.Resampling.LANCZOS)


def _as_png(picture: "Image") -> str:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return b64encode(file.getvalue()).decode("ascii")
