"""Splicing: a received picture and metadata become one file, its picture data untouched."""

from imagine.stages.formats import jpeg, png, webp
from imagine.stages.formats.embed import PNG_PARAMETERS, PNG_XMP, Blocks
from imagine.stages.image import ReceivedImage


def splice(image: ReceivedImage, blocks: Blocks) -> bytes | None:
    """The file with `blocks` in it; None where the block that carries the recipe finds no place.

    What the file says of itself stays: a block of a kind that it already has is left out. XMP
    carries the recipe, but for PNG, where it has a text chunk of its own.

    Args:
        image: unsigned; a changed file breaks its C2PA manifest.
        blocks: made for its format.
    """
    data = image.data
    if image.format == "png":
        taken = png.keywords(data) & {PNG_PARAMETERS, PNG_XMP}
        chunks = blocks.png_chunks()
        return png.with_chunks(data, [chunks[key] for key in chunks if key not in taken])
    if image.format == "jpg" and not jpeg.has_xmp(data):
        exif = b"" if jpeg.has_exif(data) else blocks.exif
        return jpeg.with_blocks(data, exif=exif, xmp=blocks.xmp)
    if image.format == "webp" and not webp.has_xmp(data):
        exif = b"" if webp.has_exif(data) else blocks.exif.removeprefix(jpeg.EXIF)
        return webp.with_blocks(data, exif=exif, xmp=blocks.xmp)
    return None
