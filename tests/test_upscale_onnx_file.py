"""Reading ONNX files: what stands in them, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_bytes import field, float_field, node, onnx_bytes, port, varint

from imagine.stages.errors import UsageError
from imagine.stages.upscale.onnx_file import Graph, Port, graph_of, read_onnx

RELU = node("Relu", ["x"], ["y"])


def read(data: bytes) -> Graph:
    return graph_of(data, name="The model 'm.onnx'")


def with_tensor(tensor: bytes) -> bytes:
    """A model of one constant."""
    return field(7, field(5, tensor))


def test_nodes_come_with_their_names_and_attributes() -> None:
    values = np.array([1, 2], np.int64)
    graph = read(
        onnx_bytes(
            [node("Clip", ["x", "", "m"], ["y"], a=-3, b=0.5, c="text", d=(4, -5), e=values)],
            opset=17,
            metadata={"factor": "4"},
        )
    )
    (only,) = graph.nodes
    assert (only.operation, only.inputs, only.outputs) == ("Clip", ("x", "", "m"), ("y",))
    assert only.attributes["e"].tolist() == [1, 2]
    assert {**only.attributes, "e": None} == {
        "a": -3,
        "b": 0.5,
        "c": "text",
        "d": (4, -5),
        "e": None,
    }
    assert (graph.opset, graph.metadata) == (17, {"factor": "4"})


def test_a_constant_is_no_input() -> None:
    data = onnx_bytes([RELU], constants={"w": np.ones(2, np.float32)}, inputs=("x", "w"))
    assert read(data).inputs == (Port("x", "float32", (1, 3, None, None)),)


def test_an_operation_of_another_domain_is_called_by_it() -> None:
    custom = field(1, field(2, "y") + field(4, "Op") + field(7, "ai.x"))
    assert read(field(7, custom)).nodes[0].operation == "ai.x:Op"


@pytest.mark.parametrize("kind", ["float32", "float16", "float64", "int64", "int32", "uint8"])
def test_raw_values_are_read_with_their_type_and_shape(kind: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(kind)
    read_back = read(onnx_bytes([RELU], constants={"w": array})).constants["w"]
    assert read_back.dtype == array.dtype
    np.testing.assert_array_equal(read_back, array)


SHAPE_2 = field(1, 2)


@pytest.mark.parametrize(
    ("tensor", "values"),
    [
        (SHAPE_2 + field(2, 1) + float_field(4, 0.5) + float_field(4, -1), [0.5, -1]),
        (SHAPE_2 + field(2, 1) + field(4, np.array([0.5, -1], "<f4").tobytes()), [0.5, -1]),
        (field(1, varint(2)) + field(2, 7) + field(7, varint(1) + varint(-2)), [1, -2]),
        (SHAPE_2 + field(2, 10) + field(5, 0x3C00) + field(5, 0xC000), [1, -2]),
        (SHAPE_2 + field(2, 16) + field(9, np.array([0x3F80, 0xC000], "<u2").tobytes()), [1, -2]),
        (field(2, 1) + field(9, np.float32(7).tobytes()), 7),
        (field(1, 0) + field(2, 1), []),
    ],
    ids=["floats", "packed floats", "packed integers", "halves", "bfloat16", "scalar", "empty"],
)
def test_values_are_found_wherever_the_format_puts_them(tensor: bytes, values: object) -> None:
    assert read(with_tensor(tensor + field(8, "w"))).constants["w"].tolist() == values


def test_an_attribute_whose_zero_was_left_out_is_zero() -> None:
    omitted = field(1, "axis") + field(20, 2)
    graph = read(field(7, field(1, field(4, "Concat") + field(5, omitted))))
    assert graph.nodes[0].attributes == {"axis": 0}


WHOLE = onnx_bytes([RELU], constants={"w": np.ones((2, 2), np.float32)})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it has no graph"),
        (b"PK\3\4 a zip file and no message", "a field has the wire type 3"),
        (field(7, b"")[:-1] + b"\x7f", "it ends 127 bytes early"),
        (b"\x38" + b"\xff" * 20, "a number has no end"),
        (field(7, 5), "a field does not hold bytes"),
        (with_tensor(field(2, 8)), "a tensor has the type 8"),
        (with_tensor(field(2, 1) + field(9, b"123")), "a tensor ends inside a number"),
        (with_tensor(field(1, 9) + field(2, 1) + field(9, b"1234")), "a tensor of 9 values has 1"),
        (with_tensor(field(1, -1) + field(2, 1)), "a tensor has an impossible shape"),
        (with_tensor(field(1, 1) * 9 + field(2, 1)), "a tensor has an impossible shape"),
        (with_tensor(field(2, 1) + field(14, 1)), "its weights are in another file"),
        (with_tensor(field(2, 1) + field(7, 1)), "a tensor's values are not of its type"),
        (
            with_tensor(field(2, 6) + field(5, 2**40)),
            "a tensor's values are too large for its type",
        ),
        (field(7, field(15, b"")), "it has sparse weights"),
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(data: bytes, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(data)
    assert str(caught.value) == (
        f"The model 'm.onnx' is not an ONNX model that can be read: {reason}; "
        "fetch or export it again."
    )


def refusal(data: bytes) -> str:
    """What is said of the data; "" where it can be read."""
    try:
        read(data)
    except UsageError as error:
        return str(error)
    return ""


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_in_one_line(data: bytes) -> None:
    assert "\n" not in refusal(data)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_file_with_one_wrong_byte_is_read_or_refused_in_one_line(place: int, byte: int) -> None:
    data = bytearray(WHOLE)
    data[place] = byte
    assert "\n" not in refusal(bytes(data))


def test_a_file_that_is_cut_off_inside_its_graph_is_refused() -> None:
    graph = field(7, WHOLE)
    for length in range(3, len(graph)):
        assert " bytes early; fetch" in refusal(graph[:length])


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_onnx(tmp_path / "no.onnx")
    assert str(caught.value) == (
        f"'{tmp_path / 'no.onnx'}' cannot be read: No such file or directory; check the path."
    )


def test_a_file_too_large_for_any_upscaler_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(2**30 + 1)
    with pytest.raises(UsageError) as caught:
        read_onnx(path)
    assert str(caught.value) == (
        f"'{path}' has 1073741825 bytes, and a model may have 1073741824; choose a smaller one."
    )


def test_a_side_with_a_number_is_fixed() -> None:
    data = field(7, field(11, port("x", (1, 3, 64, "w"), kind=10)))
    assert read(data).inputs == (Port("x", "float16", (1, 3, 64, None)),)
