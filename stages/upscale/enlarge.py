"""Enlarging: a picture of any kind in, the same picture of the size wanted out."""

from dataclasses import dataclass, replace

from imagine.stages.errors import UsageError, shown
from imagine.stages.upscale import (
    CheckingUpscaler,
    Enlarged,
    OnProgress,
    Upscaler,
    UpscaleRequest,
)
from imagine.stages.upscale.alpha import alpha_of, colours_of, joined
from imagine.stages.upscale.crop import middle
from imagine.stages.upscale.grey import grey_of, rgb_of
from imagine.stages.upscale.raster import Raster, cropped
from imagine.stages.upscale.resample import Filter, resized
from imagine.stages.upscale.sharpen import check_sharpen, sharpened

# A row of that many pixels, 64 of which are worked on at once, takes 200 MB.
MAX_SIDE = 2**20
# 92,681 by 92,681: half an hour of work, and 25 GB before it is compressed.
MAX_PIXELS = 2**33
# What a network makes of its own results again and again shows less of the picture each time.
MAX_TIMES = 16


@dataclass(frozen=True, slots=True)
class Target:
    """The size wanted of one picture.

    Attributes:
        width, height: pixels of the result.
        full_width, full_height: what the whole picture is enlarged to, of its own shape but for
            rounding; the result is the middle of that.
    """

    width: int
    height: int
    full_width: int
    full_height: int

    @property
    def whole(self) -> tuple[int, int]:
        return self.full_width, self.full_height


def scaled(size: tuple[int, int], factor: int) -> Target:
    """`factor` times as wide and as high.

    Raises:
        UsageError: the factor is not positive, or the result would have sides over 2**20 pixels
            or more than 2**33 pixels.
    """
    if factor < 1:
        raise UsageError(f"The scale {factor} is not a whole number from 1; give 2, 3, 4 or 8.")
    return _target((size[0] * factor, size[1] * factor), (size[0] * factor, size[1] * factor))


def covering(size: tuple[int, int], wanted: tuple[int, int]) -> Target:
    """Exactly `wanted`: the picture of `size` enlarged until it covers that, and cropped.

    A picture that is larger already is shrunk.

    Raises:
        UsageError: a side is not positive, or the result or the whole picture before cropping
            would have sides over 2**20 pixels or more than 2**33 pixels.
    """
    if min(wanted) < 1:
        raise UsageError(
            f"The size {wanted[0]}x{wanted[1]} has no pixels; give sides of 1 or more."
        )
    (width, height), (across, down) = size, wanted
    if across * height >= down * width:
        return _target(wanted, (across, _rounded(height * across, width)))
    return _target(wanted, (_rounded(width * down, height), down))


def to_long_edge(size: tuple[int, int], long_edge: int) -> Target:
    """Of the same shape, with a longer side of `long_edge` pixels.

    Raises:
        UsageError: it is not positive, or the result would have sides over 2**20 pixels or more
            than 2**33 pixels.
    """
    if long_edge < 1:
        raise UsageError(f"The long edge {long_edge} has no pixels; give 1 or more.")
    longest = max(size)
    width, height = (max(1, _rounded(side * long_edge, longest)) for side in size)
    return _target((width, height), (width, height))


