"""A reference picture is brought to the size that is drawn: ImageRequest in, ReferenceImage out.

Models that start from a picture draw in its shape and size, whatever else they are asked for.
"""

import io

from imagine.stages.errors import UsageError, shown
from imagine.stages.image import ImageRequest, ReferenceImage
from imagine.stages.references.reading import JPEG_QUALITY
from imagine.stages.sizes import MEGAPIXEL, RATIO_TOLERANCE

# Sizes are multiples of 64 near a ratio, 1152x896 for 4:3; a picture of that very ratio is to fit.
_OVERHANG = 2 * RATIO_TOLERANCE


def fitted(request: ImageRequest, *, who: str) -> ReferenceImage:
    """The first reference picture, in the pixels that are asked for.

    Where the shapes differ by a few percent, what overhangs is cut off evenly on both sides.

    Args:
        request: with at least one reference picture.
        who: draws, for the message: "fal with fal-ai/flux/dev".

    Raises:
        UsageError: its shape is another than the one asked for.
    """
    image, asked = request.images[0], request.size
    if (image.width, image.height) == asked:
        return image
    check_shape(request, who=who)
    from PIL import Image, ImageOps

    picture = ImageOps.fit(Image.open(io.BytesIO(image.data)), asked, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    # A photo as PNG would be ten times as large.
    if image.format == "jpg":
        picture.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return ReferenceImage(file.getvalue(), "jpg", *asked, sha256=image.sha256)
    picture.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", *asked, sha256=image.sha256)


def check_shape(request: ImageRequest, *, who: str) -> None:
    """Refuse a first reference picture of another shape than the one asked for.

    Raises:
        UsageError: naming the shape to ask for.
    """
    image, asked = request.images[0], request.size
    if abs(image.width * asked[1] / (image.height * asked[0]) - 1) > _OVERHANG:
        raise UsageError(
            f"{shown(who)} draws in the shape of the reference picture, {image.width}x"
            f"{image.height}, and {asked[0]}x{asked[1]} was asked for; ask for its shape "
            f"(--ar {_ratio(image.width, image.height)}), or crop it."
        )


def _ratio(width: int, height: int) -> str:
    """The usual name of a picture's shape, else the simplest W:H near it: "16:9" for 1344x768."""
    wanted = width / height
    usual = [tuple(map(int, shape.split(":"))) for _, _, shape in MEGAPIXEL]
    simple = [(round(wanted * high) or 1, high) for high in range(1, 101)]
    for wide, high in (*usual, *simple):
        if abs(wide / high / wanted - 1) < RATIO_TOLERANCE:
            return f"{wide}:{high}"
    return f"{width}:{height}"
