"""Pictures that a drawing begins with: a ReferenceImage and a size in, base64 of that size out."""

from base64 import b64encode
from typing import TYPE_CHECKING

from imagine.stages.generate.starting_pictures import as_png, mask_from, picture_from
from imagine.stages.image import ReferenceImage

if TYPE_CHECKING:
    from PIL.Image import Image


def covering(image: ReferenceImage, size: tuple[int, int]) -> str:
    """The picture as PNG; see `picture_from`.

    Raises:
        UsageError: it cannot be decoded.
    """
    return _base64(picture_from(image, size))


def mask_covering(mask: ReferenceImage, size: tuple[int, int]) -> str:
    """The mask as PNG, in black and white; see `mask_from`.

    Raises:
        UsageError: it cannot be decoded, or nothing of it is white.
    """
    return _base64(mask_from(mask, size))


def _base64(picture: "Image") -> str:
    return b64encode(as_png(picture)).decode("ascii")
