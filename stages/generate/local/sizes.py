"""Sizes that a network draws: the size that is asked for goes in, one of its multiples comes out.

A second pass is drawn at the size rounded up, and brought back in the same two directions, so that
everything keeps its shape.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


def rounded_up(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Width and height in pixels, each the next multiple or the same."""
    width, height = (-(-side // multiple) * multiple for side in size)
    return width, height


def at_size(picture: "Image", size: tuple[int, int]) -> "Image":
    """The picture itself where it has that size, else resampled to it (Lanczos)."""
    from PIL import Image

    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
