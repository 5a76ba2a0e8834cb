"""PNG filters: rows of samples and the rows above them become what the compressor is given.

A filter replaces each sample by its distance from a guess, made from the samples left of it,
above it and above left (ISO/IEC 15948, 9.2). Pillow computes many rows in one call, without
numpy, whose import takes longer than a small picture. Pillow's own PNG encoder tries five filters
on each row, in 50 to 90 ms for 1024x1024.
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

Filter = Literal["none", "sub", "up", "average", "paeth"]
# By the number that stands in front of each row.
FILTERS: tuple[Filter, ...] = ("none", "sub", "up", "average", "paeth")
_WHERE_ZERO = [255] + [0] * 255


def filtered(filter: Filter, rows: "Image", above: "Image", *, step: int) -> "Image":
    """What `filter` leaves of each sample, modulo 256.

    Args:
        filter: the same one for all rows.
        rows: samples as the pixels of an L image, those of one pixel side by side.
        above: the row above each of them.
        step: samples of a pixel.
    """
    from PIL import Image, ImageChops

    if filter == "none":
        return rows
    if filter == "up":
        return ImageChops.subtract_modulo(rows, above)
    guess = left = _shifted(rows, step)
    if filter == "average":
        guess = Image.blend(left, above, 0.5)
    elif filter == "paeth":
        guess = _nearest(left, above, _shifted(above, step))
    return ImageChops.subtract_modulo(rows, guess)


def _shifted(rows: "Image", step: int) -> "Image":
    """The samples one pixel further left; a crop is zero beyond the edge, as the format wants."""
    return rows.crop((-step, 0, rows.width - step, rows.height))


def _nearest(left: "Image", above: "Image", corner: "Image") -> "Image":
    """Paeth's guess: of three samples the one nearest to left + above - corner.

    Let `over` be how far the larger of left and above lies over the corner, and `under` how far
    the smaller lies under it, both at least 0. The nearest is the smaller where
    2 * over <= under, the larger where 2 * under <= over, else the corner; where distances are
    equal, this is the value that the format's order of comparisons picks.
    """
    from PIL import ImageChops

    larger = ImageChops.lighter(ImageChops.lighter(left, above), corner)
    smaller = ImageChops.darker(ImageChops.darker(left, above), corner)
    over = ImageChops.subtract_modulo(larger, corner)
    under = ImageChops.subtract_modulo(corner, smaller)
    # 2 * over <= under where over is at most this, but for under = 0, which changes nothing.
    gap = ImageChops.difference(over, under)
    guess = ImageChops.subtract_modulo(corner, _where(under, over, gap))
    return ImageChops.add_modulo(guess, _where(over, under, gap))


def _where(distance: "Image", value: "Image", limit: "Image") -> "Image":
    """`distance` where `value` is at most `limit`, else 0."""
    from PIL import ImageChops

    excess = ImageChops.subtract_modulo(ImageChops.lighter(value, limit), limit)
    return ImageChops.darker(distance, excess.point(_WHERE_ZERO))
