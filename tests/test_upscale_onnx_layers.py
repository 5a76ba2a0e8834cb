"""ONNX operations as ncnn's layers: each computes what ONNX says it does."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_bytes import Node, node, onnx_bytes

from imagine.stages.errors import UsageError
from imagine.stages.upscale.ncnn_model import Model, UnknownOperationError, param_and_bin
from imagine.stages.upscale.ncnn_network import compute, load
from imagine.stages.upscale.ncnn_shapes import blobs_of
from imagine.stages.upscale.onnx_file import graph_of
from imagine.stages.upscale.onnx_layers import model_of_graph

Array = NDArray[Any]
Constants = Mapping[str, Array]
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(3, 6, 8)).astype(np.float32)
WEIGHT = RANDOM.normal(size=(4, 3, 3, 3)).astype(np.float32)
GROUPED = RANDOM.normal(size=(6, 1, 3, 3)).astype(np.float32)
TRANSPOSED = RANDOM.normal(size=(3, 2, 4, 4)).astype(np.float32)
BIAS = RANDOM.normal(size=4).astype(np.float32)
CHANNELS = np.array([0.5, -2, 3], np.float32).reshape(3, 1, 1)
TWICE = np.array([1, 1, 2, 2], np.float32)


def model_of(nodes: list[Node], constants: Constants, **ports: Any) -> Model:
    data = onnx_bytes(nodes, constants=constants, **ports)
    return model_of_graph(graph_of(data, name="m"), name="The model 'm.onnx'")


def computed(nodes: list[Node], constants: Constants) -> Array:
    """What ncnn makes of X."""
    model = model_of(nodes, constants)
    result = compute(load(model), X)
    last = blobs_of(model)[model.output]
    sides = [last.scale * side + last.offset for side in X.shape[1:]]
    assert result.shape == (last.channels, *sides)
    return result


def convolved(x: Array, weight: Array, *, padding: int = 0, dilation: int = 1) -> Array:
    x = np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2))
    span = dilation * (weight.shape[2] - 1)
    rows, columns = x.shape[1] - span, x.shape[2] - span
    total = np.zeros((weight.shape[0], rows, columns))
    for row in range(weight.shape[2]):
        for column in range(weight.shape[3]):
            top, left = row * dilation, column * dilation
            part = x[:, top : top + rows, left : left + columns]
            total += np.einsum("oi,ihw->ohw", weight[:, :, row, column], part)
    return total


def spread(x: Array, weight: Array, *, stride: int, padding: int) -> Array:
    """A transposed convolution."""
    kernel = weight.shape[2]
    sides = [(side - 1) * stride + kernel for side in x.shape[1:]]
    total = np.zeros((weight.shape[1], *sides))
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            window = np.einsum("i,iohw->ohw", x[:, row, column], weight)
            top, left = row * stride, column * stride
            total[:, top : top + kernel, left : left + kernel] += window
    return total[:, padding : sides[0] - padding, padding : sides[1] - padding]


def repeated(x: Array, times: int) -> Array:
    return x.repeat(times, 1).repeat(times, 2)


def one(operation: str, *names: str, **attributes: Any) -> list[Node]:
    return [node(operation, ["x", *names], ["y"], **attributes)]


SIDE_PADS = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)
SHUFFLED = RANDOM.normal(size=(12, 3, 1, 1)).astype(np.float32)
Case = tuple[list[Node], Constants, Callable[[], Array]]
CASES: dict[str, Case] = {
    "convolution": (
        one("Conv", "w", "b", pads=(1, 1, 1, 1)),
        {"w": WEIGHT, "b": BIAS},
        lambda: convolved(X, WEIGHT, padding=1) + BIAS[:, None, None],
    ),
    "convolution without bias or padding": (
        one("Conv", "w"),
        {"w": WEIGHT},
        lambda: convolved(X, WEIGHT),
    ),
    "dilated convolution": (
        one("Conv", "w", pads=(2, 2, 2, 2), dilations=(2, 2)),
        {"w": WEIGHT},
        lambda: convolved(X, WEIGHT, padding=2, dilation=2),
    ),
    "strided convolution": (
        one("Conv", "w", pads=(1, 1, 1, 1), strides=(2, 2)),
        {"w": WEIGHT},
        lambda: convolved(X, WEIGHT, padding=1)[:, ::2, ::2],
    ),
    "grouped convolution": (
        one("Conv", "w", pads=(1, 1, 1, 1), group=3),
        {"w": GROUPED},
        lambda: np.concatenate(
            [convolved(X[i : i + 1], GROUPED[2 * i : 2 * i + 2], padding=1) for i in range(3)]
        ),
    ),
    "transposed convolution": (
        one("ConvTranspose", "w", strides=(2, 2), pads=(1, 1, 1, 1)),
        {"w": TRANSPOSED},
        lambda: spread(X, TRANSPOSED, stride=2, padding=1),
    ),
    "weights of 16 bits behind a Cast": (
        [node("Cast", ["h"], ["w"], to=1), *one("Conv", "w")],
        {"h": WEIGHT.astype(np.float16)},
        lambda: convolved(X, WEIGHT.astype(np.float16).astype(float)),
    ),
    "PRelu": (
        one("PRelu", "s"),
        {"s": CHANNELS},
        lambda: np.where(X > 0, X, X * CHANNELS),
    ),
    "LeakyRelu": (one("LeakyRelu", alpha=0.2), {}, lambda: np.where(X > 0, X, X * 0.2)),
    "LeakyRelu after a convolution": (
        [node("Conv", ["x", "w"], ["c"]), node("LeakyRelu", ["c"], ["y"], alpha=0.1)],
        {"w": WEIGHT},
        lambda: np.where((c := convolved(X, WEIGHT)) > 0, c, c * 0.1),
    ),
    "Relu after a convolution that others read too": (
        [
            node("Conv", ["x", "w"], ["c"]),
            node("Relu", ["c"], ["r"]),
            node("Sub", ["r", "c"], ["y"]),
        ],
        {"w": WEIGHT},
        lambda: np.maximum(c := convolved(X, WEIGHT), 0) - c,
    ),
    "Relu": (one("Relu"), {}, lambda: np.maximum(X, 0)),
    "Sigmoid": (one("Sigmoid"), {}, lambda: 1 / (1 + np.exp(-X))),
    "Clip by inputs": (
        one("Clip", "low", "high"),
        {"low": np.float32([-0.5])[0:1].reshape(()), "high": np.array(0.25, np.float32)},
        lambda: np.clip(X, -0.5, 0.25),
    ),
    "Clip by attributes, on one side": (
        one("Clip", min=0.1),
        {},
        lambda: np.maximum(X, np.float32(0.1)),
    ),
    "sum with oneself": ([node("Add", ["x", "x"], ["y"])], {}, lambda: 2 * X),
    "constant after minus": (one("Sub", "c"), {"c": np.float32([3])}, lambda: X - 3),
    "constant before minus": (
        [node("Sub", ["c", "x"], ["y"])],
        {"c": np.array(3, np.float32)},
        lambda: 3 - X,
    ),
    "constant before division": (
        [node("Div", ["c", "x"], ["y"])],
        {"c": np.array(3, np.float32)},
        lambda: 3 / X,
    ),
    "channels added": (one("Add", "c"), {"c": CHANNELS}, lambda: X + CHANNELS),
    "channels multiplied": (one("Mul", "c"), {"c": CHANNELS}, lambda: X * CHANNELS),
    "channels subtracted": (one("Sub", "c"), {"c": CHANNELS}, lambda: X - CHANNELS),
    "channels divided by": (one("Div", "c"), {"c": CHANNELS}, lambda: X / CHANNELS),
    "subtracted from channels": (
        [node("Sub", ["c", "x"], ["y"])],
        {"c": CHANNELS[None]},
        lambda: CHANNELS - X,
    ),
    "Concat": (
        [node("Relu", ["x"], ["r"]), node("Concat", ["r", "x", "r"], ["y"], axis=1)],
        {},
        lambda: np.concatenate([np.maximum(X, 0), X, np.maximum(X, 0)]),
    ),
    "DepthToSpace, columns first": (
        [
            node("Conv", ["x", "w"], ["c"]),
            node("DepthToSpace", ["c"], ["y"], blocksize=2, mode="CRD"),
        ],
        {"w": SHUFFLED},
        lambda: (
            convolved(X, SHUFFLED)
            .reshape(3, 2, 2, 6, 8)
            .transpose(0, 3, 1, 4, 2)
            .reshape(3, 12, 16)
        ),
    ),
    "DepthToSpace, depth first": (
        [node("Conv", ["x", "w"], ["c"]), node("DepthToSpace", ["c"], ["y"], blocksize=2)],
        {"w": SHUFFLED},
        lambda: (
            convolved(X, SHUFFLED)
            .reshape(2, 2, 3, 6, 8)
            .transpose(2, 3, 0, 4, 1)
            .reshape(3, 12, 16)
        ),
    ),
    "SpaceToDepth": (
        one("SpaceToDepth", blocksize=2),
        {},
        lambda: X.reshape(3, 3, 2, 4, 2).transpose(2, 4, 0, 1, 3).reshape(12, 3, 4),
    ),
    "Resize to the nearest": (
        one("Resize", "", "s", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        {"s": TWICE},
        lambda: repeated(X, 2),
    ),
    "Upsample": (one("Upsample", "s", mode="nearest"), {"s": TWICE}, lambda: repeated(X, 2)),
    "Pad with zeros": (
        one("Pad", "p"),
        {"p": SIDE_PADS},
        lambda: np.pad(X, ((0, 0), (1, 1), (1, 1))),
    ),
    "Pad by reflection": (
        one("Pad", "p", mode="reflect"),
        {"p": SIDE_PADS},
        lambda: np.pad(X, ((0, 0), (1, 1), (1, 1)), "reflect"),
    ),
    "constants computed from constants": (
        [
            node("Constant", [], ["two"], value=np.array([2.0], np.float32)),
            node("Constant", [], ["one"], value_floats=(1, 1)),
            node("Concat", ["one", "two", "two"], ["s"], axis=0),
            node("Unsqueeze", ["two"], ["t"], axes=(0,)),
            node("Mul", ["t", "two"], ["four"]),
            node("Upsample", ["x", "s"], ["r"], mode="nearest"),
            node("Mul", ["r", "four"], ["y"]),
        ],
        {},
        lambda: 4 * repeated(X, 2),
    ),
    "nothing done by Identity, Cast and Dropout": (
        [
            node("Cast", ["x"], ["a"], to=10),
            node("Identity", ["a"], ["b"]),
            node("Dropout", ["b"], ["c"]),
            node("Relu", ["c"], ["d"]),
            node("Identity", ["d"], ["y"]),
        ],
        {},
        lambda: np.maximum(X, 0),
    ),
    "nodes that nothing needs": (
        [node("NonZero", ["x"], ["z"]), *one("Relu")],
        {},
        lambda: np.maximum(X, 0),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_ncnn_computes_what_onnx_defines(case: str) -> None:
    nodes, constants, expected = CASES[case]
    np.testing.assert_allclose(computed(nodes, constants), expected(), atol=2e-5, rtol=1e-5)


def bilinear_row(row: Array) -> Array:
    """Twice as long, sampled between the middles of pixels."""
    places = np.clip((np.arange(2 * len(row)) + 0.5) / 2 - 0.5, 0, len(row) - 1)
    return np.interp(places, np.arange(len(row)), row)


def test_a_linear_resize_samples_between_the_middles_of_pixels() -> None:
    given = computed(one("Resize", "", "s", mode="linear"), {"s": TWICE})
    expected = np.apply_along_axis(bilinear_row, 2, np.apply_along_axis(bilinear_row, 1, X))
    np.testing.assert_allclose(given, expected, atol=1e-5)


HALF_UP = np.array([1, 1, 2, 3], np.float32)
UNKNOWN: dict[str, tuple[str, list[Node], Constants]] = {
    "an operation unheard of": ("Swirl", one("Swirl"), {}),
    "one of another domain": ("GridSample", one("GridSample"), {}),
    "weights that are computed": ("Conv", one("Conv", "x"), {}),
    "a convolution of one dimension": (
        "Conv",
        one("Conv", "w"),
        {"w": np.ones((1, 3, 3), np.float32)},
    ),
    "automatic padding": ("Conv", one("Conv", "w", auto_pad="SAME_UPPER"), {"w": WEIGHT}),
    "a transposed convolution in groups": (
        "ConvTranspose",
        one("ConvTranspose", "w", group=3),
        {"w": TRANSPOSED},
    ),
    "a whole picture as constant": (
        "Add",
        one("Add", "c"),
        {"c": np.ones((1, 3, 6, 8), np.float32)},
    ),
    "slopes for every pixel": ("PRelu", one("PRelu", "s"), {"s": np.ones((3, 6, 8), np.float32)}),
    "joining rows": ("Concat", [node("Concat", ["x", "x"], ["y"], axis=2)], {}),
    "a constant put beside": ("Concat", one("Concat", "c", axis=1), {"c": CHANNELS}),
    "rows enlarged more than columns": ("Resize", one("Resize", "", "s"), {"s": HALF_UP}),
    "corners aligned": (
        "Resize",
        one("Resize", "", "s", mode="linear", coordinate_transformation_mode="align_corners"),
        {"s": TWICE},
    ),
    "another cubic": (
        "Resize",
        one("Resize", "", "s", mode="cubic", cubic_coeff_a=-0.5),
        {"s": TWICE},
    ),
    "a resize to a size": ("Resize", one("Resize", "", "", "n"), {"n": np.array([1, 3, 9, 9])}),
    "padding of channels": ("Pad", one("Pad", "p"), {"p": np.array([0, 1, 0, 0, 0, 0, 0, 0])}),
    "whole numbers": ("Cast", one("Cast", to=7), {}),
    "an unknown function of constants": (
        "Det",
        [node("Det", ["c"], ["d"]), *one("Add", "d")],
        {"c": CHANNELS},
    ),
    "constants of shapes that do not match": (
        "Concat",
        [node("Concat", ["c", "d"], ["e"], axis=0), *one("Add", "e")],
        {"c": CHANNELS, "d": BIAS},
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_is_named(case: str) -> None:
    operation, nodes, constants = UNKNOWN[case]
    with pytest.raises(UnknownOperationError) as caught:
        model_of(nodes, constants)
    assert caught.value.operation == operation
    assert str(caught.value) == (
        f"The model 'm.onnx' needs the operation '{operation}', which is not known here; "
        "choose another model."
    )


def test_a_model_of_two_inputs_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        model_of([node("Add", ["x", "z"], ["y"])], {}, inputs=("x", "z"))
    assert str(caught.value) == (
        "The model 'm.onnx' has 2 inputs and 1 outputs, and an upscaler has one of each; "
        "choose another model."
    )


def test_a_node_that_reads_what_nothing_computes_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        model_of([node("Relu", ["lost"], ["y"])], {})
    assert str(caught.value) == (
        "The model 'm.onnx' cannot be used: nothing computes its 'lost'; fetch or export it again."
    )


def test_weights_of_16_bits_are_handed_on_as_they_are() -> None:
    half = WEIGHT.astype(np.float16)
    _, data = param_and_bin(
        model_of([node("Cast", ["h"], ["w"], to=1), *one("Conv", "w")], {"h": half})
    )
    assert data == bytes.fromhex("476b3001") + half.tobytes()
