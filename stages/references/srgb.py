"""Pixels of any kind go in; upright ones of 8 bits in sRGB come out, their alpha kept."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

# Resampling these as they are mixes colours, not numbers of colours.
_RESAMPLED = ("RGB", "RGBA", "L", "LA", "CMYK")


def in_srgb(picture: "Image", *, max_side: int) -> "Image":
    """RGB, or RGBA where pixels are transparent: upright, downscaled, without metadata.

    Colours come out as the file's profile means them, where it is readable.
    """
    if picture.mode in _RESAMPLED and "transparency" not in picture.info:
        # First, so that everything after it has less to do.
        picture.thumbnail((max_side, max_side))
    picture = _colors(_upright(picture))
    picture.thumbnail((max_side, max_side))
    return picture


def orientation_of(picture: "Image") -> int:
    """EXIF's 1 (upright) to 8; 1 when it says nothing or nonsense."""
    value = picture.getexif().get(0x0112, 1)
    return value if value in range(2, 9) else 1


def _upright(picture: "Image") -> "Image":
    from PIL import ImageOps

    return ImageOps.exif_transpose(picture) if orientation_of(picture) != 1 else picture


def has_other_colors(picture: "Image") -> bool:
    """Whether a colour profile other than sRGB comes with it."""
    profile: bytes = picture.info.get("icc_profile") or b""
    # Its name is in UTF-16, or in ASCII in older ones.
    return bool(profile) and b"sRGB" not in profile[:4096].replace(b"\x00", b"")


def _colors(picture: "Image") -> "Image":
    """RGB, or RGBA where pixels are transparent."""
    alpha = None
    if picture.has_transparency_data:
        picture = picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
        alpha = picture.getchannel("A")
        picture = picture.convert("L" if picture.mode == "LA" else "RGB")
    picture = _through_profile(picture) if has_other_colors(picture) else picture
    picture = _eight_bit(picture).convert("RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        picture.putalpha(alpha)
    # Metadata lives in `info`, which some encoders write again.
    picture.info.clear()
    return picture


def _through_profile(picture: "Image") -> "Image":
    """In sRGB; unchanged where the profile is unreadable, or for other kinds of pixels."""
    try:
        from PIL import ImageCms
    except ImportError:
        return picture
    if picture.mode not in ("RGB", "L", "CMYK"):
        return picture
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        turned = ImageCms.profileToProfile(
            picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return turned if turned is not None else picture


def _eight_bit(picture: "Image") -> "Image":
    """Gray of 16 bits or of fractions, brought to 0 to 255."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    _, brightest = _extrema(picture)
    full = 255.0 if 1 < brightest <= 255 else 1.0 if picture.mode == "F" else 65535.0
    whole = picture.convert("F")
    return whole.point(lambda value: value * (255.0 / full) + 0.0).convert("L")


def _extrema(picture: "Image") -> tuple[float, float]:
    found: Any = picture.getextrema()
    return float(found[0]), float(found[1])
