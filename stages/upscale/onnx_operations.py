"""One ONNX operation and its constants in; what the layer of ncnn that does the same is, out.

Source: ONNX operators up to opset 23; ncnn's operation param weight table.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from imagine.stages.upscale.ncnn_model import Parameter
from imagine.stages.upscale.onnx_file import Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# Kind, parameters and weights of a layer.
Made = tuple[str, dict[int, Parameter], "tuple[Array, ...]"]

BINARY = {"Add": 0, "Sub": 1, "Mul": 2, "Div": 3}
# A constant before the operator: 1 - x is the "reversed" subtraction.
_REVERSED = {"Add": 0, "Sub": 7, "Mul": 2, "Div": 8}
_POINTWISE = {"Relu": "ReLU", "Sigmoid": "Sigmoid", "Tanh": "TanH", "Mish": "Mish"}
_PADDINGS = {"constant": 0, "edge": 1, "reflect": 2}
# Of an integer factor, these take the same pixel.
_NEAREST = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("pytorch_half_pixel", "round_prefer_floor"),
}


def made(node: Node, constants: "list[Array | None]") -> Made | None:
    """Kind, parameters and weights of the layer that does what a node does; None if none does."""
    if node.operation in _POINTWISE:
        return _POINTWISE[node.operation], {}, ()
    if node.operation in BINARY and len(constants) == 2:
        return _binary(node, constants)
    rule = _RULES.get(node.operation)
    return rule(node, constants) if rule and constants and constants[0] is None else None


def _convolution(node: Node, constants: "list[Array | None]") -> Made | None:
    window = _window(node, constants)
    if window is None or node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    weight, parameters, bias = window
    groups = node.attributes.get("group", 1)
    parameters[0] = weight.shape[0]
    if groups == 1:
        return "Convolution", parameters, (weight, *bias)
    parameters[7] = groups
    return "ConvolutionDepthWise", parameters, (weight, *bias)


def _transposed(node: Node, constants: "list[Array | None]") -> Made | None:
    window = _window(node, constants)
    plain = node.attributes.get("group", 1) == 1 and "output_shape" not in node.attributes
    if window is None or not plain or node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        return None
    weight, parameters, bias = window
    extra = node.attributes.get("output_padding", (0, 0))
    parameters |= {0: weight.shape[1], 18: extra[1], 19: extra[0]}
    # ncnn has the outputs first, ONNX the inputs.
    return "Deconvolution", parameters, (weight.transpose(1, 0, 2, 3), *bias)


def _window(
    node: Node, constants: "list[Array | None]"
) -> "tuple[Array, dict[int, Parameter], list[Array]] | None":
    """Weights, parameters without the number of outputs, and bias of a (de)convolution."""
    weight = constants[1] if len(constants) > 1 else None
    bias = constants[2] if len(constants) > 2 else None
    if (
        weight is None
        or weight.ndim != 4
        or (bias is None and len([*filter(None, node.inputs)]) > 2)
    ):
        return None
    pads = node.attributes.get("pads", (0, 0, 0, 0))
    strides = node.attributes.get("strides", (1, 1))
    dilations = node.attributes.get("dilations", (1, 1))
    if len(pads) != 4 or len(strides) != 2 or len(dilations) != 2:
        return None
    rows, columns = weight.shape[2:]
    parameters: dict[int, Parameter] = {
        1: columns,
        11: rows,
        6: weight.size,
        5: int(bias is not None),
    }
    parameters |= {2: dilations[1], 12: dilations[0], 3: strides[1], 13: strides[0]}
    parameters |= {14: pads[0], 4: pads[1], 16: pads[2], 15: pads[3]}
    return weight, parameters, [] if bias is None else [bias]


def _binary(node: Node, constants: "list[Array | None]") -> Made | None:
    """Two pictures, or one and a constant: a number for all or for each channel."""
    import numpy as np

    left, right = constants
    if left is None and right is None:
        return "BinaryOp", {0: BINARY[node.operation]}, ()
    constant = right if left is None else left
    if constant is None:
        return None
    if constant.size == 1:
        ways = BINARY if left is None else _REVERSED
        value = float(constant.ravel()[0])
        return "BinaryOp", {0: ways[node.operation], 1: 1, 2: value}, ()
    channels = constant.shape[-3] if constant.ndim >= 3 else 0
    if channels != constant.size:
        return None
    return _scale(node.operation, constant.ravel().astype(np.float32), reversed_=left is not None)


def _scale(operation: str, values: "Array", *, reversed_: bool) -> Made | None:
    """A constant for each channel, after the operator or (reversed) before it."""
    import numpy as np

    ones = np.ones_like(values)
    if operation == "Div":
        return None if reversed_ else ("Scale", {0: values.size}, (ones / values,))
    if operation == "Mul":
        return "Scale", {0: values.size}, (values,)
    factors = -ones if operation == "Sub" and reversed_ else ones
    terms = -values if operation == "Sub" and not reversed_ else values
    return "Scale", {0: values.size, 1: 1}, (factors, terms)


def _prelu(node: Node, constants: "list[Array | None]") -> Made | None:
    slope = constants[1] if len(constants) == 2 else None
    if slope is None or slope.size not in (1, slope.shape[-3] if slope.ndim >= 3 else 1):
        return None
    return "PReLU", {0: slope.size}, (slope.ravel(),)


def _leaky(node: Node, constants: "list[Array | None]") -> Made | None:
    return "ReLU", {0: float(node.attributes.get("alpha", 0.01))}, ()


def _clip(node: Node, constants: "list[Array | None]") -> Made | None:
    """Bounds are inputs since opset 11, attributes before."""
    bounds = []
    for index, (key, default) in enumerate((("min", -3e38), ("max", 3e38)), 1):
        given = index < len(node.inputs) and node.inputs[index]
        constant = constants[index] if given else None
        if given and (constant is None or constant.size != 1):
            return None
        value = node.attributes.get(key, default) if constant is None else constant.ravel()[0]
        bounds.append(min(max(float(value), -3e38), 3e38))
    return "Clip", {0: bounds[0], 1: bounds[1]}, ()


def _concat(node: Node, constants: "list[Array | None]") -> Made | None:
    if node.attributes.get("axis") not in (1, -3) or any(array is not None for array in constants):
        return None
    return "Concat", {0: 0}, ()


def _depth_to_space(node: Node, constants: "list[Array | None]") -> Made | None:
    mode = {"DCR": 1, "CRD": 0}.get(node.attributes.get("mode", "DCR"))
    side = node.attributes.get("blocksize")
    return None if mode is None or not side else ("PixelShuffle", {0: side, 1: mode}, ())


def _space_to_depth(node: Node, constants: "list[Array | None]") -> Made | None:
    side = node.attributes.get("blocksize")
    return ("Reorg", {0: side, 1: 1}, ()) if side else None


def _resize(node: Node, constants: "list[Array | None]") -> Made | None:
    """Resize and Upsample, by whole factors that are constant."""
    given = [array for array in constants[1:] if array is not None and array.size]
    scales = [float(value) for value in given[-1].ravel()] if given else []
    if any(
        array is None for name, array in zip(node.inputs[1:], constants[1:], strict=True) if name
    ):
        return None
    if len(given) != 1 or len(scales) != 4 or scales[:2] != [1, 1] or scales[2] != scales[3]:
        return None
    old = node.operation == "Upsample"
    mode = node.attributes.get("mode", "nearest")
    place = node.attributes.get(
        "coordinate_transformation_mode", "asymmetric" if old else "half_pixel"
    )
    rounding = node.attributes.get("nearest_mode", "floor" if old else "round_prefer_floor")
    centred = place in ("half_pixel", "pytorch_half_pixel")
    slope = node.attributes.get("cubic_coeff_a", -0.75)
    kinds = {
        "nearest": 1 if (place, rounding) in _NEAREST else 0,
        "linear": 2 if centred else 0,
        "cubic": 3 if centred and abs(slope + 0.75) < 1e-6 else 0,
    }
    kind = kinds.get(mode, 0)
    return ("Interp", {0: kind, 1: scales[2], 2: scales[3]}, ()) if kind else None


def _pad(node: Node, constants: "list[Array | None]") -> Made | None:
    """Pads are an input since opset 11, an attribute before."""
    given = constants[1] if len(constants) > 1 else None
    found = node.attributes.get("pads", ()) if given is None else given.ravel()
    pads = [int(value) for value in found]
    kind = _PADDINGS.get(node.attributes.get("mode", "constant"))
    outside = len(pads) != 8 or any(pads[index] for index in (0, 1, 4, 5))
    if kind is None or outside or len([*filter(None, node.inputs)]) > 3:
        return None
    value = constants[2] if len(constants) > 2 else None
    fill = float(value.ravel()[0]) if value is not None and value.size else 0.0
    return "Padding", {0: pads[2], 1: pads[6], 2: pads[3], 3: pads[7], 4: kind, 5: fill}, ()


_RULES: Mapping[str, Callable[[Node, "list[Array | None]"], Made | None]] = {
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _convolution,
    "ConvTranspose": _transposed,
    "DepthToSpace": _depth_to_space,
    "LeakyRelu": _leaky,
    "PRelu": _prelu,
    "Pad": _pad,
    "Resize": _resize,
    "SpaceToDepth": _space_to_depth,
    "Upsample": _resize,
}
