"""Pictures that a model starts from: a ReferenceImage goes in, a picture of the request's size out.

A reference of another shape covers the size, and what stands over is cropped evenly; its mask goes
the same way, so that both still lie on each other.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError, shown
from imagine.stages.image import DECODING_ERRORS, ReferenceImage

if TYPE_CHECKING:
    from PIL.Image import Image

# From here on a grey of a mask counts as white.
WHITE = 128
# Pixels of a side: encoders of pictures have cells of up to 32, and FLUX.2's refuses smaller ones.
LEAST_SIDE = 64
# Pixels within the edge of a mask over which the drawn picture comes in.
FEATHER = 4


def picture_from(reference: ReferenceImage, size: tuple[int, int]) -> "Image":
    """RGB; what is transparent becomes white.

    Raises:
        UsageError: it cannot be decoded.
    """
    return _covering(_on_white(reference), size)


def whole_picture(reference: ReferenceImage, pixels: int) -> "Image":
    """RGB, in its own shape, of about so many pixels at most; what is transparent becomes white.

    No side has fewer than LEAST_SIDE, whatever that makes of the other.

    Raises:
        UsageError: it cannot be decoded.
    """
    from PIL import Image

    picture = _on_white(reference)
    scale = min(1, (pixels / (picture.width * picture.height)) ** 0.5)
    scale = max(scale, LEAST_SIDE / min(picture.size))
    if scale == 1:
        return picture
    width, height = (max(LEAST_SIDE, int(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def mask_from(reference: ReferenceImage, size: tuple[int, int]) -> "Image":
    """L, of 0 (stays) and 255 (is drawn anew).

    Raises:
        UsageError: it cannot be decoded, or nothing of it is white.
    """
    grey = _covering(_grey(reference), size)
    mask = grey.point([0] * WHITE + [255] * (256 - WHITE))
    if mask.getextrema() == (0, 0):
        raise UsageError(
            f"The mask has no white at {size[0]}x{size[1]}, so nothing would be drawn; paint "
            "what --mask is to draw anew in white."
        )
    return mask


def check_mask(reference: ReferenceImage) -> None:
    """Refuse a mask of which nothing would be drawn at any size, while none is settled.

    Raises:
        UsageError: it cannot be decoded, or nothing of it is white.
    """
    mask_from(reference, (reference.width, reference.height))


def kept_outside(drawn: "Image", original: "Image", mask: "Image") -> "Image":
    """The drawn picture where the mask is white, and the original's own pixels everywhere else.

    The drawn one comes in over FEATHER pixels within the white: the mask is shrunk by as many and
    blurred by as many, so nothing of the blur reaches the black. Lines too thin to be shrunk are
    taken from the drawn picture whole.

    Args:
        drawn, original: RGB, of one size.
        mask: L of that size, 0 and 255 alone.
    """
    from PIL import Image, ImageChops, ImageFilter

    width = 2 * FEATHER + 1
    core = mask.filter(ImageFilter.MinFilter(width))
    soft = core.filter(ImageFilter.BoxBlur(FEATHER))
    thin = ImageChops.subtract(mask, core.filter(ImageFilter.MaxFilter(width)))
    alpha = ImageChops.darker(ImageChops.lighter(soft, thin), mask)
    return Image.composite(drawn, original, alpha)


def _on_white(reference: ReferenceImage) -> "Image":
    from PIL import Image

    picture = _decoded(reference, "--image")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return picture.convert("RGB")


def as_png(picture: "Image") -> bytes:
    """A PNG for a server that is near: quick to make, and not the smallest."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


# A mask is looked at before the model is loaded, and for every picture that is drawn in it.
@lru_cache(maxsize=1)
def _grey(mask: ReferenceImage) -> "Image":
    return _decoded(mask, "--mask").convert("L")


def _decoded(reference: ReferenceImage, flag: str) -> "Image":
    from PIL import Image

    try:
        with Image.open(io.BytesIO(reference.data)) as picture:
            picture.load()
            return picture.copy()
    except DECODING_ERRORS as error:
        raise UsageError(
            f"The picture of {flag} cannot be decoded: {shown(error)}; save it anew as a PNG."
        ) from error


def _covering(picture: "Image", size: tuple[int, int]) -> "Image":
    from PIL import Image, ImageOps

    if picture.size == size:
        return picture
    return ImageOps.fit(picture, size, method=Image.Resampling.LANCZOS)
