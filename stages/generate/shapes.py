"""Shapes of about a megapixel: a ratio goes in, its size comes out, and the other way round."""

from imagine.stages.image import ImageRequest
from imagine.stages.sizes import ListedSizes

# The shapes that SDXL was trained on (Podell et al. 2023, appendix I), which Stability's SD3 and
# Replicate's FLUX.1 draw for these ratios too.
MEGAPIXEL = (
    (1024, 1024, "1:1"),
    (1344, 768, "16:9"),
    (768, 1344, "9:16"),
    (1216, 832, "3:2"),
    (832, 1216, "2:3"),
    (1152, 896, "4:3"),
    (896, 1152, "3:4"),
    (1088, 896, "5:4"),
    (896, 1088, "4:5"),
    (1536, 640, "21:9"),
    (640, 1536, "9:21"),
)


def listed(*shapes: str) -> ListedSizes:
    """The megapixel sizes of these ratios, in their order."""
    named = {shape: (width, height, shape) for width, height, shape in MEGAPIXEL}
    return ListedSizes(tuple(named[shape] for shape in shapes))


def shape_of(request: ImageRequest, sizes: ListedSizes, *, who: str) -> str:
    """What the maker calls the shape that is asked for: "16:9" for 1344x768.

    Raises:
        UsageError: `who` does not draw this size.
    """
    asked = (request.width, request.height)
    sizes.check(who, *asked)
    return next(shape for width, height, shape in sizes.sizes if (width, height) == asked)
