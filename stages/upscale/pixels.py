"""Pixels: a picture file that is open goes in; it is decoded, and an upright Raster comes out.

Only the decoded picture is kept. It is turned and brought to grey or RGB a strip at a time, so a
palette or a photo that lies on its side takes no more memory than it has to.
"""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from imagine.stages.image import DECODING_ERRORS
from imagine.stages.references.srgb import orientation_of
from imagine.stages.upscale.raster import Raster

if TYPE_CHECKING:
    from PIL.Image import Image

    from imagine.stages.upscale.raster import Strip

# Left, top, right, bottom in the file's own orientation; and the samples there, (rows, columns,
# channels).
Box = tuple[int, int, int, int]
Samples = Callable[[Box], "Any"]

_STRIP = 2**20
# Pillow keeps the high byte of 16: read in the other order of bytes, the low one comes out.
_DEEP = tuple(f"{mode};16{order}" for mode in ("RGB", "RGBA") for order in "BLN")
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
# What a decoded mode becomes, where Pillow's own conversion is right.
_CONVERTED = {"PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
# Grey of fewer bits is spread over 0 to 255, the transparent one that the file names is not.
_SPREAD = {"L;2": 85, "L;4": 17}

_SHALLOW = "The picture has 16 bits a sample, of which 8 are read."
_PLAIN_CMYK = (
    "The picture is CMYK without a colour profile that can be read: its colours are a guess."
)
_CMYK = "The picture is CMYK, and becomes sRGB through its colour profile."
_LAB = "The picture is CIE Lab, and becomes sRGB."
_NUMBERS = "The picture's samples are 32-bit numbers from {:g} to {:g}, and become grey of 16 bits."


@dataclass(frozen=True, slots=True)
class Pixels:
    """A decoded picture.

    Attributes:
        raster: upright; grey or RGB, with or without alpha.
        recolored: the file's colour profile is used up; the pixels are sRGB.
        notes: what the user should know, a sentence each.
    """

    raster: Raster
    recolored: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Form:
    """How samples are taken from what was decoded."""

    samples: Samples
    channels: int
    depth: int = 8
    recolored: bool = False
    notes: tuple[str, ...] = ()


def read_pixels(picture: "Image", again: "Callable[[], Image]") -> Pixels:
    """Decode a picture.

    Args:
        picture: opened by Pillow and not decoded; it is afterwards, and must not change any more.
        again: opens the same file once more; the low bytes of 16 bits are read from that.

    Raises:
        Whatever Pillow raises for a damaged file: imagine.stages.image.DECODING_ERRORS.
    """
    raws = {_raw(tile) for tile in getattr(picture, "tile", [])}
    if raws == {"LA;16B"}:
        form = _deep_gray_alpha(picture)
    elif len(raws) == 1 and raws <= {*_DEEP}:
        form = _deep_color(picture, again())
    else:
        form = _plain(picture, raws)
    return Pixels(_upright(form, picture), form.recolored, form.notes)


def upright_size(picture: "Image") -> tuple[int, int]:
    """Width and height as it is to be seen; nothing is decoded."""
    width, height = picture.size
    # Pillow has turned a TIFF's already.
    turned = picture.format != "TIFF" and _orientation(picture) > 4
    return (height, width) if turned else (width, height)


def _raw(tile: Any) -> str:
    """How Pillow names the order of samples in a part of a file."""
    found = tile.args if isinstance(tile.args, str) else tile.args[0] if tile.args else ""
    return str(found)


def _orientation(picture: "Image") -> int:
    """EXIF's 1 to 8; 1 where that block is damaged, which is no reason to refuse the pixels."""
    try:
        return orientation_of(picture)
    except DECODING_ERRORS:
        return 1


def _deep_gray_alpha(picture: Any) -> _Form:
    """Two samples of 16 bits are read as four bytes."""
    picture.tile = [tile._replace(args="RGBA") for tile in picture.tile]
    picture.load()

    def samples(box: Box) -> Any:
        import numpy as np

        return np.ascontiguousarray(np.asarray(picture.crop(box))).view(">u2")

    return _Form(samples, 2, 16)


def _deep_color(high: Any, low: Any) -> _Form:
    low.tile = [tile._replace(args=_in_other_order(tile.args)) for tile in low.tile]
    high.load()
    low.load()

    def samples(box: Box) -> Any:
        import numpy as np

        upper: Any = np.asarray(high.crop(box))
        return (upper.astype(np.uint16) << 8) | np.asarray(low.crop(box))

    form = _Form(samples, _CHANNELS[high.mode], 16)
    key = high.info.get("transparency")
    return form if key is None else _keyed(form, key)


def _in_other_order(args: Any) -> Any:
    if isinstance(args, str):
        return args[:-1] + _OTHER_ORDER[args[-1]]
    return (_in_other_order(args[0]), *args[1:])


def _plain(picture: Any, raws: set[str]) -> _Form:
    """Whatever Pillow decodes into samples of 8 bits, or into one of more."""
    picture.load()
    mode, key = picture.mode, picture.info.get("transparency")
    if mode == "P" and picture.palette is None:
        raise ValueError("its palette is missing")
    if mode in ("I", "F"):
        return _numbers(picture)
    if mode in ("CMYK", "LAB"):
        return _through_profile(picture)
    if mode.startswith("I;16"):
        form = _Form(lambda box: _array(picture.crop(box)).astype("u2"), 1, 16)
        return form if key is None else _keyed(form, key)
    target = _CONVERTED.get(mode, mode)
    if mode == "1":
        target = "L"
    elif mode == "P":
        target = "RGBA" if picture.has_transparency_data else "RGB"
    converted = target != mode
    notes = (_SHALLOW,) if any(";16" in raw for raw in raws) else ()
    form = _Form(
        lambda box: _array(picture.crop(box).convert(target) if converted else picture.crop(box)),
        _CHANNELS[target],
        notes=notes,
    )
    if key is None or target in ("LA", "RGBA"):
        return form
    spread = _SPREAD.get(next(iter(raws), ""), 1)
    return _keyed(form, key * spread if isinstance(key, int) else key)


def _array(picture: "Image") -> Any:
    import numpy as np

    found: Any = np.asarray(picture)
    return found.reshape(picture.height, picture.width, -1)


def _keyed(form: _Form, key: int | tuple[int, ...]) -> _Form:
    """With alpha: one colour is transparent, all others are not."""

    def samples(box: Box) -> Any:
        import numpy as np

        colors = form.samples(box)
        full = 2**form.depth - 1
        opaque = np.any(colors != np.asarray(key, colors.dtype), axis=2, keepdims=True)
        return np.concatenate([colors, (opaque * full).astype(colors.dtype)], axis=2)

    return _Form(samples, form.channels + 1, form.depth, notes=form.notes)


def _numbers(picture: Any) -> _Form:
    """Whole numbers or fractions: 0 to 1, to 255 or to 65535, or whatever they reach."""
    low, high = (float(value) for value in picture.getextrema())
    if not (isfinite(low) and isfinite(high)):
        raise ValueError("its numbers are not finite")
    steps = (1.0, 255.0, 65535.0) if picture.mode == "F" else (255.0, 65535.0)
    full = next((step for step in steps if low >= 0 and high <= step), None)
    black, span = (0.0, full) if full is not None else (low, high - low)

    def samples(box: Box) -> Any:
        import numpy as np

        values = _array(picture.crop(box)).astype(np.float64)
        scaled = np.nan_to_num((values - black) * (65535.0 / (span or 1.0)))
        return np.clip(scaled + 0.5, 0, 65535).astype(np.uint16)

    return _Form(samples, 1, 16, notes=(_NUMBERS.format(low, high),))


def _through_profile(picture: Any) -> _Form:
    """CMYK and Lab, which are no RGB, in sRGB."""
    turn, note = _transform(picture)
    return _Form(
        lambda box: _array(turn(picture.crop(box))), _CHANNELS["RGB"], recolored=True, notes=(note,)
    )


def _transform(picture: Any) -> "tuple[Callable[[Image], Any], str]":
    """What turns a part of the picture into sRGB, and what to say of that."""
    try:
        from PIL import ImageCms
    except ImportError:
        return (lambda part: part.convert("RGB")), _PLAIN_CMYK
    try:
        if picture.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            profile = picture.info.get("icc_profile") or b""
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), picture.mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return (lambda part: part.convert("RGB")), _PLAIN_CMYK
    return (lambda part: ImageCms.applyTransform(part, made)), (
        _LAB if picture.mode == "LAB" else _CMYK
    )


def _upright(form: _Form, picture: "Image") -> Raster:
    """Strips of the picture as it is to be seen (EXIF 2.32, 4.6.4, Orientation)."""
    turn = _orientation(picture)
    stored_width, stored_height = picture.size
    width, height = (stored_height, stored_width) if turn > 4 else picture.size
    rows = max(1, _STRIP // (width * form.channels * form.depth // 8))

    def strips() -> "Iterator[Strip]":
        import numpy as np

        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            # Where these rows lie in the file: some count from the other end, some are columns.
            first, last = (top, bottom) if turn in (1, 2, 5, 6) else (height - bottom, height - top)
            if turn > 4:
                samples = form.samples((first, 0, last, stored_height)).swapaxes(0, 1)
            else:
                samples = form.samples((0, first, stored_width, last))
            if turn in (3, 4, 7, 8):
                samples = samples[::-1]
            if turn in (2, 3, 6, 7):
                samples = samples[:, ::-1]
            yield np.ascontiguousarray(samples.astype(samples.dtype.newbyteorder("="), copy=False))

    return Raster(width, height, form.channels, form.depth, strips)
