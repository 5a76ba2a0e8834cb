"""Reference pictures and masks for ComfyUI: an ImageRequest goes in, PNGs of its size come out."""

import io
from typing import TYPE_CHECKING

from imagine.stages.image import ImageRequest

if TYPE_CHECKING:
    from PIL.Image import Image

# From there on a mask is white: half of 255, rounded up.
WHITE = 128


def picture_for(request: ImageRequest, *, fit: bool) -> bytes:
    """The first reference picture as PNG, RGB.

    Args:
        fit: bring it to the size that is drawn, which it covers; what overhangs is cut off.
    """
    return _png(_picture(request, fit=fit))


def mask_for(request: ImageRequest) -> bytes:
    """The mask as PNG of the size that is drawn, black and white; all white without one."""
    return _png(_mask(request, request.size))


def masked_picture_for(request: ImageRequest, *, fit: bool) -> bytes:
    """The first reference picture as PNG, transparent where it is drawn anew."""
    from PIL import ImageOps

    picture = _picture(request, fit=fit)
    picture.putalpha(ImageOps.invert(_mask(request, picture.size)))
    return _png(picture)


def _picture(request: ImageRequest, *, fit: bool) -> "Image":
    from PIL import Image

    picture = Image.open(io.BytesIO(request.images[0].data)).convert("RGB")
    return _covering(picture, request.size) if fit else picture


def _mask(request: ImageRequest, size: tuple[int, int]) -> "Image":
    from PIL import Image

    if request.mask is None:
        return Image.new("L", size, 255)
    mask = Image.open(io.BytesIO(request.mask.data)).convert("L")
    return _covering(mask, size).point(lambda level: 255 if level >= WHITE else 0)


def _covering(picture: "Image", size: tuple[int, int]) -> "Image":
    from PIL import Image, ImageOps

    if picture.size == size:
        return picture
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def _png(picture: "Image") -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
