"""Reading ncnn's files: what comes of them, and what never reaches ncnn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagine.stages.errors import UsageError
from imagine.stages.upscale.ncnn_file import model_of_files
from imagine.stages.upscale.ncnn_model import Layer, Model, UnknownOperationError, param_and_bin
from imagine.stages.upscale.ncnn_shapes import Extent, extent_of

HALF, SINGLE = bytes.fromhex("476b3001"), bytes(4)
WEIGHT = np.arange(27, dtype=np.float16)
SLOPES = np.float32([0.25])
PARAM = """7767517
6 7
Input            data    0 1 data
Split            twice   1 2 data a b
Convolution      first   1 1 a c 0=1 1=3 4=1 5=0 6=27 9=2 -23310=1,2.000000e-01
PReLU            bend    1 1 c d 0=1
Interp           grow    1 1 b e 0=1 1=1.0 2=1.0
Concat           both    2 1 d e out
"""
BIN = HALF + WEIGHT.tobytes() + b"\0\0" + SLOPES.tobytes()


def read(param: str = PARAM, data: bytes = BIN) -> Model:
    return model_of_files(param, data, name="The model 'm.param'")


def test_layers_come_with_their_parameters_and_weights() -> None:
    model = read()
    assert (model.input, model.output) == ("data", "out")
    assert [(layer.kind, layer.inputs) for layer in model.layers] == [
        ("Convolution", ("data",)),
        ("PReLU", ("c",)),
        ("Interp", ("data",)),
        ("Concat", ("d", "e")),
    ]
    convolution, bend, *_ = model.layers
    assert convolution.parameters == {0: 1, 1: 3, 4: 1, 5: 0, 6: 27, 9: 2, 10: (0.2,)}
    np.testing.assert_array_equal(convolution.weights[0], WEIGHT)
    np.testing.assert_array_equal(bend.weights[0], SLOPES)


def test_what_is_written_reads_as_the_same_model() -> None:
    model = read()
    param, data = param_and_bin(model)
    assert data == BIN
    again = read(param, data)
    # A Noop takes the output, so that it has a name of its own.
    *layers, last = again.layers
    assert last.kind == "Noop"
    assert [layer.kind for layer in layers] == [layer.kind for layer in model.layers]
    assert [dict(layer.parameters) for layer in layers] == [
        dict(layer.parameters) for layer in model.layers
    ]


def test_names_from_a_file_are_not_handed_on() -> None:
    param, _ = param_and_bin(read(PARAM.replace("data", "%s" * 200)))
    assert "%s" not in param


@pytest.mark.parametrize("value", [-0.1, 1 / 3, -3.3e38, 2.5e-38, 1e-100, 12345678.0])
def test_numbers_keep_32_bits_in_as_many_characters_as_every_ncnn_reads(value: float) -> None:
    bend = Layer("ReLU", "bend", ("in",), "out", {0: value})
    param, _ = param_and_bin(Model((bend,), "in", "out"))
    digits = param.splitlines()[3].partition(" 0=")[2]
    assert len(digits) <= 15
    assert np.float32(digits) == np.float32(value)


@pytest.mark.parametrize("value", ["nan", "-inf", "1e39", "2147483648"])
def test_a_parameter_of_more_than_32_bits_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"is no layer; fetch it again\.$"):
        read(PARAM.replace("2=1.0", f"2={value}"))


def test_weights_of_32_bits_are_read_too() -> None:
    weight = WEIGHT.astype(np.float32)
    model = read(data=SINGLE + weight.tobytes() + SLOPES.tobytes())
    np.testing.assert_array_equal(model.layers[0].weights[0], weight)


@pytest.mark.parametrize(
    ("param", "data", "message"),
    [
        (
            "hello\nworld\n",
            b"",
            "is no ncnn model: a .param begins with 7767517, this one with 'hello'; "
            "choose another file.",
        ),
        (
            "",
            b"",
            "is no ncnn model: a .param begins with 7767517, this one with ''; "
            "choose another file.",
        ),
        (PARAM, BIN[:-1], "cannot be used: its .bin has 63 bytes, 1 too few; fetch it again."),
        (
            PARAM,
            BIN + b"12",
            "cannot be used: its .bin has 2 bytes more than its .param speaks of; fetch it again.",
        ),
        (
            PARAM.replace("0=1 1=3", "0=1 1=three"),
            BIN,
            "cannot be used: the line 'Convolution      first   1 1 a c 0=1 1=three 4=1 5=0 "
            "6=27 9=2 -23310=1,2.000000…' is no layer; fetch it again.",
        ),
        (
            PARAM.replace("2 1 d e out", "9 1 d e out"),
            BIN,
            "cannot be used: the line 'Concat           both    9 1 d e out' is no layer; "
            "fetch it again.",
        ),
        (
            PARAM.replace("6=27", "6=-27"),
            BIN,
            "cannot be used: a layer has -27 weights; fetch it again.",
        ),
        (
            PARAM.replace("1 1 c d", "1 1 q d"),
            BIN,
            "cannot be used: its layer 'bend' is not connected; fetch it again.",
        ),
        (
            PARAM.replace("2 1 d e out", "1 1 d out"),
            BIN,
            "has 1 inputs and 2 outputs, and an upscaler has one of each; choose another model.",
        ),
    ],
)
def test_a_damaged_model_is_refused(param: str, data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(param, data)
    assert str(caught.value) == f"The model 'm.param' {message}"


@pytest.mark.parametrize(
    ("param", "data", "operation"),
    [
        (PARAM.replace("PReLU", "Pooling"), BIN, "Pooling"),
        (PARAM.replace("Concat           both    2 1 d e out", "Slice s 1 2 d x y"), BIN, "Slice"),
        (PARAM.replace("5=0", "5=0 8=2"), BIN, "Convolution of 8 bits"),
        (PARAM, b"\x38\x4b\x0d\0" + BIN[4:], "weights of the kind 0x000d4b38"),
    ],
)
def test_what_is_not_known_is_named(param: str, data: bytes, operation: str) -> None:
    with pytest.raises(UnknownOperationError) as caught:
        read(param, data)
    assert caught.value.operation == operation
    assert str(caught.value) == (
        f"The model 'm.param' needs the operation '{operation}', which is not known here; "
        "choose another model."
    )


def refusal(param: str) -> str:
    """What is said of a .param; "" where nothing is."""
    try:
        extent_of(read(param))
    except UsageError as error:
        return str(error)
    return ""


@given(st.integers(0, len(PARAM) - 1), st.sampled_from("0123456789=-., \nabcxe%"))
@settings(max_examples=400, deadline=None)
def test_a_param_with_one_wrong_character_is_read_or_refused_in_one_line(
    place: int, character: str
) -> None:
    assert "\n" not in refusal(PARAM[:place] + character + PARAM[place + 1 :])


def model(*layers: Layer) -> Model:
    """Layers in a row; the first reads "in"."""
    return Model(layers, "in", layers[-1].output)


def convolution(taken: int, given: int, source: str, output: str, **extra: int) -> Layer:
    kernel = extra.get("kernel", 3)
    parameters = {
        0: given,
        1: kernel,
        4: extra.get("padding", kernel // 2),
        3: extra.get("stride", 1),
    }
    parameters |= {6: taken * given * kernel**2}
    return Layer("Convolution", output, (source,), output, parameters)


ENTER = convolution(3, 12, "in", "a")


@pytest.mark.parametrize(
    ("layers", "extent"),
    [
        ([ENTER, Layer("PixelShuffle", "s", ("a",), "b", {0: 2})], Extent(2, 3, 3, 0, 1, 1)),
        ([convolution(1, 4, "in", "a", kernel=5, padding=0)], Extent(1, 1, 4, 2, 2, 1)),
        (
            [
                Layer("Reorg", "r", ("in",), "a", {0: 2}),
                convolution(12, 48, "a", "b"),
                Layer("PixelShuffle", "s", ("b",), "c", {0: 4}),
            ],
            Extent(2, 3, 3, 0, 3, 2),
        ),
        (
            [
                convolution(3, 8, "in", "a", stride=2),
                Layer("Deconvolution", "d", ("a",), "b", {0: 3, 1: 4, 3: 4, 4: 0, 6: 8 * 3 * 16}),
            ],
            Extent(2, 3, 3, 0, 2, 2),
        ),
        (
            [
                ENTER,
                Layer("PixelShuffle", "s", ("a",), "b", {0: 2}),
                Layer("Interp", "i", ("in",), "c", {0: 3, 1: 2.0, 2: 2.0}),
                Layer("BinaryOp", "p", ("b", "c"), "d"),
            ],
            Extent(2, 3, 3, 0, 2, 1),
        ),
    ],
    ids=["shuffle", "valid", "unshuffle", "strided", "sum"],
)
def test_factor_and_reach_are_read_off_the_layers(layers: list[Layer], extent: Extent) -> None:
    assert extent_of(model(*layers)) == extent


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (
            [ENTER, convolution(8, 3, "a", "b")],
            "layer 'b' (Convolution) takes 8 channels and is given 12",
        ),
        (
            [ENTER, Layer("PixelShuffle", "s", ("a",), "b", {0: 5})],
            "layer 's' (PixelShuffle) is given 12 channels",
        ),
        (
            [ENTER, Layer("PReLU", "p", ("a",), "b", {0: 3})],
            "layer 'p' (PReLU) has 3 numbers for 12 channels",
        ),
        (
            [ENTER, Layer("BinaryOp", "p", ("a", "in"), "b")],
            "layer 'p' (BinaryOp) joins pictures of different channels",
        ),
        (
            [
                convolution(3, 3, "in", "a", padding=0),
                Layer("Eltwise", "p", ("a", "in"), "b"),
            ],
            "layer 'p' (Eltwise) joins pictures of different sizes",
        ),
        (
            [ENTER, Layer("Interp", "i", ("a",), "b", {0: 1, 1: 2.0, 2: 3.0})],
            "layer 'i' (Interp) enlarges in a way that is not known here",
        ),
        (
            [ENTER, Layer("Interp", "i", ("a",), "b", {0: 2, 1: 0.3, 2: 0.3})],
            "layer 'i' (Interp) enlarges 0.3 times",
        ),
        (
            [ENTER, Layer("Concat", "c", ("a", "a"), "b", {0: 1})],
            "layer 'c' (Concat) joins along axis 1",
        ),
        (
            [Layer("Convolution", "c", ("in",), "b", {0: 4, 1: 3, 6: 35})],
            "layer 'c' (Convolution) has not the weights of its kernel",
        ),
        (
            [convolution(3, 3, "in", "a", padding=-233)],
            "layer 'a' (Convolution) has the parameter 4=-233",
        ),
        (
            [Layer("Convolution", "c", ("in",), "b", {0: 4, 1: 3, 6: 108, 13: 2})],
            "layer 'c' (Convolution) treats rows and columns differently",
        ),
    ],
)
def test_layers_that_do_not_fit_each_other_are_refused(layers: list[Layer], reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        extent_of(model(*layers))
    assert str(caught.value) == f"The model's {reason}; choose another model."


def test_a_layer_with_other_weights_than_it_says_is_not_written() -> None:
    with pytest.raises(UsageError) as caught:
        param_and_bin(model(ENTER))
    assert str(caught.value) == (
        "The model's layer 'a' has other weights than its parameters say; fetch or export it again."
    )
