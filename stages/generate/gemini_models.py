"""Google's image models: a name goes in, what that model draws comes out."""

from dataclasses import dataclass

# Pixels of every shape at "1K"; "2K" and "4K" double and quadruple both sides. These are what the
# service was seen to draw (people who asked it for every shape agree on them); for the steep ones
# its own guide says 512x2048 and 384x3072.
_SIZES_3: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
_STEEP: dict[str, tuple[int, int]] = {
    "1:4": (512, 2064),
    "4:1": (2064, 512),
    "1:8": (352, 2928),
    "8:1": (2928, 352),
}
_SIZES_25: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
_FACTORS = {"1K": 1, "2K": 2, "4K": 4}


@dataclass(frozen=True, slots=True)
class ImageModel:
    """One family of image models.

    Attributes:
        shapes: ratio to pixels at 1K.
        scales: the values of imageSize that it takes; () for a model that knows no imageSize.
        max_images: reference pictures.
    """

    shapes: dict[str, tuple[int, int]]
    scales: tuple[str, ...]
    max_images: int

    def sizes(self) -> dict[tuple[int, int], tuple[str, str]]:
        """Pixels to (aspectRatio, imageSize)."""
        return {
            (width * _FACTORS[scale], height * _FACTORS[scale]): (ratio, scale)
            for scale in self.scales or ("1K",)
            for ratio, (width, height) in self.shapes.items()
        }


# By the beginning of the name; facts of November 2026.
_MODELS = {
    "gemini-3.1-flash-lite-image": ImageModel(_SIZES_3, ("1K",), 14),
    "gemini-2.5-flash-image": ImageModel(_SIZES_25, (), 3),
    "gemini-3-pro-image": ImageModel(_SIZES_3, ("1K", "2K", "4K"), 14),
    "gemini-3.1-flash-image": ImageModel(_SIZES_3 | _STEEP, ("1K", "2K", "4K"), 14),
    "gemini-nano-banana": ImageModel(_SIZES_3 | _STEEP, ("1K", "2K", "4K"), 14),
}
# A name that is not known here is newer than this table: it will draw at least the common shapes.
_UNKNOWN = ImageModel(_SIZES_3, ("1K", "2K", "4K"), 14)


def image_model(name: str) -> ImageModel:
    """The family that model `name` belongs to, by the beginning of its name."""
    return next((family for start, family in _MODELS.items() if name.startswith(start)), _UNKNOWN)
