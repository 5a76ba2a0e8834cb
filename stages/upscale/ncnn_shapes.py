"""What a model does with sizes: layers in; factor, channels, and how far it looks, out.

Computed from the layers, without running them. It is also the check that lets ncnn have a model:
ncnn reads beyond its memory where one layer hands another fewer channels, or a smaller picture,
than that expects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, lcm
from typing import NoReturn

from imagine.stages.errors import UsageError, shown
from imagine.stages.upscale.ncnn_model import POINTWISE, Layer, Model

# Larger kernels, strides, paddings and factors are in no network of this kind.
_MAX_SIDE = 64
_MAX_CHANNELS = 8192


@dataclass(frozen=True, slots=True)
class Blob:
    """What stands between two layers: of an input of h rows it has `scale * h + offset`.

    Attributes:
        channels: how many.
        scale, offset: of rows, and of columns likewise.
        reach: pixels of the input that a number here depends on, in each direction.
        multiple: what h must be a multiple of.
    """

    channels: int
    scale: Fraction = Fraction(1)
    offset: int = 0
    reach: Fraction = Fraction(0)
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class Extent:
    """What a whole model does with sizes.

    Attributes:
        factor: how many times as wide and high its output is, but for `lost`.
        channels_in, channels_out: 3 for RGB.
        lost: pixels that are missing of the output on each side.
        reach: pixels of the input that a pixel of the output depends on, in each direction.
        multiple: what the sides of the input must be multiples of.
    """

    factor: int
    channels_in: int
    channels_out: int
    lost: int
    reach: int
    multiple: int


def extent_of(model: Model) -> Extent:
    """What a model does with sizes.

    Raises:
        UsageError: its layers do not fit each other, or it does not enlarge by a whole number.
    """
    blobs = blobs_of(model)
    first, last = blobs[model.input], blobs[model.output]
    if last.scale.denominator != 1 or last.offset % 2 or last.offset > 0:
        raise UsageError(
            f"The model makes {last.scale} times the pixels of a side and {last.offset} more, "
            "which is no upscaler; choose another."
        )
    return Extent(
        factor=int(last.scale),
        channels_in=first.channels,
        channels_out=last.channels,
        lost=-last.offset // 2,
        reach=ceil(last.reach),
        multiple=last.multiple,
    )


def blobs_of(model: Model) -> dict[str, Blob]:
    """All blobs of a model, its input and output among them, by name.

    Raises:
        UsageError: its layers do not fit each other.
    """
    blobs = {model.input: Blob(_channels_in(model))}
    for layer in model.layers:
        inputs = [blobs[blob] for blob in layer.inputs]
        blobs[layer.output] = _blob(layer, inputs)
    return blobs


def _channels_in(model: Model) -> int:
    """How many channels the input has, told by the first layer that says how many it takes."""
    shares = {model.input: Fraction(1)}
    for layer in model.layers:
        share = shares.get(layer.inputs[0]) if len(layer.inputs) == 1 else None
        if share is None:
            continue
        if layer.kind == "Convolution":
            return int(_taken(layer) / share)
        if layer.kind in POINTWISE | {"Padding"}:
            shares[layer.output] = share
        elif layer.kind == "Reorg":
            shares[layer.output] = share * _side(layer, 0, low=1) ** 2
    return 3


def _blob(layer: Layer, inputs: list[Blob]) -> Blob:
    """What a layer makes of its inputs."""
    if layer.kind in POINTWISE and len(inputs) == 1:
        return inputs[0]
    if layer.kind in _RULES and len(inputs) == 1:
        return _checked(layer, _RULES[layer.kind](layer, inputs[0]))
    if layer.kind in ("BinaryOp", "Eltwise", "Concat") and inputs:
        return _checked(layer, _meeting(layer, inputs))
    _misfit(layer, f"takes {len(inputs)} inputs")


def _meeting(layer: Layer, inputs: list[Blob]) -> Blob:
    """Pictures of one size, added or put on each other."""
    first = inputs[0]
    if any((blob.scale, blob.offset) != (first.scale, first.offset) for blob in inputs):
        _misfit(layer, "joins pictures of different sizes")
    channels = sum(blob.channels for blob in inputs)
    if layer.kind == "Concat":
        if layer.number(0) not in (0, -3):
            _misfit(layer, f"joins along axis {layer.number(0)}")
    else:
        if any(blob.channels != first.channels for blob in inputs):
            _misfit(layer, "joins pictures of different channels")
        if len(inputs) > 2 or (
            layer.kind == "BinaryOp" and not layer.number(1) and len(inputs) < 2
        ):
            _misfit(layer, f"joins {len(inputs)} pictures")
        channels = first.channels
    return replace(
        first,
        channels=channels,
        reach=max(blob.reach for blob in inputs),
        multiple=lcm(*(blob.multiple for blob in inputs)),
    )


def _convolved(layer: Layer, blob: Blob) -> Blob:
    """Convolution: `k - 1` pixels less than with its padding, every `stride`th of them kept."""
    if _taken(layer) != blob.channels:
        _misfit(layer, f"takes {_taken(layer)} channels and is given {blob.channels}")
    span, stride, padding = _window(layer)
    scale = blob.scale / stride
    return Blob(
        channels=layer.number(0),
        scale=scale,
        offset=floor(Fraction(blob.offset + padding - span - 1, stride)) + 1,
        reach=blob.reach + Fraction(span, 2) / blob.scale,
        multiple=lcm(blob.multiple, scale.denominator),
    )


def _deconvolved(layer: Layer, blob: Blob) -> Blob:
    """Its transpose: each pixel is spread over a window, the windows a stride apart."""
    if _taken(layer) != blob.channels:
        _misfit(layer, f"takes {_taken(layer)} channels and is given {blob.channels}")
    if layer.number(20) or layer.number(21):
        _misfit(layer, "has a size of its own")
    extra = _side(layer, 18)
    if _side(layer, 19, extra) != extra:
        _misfit(layer, "treats rows and columns differently")
    span, stride, padding = _window(layer)
    return replace(
        blob,
        channels=layer.number(0),
        scale=blob.scale * stride,
        offset=blob.offset * stride + span + 1 - stride - padding + extra,
        reach=blob.reach + Fraction(span, 2 * stride) / blob.scale,
    )


def _taken(layer: Layer) -> int:
    """The channels that a (de)convolution takes, of how many weights it has."""
    kernel = _side(layer, 1, low=1) * _side(layer, 11, layer.number(1), low=1)
    outputs, groups = layer.number(0), layer.number(7, 1)
    if layer.kind != "ConvolutionDepthWise":
        groups = 1
    channels, rest = divmod(layer.number(6) * groups, outputs * kernel or 1)
    if rest or not 0 < channels <= _MAX_CHANNELS or not 0 < outputs <= _MAX_CHANNELS:
        _misfit(layer, "has not the weights of its kernel")
    if groups < 1 or channels % groups or outputs % groups:
        _misfit(layer, f"has {groups} groups")
    if layer.kind != "Deconvolution" and layer.number(19):
        _misfit(layer, "takes its weights from another layer")
    return channels


def _window(layer: Layer) -> tuple[int, int, int]:
    """Span of the kernel less one, stride, padding of both sides together; rows as columns."""
    columns = (
        _side(layer, 2, 1, low=1) * (_side(layer, 1, low=1) - 1),
        _side(layer, 3, 1, low=1),
        _side(layer, 4) + _side(layer, 15, layer.number(4)),
    )
    top = _side(layer, 14, layer.number(4))
    rows = (
        _side(layer, 12, layer.number(2, 1), low=1)
        * (_side(layer, 11, layer.number(1), low=1) - 1),
        _side(layer, 13, layer.number(3, 1), low=1),
        top + _side(layer, 16, top),
    )
    if rows != columns:
        _misfit(layer, "treats rows and columns differently")
    return rows


def _shuffled(layer: Layer, blob: Blob) -> Blob:
    """PixelShuffle: channels become pixels."""
    side = _side(layer, 0, 1, low=1)
    if blob.channels % side**2:
        _misfit(layer, f"is given {blob.channels} channels")
    return replace(
        blob,
        channels=blob.channels // side**2,
        scale=blob.scale * side,
        offset=blob.offset * side,
    )


def _unshuffled(layer: Layer, blob: Blob) -> Blob:
    """Reorg: pixels become channels."""
    side = _side(layer, 0, 1, low=1)
    scale = blob.scale / side
    if blob.offset % side:
        _misfit(layer, f"is given a picture whose sides are no multiples of {side}")
    return replace(
        blob,
        channels=blob.channels * side**2,
        scale=scale,
        offset=blob.offset // side,
        reach=blob.reach + (side - 1) / blob.scale,
        multiple=lcm(blob.multiple, scale.denominator),
    )


def _interpolated(layer: Layer, blob: Blob) -> Blob:
    """Interp: 1 nearest, 2 linear, 3 cubic; by a whole number, or down to a part of one."""
    factors = {layer.parameters.get(1, 1), layer.parameters.get(2, 1)}
    given = factors.pop()
    reach = {1: 0, 2: 1, 3: 2}.get(layer.number(0))
    if factors or reach is None or any(layer.number(key) for key in (3, 4, 5, 6)):
        _misfit(layer, "enlarges in a way that is not known here")
    factor = Fraction(0 if isinstance(given, tuple) else given)
    size = factor * blob.scale, factor * blob.offset
    if not 0 < factor <= _MAX_SIDE or any(part.denominator != 1 for part in size):
        _misfit(layer, f"enlarges {given} times")
    return replace(
        blob,
        scale=size[0],
        offset=int(size[1]),
        reach=blob.reach + reach / min(size[0], blob.scale),
    )


def _padded(layer: Layer, blob: Blob) -> Blob:
    sides = [_side(layer, key) for key in (0, 1, 2, 3)]
    if sides[0] + sides[1] != sides[2] + sides[3] or layer.number(7) or layer.number(8):
        _misfit(layer, "treats rows and columns differently")
    return replace(blob, offset=blob.offset + sides[0] + sides[1])


def _cropped(layer: Layer, blob: Blob) -> Blob:
    """Crop: as many pixels less on every side."""
    side = _side(layer, 0)
    if any(_side(layer, key) != side for key in (1, 6, 7)):
        _misfit(layer, "treats the sides differently")
    # By these, sizes and channels follow from the pixels that are cut off.
    if [layer.number(key) for key in (2, 3, 4, 5, 8)] != [0, -233, -233, -233, 0]:
        _misfit(layer, "has a size of its own")
    if set(layer.parameters) - set(range(9)):
        _misfit(layer, "cuts along other axes")
    return replace(blob, offset=blob.offset - 2 * side)


def _sloped(layer: Layer, blob: Blob) -> Blob:
    """PReLU and Scale: a number for each channel, or one for all."""
    if layer.number(0) not in {blob.channels} | ({1} if layer.kind == "PReLU" else set()):
        _misfit(layer, f"has {layer.number(0)} numbers for {blob.channels} channels")
    return blob


_RULES: Mapping[str, Callable[[Layer, Blob], Blob]] = {
    "Convolution": _convolved,
    "ConvolutionDepthWise": _convolved,
    "Crop": _cropped,
    "Deconvolution": _deconvolved,
    "Interp": _interpolated,
    "PReLU": _sloped,
    "Padding": _padded,
    "PixelShuffle": _shuffled,
    "Reorg": _unshuffled,
    "Scale": _sloped,
}


def _side(layer: Layer, key: int, default: int = 0, *, low: int = 0) -> int:
    """A parameter that is a number of pixels."""
    value = layer.number(key, default)
    if not low <= value <= _MAX_SIDE:
        _misfit(layer, f"has the parameter {key}={value}")
    return value


def _checked(layer: Layer, blob: Blob) -> Blob:
    if blob.channels > _MAX_CHANNELS or blob.scale > _MAX_SIDE or blob.multiple > _MAX_SIDE:
        _misfit(layer, "makes too much of its input")
    return blob


def _misfit(layer: Layer, reason: str) -> NoReturn:
    raise UsageError(
        f"The model's layer '{shown(layer.name)}' ({shown(layer.kind)}) {reason}; "
        "choose another model."
    )
