"""Reference pictures and masks for ComfyUI: an ImageRequest goes in, PNGs of its size come out."""

from typing import TYPE_CHECKING

from imagine.stages.generate.starting_pictures import as_png, mask_from, picture_from
from imagine.stages.image import ImageRequest

if TYPE_CHECKING:
    from PIL.Image import Image


def picture_for(request: ImageRequest, *, fit: bool) -> bytes:
    """The first reference picture as PNG, RGB.

    Args:
        fit: bring it to the size that is drawn, which it covers; what overhangs is cut off.

    Raises:
        UsageError: it cannot be decoded.
    """
    return as_png(_picture(request, fit=fit))


def mask_for(request: ImageRequest) -> bytes:
    """The mask as PNG of the size that is drawn, black and white; all white without one.

    Raises:
        UsageError: it cannot be decoded, or nothing of it is white.
    """
    return as_png(_mask(request, request.size))


def masked_picture_for(request: ImageRequest, *, fit: bool) -> bytes:
    """The first reference picture as PNG, transparent where it is drawn anew.

    Raises:
        UsageError: picture or mask cannot be decoded, or nothing of the mask is white.
    """
    from PIL import ImageOps

    picture = _picture(request, fit=fit)
    picture.putalpha(ImageOps.invert(_mask(request, picture.size)))
    return as_png(picture)


def _picture(request: ImageRequest, *, fit: bool) -> "Image":
    image = request.images[0]
    return picture_from(image, request.size if fit else (image.width, image.height))


def _mask(request: ImageRequest, size: tuple[int, int]) -> "Image":
    from PIL import Image

    if request.mask is None:
        return Image.new("L", size, 255)
    return mask_from(request.mask, size)