def _rounded(numerator: int, denominator: int) -> int:
    """The quotient to the nearest whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _target(size: tuple[int, int], whole: tuple[int, int]) -> Target:
    if max(whole) > MAX_SIDE:
        raise UsageError(
            f"The picture would become {whole[0]}x{whole[1]}, and sides of more than "
            f"{MAX_SIDE} pixels cannot be made; choose a smaller size."
        )
    if whole[0] * whole[1] > MAX_PIXELS:
        raise UsageError(
            f"The picture would become {whole[0]}x{whole[1]}, which is more than "
            f"{MAX_PIXELS // 10**6} megapixels; choose a smaller size."
        )
    return Target(*size, *whole)


def check(
    upscaler: Upscaler,
    size: tuple[int, int],
    target: Target,
    *,
    denoise: int | None,
    sharpen: float = 0.0,
) -> None:
    """Refuse what the upscaler would ignore or cannot do, before anything is spent.

    Args:
        size: of the picture, in pixels.

    Raises:
        UsageError: naming the option.
    """
    check_sharpen(sharpen)
    if denoise is not None:
        _check_denoise(upscaler, size, target, denoise)
    if _grows(size, target):
        if upscaler.capabilities.trained:
            _check_times(upscaler, size, target)
        if isinstance(upscaler, CheckingUpscaler):
            upscaler.check(size, target.whole)
        _check_pixels(upscaler, size, target)


def _grows(size: tuple[int, int], target: Target) -> bool:
    return target.full_width > size[0] or target.full_height > size[1]


def _check_denoise(upscaler: Upscaler, size: tuple[int, int], target: Target, denoise: int) -> None:
    check_denoise(upscaler, denoise)
    if not _grows(size, target):
        raise UsageError(
            f"--denoise {denoise} needs a result that is larger than the picture, and "
            f"{target.full_width}x{target.full_height} is not larger than {size[0]}x{size[1]}; "
            "leave it out or choose a larger size."
        )


def check_denoise(upscaler: Upscaler, denoise: int) -> None:
    """Refuse a removal of noise that the upscaler does not offer, whatever the picture.

    Raises:
        UsageError: it removes none, or not so much.
    """
    offered = upscaler.capabilities.denoise
    if offered is None:
        raise UsageError(
            f"The upscaler {_who(upscaler)} does not remove noise; leave out --denoise or choose "
            "another --upscaler."
        )
    if not offered[0] <= denoise <= offered[1]:
        raise UsageError(
            f"--denoise {denoise} is not from {offered[0]} to {offered[1]}, which the upscaler "
            f"{_who(upscaler)} offers; give one of these."
        )


def _check_times(upscaler: Upscaler, size: tuple[int, int], target: Target) -> None:
    if max(target.full_width, target.full_height) > MAX_TIMES * max(size):
        raise UsageError(
            f"The picture of {size[0]}x{size[1]} would become {target.full_width}x"
            f"{target.full_height}, and the upscaler {_who(upscaler)} makes no more than "
            f"{MAX_TIMES} times a side; choose a smaller size, or --upscaler lanczos."
        )


def _check_pixels(upscaler: Upscaler, size: tuple[int, int], target: Target) -> None:
    offered = upscaler.capabilities
    if offered.max_input_pixels is not None and size[0] * size[1] > offered.max_input_pixels:
        raise UsageError(
            f"The picture's {size[0]}x{size[1]} pixels are more than the upscaler "
            f"{_who(upscaler)} takes ({_megapixels(offered.max_input_pixels)} megapixels); choose "
            "another --upscaler."
        )
    pixels = target.full_width * target.full_height
    if offered.max_output_pixels is not None and pixels > offered.max_output_pixels:
        raise UsageError(
            f"The result's {target.full_width}x{target.full_height} pixels are more than the "
            f"upscaler {_who(upscaler)} makes ({_megapixels(offered.max_output_pixels)} "
            "megapixels); choose a smaller size or another --upscaler."
        )


def _who(upscaler: Upscaler) -> str:
    """As `--upscaler` names it."""
    return f"{upscaler.name}/{shown(upscaler.model)}" if upscaler.model else upscaler.name


def _megapixels(pixels: int) -> str:
    return f"{pixels / 10**6:.3g}"


def enlarge(
    raster: Raster,
    upscaler: Upscaler,
    target: Target,
    *,
    denoise: int | None = None,
    sharpen: float = 0.0,
    prompt: str | None = None,
    negative_prompt: str | None = None,
    seed: int | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Enlarged:
    """The raster at the target's size, its channels and depth kept.

    Grey goes through as RGB; alpha is resampled on its own, and what transparent pixels hide is
    filled from what is beside them first. What need not grow, or only shrinks, is resampled.

    Args:
        sharpen: 0 for not at all, to 2; 0.5 is a gentle unsharp mask.

    Raises:
        UsageError: as `check`.
        ImagineError: whatever the upscaler reports; for one that runs here, also while the strips
            of the result are read.
    """
    check(upscaler, raster.size, target, denoise=denoise, sharpen=sharpen)
    transparent = raster.channels in (2, 4)
    colours = colours_of(raster) if transparent else raster
    rgb = rgb_of(colours) if colours.channels == 1 else colours
    if _grows(raster.size, target):
        request = UpscaleRequest(
            width=target.full_width,
            height=target.full_height,
            denoise=denoise,
            prompt=prompt,
            negative_prompt=negative_prompt,
            seed=seed,
        )
        made = _made(rgb, upscaler, target, request, on_progress)
    else:
        made = _shrunk(rgb, upscaler, target)
    result = sharpened(made.raster, sharpen)
    if colours.channels == 1:
        result = grey_of(result)
    if transparent:
        # Bicubic has no second lobe: a hard edge stays one, with no faint line beside it.
        filter_: Filter = "nearest" if upscaler.name == "nearest" else "bicubic"
        alpha = resized(alpha_of(raster), target.whole, filter_)
        result = joined(result, _middle(alpha, target))
    return replace(made, raster=result)


def _made(
    rgb: Raster,
    upscaler: Upscaler,
    target: Target,
    request: UpscaleRequest,
    on_progress: OnProgress,
) -> Enlarged:
    """The middle, by the upscaler; one that works in tiles is spared those that are not kept."""
    if not upscaler.capabilities.factors:
        made = upscaler.upscale(rgb, request, on_progress=on_progress)
        return replace(made, raster=_middle(made.raster, target))
    across = middle(rgb.width, target.full_width, target.width)
    down = middle(rgb.height, target.full_height, target.height)
    part = cropped(rgb, across.start, down.start, across.length, down.length)
    request = replace(request, width=across.full, height=down.full)
    made = upscaler.upscale(part, request, on_progress=on_progress)
    result = cropped(made.raster, across.skip, down.skip, target.width, target.height)
    return replace(made, raster=result)


def _shrunk(rgb: Raster, upscaler: Upscaler, target: Target) -> Enlarged:
    """The middle of a picture that is large enough already, without the upscaler."""
    if rgb.size == target.whole:
        return Enlarged(raster=_middle(rgb, target), model="")
    filter_: Filter = "nearest" if upscaler.name == "nearest" else "lanczos"
    note = (
        f"The picture is larger than {target.full_width}x{target.full_height} already, so it was "
        f"shrunk ({filter_}) instead of enlarged."
    )
    return Enlarged(
        raster=_middle(resized(rgb, target.whole, filter_), target),
        model=filter_,
        notes=() if upscaler.name == filter_ else (note,),
    )


def _middle(whole: Raster, target: Target) -> Raster:
    left = (target.full_width - target.width) // 2
    top = (target.full_height - target.height) // 2
    return cropped(whole, left, top, target.width, target.height)
